"""What must run beside the student's code: what a call does to its arguments, what print shows.

Like all probes these hand back evidence and never a verdict.
"""

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


def call_and_look(model, x, h, c):
    """What the model returns for `x` and the state `(h, c)`, and that state after the call."""
    returned = model(x, (h, c))
    return [returned, h, c]


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
