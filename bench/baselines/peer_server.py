"""What the peers of `rnngpu bench cpu` share: they are processes that answer requests, so that one machine runs the bench's sides in turn.

A request is a JSON object on a line of standard input, its answer one on standard output; what libraries print goes to standard error.
At its start a peer answers without being asked: {"name": "Program 1.0", ...}, or {"error": "what is missing"}.

{"op": "prepare", "row": {...}, "mode": "inference|training|step", "folder": "...", "sets": N}
    Takes over a row in the words of a grid file. The folder holds parameters.f32 (weight_ih, weight_hh, bias_ih, bias_hh of a layer and direction after another, in
    PyTorch's shapes and gate order), x.f32 [T, B, I] and, for training, dy.f32 [T, B, D*H]: plain little-endian floats. One iteration runs, and the
    peer writes its results into its own folder "into": y.f32 and, for training, dx.f32 and gradients.f32 (as parameters.f32). Iterations take N sets of inputs and outputs in turn.
    "step" is a stream: one step a call at B = 1, the state of a call handed to the next; y.f32 has the first T steps from a state of 0.
    Answers {"ok": true}, or {"refused": "why"} for what the program cannot run.
{"op": "measure", "seconds": S}   Warms up and iterates so long. Answers {"ms": median of an iteration}.
{"op": "steps", "count": N, "seconds": S}   Of a stream: answers {"us": [N durations]}, fewer if they take longer than S.

An error is answered with {"error": "what"} and ends the process; so does the end of standard input.
"""
import json
import math
import os
import signal
import sys
import time

SAMPLE_SECONDS = 2e-3
WARM_SECONDS = 10e-3
MOST_ITERATIONS = 1000


class Refusal(Exception):
    """The program cannot run this row."""


class Files:
    """A row's numbers, float after float: read from one folder, results written into another."""

    def __init__(self, folder, into):
        self.folder, self.into = folder, into

    def read(self, name):
        with open(os.path.join(self.folder, name + ".f32"), "rb") as f:
            return bytearray(f.read())

    def write(self, name, parts):
        """Bytes-like parts, one after another."""
        with open(os.path.join(self.into, name + ".f32"), "wb") as f:
            for part in parts:
                f.write(part)


def split(flat, shapes):
    """Cuts a flat array or tensor into one of each shape, in order."""
    parts, at = [], 0
    for shape in shapes:
        size = math.prod(shape)
        parts.append(flat[at:at + size].reshape(shape))
        at += size
    if at != len(flat):
        raise ValueError(f"parameters.f32 has {len(flat)} numbers, the row {at}")
    return parts


def median(values):
    ordered, n = sorted(values), len(values)
    return (ordered[(n - 1) // 2] + ordered[n // 2]) / 2


class Clock:
    """Times a run as the bench's RoundClock does: a sample is as many iterations as take 2 ms, a measurement the median of its samples."""

    def __init__(self, run):
        self.run = run
        self.single = min(self.time(1) for _ in range(2))

    def time(self, n):
        iterate = self.run.iterate
        start = time.perf_counter()
        for _ in range(n):
            iterate()
        return (time.perf_counter() - start) / n

    def measure(self, seconds):
        # The others ran in between: bring weights and code back into the caches, unless an iteration is long beside that.
        start = time.perf_counter()
        while self.single < WARM_SECONDS and time.perf_counter() - start < WARM_SECONDS:
            self.single = min(self.single, self.time(1))
        n = int(min(max(SAMPLE_SECONDS / self.single, 1), MOST_ITERATIONS))
        samples, start = [], time.perf_counter()
        while not samples or time.perf_counter() - start < seconds:
            samples.append(self.time(n))
        return median(samples)


def serve(start, threads):
    """Answers requests until there are no more.

    start(threads) makes the peer: `hello` (a dictionary for the first answer), prepare(row, mode, files, sets) -> run, and `overhead`, the seconds an
    iteration spends in Python that another language would not, which are taken off. A run has iterate() and, for streams, nothing else; its
    results are written by prepare.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the bench decides when it ends

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        peer = start(threads)
        answer(peer.hello)
        clock = None
        for line in sys.stdin:
            request = json.loads(line)
            if request["op"] == "prepare":
                clock = None
                try:
                    run = peer.prepare(request["row"], request["mode"], Files(request["folder"], request["into"]), request["sets"])
                except Refusal as e:
                    answer({"refused": str(e)})
                    continue
                clock = Clock(run)
                answer({"ok": True})
            elif request["op"] == "measure":
                answer({"ms": max(clock.measure(request["seconds"]) - peer.overhead, 0) * 1e3})
            elif request["op"] == "steps":
                answer({"us": [max(s * 1e-9 - peer.overhead, 0) * 1e6 for s in steps(clock.run, request["count"], request["seconds"])]})
            else:
                raise ValueError(f"there is no request '{request['op']}'")
    except Exception as e:  # whatever it is, the bench goes on without this peer and says why
        answer({"error": f"{type(e).__name__}: {e}".splitlines()[0]})
        return 1
    return 0


def steps(run, count, seconds):
    durations, now, iterate = [], time.perf_counter_ns, run.iterate
    end = now() + seconds * 1e9
    while len(durations) < count:
        start = now()
        iterate()
        stop = now()
        durations.append(stop - start)
        if stop > end:
            break
    return durations
