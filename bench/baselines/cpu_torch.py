#!/usr/bin/env python3
"""PyTorch as a peer of `rnngpu bench cpu` (peer_server.py has the protocol): the modules and iterations of recurrent_torch.py with our weights and inputs.

Usage: cpu_torch.py --threads N      (the bench also sets OMP_NUM_THREADS and OPENBLAS_NUM_THREADS)
Needs PyTorch, any version from 1.13; nothing else.
"""
import argparse
import ctypes
import sys

import peer_server
from peer_server import Refusal, split


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
            for parameter, values in zip(parameters, split(self.read(files, "parameters"), [p.shape for p in parameters])):
                parameter.copy_(values)
        x = self.read(files, "x").reshape(row.steps, row.batch, row.input)
        run.sets = sets
        run.x = [x.clone().requires_grad_(training) for _ in range(sets)]
        if training:
            dy = self.read(files, "dy").reshape(row.steps, row.batch, -1)
            run.dy = [dy.clone() for _ in range(sets)]
        y = run.iterate()
        files.write("y", [floats(y)])
        if training:
            files.write("dx", [floats(run.x[run.turn].grad)])
            files.write("gradients", [floats(p.grad) for p in parameters])
        return run

    def read(self, files, name):
        return self.torch.frombuffer(files.read(name), dtype=self.torch.float32)


def floats(tensor):
    """The bytes of a tensor, without NumPy, which PyTorch may lack."""
    tensor = tensor.detach().contiguous()
    return ctypes.string_at(tensor.data_ptr(), 4 * tensor.numel())


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--threads", type=int, required=True)
    sys.exit(peer_server.serve(Peer, p.parse_args().threads))
