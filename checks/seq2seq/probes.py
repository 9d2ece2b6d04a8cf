"""What must run beside the student's code: a training loop with teacher forcing.

Like all probes it hands back evidence and never a verdict, and imports nothing but torch.
"""

import torch
from torch import nn


def answers(model_class, options, seed, lr, lessons, batches, questions):
    """The likeliest ids, `(N, T)`, at each step of `questions` after training on `lessons`.

    lessons: src, tgt_in and targets, row by row; batches: `(steps, B)`, rows of each step;
    questions: src and tgt_in. Adam, the norm clipped at 1, and in the last third the learning rate
    falls to zero.
    """
    torch.manual_seed(seed)
    model = model_class(**options).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
    steps = len(batches)
    for step, rows in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1.0, 3 * (steps - step) / steps)
        src, tgt_in, targets = (ids[rows] for ids in lessons)
        logits = model(src, tgt_in)  # (B, T, V)
        loss = nn.functional.cross_entropy(logits.transpose(1, 2), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return model(*questions).argmax(-1)
