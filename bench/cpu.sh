#!/usr/bin/env bash
# The CPU backend beside ONNX Runtime (inference) and the distribution's PyTorch (training, inference), in turn on the same rows, and beside what the machine can do.
# Installs the peers it can: python3-torch and python3-onnx of the distribution, npm's onnxruntime-node into artifacts/bench-peers; what is missing is said in the table.
# Prints a line a measurement, then the tables; whole in about ten minutes, a row in seconds.
# Usage: bench/cpu.sh [--no-build] [options of rnngpu bench cpu]
#   bench/cpu.sh --markdown table.md
#   bench/cpu.sh --no-build --rows 'lstm-h256-*' --threads 1 --peer onnx --mode inference
# RNNGPU_PYTHON names another Python for the peers, RNNGPU_ONNXRUNTIME another libonnxruntime.
set -euo pipefail
cd "$(dirname "$0")/.."
export RNNGPU_PYTHON=${RNNGPU_PYTHON:-/usr/bin/python3}
prefix=$PWD/artifacts/bench-peers

build=1
peers=onnx,torch
arguments=()
while [ $# -gt 0 ]; do
  case "$1" in
    --no-build) build=0 ;;
    --peer) peers=${2-}; arguments+=("$1"); [ $# -lt 2 ] || { arguments+=("$2"); shift; } ;;
    *) arguments+=("$1") ;;
  esac
  shift
done

missing() { echo "bench/cpu.sh: no $1; going on without" >&2; }
has() { "$RNNGPU_PYTHON" -c "import $1" 2> /dev/null; }
package() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" > /dev/null 2>&1 || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" > /dev/null; }; }

case ",$peers," in
  *,torch,*) has torch || package python3-torch libopenblas0-pthread || missing "PyTorch for $RNNGPU_PYTHON" ;;
esac
case ",$peers," in
  *,onnx,*)
    has onnx || package python3-onnx || missing "onnx for $RNNGPU_PYTHON"
    if [ -z "${RNNGPU_ONNXRUNTIME:-}" ]; then
      case $(uname -m) in aarch64) platform=linux/arm64 ;; *) platform=linux/x64 ;; esac
      library() { { find -L "$prefix" -path "*/onnxruntime-node/bin/*/$platform/libonnxruntime.so*" 2> /dev/null || true; } | head -1; }
      [ -n "$(library)" ] || npm install --ignore-scripts --no-audit --no-fund --no-save --loglevel=error --prefix "$prefix" onnxruntime-node > /dev/null || missing "onnxruntime-node"
      RNNGPU_ONNXRUNTIME=$(library)
      export RNNGPU_ONNXRUNTIME
    fi
    ;;
esac

[ "$build" = 0 ] || dotnet build -c Release --nologo -v q src/RnnGpu.Cli
exec dotnet src/RnnGpu.Cli/bin/Release/net10.0/rnngpu.dll bench cpu ${arguments[@]+"${arguments[@]}"}
