#!/usr/bin/env bash
# Trains every task on real data with fixed seeds, and prints a table: figure, target, minutes, speed. The files come from the user; a row whose
# files are not there is named and left out. Figures are of the validation part; see the pages under bench/results/ for what was tried.
# Usage: bench/tasks.sh DATA [ROW ...]      (DATA holds the files named below; rows by their names, default all; OUT keeps the runs, default runs/tasks)
# Exit code 0: every row that could run did; 1: one failed; 2: wrong usage.
set -uo pipefail
cd "$(dirname "$0")/.."
[ $# -ge 1 ] && [ -d "$1" ] || { echo "usage: bench/tasks.sh DATA [ROW ...]" >&2; exit 2; }
data=$(realpath "$1")
shift
out=${OUT:-runs/tasks}
mkdir -p "$out"

# name | task | figure | target | files | options; files are relative to DATA, and options may name them as DATA/...
rows='
memory-cell | memory-cell | exact_sequences | 1 | | --demo
lorenz | forecast | rmse | 1 % of the deviation | | --demo --preset lorenz
sunspots | forecast | rmse | beats AR | timeseries/monthly-sunspots_train.csv | --data DATA/timeseries/monthly-sunspots_train.csv --preset sunspots
temperatures | forecast | rmse | beats AR | timeseries/daily-min-temperatures_train.csv | --data DATA/timeseries/daily-min-temperatures_train.csv --preset temperatures
air | forecast | rmse | 5 % under persistence | airquality/pollution_2010-2013.csv | --data DATA/airquality/pollution_2010-2013.csv --preset air
motions | classify-series | accuracy | 0.97 | har/BasicMotions_TRAIN.ts | --data DATA/har/BasicMotions_TRAIN.ts --folds 10
vowels | classify-series | accuracy | 0.97 | har/JapaneseVowels_TRAIN.ts | --data DATA/har/JapaneseVowels_TRAIN.ts --folds 10
epilepsy | classify-series | accuracy | 0.93 | har/Epilepsy_TRAIN.ts | --data DATA/har/Epilepsy_TRAIN.ts --folds 5 --changes yes --epochs 40 --lr 0.003
movement | classify-series | accuracy | 0.90 | har/indoor_movement_groups1-2.csv | --data DATA/har/indoor_movement_groups1-2.csv --id seq_id --label label --skip group,t --folds 10
imdb-simple | sentiment | accuracy | 0.737 | sentiment/imdb_train.tsv.gz | --data DATA/sentiment/imdb_train.tsv.gz --preset simple-rnn
imdb-lstm | sentiment | accuracy | 0.850 | sentiment/imdb_train.tsv.gz | --data DATA/sentiment/imdb_train.tsv.gz --preset lstm
imdb-gru | sentiment | accuracy | 0.835 | sentiment/imdb_train.tsv.gz | --data DATA/sentiment/imdb_train.tsv.gz --preset gru
imdb-lstm-gru | sentiment | accuracy | 0.862 | sentiment/imdb_train.tsv.gz | --data DATA/sentiment/imdb_train.tsv.gz --preset lstm-gru
imdb-best | sentiment | accuracy | 0.89 | sentiment/imdb_train.tsv.gz | --data DATA/sentiment/imdb_train.tsv.gz --preset best
ptb | wordlm | perplexity | at most 100 | wordlm/ptb.train.txt.gz wordlm/ptb.valid.txt | --data DATA/wordlm/ptb.train.txt.gz --valid DATA/wordlm/ptb.valid.txt
atis | slots | slot_f1 | 0.97 | slotfilling/atis_train.seq.in | SLOTS
ewt | tag | accuracy | 0.935 | postag/en_ewt-ud-train.conllu.gz | --data DATA/postag/en_ewt-ud-train.conllu.gz --valid DATA/postag/en_ewt-ud-dev.conllu.gz
wnut | tag | span_f1 | reported | ner/wnut17train.conll | --data DATA/ner/wnut17train.conll --valid DATA/ner/emerging.dev.conll --epochs 15
sinica | segment | word_f1 | 0.94 | cws/sinica_train.txt | --data DATA/cws/sinica_train.txt
ud-chinese | segment | word_f1 | 0.91 | cws/udzh_train.txt | --data DATA/cws/udzh_train.txt --valid DATA/cws/udzh_dev.txt
nsl-kdd | intrusion | macro_f1 | beside no weights | intrusion/KDDTrain+_20Percent.txt.gz | --data DATA/intrusion/KDDTrain+_20Percent.txt.gz --format nsl-kdd --epochs 8 --class-weights balanced
nsl-kdd-plain | intrusion | macro_f1 | reported | intrusion/KDDTrain+_20Percent.txt.gz | --data DATA/intrusion/KDDTrain+_20Percent.txt.gz --format nsl-kdd --epochs 8 --class-weights none
cicids | intrusion | macro_f1 | beside no weights | intrusion/cicids2017_sample_train.csv.gz | --data DATA/intrusion/cicids2017_sample_train.csv.gz --epochs 12 --class-weights balanced
cicids-plain | intrusion | macro_f1 | reported | intrusion/cicids2017_sample_train.csv.gz | --data DATA/intrusion/cicids2017_sample_train.csv.gz --epochs 12 --class-weights none
splice | dna | accuracy | 0.95 | dna/splice_train.tsv | --data DATA/dna/splice_train.tsv --preset site --max-letters 60
poems | poems | form_kept | 0.95 | poems/tang_quatrains_train.jsonl.gz | --data DATA/poems/tang_quatrains_train.jsonl.gz
'

dotnet build -c Release --nologo -v q src/RnnGpu.Cli || exit 1
rnngpu=(dotnet src/RnnGpu.Cli/bin/Release/net10.0/rnngpu.dll)
echo "machine: $(nproc) cores, $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), load $(cut -d' ' -f1-3 /proc/loadavg), commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
echo
echo "| row | task | figure | reached | target | minutes | speed |"
echo "|---|---|---|---|---|---|---|"

# The first number under a name, in a JSON object on one line.
number() { grep -oE "\"$2\":-?[0-9.]+([eE][-+]?[0-9]+)?" "$1" | head -1 | cut -d: -f2; }

failed=0
while IFS='|' read -r name task figure target files options; do
  name=${name// /} task=${task// /} figure=${figure// /} target=$(xargs <<< "$target") options=$(xargs <<< "$options")
  [ -n "$name" ] || continue
  if [ $# -gt 0 ]; then case " $* " in *" $name "*) ;; *) continue ;; esac; fi
  missing=''
  for file in $files; do [ -e "$data/$file" ] || missing="$missing $file"; done
  if [ -n "$missing" ]; then echo "| $name | $task | $figure | left out: no$missing | $target | | |"; continue; fi
  if [ "$options" = SLOTS ]; then
    s=DATA/slotfilling/atis
    options="--data ${s}_train.seq.in ${s}_train.seq.out ${s}_train.label --valid ${s}_valid.seq.in ${s}_valid.seq.out ${s}_valid.label"
  fi

  keep="--out $out/$name"
  case "$options" in *--folds*) keep='' ;; *) rm -rf "${out:?}/$name" ;; esac
  begin=$SECONDS
  # shellcheck disable=SC2086  # options are words
  if "${rnngpu[@]}" train "$task" ${options//DATA/$data} $keep --json > "$out/$name.json" 2> "$out/$name.log"; then
    rate=$(number "$out/$name.json" units_per_second) unit=$(grep -oE '"unit":"[a-z ]+"' "$out/$name.json" | cut -d'"' -f4)
    printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$name" "$task" "$figure" "$(printf '%.4g' "$(number "$out/$name.json" "$figure")")" "$target" \
      "$(awk -v s=$((SECONDS - begin)) 'BEGIN { printf "%.1f", s / 60 }')" "${rate:+$(printf '%.0f %s/s' "$rate" "$unit")}"
  else
    failed=1
    echo "| $name | $task | $figure | failed: $(tail -1 "$out/$name.log") | $target | | |"
  fi
done <<< "$rows"
exit "$failed"
