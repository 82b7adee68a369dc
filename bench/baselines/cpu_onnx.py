#!/usr/bin/env python3
"""ONNX Runtime as a peer of `rnngpu bench cpu` (peer_server.py has the protocol): models of one operator, written here with our weights, run through the C API.

Usage: cpu_onnx.py --library LIBONNXRUNTIME --threads N
Needs the onnx package (the distribution's python3-onnx) and ONNX Runtime's library, such as npm's onnxruntime-node has it. The library runs operators in sequence
with N threads within one, spinning as it does by default. What Python spends around a call is measured on a function that does nothing and taken off.
"""
import argparse
import os
import sys

import peer_server
from onnxruntime_api import OnnxRuntime, Session
from peer_server import Refusal, split

try:
    import numpy
except ImportError:  # said as an answer, by the import of onnx
    numpy = None

# Operator; gates in its order, as places in ours (LSTM i f g o, GRU r z n); attributes.
CELLS = {
    "lstm": ("LSTM", [0, 3, 1, 2], {}),
    "gru": ("GRU", [1, 0, 2], {"linear_before_reset": 1}),
    "gru-reset-before": ("GRU", [1, 0, 2], {"linear_before_reset": 0}),
    "elman": ("RNN", [0], {"activations": ["Tanh"]}),
    "elman-relu": ("RNN", [0], {"activations": ["Relu"]}),
}
OPSET, IR_VERSION = 14, 8


def aligned(array):
    """A copy as floats on a cache line, as our own buffers are."""
    size = 4 * array.size
    raw = numpy.empty(size + 64, dtype=numpy.uint8)
    start = -raw.ctypes.data % 64
    copy = raw[start:start + size].view(numpy.float32).reshape(array.shape)
    copy[...] = array
    return copy


def read(files, name):
    return numpy.frombuffer(files.read(name), dtype=numpy.float32)


def write_model(row, parameters, stream, path):
    """X [T, B, I] -> Y [T, 1, B, H]; a stream has states beside x, and gives them instead of Y."""
    from onnx import TensorProto, helper, numpy_helper, save

    operator, order, attributes = CELLS[row["cell"]]
    h, b, t = row["hidden"], row["batch"], 1 if stream else row["steps"]

    def gates(values):
        blocks = values.reshape((len(order), h) + values.shape[1:])
        return numpy.concatenate([blocks[place] for place in order])

    weight_ih, weight_hh, bias_ih, bias_hh = (gates(p) for p in parameters)
    constants = {"W": weight_ih[None], "R": weight_hh[None], "B": numpy.concatenate([bias_ih, bias_hh])[None]}
    states = state_names(row) if stream else []
    inputs = {"X": [t, b, row["input"]], **{name: [1, b, h] for name in states}}
    outputs = {f"Y_{name[-1]}": [1, b, h] for name in states} if stream else {"Y": [t, 1, b, h]}
    node = helper.make_node(
        operator, ["X", "W", "R", "B"] + ([""] + states if stream else []), ([""] + list(outputs)) if stream else list(outputs), hidden_size=h, **attributes)

    def infos(shapes):
        return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]

    initializers = [numpy_helper.from_array(numpy.ascontiguousarray(array), name) for name, array in constants.items()]
    graph = helper.make_graph([node], "row", infos(inputs), infos(outputs), initializers)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION), path)


def state_names(row):
    return ["initial_h", "initial_c"] if row["cell"] == "lstm" else ["initial_h"]


class Peer:
    def __init__(self, library, threads):
        import onnx

        self.runtime, self.session = OnnxRuntime(library, threads), None
        self.overhead = self.runtime.call_overhead()
        version = self.runtime.version
        self.hello = {"name": f"ONNX Runtime {version}", "version": version, "models": f"onnx {onnx.__version__}", "overhead_us": self.overhead * 1e6}

    def prepare(self, row, mode, files, sets):
        if self.session:
            self.session.close()
            self.session = None
        if mode == "training":
            raise Refusal("ONNX Runtime is measured in inference")
        if row["cell"] not in CELLS:
            raise Refusal(f"ONNX has no {row['cell']}")
        if row.get("layers", 1) > 1 or row.get("bidirectional"):
            raise Refusal("one layer in one direction is measured")
        h, i, t, b, g = row["hidden"], row["input"], row["steps"], row["batch"], len(CELLS[row["cell"]][1])
        model = os.path.join(files.into, "model.onnx")
        write_model(row, split(read(files, "parameters"), [(g * h, i), (g * h, h), (g * h,), (g * h,)]), mode == "step", model)
        x = read(files, "x").reshape(t, b, i)
        if mode == "step":
            self.session = self._stream(row, model, x, files)
        else:
            self.session = Session(
                self.runtime, model, [{"X": aligned(x)} for _ in range(sets)], [{"Y": aligned(numpy.full((t, 1, b, h), numpy.nan))} for _ in range(sets)])
            self.session.iterate()
            files.write("y", [self.session.arrays[1][0]["Y"]])
        os.remove(model)
        return self.session

    def _stream(self, row, model, x, files):
        """Calls take the steps of x in turn; two sets of states change places, so that nothing is copied."""
        states, h = state_names(row), row["hidden"]
        places = [{name: aligned(numpy.zeros((1, 1, h))) for name in states} for _ in range(2)]
        count = len(x) if len(x) % 2 == 0 else 2 * len(x)
        inputs = [{"X": aligned(x[i % len(x)][None]), **places[i % 2]} for i in range(count)]
        outputs = [{f"Y_{name[-1]}": array for name, array in places[(i + 1) % 2].items()} for i in range(count)]
        session = Session(self.runtime, model, inputs, outputs)
        y = []
        for i in range(len(x)):
            session.iterate()
            y.append(outputs[i]["Y_h"].copy())
        files.write("y", y)
        return session


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--library", required=True)
    p.add_argument("--threads", type=int, required=True)
    a = p.parse_args()
    sys.exit(peer_server.serve(lambda threads: Peer(a.library, threads), a.threads))
