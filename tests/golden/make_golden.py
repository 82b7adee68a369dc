#!/usr/bin/env python3
"""Golden values of PyTorch's recurrent networks: outputs, final states and all gradients.

    python3 tests/golden/make_golden.py        (Debian's or Ubuntu's python3-torch is enough)

writes tests/golden/pytorch_rnn.json. Everything is computed in float64 and written with 9 digits. Inputs, parameters and the weights
of the loss come from an integer formula (value below) that the tests compute too, so only results are stored.

PyTorch has no GRU whose reset gate comes before the recurrent product; ResetBeforeGru below is written from its equations
(Cho et al. 2014) in PyTorch's operations, so that its gradients are autograd's.

Loss: sum(wy * y) + sum(wh * hT) + sum(wc * cT). Padded steps of y are 0, as pad_packed_sequence makes them.
"""

import json
import os

import torch

STEPS, BATCH, INPUT, HIDDEN = 4, 3, 2, 3
LENGTHS = [2, 4, 1]
X, H0, C0, LOSS_Y, LOSS_H, LOSS_C, PARAMETERS = 0, 1, 2, 3, 4, 5, 10


def value(tensor, shape, scale=1.0):
    """Element i of tensor number k: ((31 i^2 + 7919 i + 104729 k + 12345) mod 2003 - 900) / 2048, exact in binary."""
    count = 1
    for size in shape:
        count *= size
    flat = [((31 * i * i + 7919 * i + 104729 * tensor + 12345) % 2003 - 900) / 2048 * scale for i in range(count)]
    return torch.tensor(flat, dtype=torch.float64).reshape(shape)


def digits(tensor):
    return [float(f"{v:.9g}") for v in tensor.detach().reshape(-1).tolist()]


class ResetBeforeGru(torch.nn.Module):
    """r = s(W_r x + R_r h + b_r), z likewise, n = tanh(W_n x + R_n (r h) + b_n), h' = (1 - z) n + z h; names and axes as nn.GRU."""

    def __init__(self, num_layers, bidirectional, dtype):
        super().__init__()
        self.layers, self.directions = num_layers, 2 if bidirectional else 1
        for layer in range(num_layers):
            size = INPUT if layer == 0 else HIDDEN * self.directions
            for direction in range(self.directions):
                end = f"_l{layer}{'_reverse' if direction else ''}"
                shapes = {"weight_ih": (3 * HIDDEN, size), "weight_hh": (3 * HIDDEN, HIDDEN), "bias_ih": (3 * HIDDEN,), "bias_hh": (3 * HIDDEN,)}
                for kind, shape in shapes.items():
                    self.register_parameter(kind + end, torch.nn.Parameter(torch.zeros(shape, dtype=dtype)))

    def forward(self, x, h0, lengths):
        last = []
        for layer in range(self.layers):
            outputs = []
            for direction in range(self.directions):
                end = f"_l{layer}{'_reverse' if direction else ''}"
                w, r, b, c = (getattr(self, kind + end) for kind in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"])
                index = layer * self.directions + direction
                rows = []
                for row in range(BATCH):
                    h = h0[index, row] if h0 is not None else torch.zeros(HIDDEN, dtype=x.dtype)
                    y = [torch.zeros(HIDDEN, dtype=x.dtype)] * STEPS
                    steps = range(lengths[row])
                    for t in reversed(steps) if direction else steps:
                        a = w @ x[t, row] + b
                        gates = torch.sigmoid(a[: 2 * HIDDEN] + r[: 2 * HIDDEN] @ h + c[: 2 * HIDDEN])
                        reset, z = gates[:HIDDEN], gates[HIDDEN:]
                        n = torch.tanh(a[2 * HIDDEN :] + r[2 * HIDDEN :] @ (reset * h) + c[2 * HIDDEN :])
                        h = (1 - z) * n + z * h
                        y[t] = h
                    rows.append(torch.stack(y))
                    last.append(h)
                outputs.append(torch.stack(rows, dim=1))
            x = torch.cat(outputs, dim=2)
        return x, torch.stack(last).reshape(self.layers * self.directions, BATCH, HIDDEN)


def case(cell, layers, bidirectional, lengths, states):
    common = dict(num_layers=layers, bidirectional=bidirectional, dtype=torch.float64)
    if cell == "lstm":
        net = torch.nn.LSTM(INPUT, HIDDEN, **common)
    elif cell == "gru":
        net = torch.nn.GRU(INPUT, HIDDEN, **common)
    elif cell == "gru-reset-before":
        net = ResetBeforeGru(**common)
    else:
        net = torch.nn.RNN(INPUT, HIDDEN, nonlinearity="relu" if cell == "elman-relu" else "tanh", **common)

    directions = 2 if bidirectional else 1
    with torch.no_grad():
        for layer in range(layers):
            for direction in range(directions):
                for p, kind in enumerate(["weight_ih", "weight_hh", "bias_ih", "bias_hh"]):
                    parameter = getattr(net, f"{kind}_l{layer}{'_reverse' if direction else ''}")
                    parameter.copy_(value(PARAMETERS + 4 * (layer * directions + direction) + p, parameter.shape))

    shape = (layers * directions, BATCH, HIDDEN)
    x = value(X, (STEPS, BATCH, INPUT), 2).requires_grad_()
    h0 = value(H0, shape).requires_grad_() if states else None
    c0 = value(C0, shape, 2).requires_grad_() if states and cell == "lstm" else None
    given = None if not states else (h0, c0) if cell == "lstm" else h0
    packed = lengths and cell != "gru-reset-before"
    source = torch.nn.utils.rnn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False) if packed else x
    y, last = net(source, given, LENGTHS if lengths else [STEPS] * BATCH) if cell == "gru-reset-before" else net(source, given)
    if packed:
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=STEPS)
    h, c = last if cell == "lstm" else (last, None)
    loss = (value(LOSS_Y, y.shape) * y).sum() + (value(LOSS_H, shape) * h).sum()
    if c is not None:
        loss = loss + (value(LOSS_C, shape) * c).sum()
    loss.backward()

    result = dict(cell=cell, layers=layers, bidirectional=bidirectional, lengths=LENGTHS if lengths else None, states=states)
    result["y"] = digits(y)
    result["h"] = digits(h)
    result["dx"] = digits(x.grad)
    if c is not None:
        result["c"] = digits(c)
    if h0 is not None:
        result["dh0"] = digits(h0.grad)
    if c0 is not None:
        result["dc0"] = digits(c0.grad)
    result["parameters"] = {name: digits(parameter.grad) for name, parameter in net.named_parameters()}
    return result


def main():
    cases = []
    for cell in ["elman", "elman-relu", "lstm", "gru", "gru-reset-before"]:
        for layers in [1, 2, 3]:
            for bidirectional in [False, True]:
                for lengths in [False, True]:
                    cases.append(case(cell, layers, bidirectional, lengths, states=lengths or layers == 2))

    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch_rnn.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{{"recipe":"tests/golden/make_golden.py","torch":"{torch.__version__}",\n')
        file.write(f'"steps":{STEPS},"batch":{BATCH},"input":{INPUT},"hidden":{HIDDEN},\n"cases":[\n')
        file.write(",\n".join(json.dumps(c, separators=(",", ":")) for c in cases))
        file.write("\n]}\n")
    print(f"{path}: {len(cases)} cases, {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
