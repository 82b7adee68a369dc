#!/usr/bin/env bash
# Makes a folder with everything that bench/gpu/run.sh needs on a machine with an NVIDIA driver and neither .NET nor a clone: the program as one trimmed
# file with its runtime and kernels, the emulator for dry runs, the scripts, the peer, the grids and a small text. Its size is printed; above 60 MiB
# is a failure.
# Usage: bench/gpu/bundle.sh [--no-emulator] [FOLDER]      (default artifacts/gpu; emptied first)
# RNNGPU_EMULATOR_MARCH changes what processor the emulator is built for (default: this machine's).
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
limit=$((60 * 1024 * 1024))
emulator=1
folder=artifacts/gpu
for argument in "$@"; do
  case "$argument" in
    --no-emulator) emulator=0 ;;
    -*) echo "usage: bench/gpu/bundle.sh [--no-emulator] [FOLDER]" >&2; exit 2 ;;
    *) folder=$argument ;;
  esac
done

build=$root/artifacts/gpu-build
if [ -e "$folder" ] && [ -n "$(ls -A "$folder")" ] && [ ! -e "$folder/rnngpu" ]; then
  echo "$folder holds something else than a kit: name another folder" >&2
  exit 2
fi
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

# The trimmer's warnings are errors here: what it cannot see is missing on the GPU machine. The analyzers have run in every other build.
dotnet publish src/RnnGpu.Cli -c Release -r linux-x64 --self-contained --nologo -v quiet \
  --artifacts-path "$build" -p:LockFolder="$build/locks" -p:PublishTrimmed=true -p:TrimmerSingleWarn=false -p:PublishSingleFile=true \
  -p:EnableCompressionInSingleFile=true -p:DebugType=none -p:RunAnalyzers=false -p:PublishDocumentationFiles=false -o "$folder"

if [ "$emulator" = 1 ]; then
  library=$(tests/cuda-emulator/build.sh | tail -1)
  cp "$library" "$folder/"
  strip --strip-debug "$folder/$(basename "$library")"
fi

mkdir -p "$folder/baselines"
cp bench/gpu/run.sh bench/gpu/stages.sh bench/gpu/compare_losses.awk bench/gpu/dry-run-grid.json bench/grid.json bench/cpu-grid.json "$folder/"
cp bench/baselines/{recurrent_torch,cpu_torch,peer_server}.py "$folder/baselines/"

# A made-up text: sentences from a few words by a fixed recurrence, so that a character model has something to learn and no data set is copied.
awk 'BEGIN {
  n = split("river stone light morning teacher garden letter window silver quiet music winter bread harbour mountain evening paper lantern orchard story", noun, " ")
  m = split("finds keeps follows paints carries answers crosses remembers opens builds", verb, " ")
  seed = 7
  for (line = 0; line < 1500; line++) {
    text = ""
    for (part = 0; part < 3; part++) {
      seed = (seed * 16807) % 2147483647; a = noun[1 + seed % n]
      seed = (seed * 16807) % 2147483647; v = verb[1 + seed % m]
      seed = (seed * 16807) % 2147483647; b = noun[1 + seed % n]
      text = text (part ? ", and " : "The ") a " " v " the " b
    }
    print text "."
  }
}' > "$folder/text.txt"
git rev-parse HEAD > "$folder/commit" 2>/dev/null || echo unknown > "$folder/commit"

"$folder/rnngpu" info --json > /dev/null
size=$(du -sb --apparent-size "$folder" | cut -f1)
awk -v s="$size" -v l="$limit" 'BEGIN { printf "%.1f MiB of at most %.0f MiB in ", s / 1048576, l / 1048576 }'
echo "$folder"
( cd "$folder" && find . -type f -printf '%10s %P\n' | sort -rn )
[ "$size" -le "$limit" ] || { echo "the folder is too large" >&2; exit 1; }
