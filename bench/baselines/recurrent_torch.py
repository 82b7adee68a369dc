#!/usr/bin/env python3
"""The peer of `rnngpu bench kernels`: the same rows by PyTorch's nn.LSTM, nn.GRU and nn.RNN, on cuDNN where there is a GPU.

Reads the same grid files (bench/grid.json) and measures each row in its precisions, and on a GPU always in fp16 too, since cuDNN's persistent
path takes nothing else. fp16 and bf16 are whole modules and inputs of that type; tf32 and fp32 are fp32 modules with TF32 allowed or forbidden.
A training iteration is forward, backward from a given gradient of the output, gradients of input and parameters assigned; inference runs under
inference_mode. Rows with lengths are packed (pack_padded_sequence, pad_packed_sequence, both in the time), and once more padded without lengths, which is
more work and faster: the faster of the two counts and the note has the other. Rows with resets run without them, which PyTorch does not have: less work.
Times are by the wall clock, synchronised: a sample queues as many iterations as take 2 ms and waits once (latency rows: one). Inputs rotate.

Writes one JSON object, after every result anew with --out: peer, device, versions, results with key, ms_median, ms_p10, ms_p90, ms_p99, us_per_step, peak_bytes, note, or skipped with a reason.

Usage: recurrent_torch.py --grid FILE [--rows A,B] [--all-rows] [--device cuda:0|cpu] [--dtypes fp32,tf32,bf16,fp16] [--no-fp16]
                          [--modes inference,training] [--seconds 1] [--repeats N] [--threads N] [--out FILE]
Needs PyTorch, any version from 1.13; nothing else.
"""
import argparse
import contextlib
import json
import math
import platform
import random
import sys
import time

import torch

SAMPLE_SECONDS = 2e-3
CPU_CACHE = 64 << 20
MOST_SETS = 16
DTYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
MODES = ["inference", "training"]


def words(text):
    return [w.strip() for w in text.split(",") if w.strip()]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--grid", required=True)
    p.add_argument("--rows", type=words)
    p.add_argument("--all-rows", action="store_true", help="rows meant for another device too")
    p.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    p.add_argument("--dtypes", type=words)
    p.add_argument("--no-fp16", action="store_true", help="no fp16 beside the rows' own precisions")
    p.add_argument("--modes", type=words)
    p.add_argument("--seconds", type=float, default=1.0)
    p.add_argument("--repeats", type=int)
    p.add_argument("--threads", type=int)
    p.add_argument("--out")
    return p.parse_args()


class Row:
    def __init__(self, row):
        self.name, self.on, self.cell = row["name"], row["on"], row["cell"]
        self.hidden, self.batch, self.steps = row["hidden"], row["batch"], row["steps"]
        self.input = row.get("input", self.hidden)
        self.layers, self.bidirectional = row.get("layers", 1), row.get("bidirectional", False)
        self.lengths, self.resets = row.get("lengths"), row.get("resets", 0)
        self.dtypes, self.modes = row.get("dtypes", ["fp32"]), row.get("modes", MODES)
        self.latency = row.get("latency", False)

    def key(self, dtype, mode):
        lengths = f"{self.lengths[0]}..{self.lengths[1]}" if self.lengths else "all"
        directions = 2 if self.bidirectional else 1
        return f"{self.cell}/{self.input}/{self.hidden}/{self.batch}/{self.steps}/{self.layers}/{directions}/{lengths}/{dtype}/{mode}"

    def module(self):
        kinds = {
            "lstm": (torch.nn.LSTM, {}), "gru": (torch.nn.GRU, {}),
            "elman": (torch.nn.RNN, {"nonlinearity": "tanh"}), "elman-relu": (torch.nn.RNN, {"nonlinearity": "relu"}),
        }
        if self.cell not in kinds:
            return None
        kind, extra = kinds[self.cell]
        return kind(self.input, self.hidden, self.layers, bidirectional=self.bidirectional, **extra)


class Run:
    """A row in one precision and mode, with rotating inputs, ready to iterate."""

    def __init__(self, row, dtype, mode, device, packed):
        torch.manual_seed(1)
        on_gpu = device.type == "cuda"
        self.training, self.packed, self.turn = mode == "training", packed, 0
        self.module = row.module().to(device=device, dtype=DTYPES[dtype])
        self.module.train(self.training)
        self.module.flatten_parameters()
        x_shape = (row.steps, row.batch, row.input)
        y_shape = (row.steps, row.batch, row.hidden * (2 if row.bidirectional else 1))
        size = 2 if DTYPES[dtype] in (torch.bfloat16, torch.float16) else 4
        self.set_bytes = size * (math.prod(x_shape) + math.prod(y_shape)) * (2 if self.training else 1)
        cache = torch.cuda.get_device_properties(device).L2_cache_size if on_gpu and hasattr(torch.cuda.get_device_properties(device), "L2_cache_size") else CPU_CACHE
        self.sets = max(2, min(MOST_SETS, -(-2 * cache // self.set_bytes)))

        def uniform(shape):
            return torch.rand(shape, device=device, dtype=torch.float32).mul_(2).sub_(1).to(DTYPES[dtype])

        self.x = [uniform(x_shape).requires_grad_(self.training) for _ in range(self.sets)]
        self.dy = [uniform(y_shape) for _ in range(self.sets)] if self.training else []
        self.lengths = None
        if packed:
            numbers = random.Random(1)
            self.lengths = [numbers.randint(max(1, row.lengths[0]), row.lengths[1]) for _ in range(row.batch)]
            self.lengths[-1] = row.lengths[1]
            self.lengths = torch.tensor(self.lengths)
        self.steps = row.steps
        self.extra_bytes = (self.sets - 1) * size * (math.prod(x_shape) + (math.prod(y_shape) if self.training else 0))

    def forward(self, x):
        if not self.packed:
            return self.module(x)[0]
        sequence = torch.nn.utils.rnn.pack_padded_sequence(x, self.lengths, enforce_sorted=False)
        return torch.nn.utils.rnn.pad_packed_sequence(self.module(sequence)[0], total_length=self.steps)[0]

    def iterate(self):
        i = self.turn = (self.turn + 1) % self.sets
        if not self.training:
            with torch.inference_mode():
                return self.forward(self.x[i])
        self.x[i].grad = None
        for parameter in self.module.parameters():
            parameter.grad = None
        y = self.forward(self.x[i])
        y.backward(self.dy[i])
        return y


def quantile(ordered, part):
    at = part * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (at - below) * (ordered[above] - ordered[below])


def measure(run, row, device, seconds, repeats):
    on_gpu = device.type == "cuda"

    def wait():
        if on_gpu:
            torch.cuda.synchronize(device)

    def sample(n):
        start = time.perf_counter()
        for _ in range(n):
            run.iterate()
        wait()
        return (time.perf_counter() - start) / n

    y = run.iterate()
    if not bool(torch.isfinite(y.float()).all()):
        raise ArithmeticError("outputs are not finite")
    del y
    wait()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    single = min(sample(1) for _ in range(max(4, run.sets)))
    n = 1 if row.latency else int(min(max(SAMPLE_SECONDS / single, 1), 1000))
    samples, start = [], time.perf_counter()
    while len(samples) < (repeats or 10000):
        if repeats is None and len(samples) >= 5 and time.perf_counter() - start >= seconds:
            break
        samples.append(sample(n) * 1e3)
    samples.sort()
    return {
        "ms_median": quantile(samples, 0.5), "ms_p10": quantile(samples, 0.1), "ms_p90": quantile(samples, 0.9), "ms_p99": quantile(samples, 0.99),
        "us_per_step": quantile(samples, 0.5) * 1e3 / row.steps / row.layers, "samples": len(samples), "iterations_per_sample": n,
        "peak_bytes": torch.cuda.max_memory_allocated(device) - run.extra_bytes if on_gpu else None,
    }


def allow_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


def figures(row, dtype, mode, device, a):
    allow_tf32(dtype == "tf32")
    forms = [True, False] if row.lengths else [False]
    found = {}
    for packed in forms:
        run = Run(row, dtype, mode, device, packed)
        found[packed] = measure(run, row, device, a.seconds, a.repeats)
        del run
        if device.type == "cuda":
            torch.cuda.empty_cache()
    best = min(found, key=lambda packed: found[packed]["ms_median"])
    notes = []
    if row.lengths:
        notes.append(f"{'packed' if best else 'padded'}; {'padded' if best else 'packed'} {found[not best]['ms_median']:.3f}")
    if row.resets:
        notes.append("no resets")
    return dict(found[best], note=", ".join(notes))


def versions(device):
    name = f"PyTorch {torch.__version__}"
    if device.type == "cuda":
        name += f", cuDNN {torch.backends.cudnn.version()}"
    return name


def main():
    a = arguments()
    with open(a.grid, encoding="utf-8") as f:
        rows = [Row(r) for r in json.load(f)["rows"]]
    device = torch.device(a.device)
    on_gpu = device.type == "cuda"
    if a.threads:
        torch.set_num_threads(a.threads)
    if a.rows:
        rows = [r for r in rows if r.name in a.rows]
    elif not a.all_rows:
        rows = [r for r in rows if r.on == ("gpu" if on_gpu else "cpu")]
    results = []

    def save():
        output = {
            "peer": versions(device),
            "device": torch.cuda.get_device_name(device) if on_gpu else f"{platform.machine()} CPU, {torch.get_num_threads()} threads",
            "torch": torch.__version__,
            "cudnn": torch.backends.cudnn.version() if on_gpu else None,
            "cuda": torch.version.cuda,
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "results": results,
        }
        with open(a.out, "w", encoding="utf-8") if a.out else contextlib.nullcontext(sys.stdout) as f:
            f.write(json.dumps(output) + "\n")

    for row in rows:
        dtypes = list(a.dtypes or row.dtypes)
        if on_gpu and not a.no_fp16 and "fp16" not in dtypes:
            dtypes.append("fp16")
        for mode in a.modes or row.modes:
            for dtype in dtypes:
                result = {"row": row.name, "key": row.key(dtype, mode), "dtype": dtype, "mode": mode}
                try:
                    if row.module() is None:
                        raise NotImplementedError(f"PyTorch has no {row.cell}")
                    if not on_gpu and dtype != "fp32":
                        raise NotImplementedError("the CPU runs in fp32")
                    result.update(figures(row, dtype, mode, device, a))
                    line = f"{result['us_per_step']:10.2f} us/step {result['ms_median']:10.3f} ms {result['note']}"
                except (RuntimeError, NotImplementedError, ArithmeticError) as e:
                    result["skipped"] = str(e).splitlines()[0] if str(e) else type(e).__name__
                    line = "-      " + result["skipped"]
                    if on_gpu:
                        torch.cuda.empty_cache()
                print(f"  {row.name:4} {dtype} {mode:9} PyTorch {line}", file=sys.stderr, flush=True)
                results.append(result)
                if a.out:
                    save()  # what there is stays, should the run be stopped
    save()


if __name__ == "__main__":
    main()
