#!/usr/bin/env bash
# Runs the kit that bench/gpu/bundle.sh made, on a machine with an NVIDIA driver; no .NET, no clone, no network. Each stage has a time limit, and one that
# fails does not stop the others. Leaves in the results folder (8 files at most): results.md (dated table of stages, then of speed), results.json,
# logs.txt, peer.json, bench.json, bench.md, bench.svg, forms.md; of the stage cpu, by itself, cpu.md, cpu.json.
#
# Usage: run.sh [--device cuda:0|emulator] [--stage A,B,...|all] [--seconds TOTAL] [--rows A,B,...] [--kernel NAME] [--out FOLDER]
#   --stage    doctor selftest train sanitize peer bench (default: these six), and forms, ncu; cpu, which all leaves out; several calls add up in one folder
#   --device   emulator makes a dry run with tiny shapes: it shows that the kit works, its times mean nothing
#   --seconds  for everything (default 530; 3600 on the emulator)
#   --rows     of grid.json (emulator: dry-run-grid.json), for peer and bench (default: all)
#   --kernel   whose counters ncu reads (default: lstm_fwd_step)
#   --out      default $OUT, else artifacts/gpu-results
# Exit codes: 0 every stage passed or had nothing to run with, 1 a stage failed or had no time left, 2 a wrong command line.
set -uo pipefail
kit=$(cd "$(dirname "$0")" && pwd)
device=cuda:0 stages=doctor,selftest,train,sanitize,peer,bench total='' rows='' kernel=lstm_fwd_step out=${OUT:-artifacts/gpu-results}
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || { echo "run.sh: $1 needs a value (see the head of the script)" >&2; exit 2; }
  case "$1" in
    --device) device=$2 ;;
    --stage) stages=$2 ;;
    --seconds) total=$2 ;;
    --rows) rows=$2 ;;
    --kernel) kernel=$2 ;;
    --out) out=$2 ;;
    *) echo "run.sh: there is no $1 (see the head of the script)" >&2; exit 2 ;;
  esac
  shift 2
done
known="doctor selftest train sanitize peer bench forms ncu cpu"
[ "$stages" != all ] || stages=${known% cpu}
stages=${stages//,/ }
for stage in $stages; do
  case " $known " in *" $stage "*) ;; *) echo "run.sh: there is no stage '$stage'; there are $known" >&2; exit 2 ;; esac
done
case "$device" in cuda:[0-9]*|emulator) ;; *) echo "run.sh: --device is cuda:N or emulator, not '$device'" >&2; exit 2 ;; esac
[ -n "$total" ] || { total=530; [ "$device" != emulator ] || total=3600; }
case "$total" in ''|*[!0-9]*) echo "run.sh: --seconds is a whole number, not '$total'" >&2; exit 2 ;; esac
[ -x "$kit/rnngpu" ] || { echo "run.sh: $kit/rnngpu is not there: run the copy in the folder that bench/gpu/bundle.sh made" >&2; exit 2; }

mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DOTNET_BUNDLE_EXTRACT_BASE_DIR=$work/extract
started=$SECONDS
: > "$work/stages"
source "$kit/stages.sh"

# Runs a stage with what is left of the time, at most its own limit; notes how it ended. A stage function returns 0 passed, 77 nothing to run with, else failed,
# and may leave a note in $work/note.
run_stage() {  # name, limit in seconds
  local name=$1 limit=$2 left=$((total - (SECONDS - started))) begin=$SECONDS code status note
  [ "$limit" -le "$left" ] || limit=$left
  : > "$work/note"
  if [ "$limit" -lt 5 ]; then
    code=124
    echo "no time left" > "$work/note"
  else
    deadline=$((SECONDS + limit))
    echo "== $name (at most $limit s)"
    "stage_$name" > "$work/log" 2>&1
    code=$?
    { echo "===== $name"; cat "$work/log"; echo; } >> "$out/logs.txt"
    tail -n 4 "$work/log" | sed 's/^/   /'
  fi
  case $code in 0) status=passed ;; 77) status="not run" ;; *) status=FAILED; failed=1 ;; esac
  note=$(tr '|"\\' '/  ' < "$work/note" | awk '{ printf "%s%s", (NR > 1 ? "; " : ""), $0 }' | cut -c1-400)
  printf '%s\t%s\t%s\t%s\n' "$name" "$status" "$((SECONDS - begin))" "$note" >> "$work/stages"
  echo "   $status in $((SECONDS - begin)) s${note:+: $note}"
}

# A command with what is left of its stage's time; stopped by SIGTERM, so that the program can write what it has.
bounded() { local left=$((deadline - SECONDS)); [ "$left" -ge 1 ] || return 124; timeout -k 15 "$left" "$@"; }

failed=0
{ echo "##### $(date -u +%Y-%m-%dT%H:%M:%SZ) $device: $stages"; } >> "$out/logs.txt"
for stage in $stages; do run_stage "$stage" "$(limit_of "$stage")"; done
write_results
[ "$failed" = 0 ]
