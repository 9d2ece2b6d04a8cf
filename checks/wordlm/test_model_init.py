"""`WordLSTM` in model.py: what the weights of the LSTM start from.

Where in the model a matrix is, and how it lies in memory, is the student's choice. It is known by
its sizes: four gates of H numbers, as one stack or each by itself, of either orientation; the
matrices on input and state may also be side by side in one.
"""

from __future__ import annotations

import math
from dataclasses import asdict

import torch
from torch import Tensor

from checks.support.criteria import criterion
from checks.support.judge import as_list, as_pair, as_tensor, as_text, reject
from checks.wordlm.lstm import RUNS, SECTION, Sizes

SIZES = Sizes(vocab_size=30, emb_dim=64, hid_dim=56, num_layers=3, dropout=0.3)
V, E, H, L, _ = asdict(SIZES).values()
GIVEN = f"WordLSTM with {SIZES} as it is built"


def parameters(lab) -> list[tuple[str, Tensor]]:
    """Name and values of every parameter of a new model."""
    model = lab.model.WordLSTM(**asdict(SIZES))
    rows = as_list(lab.probes_states.parameters(model), "the parameters", given=GIVEN)
    pairs = [as_pair(row, "a parameter", given=GIVEN) for row in rows]
    return [
        (as_text(name, "its name"), as_tensor(value, "its values").double())
        for name, value in pairs
    ]


def stacks(lab, width: int) -> list[tuple[str, Tensor]]:
    """The matrices that map `width` numbers to gates, each as (4H or H, width)."""
    found = []
    for name, value in parameters(lab):
        shape = tuple(value.shape)
        if shape in ((4 * H, width), (H, width)):
            found.append((name, value))
        elif shape in ((width, 4 * H), (width, H)):
            found.append((name, value.t()))
        elif shape == (4, H, width):
            found.append((name, value.reshape(4 * H, width)))
        elif shape == (4, width, H):
            found.append((name, value.transpose(1, 2).reshape(4 * H, width)))
    return found


def is_orthogonal(matrix: Tensor) -> bool:
    """Whether the columns are orthogonal and equally long.

    Rounding leaves 1e-6 of a length squared; random columns of 224 numbers, 0.07.
    """
    gram = matrix.t() @ matrix
    length = gram.diagonal().mean()
    eye = torch.eye(len(gram), dtype=torch.float64)
    return float(length) > 0 and bool(((gram / length - eye).abs() < 1e-3).all())


def side_by_side(matrix: Tensor, inputs: int) -> tuple[Tensor, Tensor]:
    """Input and state part of one matrix for both: (inputs + H) columns, in whichever order."""
    first, last = matrix[:, :inputs], matrix[:, inputs:]
    if not is_orthogonal(last) and is_orthogonal(matrix[:, :H]):
        return matrix[:, H:], matrix[:, :H]
    return first, last


def by_kind(lab) -> tuple[list[tuple[str, Tensor]], list[tuple[str, Tensor]]]:
    """The matrices on the input, and those on the state, of all layers.

    From the second layer on both have one size: there the orthogonal ones are those on the state.
    """
    inputs, states = stacks(lab, E), []
    square = sorted(stacks(lab, H), key=lambda item: not is_orthogonal(item[1]))
    recurrent = L if square and len(square[0][1]) == 4 * H else 4 * L
    states += square[:recurrent]
    inputs += square[recurrent:]
    for width in (E, H):
        for name, matrix in stacks(lab, width + H):
            one, other = side_by_side(matrix, width)
            inputs.append((name, one))
            states.append((name, other))
    return inputs, states


@criterion(
    "wordlm.model.init-recurrent",
    points=2,
    section=SECTION,
    hint="`WordLSTM.__init__` in model.py: nn.init.orthogonal_ for the LSTM's state-to-gate "
    "weights, in every layer, the whole (4H, H) matrix or each gate's (H, H).",
    requires=RUNS,
)
def test_recurrent_weights_are_orthogonal(lab):
    """The columns of the LSTM's weights on its state start orthogonal and equally long."""
    _, states = by_kind(lab)
    for name, matrix in states:
        if not is_orthogonal(matrix):
            gram = matrix.t() @ matrix
            reject(
                "the columns of the recurrent weights must be orthogonal and equally long",
                given=GIVEN,
                expected=f"W^T W is a multiple of the identity, for W ({len(matrix)}, {H})",
                got=f"{name}: on the diagonal {float(gram.diagonal().min()):.3g} to "
                f"{float(gram.diagonal().max()):.3g}, beside it up to "
                f"{float((gram - gram.diagonal().diag()).abs().max()):.3g}",
                cause="a layer is left out, or another initialisation is used",
            )


@criterion(
    "wordlm.model.init-input",
    points=1,
    section=SECTION,
    hint="`WordLSTM.__init__` in model.py: nn.init.xavier_uniform_ (or _normal_) for the LSTM's "
    "input-to-gate weights, in every layer.",
    requires=("wordlm.model.init-recurrent",),
)
def test_input_weights_are_xavier(lab):
    """The LSTM's weights on its input start from Xavier's variance."""
    inputs, _ = by_kind(lab)
    for width in (E, H):
        same = [(name, matrix) for name, matrix in inputs if matrix.shape[1] == width]
        if not same:
            continue  # kept in some other form: nothing can be told
        values = torch.cat([matrix.flatten() for _, matrix in same])
        std = float(values.std())
        wanted = [math.sqrt(2 / (width + rows)) for rows in (4 * H, H)]  # whole, or per gate
        # 12,544 numbers or more: the estimate's standard deviation is 0.63 % for a normal
        # distribution, less for a uniform one, and 4.5 % is 7 of them: p < 1e-11. torch's own
        # initialisation is 7 % below, an orthogonal matrix 20 %.
        if not any(abs(std / right - 1) < 0.045 for right in wanted):
            reject(
                "the LSTM's input weights must be Xavier: variance 2 / (inputs + outputs)",
                given=GIVEN,
                expected=f"a standard deviation of {wanted[0]:.4f} (of {wanted[1]:.4f} if each "
                "gate is for itself)",
                got=f"{std:.4f} in {', '.join(name for name, _ in same)}",
                cause=_input_cause(std),
            )


def _input_cause(std: float) -> str:
    if abs(std * math.sqrt(3 * H) - 1) < 0.03:
        return "they are as torch makes them, uniform in +-1/sqrt(H)"
    if abs(std * math.sqrt(4 * H) - 1) < 0.03:
        return "they are orthogonal; that is asked for the recurrent weights"
    return ""


@criterion(
    "wordlm.model.init-bias",
    points=1,
    section=SECTION,
    hint="`WordLSTM.__init__` in model.py: nn.init.zeros_ for both biases of every LSTM layer.",
    requires=RUNS,
)
def test_lstm_biases_are_zero(lab):
    """The LSTM's biases start from zero."""
    for name, value in parameters(lab):
        of_gates = value.numel() in (H, 4 * H, 8 * H) and max(value.shape) in (H, 4 * H, 8 * H)
        if of_gates and value.any():
            reject(
                "the LSTM's biases must start from zero",
                given=GIVEN,
                expected="0 everywhere",
                got=f"{name}: values from {value.min():.3g} to {value.max():.3g}",
                cause="only some of the biases are set" if not value.all() else "",
            )
