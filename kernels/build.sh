#!/usr/bin/env bash
# Compiles every kernels/cuda/<family>/<file>.cu to PTX: kernels/ptx/<file>.sm_80.ptx, which drivers translate for every later GPU, and, where a source has
# code of its own for it (it asks for RNN_ARCH), .sm_90a.ptx. The same sources and compiler give the same bytes, wherever they stand.
# Exit codes: 0 done, 1 failed or stale, 3 no compiler (nothing was touched).
#   build.sh           writes kernels/ptx
#   build.sh --check   writes nothing: compares with what is committed, 1 if it is stale
# CLANG names another clang++ (19 is what the committed PTX was made with). PTXAS names ptxas where it is not on the PATH; with it every kernel is
# assembled for sm_80 and for sm_90, kernels/ptx/resources.txt and the line of figures above each kernel written (registers, shared memory, stack,
# spills, and, where cuobjdump stands beside ptxas, tensor-core instructions), and a spill is a failure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here"
check=0
case "${1:-}" in
  "") ;;
  --check) check=1 ;;
  *) echo "usage: kernels/build.sh [--check]" >&2; exit 2 ;;
esac

clang=${CLANG:-clang++-19}
if ! command -v "$clang" >/dev/null; then
  echo "skipped: $clang is not installed, so the PTX in kernels/ptx stays as it is (Debian: apt-get install clang-19)" >&2
  exit 3
fi

out=$here/ptx
if [ "$check" = 1 ]; then out=$(mktemp -d); trap 'rm -rf "$out"' EXIT; fi
mkdir -p "$out"

# architecture and PTX version: the oldest that has what the kernels use, so that old drivers take it (7.0: CUDA 11.0; 8.0: CUDA 12.0)
targets=("sm_80 ptx70" "sm_90a ptx80")
flags=(-x cuda --cuda-device-only -nocudainc -nocudalib -S -O3 -std=c++20 -ffp-contract=off -fno-strict-aliasing -fno-exceptions -fno-rtti
       -Wall -Wextra -Werror -Icuda)

compile() {  # source, architecture, PTX version
  "$clang" "${flags[@]}" "--cuda-gpu-arch=$2" "--cuda-feature=+$3" "$1" -o "$out/$(basename "$1" .cu).$2.ptx"
}

shopt -s nullglob
sources=(cuda/*/*.cu)
twice=$(for s in "${sources[@]}"; do basename "$s"; done | sort | uniq -d)
[ -z "$twice" ] || { echo "two kernel files have one name: $twice" >&2; exit 1; }
jobs=${JOBS:-$(nproc)} pids=()
for s in "${sources[@]}"; do
  for t in "${targets[@]}"; do
    read -r architecture version <<< "$t"
    [ "$architecture" = sm_80 ] || grep -q RNN_ARCH "$s" || continue
    compile "$s" "$architecture" "$version" & pids+=($!)
    if [ "${#pids[@]}" -ge "$jobs" ]; then wait "${pids[0]}" || exit 1; pids=("${pids[@]:1}"); fi
  done
done
for p in "${pids[@]}"; do wait "$p" || exit 1; done

stale=0
if [ "$check" = 1 ]; then
  for f in "$out"/*.ptx; do
    cmp -s "$f" "ptx/$(basename "$f")" || { echo "stale: kernels/ptx/$(basename "$f") is not what its source gives; run kernels/build.sh" >&2; stale=1; }
  done
  for f in ptx/*.ptx; do
    [ -f "$out/$(basename "$f")" ] || { echo "stale: kernels/ptx/$(basename "$f") has no source; remove it" >&2; stale=1; }
  done
else
  for f in ptx/*.ptx; do
    s=$(basename "$f"); architecture=${s#*.}; s=${s%%.*}
    source=$(compgen -G "cuda/*/$s.cu" || true)
    if [ -z "$source" ] || { [ "$architecture" != sm_80.ptx ] && ! grep -q RNN_ARCH "$source"; }; then
      echo "removed: kernels/ptx/$(basename "$f") has no source any more"
      rm "$f"
    fi
  done
fi

ptxas=${PTXAS:-$(command -v ptxas || true)}
spilled=0
if [ -z "$ptxas" ]; then
  echo "skipped: ptxas is not on the PATH (PTXAS names it), so registers and spills were not looked at"
else
  table=$out/resources.txt
  cuobjdump=$(dirname "$(command -v "$ptxas")")/cuobjdump
  work=$(mktemp -d)
  assemble() {  # PTX file, architecture: the rows of its kernels
    local cubin=$work/$(basename "$1").$2.cubin log=$work/$(basename "$1").$2.log
    "$ptxas" -v "-arch=$2" "$1" -o "$cubin" 2> "$log" || { cat "$log" >&2; return 1; }
    if [ -x "$cuobjdump" ]; then "$cuobjdump" -sass "$cubin" > "$log.sass"; else echo none > "$log.sass"; fi
    awk -v arch="$2" '
      FNR == 1 { file++ }
      file == 1 && FNR == 1 && /^none$/ { unknown = 1 }
      file == 1 && /Function :/ { name = $NF }
      file == 1 && /HMMA|HGMMA/ { mma[name]++ }
      file == 1 { next }
      /Compiling entry function/ { match($0, /\047[^\047]+\047/); name = substr($0, RSTART + 1, RLENGTH - 2) }
      /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
      /Used [0-9]+ registers/ {
        match($0, /Used [0-9]+/); registers = substr($0, RSTART + 5, RLENGTH - 5)
        shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH) + 0 : 0
        printf "%-44s %-8s %9d %8d %6d %7d %7d %5s\n", name, arch, registers, shared, stack, stores, loads, unknown ? "?" : mma[name] + 0
      }' "$log.sass" "$log" > "$work/$(basename "$1").$2.rows"
  }
  pids=()
  for f in "$out"/*.ptx; do
    own=$(basename "$f" .ptx); own=${own##*.}
    for architecture in $([ "$own" = sm_80 ] && echo sm_80 sm_90 || echo "$own"); do
      assemble "$f" "$architecture" & pids+=($!)
      if [ "${#pids[@]}" -ge "$jobs" ]; then wait "${pids[0]}" || exit 1; pids=("${pids[@]:1}"); fi
    done
  done
  for p in "${pids[@]}"; do wait "$p" || exit 1; done
  {
    echo "# What $("$ptxas" --version | grep -oE 'V[0-9.]+' | head -1) of ptxas makes of each kernel: registers a thread, static shared memory, stack, spill stores and loads in bytes, tensor-core instructions."
    printf '%-44s %-8s %9s %8s %6s %7s %7s %5s\n' kernel arch registers shared stack stores loads mma
    cat "$work"/*.rows | LC_ALL=C sort
  } > "$table.part"
  rm -rf "$work"
  mv "$table.part" "$table"
  if [ "$check" = 0 ]; then
    # the line above each kernel that says what it needs
    for s in "${sources[@]}"; do
      awk '
        FNR == NR { if ($2 == "sm_80") { low[$1] = $3; shared[$1] = $4 } else { high[$1] = $3 } next }
        /^\/\/ [0-9]+ registers on sm_80/ { next }
        /^RNN_KERNEL\(/ {
          split($0, part, /[(,]/)
          bytes = shared[part[2]] + 0
          text = bytes >= 1000 ? sprintf("%d,%03d", bytes / 1000, bytes % 1000) : bytes
          printf "// %d registers on sm_80, %d on sm_90; %s bytes of static shared memory.\n", low[part[2]], high[part[2]], text
        }
        { print }' "$table" "$s" > "$s.part"
      if cmp -s "$s.part" "$s"; then rm "$s.part"; else mv "$s.part" "$s"; fi
    done
  fi
  if awk '!/^#/ && NR > 2 && ($6 > 0 || $7 > 0) { print "spills: " $0; bad = 1 } END { exit !bad }' "$table" >&2; then spilled=1; fi
  if [ "$check" = 1 ] && [ "$(head -1 "$table")" = "$(head -1 ptx/resources.txt 2>/dev/null)" ] && ! cmp -s "$table" ptx/resources.txt; then
    echo "stale: kernels/ptx/resources.txt; run kernels/build.sh with ptxas" >&2
    stale=1
  fi
fi

[ "$stale" = 0 ] && [ "$spilled" = 0 ] || exit 1
echo "${#sources[@]} kernel files: $([ "$check" = 1 ] && echo "kernels/ptx is up to date" || echo "written to kernels/ptx")"
