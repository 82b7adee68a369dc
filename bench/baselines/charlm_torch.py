#!/usr/bin/env python3
"""The peer of `rnngpu train charlm`: the same model, batches and steps in PyTorch on the CPU.

The model is Embedding -> Dropout -> LSTM (dropout between layers) -> Dropout -> Linear, trained by truncated BPTT with the state
carried from window to window, AdamW (no decay of biases) with linear warm-up (at most a tenth of the run) and cosine decay, and
clipping by norm, as the preset it is compared with.
Prints one JSON object: characters/s over the timed steps (warm-up steps apart), the mean training loss of each tenth of the run, and the
validation loss in nats a character at the end.

Usage: charlm_torch.py DATA [--hidden 512 --layers 2 --embedding 128 --batch 64 --seq-length 64 --dropout 0.4
                             --lr 3e-3 --clip 1.0 --steps 200 --schedule-steps 200 --warmup-steps 100 --weight-decay 0.01
                             --threads 2 --seed 1 --no-validation]
Needs the distribution's python3-torch and an optimised BLAS (libopenblas0-pthread): without one PyTorch falls back to the reference
BLAS and is several times slower, which would be no fair peer.
"""
import argparse
import json
import math
import time

import torch


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("data")
    for name, kind, default in [
        ("hidden", int, 512), ("layers", int, 2), ("embedding", int, 128), ("batch", int, 64), ("seq-length", int, 64),
        ("dropout", float, 0.4), ("lr", float, 3e-3), ("clip", float, 1.0), ("steps", int, 200), ("schedule-steps", int, 0),
        ("warmup-steps", int, 100), ("weight-decay", float, 0.01), ("threads", int, 2), ("seed", int, 1), ("skip-steps", int, 3),
    ]:
        p.add_argument("--" + name, type=kind, default=default)
    p.add_argument("--no-validation", action="store_true")
    return p.parse_args()


class CharModel(torch.nn.Module):
    def __init__(self, a, vocabulary):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, a.embedding)
        self.dropout = torch.nn.Dropout(a.dropout)
        self.rnn = torch.nn.LSTM(a.embedding, a.hidden, a.layers, dropout=a.dropout if a.layers > 1 else 0.0)
        self.output = torch.nn.Linear(a.hidden, vocabulary)
        for name, w in self.rnn.named_parameters():
            if name.startswith("weight_hh"):
                for gate in w.data.chunk(4):
                    torch.nn.init.orthogonal_(gate)
            if name.startswith("bias_ih"):
                w.data[a.hidden:2 * a.hidden] = 1.0

    def forward(self, x, state):
        y, state = self.rnn(self.dropout(self.embedding(x)), state)
        return self.output(self.dropout(y)), state


def main():
    a = arguments()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    text = open(a.data, encoding="utf-8").read()
    characters = sorted(set(text))
    index = {c: i for i, c in enumerate(characters)}
    ids = torch.tensor([index[c] for c in text])
    cut = len(ids) - len(ids) // 10
    train, validation = ids[:cut], ids[cut:]

    model = CharModel(a, len(characters))
    matrices = [p for p in model.parameters() if p.dim() > 1]
    biases = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": a.weight_decay}, {"params": biases, "weight_decay": 0.0}], lr=a.lr)
    total = a.schedule_steps or a.steps
    warmup = max(1, min(a.warmup_steps, total // 10))

    def rate(step):
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    length = (len(train) - 1) // a.batch
    inputs = train[:length * a.batch].view(a.batch, length).t().contiguous()
    targets = train[1:length * a.batch + 1].view(a.batch, length).t().contiguous()

    def zeros():
        return (torch.zeros(a.layers, a.batch, a.hidden), torch.zeros(a.layers, a.batch, a.hidden))

    state, position, losses, seconds = zeros(), 0, [], 0.0
    for step in range(a.steps):
        if position + a.seq_length > length:
            state, position = zeros(), 0
        started = time.perf_counter()
        x, t = inputs[position:position + a.seq_length], targets[position:position + a.seq_length]
        position += a.seq_length
        state = tuple(s.detach() for s in state)
        optimizer.zero_grad()
        logits, state = model(x, state)
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), t.reshape(-1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), a.clip)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        if step >= a.skip_steps:
            seconds += time.perf_counter() - started

    timed = max(1, a.steps - a.skip_steps)
    tenth = max(1, a.steps // 10)
    result = {
        "torch": torch.__version__,
        "threads": a.threads,
        "steps": a.steps,
        "characters_per_second": a.batch * a.seq_length * timed / seconds,
        "train_loss_by_tenth": [sum(losses[i:i + tenth]) / len(losses[i:i + tenth]) for i in range(0, a.steps, tenth)],
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    if not a.no_validation:
        model.eval()
        with torch.no_grad():
            streams = 16
            n = (len(validation) - 1) // streams
            x = validation[:n * streams].view(streams, n).t()
            t = validation[1:n * streams + 1].view(streams, n).t()
            state = (torch.zeros(a.layers, streams, a.hidden), torch.zeros(a.layers, streams, a.hidden))
            nats, count = 0.0, 0
            for i in range(0, n, 256):
                logits, state = model(x[i:i + 256], state)
                window = t[i:i + 256].reshape(-1)
                nats += torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), window, reduction="sum").item()
                count += window.numel()
        result["validation_nats_per_char"] = nats / count
    print(json.dumps(result))


if __name__ == "__main__":
    main()
