"""What must run beside the student's code in every lab with a model.

Like all probes these hand back evidence and never a verdict, and import nothing but torch and the
standard library: the file is loaded from its source. A check reaches them as `lab.probes_models`.
"""

from __future__ import annotations

import torch


def build(model_class, options, seed, scale):
    """`model_class(**options)` in eval mode, all its parameters drawn from N(0, scale^2)."""
    model = model_class(**options)
    randomise(model, seed, scale)
    return model.eval()


def call_or_error(model, *arguments):
    """`[True, model(*arguments)]`, or `[False, error]`."""
    try:
        return [True, model(*arguments)]
    except NotImplementedError:  # an empty template body: nothing to give evidence of
        raise
    except Exception as error:
        return [False, f"{type(error).__name__}: {error}"]


def randomise(model, seed, scale):
    """Draw every parameter from N(0, scale^2), so that no zero or small start hides anything."""
    source = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=source))


def parameter_shapes(model):
    """Name and shape of every parameter, shared ones once."""
    return [[name, list(parameter.shape)] for name, parameter in model.named_parameters()]


def gradients(model, arguments, weights):
    """Name, whether it requires grad, and gradient (or None) of every parameter.

    The gradient is that of `sum(weights * logits)`, logits being what `model(*arguments)` returns,
    or the first of what it returns.
    """
    logits = _logits(model(*arguments))
    if logits.requires_grad:
        (weights * logits).sum().backward()
    return [
        [name, p.requires_grad, None if p.grad is None else p.grad.to_dense()]
        for name, p in model.named_parameters()
    ]


def logits_along(model, arguments, seed, steps):
    """Logits for each of `steps` along one direction, drawn from N(0, 1) parameter by parameter."""
    source = torch.Generator().manual_seed(seed)
    parameters = list(model.parameters())
    start = [parameter.detach().clone() for parameter in parameters]
    direction = [torch.randn(parameter.shape, generator=source) for parameter in parameters]
    found = []
    with torch.no_grad():
        for step in (*steps, 0.0):
            for parameter, at, along in zip(parameters, start, direction, strict=True):
                parameter.copy_(at + step * along)
            if step:
                found.append(_logits(model(*arguments)))
    return found


def reloaded(model_class, options, model):
    """A new model with the `state_dict` of `model`."""
    other = model_class(**options)
    other.load_state_dict(model.state_dict())
    return other.eval()


def _logits(returned):
    return returned[0] if isinstance(returned, (list, tuple)) else returned
