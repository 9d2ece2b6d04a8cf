"""Beside the student's code: one training with everything it is made of, watched from outside."""

import resource
import time

import torch
from torch.nn import functional

FIRST_MOMENT = 16  # batches; the others are after twice as many each


class Moments:
    """A model's weights as they were at some moments of its training, to be put back."""

    def __init__(self, model):
        self.model, self.seen = model, 0
        self.batches, self.weights = [], []

    def batch_is_done(self):
        """Count a batch, and keep the weights if their number has doubled."""
        self.seen += 1
        if self.seen >= FIRST_MOMENT and self.seen & (self.seen - 1) == 0:
            self.take()

    def take(self):
        """Keep the weights of this moment."""
        state = self.model.state_dict()
        self.batches.append(self.seen)
        self.weights.append({name: value.detach().clone() for name, value in state.items()})

    def put_back(self, number):
        """Give the model the weights of a moment."""
        self.model.load_state_dict(self.weights[number])


def train(make_loaders, model_class, train_function, text, sizes, with_moments):
    """The trained model, its validation loader, its table of ids, the history, what was watched,
    and moments of the training, for which its loader must be one that can be watched."""
    train_loader, val_loader, (_, stoi, _) = make_loaders(
        text, seq_len=sizes["seq_len"], batch_size=sizes["batch_size"]
    )
    model = model_class(
        sizes["vocab_size"],
        embed_dim=sizes["embed_dim"],
        hidden_size=sizes["hidden_size"],
        num_layers=sizes["num_layers"],
        dropout=sizes["dropout"],
    )
    moments = Moments(model) if with_moments else None
    diaries = watch(train_loader, moments), watch(val_loader)
    started, device = time.perf_counter(), sizes["device"]
    history = train_function(
        model,
        train_loader,
        val_loader,
        epochs=sizes["epochs"],
        lr=sizes["lr"],
        clip=sizes["clip"],
        device=device,
    )
    if moments:
        moments.take()
    watched = {
        "training": diaries[0],
        "validation": diaries[1],
        "seconds": time.perf_counter() - started,
        "memory": peak_memory(device),
    }
    return [model, val_loader, stoi, history, watched, moments]


def watch(loader, moments=None):
    """A list that gets an entry for each pass over the loader; None where that cannot be seen.

    The loader stays what it is, of a subclass made on the spot: code may ask for its length, its
    dataset or its class.
    """
    kind, diary = type(loader), []

    def passes(self):
        entry = {"batches": 0, "tokens": 0, "seconds": 0.0}
        diary.append(entry)
        started = time.perf_counter()
        for batch in kind.__iter__(self):
            entry["batches"] += 1
            entry["tokens"] += batch[1].numel()
            yield batch
            entry["seconds"] = time.perf_counter() - started
            if moments:
                moments.batch_is_done()

    if not hasattr(kind, "__iter__") or hasattr(kind, "__next__"):
        return None
    try:
        watched = type(kind.__name__, (kind,), {"__iter__": passes})
        object.__setattr__(loader, "__class__", watched)  # also of a record that is frozen
    except Exception:  # a list of batches, say, or a class that is not to be extended
        return None
    return diary


def peak_memory(device):
    """Bytes: of the GPU's memory, or of this process."""
    if torch.device(device).type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def loss_on(model, loader, device):
    """The mean loss per token in float64, in eval mode, and the number of tokens."""
    total, tokens = 0.0, 0
    for x, y in loader:
        logits = logits_of(model, x, device)
        losses = functional.cross_entropy(
            logits.double().flatten(0, 1), y.to(logits.device).flatten(), reduction="sum"
        )
        total, tokens = total + float(losses), tokens + y.numel()
    return [total / max(tokens, 1), tokens]


def logits_of(model, x, device):
    """What the model gives for the ids, in eval mode and without gradients."""
    model.eval()
    with torch.no_grad():
        return model(x.to(device))[0]
