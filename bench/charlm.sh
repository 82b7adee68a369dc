#!/usr/bin/env bash
# Character-model training beside PyTorch: the same model, batches and number of steps, one process after the other on the same machine.
# PyTorch first shows its speed with 1 thread and with all of them; the faster setting then runs all steps. Prints characters/s, the ratio, and
# both validation losses.
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
torch() { OMP_NUM_THREADS=$1 OPENBLAS_NUM_THREADS=$1 "$python" bench/baselines/charlm_torch.py "$text" --threads "$1" "${@:2}"; }
for t in $(printf '1\n%s\n' "$threads" | sort -nu); do
  torch "$t" --steps 12 --no-validation > "$out/speed$t.json"
done
fastest=$("$python" -c 'import json, sys; print(max((json.load(open(f)) for f in sys.argv[1:]), key=lambda r: r["characters_per_second"])["threads"])' "$out"/speed*.json)
torch "$fastest" --steps "$steps" > "$out/torch.json"

"$python" - "$out" "$threads" <<'PY'
import glob, json, sys
out, threads = sys.argv[1], sys.argv[2]
ours, torch = (json.load(open(f"{out}/{name}.json")) for name in ("ours", "torch"))
for f in sorted(glob.glob(f"{out}/speed*.json")):
    r = json.load(open(f))
    print(f"PyTorch with {r['threads']} thread(s), 12 steps: {r['characters_per_second']:.0f} characters/s")
print(f"{'':28} {'characters/s':>14} {'validation nats':>16}")
print(f"{'RnnGpu, ' + threads + ' threads':28} {ours['characters_per_second']:14.0f} {ours['validation_nats_per_char']:16.4f}")
print(f"{'PyTorch ' + torch['torch'] + ', ' + str(torch['threads']) + ' threads':28} {torch['characters_per_second']:14.0f} {torch['validation_nats_per_char']:16.4f}")
print(f"ratio {ours['characters_per_second'] / torch['characters_per_second']:.2f}, "
      f"loss difference {ours['validation_nats_per_char'] - torch['validation_nats_per_char']:+.4f} after {ours['steps']} steps")
PY
