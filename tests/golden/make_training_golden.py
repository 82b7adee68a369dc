#!/usr/bin/env python3
"""Golden values of PyTorch's optimisers, gradient clipping and learning-rate schedules.

    python3 tests/golden/make_training_golden.py        (Debian's or Ubuntu's python3-torch is enough)

writes tests/golden/pytorch_training.json. Everything is computed in float64 and written with 12 digits. Weights and gradients come
from an integer formula (value below) that the tests compute too, so only results are stored.
"""

import json
import os

import torch

UPDATES = 6
SHAPES = [(3, 5), (4,)]  # parameters a and b


def value(tensor, shape, scale=1.0):
    """Element i of tensor number k: ((31 i^2 + 7919 i + 104729 k + 12345) mod 2003 - 900) / 2048, exact in binary."""
    count = 1
    for size in shape:
        count *= size
    flat = [((31 * i * i + 7919 * i + 104729 * tensor + 12345) % 2003 - 900) / 2048 * scale for i in range(count)]
    return torch.tensor(flat, dtype=torch.float64).reshape(shape)


def digits(values):
    return [float(f"{v:.12g}") for v in values]


def optimizer(make, clip=None, second=None):
    """Both parameters after every update; gradients of update t (from 0) are the tensors 10 t + 2 and 10 t + 3."""
    parameters = [torch.nn.Parameter(value(i, shape)) for i, shape in enumerate(SHAPES)]
    groups = [{"params": [parameters[0]]}, {"params": [parameters[1]], **(second or {})}]
    rule = make(groups)
    result = []
    for t in range(UPDATES):
        for i, parameter in enumerate(parameters):
            parameter.grad = value(10 * t + 2 + i, parameter.shape, 2)
        if clip is not None:
            clip(parameters)
        rule.step()
        result.append(digits(torch.cat([p.detach().reshape(-1) for p in parameters]).tolist()))
    return result


def optimizers():
    o, utils = torch.optim, torch.nn.utils
    sgd = lambda **k: lambda g: o.SGD(g, lr=0.1, **k)
    return {
        "sgd": optimizer(sgd()),
        "sgd decay": optimizer(sgd(weight_decay=0.05)),
        "sgd momentum": optimizer(sgd(momentum=0.9)),
        "sgd nesterov decay": optimizer(sgd(momentum=0.8, nesterov=True, weight_decay=0.05)),
        "rmsprop": optimizer(lambda g: o.RMSprop(g, lr=0.02)),
        "rmsprop decay": optimizer(lambda g: o.RMSprop(g, lr=0.02, alpha=0.9, eps=1e-4, weight_decay=0.05)),
        "adam": optimizer(lambda g: o.Adam(g, lr=0.02)),
        "adam decay": optimizer(lambda g: o.Adam(g, lr=0.02, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.05)),
        "adamw": optimizer(lambda g: o.AdamW(g, lr=0.02)),
        "adamw groups": optimizer(lambda g: o.AdamW(g, lr=0.02, weight_decay=0.1), second={"lr": 0.01, "weight_decay": 0.0}),
        "sgd clip norm": optimizer(sgd(), clip=lambda p: utils.clip_grad_norm_(p, 1.5)),
        "sgd clip value": optimizer(sgd(), clip=lambda p: utils.clip_grad_value_(p, 0.3)),
    }


def rates(make, steps, losses=None):
    rule = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    schedule = make(rule)
    result = []
    for step in range(steps):
        result.append(rule.param_groups[0]["lr"])
        rule.step()
        schedule.step(*([] if losses is None else [losses[step]]))
    return digits(result)


def schedules():
    s = torch.optim.lr_scheduler
    losses = [3, 2, 2.5, 1.999, 1.5, 1.6, 1.7, 1.5, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4, 1.4]
    return {
        "step": rates(lambda r: s.StepLR(r, 3, 0.5), 12),
        "multi-step": rates(lambda r: s.MultiStepLR(r, [2, 5, 9], 0.1), 12),
        "cosine": rates(lambda r: s.CosineAnnealingLR(r, 10, 0.01), 11),
        "one-cycle": rates(lambda r: s.OneCycleLR(r, 0.4, 20, pct_start=0.3, div_factor=10, final_div_factor=100, cycle_momentum=False), 20),
        "plateau": rates(lambda r: s.ReduceLROnPlateau(r, factor=0.5, patience=1, threshold=0.01, cooldown=1, min_lr=0.03), len(losses), losses),
        "plateau losses": losses,
    }


def lines(entries):
    return ",\n".join(f"{json.dumps(name)}:{json.dumps(values, separators=(',', ':'))}" for name, values in entries.items())


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch_training.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'{{"recipe":"tests/golden/make_training_golden.py","torch":"{torch.__version__}",\n')
        file.write(f'"optimizers":{{\n{lines(optimizers())}\n}},\n"schedules":{{\n{lines(schedules())}\n}}}}\n')


if __name__ == "__main__":
    main()
