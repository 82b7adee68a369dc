#!/usr/bin/env bash
# Character-model training beside PyTorch: the same model, batches and number of steps, one process after the other on the same machine.
# Prints characters/s of both, the ratio, and both validation losses. PyTorch runs with 1 thread and with all of them, on whichever BLAS is
# installed; the ratio is against its better run.
# Usage: bench/charlm.sh TEXT [STEPS]      (default 150 steps; TEXT is a UTF-8 file, its last tenth is for validation)
set -euo pipefail
cd "$(dirname "$0")/.."
text=$(realpath "${1:?usage: bench/charlm.sh TEXT [STEPS]}")
steps=${2:-150}
threads=$(nproc)
python=/usr/bin/python3

if ! "$python" -c 'import torch' 2>/dev/null; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-torch libopenblas0-pthread
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
dotnet build -c Release --nologo -v q src/RnnGpu.Cli
echo "machine: $(nproc) cores, $(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs), load $(cut -d' ' -f1-3 /proc/loadavg), commit $(git rev-parse --short HEAD)"

dotnet run -c Release --no-build --project src/RnnGpu.Cli -- train charlm --preset shakespeare --data "$text" --steps "$steps" \
  --threads "$threads" --out "$out/run" --json > "$out/ours.json"
for t in 1 "$threads"; do
  OMP_NUM_THREADS=$t OPENBLAS_NUM_THREADS=$t "$python" bench/baselines/charlm_torch.py "$text" --steps "$steps" --threads "$t" > "$out/torch$t.json"
done

"$python" - "$out" "$threads" <<'PY'
import json, sys
out, threads = sys.argv[1], sys.argv[2]
ours = json.load(open(f"{out}/ours.json"))
torch = [json.load(open(f"{out}/torch{t}.json")) for t in dict.fromkeys(["1", threads])]
best = max(torch, key=lambda r: r["characters_per_second"])
print(f"{'':24} {'characters/s':>14} {'validation nats':>16}")
print(f"{'RnnGpu, ' + threads + ' threads':24} {ours['characters_per_second']:14.0f} {ours['validation_nats_per_char']:16.4f}")
for r in torch:
    print(f"{'PyTorch ' + r['torch'] + ', ' + str(r['threads']) + ' thr.':24} {r['characters_per_second']:14.0f} {r['validation_nats_per_char']:16.4f}")
print(f"ratio {ours['characters_per_second'] / best['characters_per_second']:.2f}, "
      f"loss difference {ours['validation_nats_per_char'] - best['validation_nats_per_char']:+.4f} after {ours['steps']} steps")
PY
