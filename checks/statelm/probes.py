"""What must run beside the student's code: what a call does to its arguments, what print shows.

Like all probes these hand back evidence and never a verdict.
"""

import torch
from torch import nn


def state_after_use(model, x):
    """What `init_state` gives once another state of its own has been through the model."""
    try:
        model(x, model.init_state(len(x)))
    except NotImplementedError:  # an empty template body
        raise
    except Exception:  # for another check to tell
        pass
    return model.init_state(len(x))


def refusal(model, x, h, c):
    """What the model raises for the states of `init_state`, if it takes `(h, c)`; "" if nothing."""
    try:
        model(x, model.init_state(len(x)))
    except NotImplementedError:
        raise
    except Exception as error:
        try:
            model(x, (h, c))
        except Exception:  # for another check to tell
            return ""
        return f"{type(error).__name__}: {error}"
    return ""


def states_around_calls(model, x, h, c):
    """The state `(h, c)` after a call with it; the state that the call returned, at once and once
    more after a call with other ids."""
    _, returned = model(x, (h, c))
    first = [tensor.clone() for tensor in returned]
    model(x.flip(1), (torch.zeros_like(h), torch.zeros_like(c)))
    return [[h, c], first, list(returned)]


def printed(model):
    """What `print(model)` prints, and which names stand for which of torch's layers in it.

    A class of one's own that is derived from `nn.Linear` is a Linear layer by another name.
    """
    layers = (nn.Embedding, nn.LSTM, nn.LSTMCell, nn.Linear)
    names = [
        [layer.__name__, type(module).__name__]
        for module in model.modules()
        for layer in layers
        if isinstance(module, layer)
    ]
    return [str(model), names]
