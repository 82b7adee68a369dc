#!/usr/bin/env bash
# Builds the CUDA emulator: tests/cuda-emulator/bin/librnngpu-cuda-emulator.so, the driver API with every kernel of kernels/cuda compiled as
# host C++. Needs g++ 12 or newer and nothing else. Only what changed is compiled again.
#   build.sh          the library; prints its path
#   build.sh --runner tests' kernels and planted faults in a library of their own, and the program that runs the tests; prints its path
#   build.sh --test [name part]   builds the runner and runs it
#   build.sh --gpu [name part]    the same runner on a real driver, libcuda.so.1: the tests of the intrinsics and the API; needs clang++-19
# CXX and RNNGPU_EMULATOR_MARCH (-march, default native) change the compiler and its target; JOBS the compilations side by side.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cxx=${CXX:-g++}
test=0 gpu=0 run=1
case "${1:-}" in
  "") ;;
  --test) test=1 ;;
  --runner) test=1 run=0 ;;
  --gpu) test=1 gpu=1 ;;
  *) echo "usage: build.sh [--runner] | [--test|--gpu [name part]]" >&2; exit 2 ;;
esac
command -v "$cxx" >/dev/null || { echo "the emulator needs $cxx (Debian: apt-get install g++)" >&2; exit 3; }

bin=$here/bin
mkdir -p "$bin/obj"
exec 9>"$bin/.lock"
flock 9

flags=(-std=c++20 -O2 -g1 -fPIC -fvisibility=hidden -ffp-contract=off -fno-strict-aliasing "-march=${RNNGPU_EMULATOR_MARCH:-native}"
       -Wall -Wextra -Werror -DRNNGPU_EMULATOR "-fmacro-prefix-map=$root/=" -I"$root/kernels/cuda" -I"$here/runtime")
kernel_flags=(-x c++ -Wno-unused-function -Wno-unused-variable -Wno-unused-but-set-variable)

# objects older than any header, this script, or a change of compiler or flags are made again
stamp="$("$cxx" -dumpfullversion) ${flags[*]}"
[ "$(cat "$bin/obj/.stamp" 2>/dev/null)" = "$stamp" ] || { rm -f "$bin"/obj/*.o; echo "$stamp" > "$bin/obj/.stamp"; }
newest=$(find "$here/runtime" "$here/driver" "$root/kernels/cuda" "$here/build.sh" \( -name '*.h' -o -name '*.cuh' -o -name build.sh \) -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2-)

compile() {  # source, object, namespace or nothing
  local source=$1 object=$2 namespace=${3:-} extra=()
  [ -n "$namespace" ] && extra=("${kernel_flags[@]}" "-Drnn=rnn_$namespace")
  if [ ! -f "$object" ] || [ "$source" -nt "$object" ] || [ "$newest" -nt "$object" ]; then
    "$cxx" "${flags[@]}" "${extra[@]}" -c "$source" -o "$object.part" && mv "$object.part" "$object"
  fi
}

jobs=${JOBS:-$(nproc)}
objects=() pids=()
add() {  # the same arguments; the object is remembered
  objects+=("$2")
  compile "$@" & pids+=($!)
  if [ "${#pids[@]}" -ge "$jobs" ]; then wait "${pids[0]}"; pids=("${pids[@]:1}"); fi
}
finish() { for p in "${pids[@]}"; do wait "$p"; done; pids=(); }

name_of() { echo "${1#"$root"/}" | tr -c 'A-Za-z0-9\n' '_'; }
for f in "$here"/runtime/*.cpp "$here"/driver/*.cpp; do add "$f" "$bin/obj/$(name_of "$f").o"; done
shopt -s nullglob
for f in "$root"/kernels/cuda/*/*.cu; do n=$(name_of "$f"); add "$f" "$bin/obj/$n.o" "$n"; done
finish

link() { "$cxx" -shared "-Wl,--version-script,$here/exports.map" -o "$1.part" "${@:2}" -ldl -lpthread && mv "$1.part" "$1"; }
library=$bin/librnngpu-cuda-emulator.so
newer() { for o in "${@:2}"; do [ "$o" -nt "$1" ] && return 0; done; [ ! -f "$1" ]; }
echo "${objects[*]}" | cmp -s - "$bin/obj/.linked" || rm -f "$library"
if newer "$library" "${objects[@]}"; then link "$library" "${objects[@]}"; echo "${objects[*]}" > "$bin/obj/.linked"; fi

if [ "$test" = 1 ]; then
  for f in "$here"/tests/*.cu "$here"/faults/*.cu; do n=$(name_of "$f"); add "$f" "$bin/obj/$n.o" "$n"; done
  finish
  link "$bin/librnngpu-cuda-emulator-test.so" "${objects[@]}"
  runner=()
  for f in "$here"/tests/*.cpp; do o=$bin/obj/$(name_of "$f").o; objects=(); add "$f" "$o"; runner+=("$o"); done
  finish
  "$cxx" -o "$bin/emulator-tests" "${runner[@]}" -L"$bin" -lrnngpu-cuda-emulator-test -Wl,-rpath,'$ORIGIN' -ldl
  arguments=("$root")
  if [ "$gpu" = 1 ]; then
    mkdir -p "$bin/ptx"
    for t in "sm_80 ptx70" "sm_90a ptx80"; do
      read -r architecture version <<< "$t"
      "${CLANG:-clang++-19}" -x cuda --cuda-device-only -nocudainc -nocudalib -S -O3 -std=c++20 -ffp-contract=off -fno-strict-aliasing -Wall -Werror \
        -I"$root/kernels/cuda" "--cuda-gpu-arch=$architecture" "--cuda-feature=+$version" "$here/tests/intrinsics.cu" -o "$bin/ptx/intrinsics.$architecture.ptx"
    done
    arguments+=(--library libcuda.so.1)
  fi
  flock -u 9
  if [ "$run" = 0 ]; then echo "$bin/emulator-tests"; exit 0; fi
  "$bin/emulator-tests" "${arguments[@]}" "${@:2}"
else
  echo "$library"
fi
