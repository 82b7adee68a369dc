# The stages of run.sh, which sources this. Each is a function stage_NAME with its limit in limit_of; it prints its log, and returns 0 for passed, 77 for
# nothing to run with, anything else for failed.

precisions="fp32 tf32 bf16 fp16"

limit_of() {
  [ "$device" != emulator ] || { echo 600; return; }
  case $1 in
    doctor) echo 30 ;;
    selftest) echo 90 ;;
    train) echo 90 ;;
    sanitize) echo 120 ;;
    peer) echo 130 ;;
    bench) echo 240 ;;
    cpu) echo 500 ;;
    *) echo 90 ;;
  esac
}

stage_doctor() {
  bounded "$kit/rnngpu" doctor --json > "$work/doctor.json" || return 1
  cat "$work/doctor.json"
  command -v nvidia-smi > /dev/null && bounded nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem,power.limit --format=csv
  grep -qF "\"$device\"" "$work/doctor.json" || { echo "doctor lists no $device" | tee "$work/note"; return 1; }
  bounded "$kit/rnngpu" info | tee "$work/info"
}

stage_selftest() {
  local p bad=0
  for p in $precisions; do
    bounded "$kit/rnngpu" selftest --device "$device" --precision "$p" || { bad=1; echo "$p failed" >> "$work/note"; }
  done
  [ "$bad" = 1 ] || echo "every check in $precisions" > "$work/note"
  return $bad
}

# Losses of 20 small steps against the CPU's. fp32 differs by the order of sums alone; the others round each factor to u = 2^-11 (tf32, fp16) or 2^-8 (bf16):
# 4 u, where the emulator shows a twentieth of u.
stage_train() {
  local p bad=0 allowed differences words=(--steps 20 --hidden 64 --embedding 16 --batch 8 --seq-length 16 --dropout 0 --validate-every 10 --json)
  cp "$kit/text.txt" "$work/text.txt"
  if [ "$device" = emulator ]; then
    words=(--steps 20 --hidden 16 --embedding 8 --batch 4 --seq-length 8 --dropout 0 --validate-every 10 --json)
    head -c 4000 "$kit/text.txt" > "$work/text.txt"
  fi
  bounded "$kit/rnngpu" train charlm --data "$work/text.txt" "${words[@]}" --device cpu --out "$work/run-cpu" > "$work/cpu.json" || return 1
  for p in $precisions; do
    case $p in fp32) allowed=1e-4 ;; bf16) allowed=0.016 ;; *) allowed=0.002 ;; esac
    if bounded "$kit/rnngpu" train charlm --data "$work/text.txt" "${words[@]}" --device "$device" --precision "$p" --out "$work/run-$p" > "$work/$p.json"; then
      differences=$(awk -v tolerance="$allowed" -f "$kit/compare_losses.awk" "$work/cpu.json" "$work/$p.json") || bad=1
      echo "$p: $differences" | tee -a "$work/note"
    else
      echo "$p: training failed" >> "$work/note"
      bad=1
    fi
  done
  return $bad
}

# Every tensor is its own allocation, so that the checker sees its ends. The emulator is a checker itself: there threads run in other orders.
stage_sanitize() {
  local bad=0 p
  if [ "$device" = emulator ]; then
    for p in fp32 bf16; do RNNGPU_EMULATOR_ORDER=3 bounded "$kit/rnngpu" selftest --device emulator --precision "$p" || bad=1; done
    echo "the emulator's own checks, threads in another order" > "$work/note"
    return $bad
  fi
  command -v compute-sanitizer > /dev/null || { echo "no compute-sanitizer" > "$work/note"; return 77; }
  export RNNGPU_CUDA_MEMORY=exact
  check() {  # tool, precision, checks
    if bounded compute-sanitizer --tool "$1" --error-exitcode 9 "$kit/rnngpu" selftest --device "$device" --precision "$2" --only "$3"; then
      echo "$1 $2 $3 clean" >> "$work/note"
    else
      echo "$1 $2 $3 FAILED ($?)" >> "$work/note"; bad=1
    fi
  }
  for p in fp32 bf16; do check memcheck "$p" ""; done
  for p in fp32 bf16; do check racecheck "$p" "lstm"; done
  unset RNNGPU_CUDA_MEMORY
  return $bad
}

find_torch() {
  local python
  for python in ${RNNGPU_PYTHON:-python3 /usr/bin/python3}; do
    "$python" -c 'import torch' 2> /dev/null && { echo "$python"; return 0; }
  done
  return 1
}

# What every measurement of the kit has in common.
grid_arguments() {
  local grid=grid.json
  [ "$device" != emulator ] || grid=dry-run-grid.json
  echo "--grid $kit/$grid${rows:+ --rows $rows}"
}

stage_peer() {
  local python arguments
  python=$(find_torch) || { echo "no Python with PyTorch" > "$work/note"; return 77; }
  if [ "$device" = emulator ]; then arguments="--device cpu --all-rows --repeats 2"; else arguments="--device $device --seconds 0.3"; fi
  # shellcheck disable=SC2046,SC2086
  bounded "$python" "$kit/baselines/recurrent_torch.py" $(grid_arguments) $arguments --out "$out/peer.json"
}

stage_bench() {
  local effort="--seconds 0.3 --strategy plan" peer=""
  [ "$device" != emulator ] || effort="--repeats 2 --strategy all"
  [ ! -s "$out/peer.json" ] || peer="--peer $out/peer.json"
  # shellcheck disable=SC2046,SC2086
  bounded "$kit/rnngpu" bench kernels --device "$device" $(grid_arguments) $effort $peer --json-file "$out/bench.json" --markdown "$out/bench.md" --svg "$out/bench.svg"
}

stage_forms() {
  local rows=3,7,11,15
  local effort="--seconds 0.2"
  [ "$device" != emulator ] || { rows=D1; effort="--repeats 1 --dtype bf16"; }
  # shellcheck disable=SC2046,SC2086
  bounded "$kit/rnngpu" bench kernels --device "$device" $(grid_arguments) $effort --strategy all --markdown "$out/forms.md"
}

stage_ncu() {
  [ "$device" != emulator ] || { echo "the emulator has no counters" > "$work/note"; return 77; }
  command -v ncu > /dev/null || { echo "no ncu" > "$work/note"; return 77; }
  echo "$kernel" > "$work/note"
  bounded ncu --clock-control none --set full --kernel-name "regex:$kernel" --launch-skip 20 --launch-count 2 \
    "$kit/rnngpu" bench kernels --device "$device" --hidden 1024 --batch 64 --steps 25 --dtype bf16 --mode training --strategy stepwise-launches --repeats 1
}

# The machine's own cores beside the PyTorch that is there: training and inference with 1, 4 and 16 threads, as far as there are so many.
stage_cpu() {
  local threads=1 n effort="--rounds 3 --seconds 0.1"
  find_torch > /dev/null || { echo "no Python with PyTorch" > "$work/note"; return 77; }
  for n in 4 16; do [ "$n" -gt "$(nproc)" ] || threads=$threads,$n; done
  [ "$device" != emulator ] || effort="--rounds 1 --seconds 0.01 --rows lstm-h64-b1,gru-h64-b1"
  # shellcheck disable=SC2086
  bounded "$kit/rnngpu" bench cpu --grid "$kit/cpu-grid.json" --peer torch --threads "$threads" --stream-steps 0 $effort --markdown "$out/cpu.md" --json-file "$out/cpu.json"
}

# results.md and results.json; stages of an earlier call in the same folder that were not run again are kept.
write_results() {
  local old=$out/results.json name status seconds note first=1
  { [ -s "$old" ] && sed -n 's/^ *{"stage": "\([^"]*\)", "status": "\([^"]*\)", "seconds": \([0-9]*\), "note": "\([^"]*\)"}.*/\1\t\2\t\3\t\4/p' "$old"; cat "$work/stages"; } |
    awk -F '\t' '{ if (!($1 in line)) order[++n] = $1; line[$1] = $0 } END { for (i = 1; i <= n; i++) print line[order[i]] }' > "$work/all"
  {
    echo '{'
    echo "  \"date\": \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\", \"device\": \"$device\", \"commit\": \"$(cat "$kit/commit" 2> /dev/null || echo unknown)\","
    echo '  "stages": ['
    while IFS=$'\t' read -r name status seconds note; do
      [ "$first" = 1 ] || echo ','
      first=0
      printf '    {"stage": "%s", "status": "%s", "seconds": %s, "note": "%s"}' "$name" "$status" "$seconds" "$note"
    done < "$work/all"
    printf '\n  ]\n}\n'
  } > "$work/results.json"
  mv "$work/results.json" "$old"
  {
    echo "# GPU kit, $(date -u +%Y-%m-%d), $device"
    echo
    [ "$device" != emulator ] || printf '**A dry run on the emulator: it shows that the kit works. Its times are no results.**\n\n'
    echo "Commit $(cat "$kit/commit" 2> /dev/null || echo unknown)."
    echo
    echo '| stage | outcome | seconds | note |'
    echo '|---|---|---|---|'
    awk -F '\t' '{ printf "| %s | %s | %s | %s |\n", $1, $2, $3, $4 }' "$work/all"
    if [ -s "$out/bench.md" ]; then echo; sed 's/^# /## /' "$out/bench.md"; fi
  } > "$out/results.md"
}
