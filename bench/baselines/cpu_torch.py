#!/usr/bin/env python3
"""PyTorch as a peer of `rnngpu bench cpu` (peer_server.py has the protocol): the modules and iterations of recurrent_torch.py with our weights and inputs.

Usage: cpu_torch.py --threads N      (the bench also sets OMP_NUM_THREADS and OPENBLAS_NUM_THREADS)
Needs PyTorch, any version from 1.13.
"""
import argparse
import sys

import peer_server
from peer_server import Refusal


class Peer:
    overhead = 0.0  # its interface is Python

    def __init__(self, threads):
        import recurrent_torch
        import torch

        torch.set_num_threads(threads)
        self.torch, self.runs = torch, recurrent_torch
        self.hello = {"name": f"PyTorch {torch.__version__}", "version": torch.__version__}

    def prepare(self, row, mode, files, sets):
        if mode == "step":
            raise Refusal("only ONNX Runtime is streamed")
        torch, row = self.torch, self.runs.Row(row)
        if row.module() is None:
            raise Refusal(f"PyTorch has no {row.cell}")
        training = mode == "training"
        run = self.runs.Run(row, "fp32", mode, torch.device("cpu"), packed=False)
        parameters = list(run.module.parameters())
        with torch.no_grad():
            for parameter, values in zip(parameters, files.parameters([tuple(p.shape) for p in parameters])):
                parameter.copy_(torch.from_numpy(values))
        x = files.read("x", (row.steps, row.batch, row.input))
        run.sets = sets
        run.x = [torch.from_numpy(peer_server.aligned(x)).requires_grad_(training) for _ in range(sets)]
        if training:
            dy = files.read("dy", (row.steps, row.batch, row.hidden * (2 if row.bidirectional else 1)))
            run.dy = [torch.from_numpy(peer_server.aligned(dy)) for _ in range(sets)]
        y = run.iterate()
        files.write("y", [y.detach().numpy()])
        if training:
            files.write("dx", [run.x[run.turn].grad.numpy()])
            files.write("gradients", [p.grad.numpy() for p in parameters])
        return run


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--threads", type=int, required=True)
    sys.exit(peer_server.serve(Peer, p.parse_args().threads))
