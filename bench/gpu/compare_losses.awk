# Compares the training losses of two runs of `rnngpu train ... --json`, step by step.
# Usage: awk -v tolerance=X -f compare_losses.awk REFERENCE.json OTHER.json
# Prints the largest difference; ends with 1 when it is above the tolerance, when a loss is no number, or when the runs have other steps.
function read_losses(line, file,    at, part, count, step) {
  at = match(line, /"history":\{"training":\[[^\]]*\]/)
  if (!at) return 0
  part = substr(line, RSTART, RLENGTH)
  while (match(part, /"step":[0-9]+,"loss":[^}]*/)) {
    step = substr(part, RSTART, RLENGTH)
    part = substr(part, RSTART + RLENGTH)
    sub(/"step":/, "", step)
    at = index(step, ",\"loss\":")
    loss[file, substr(step, 1, at - 1)] = substr(step, at + 8)
    steps[file, ++count] = substr(step, 1, at - 1)
  }
  return count
}
FNR == 1 { file++ }
/"history"/ { counts[file] = read_losses($0, file) }
END {
  if (counts[1] < 1 || counts[1] != counts[2]) { printf "other steps: %d and %d losses\n", counts[1], counts[2]; exit 1 }
  for (i = 1; i <= counts[1]; i++) {
    a = loss[1, steps[1, i]]; b = loss[2, steps[1, i]]
    if (a !~ /^[0-9.eE+-]+$/ || b !~ /^[0-9.eE+-]+$/) { printf "step %s: a loss is no number: '%s' and '%s'\n", steps[1, i], a, b; exit 1 }
    d = a - b; if (d < 0) d = -d
    if (d > worst) { worst = d; at = steps[1, i] }
  }
  printf "%d losses, largest difference %.3g at step %s, %g allowed\n", counts[1], worst, at == "" ? steps[1, 1] : at, tolerance
  exit !(worst <= tolerance)
}
