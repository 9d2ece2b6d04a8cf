"""How many parameters a character LSTM has, and which mistake gives another number."""

from checks.support.judge import reject
from checks.support.parameters import count_parameters, lstm_parameters


def right_counts(sizes):
    """Numbers of parameters that a right model may have.

    With two biases per gate, as torch has them, or one, as the equations have them; where E = H
    the embedding may serve as the output layer's weight.
    """
    V, E, H, L = sizes.vocab_size, sizes.embed_dim, sizes.hidden_size, sizes.num_layers
    counts = [V * E + lstm_parameters(E, H, L, biases=b) + V * H + V for b in (2, 1)]
    return counts + ([count - V * H for count in counts] if E == H else [])


def count_cause(sizes, count):
    """Which usual mistake gives this number of parameters."""
    V, E, H, L = sizes.vocab_size, sizes.embed_dim, sizes.hidden_size, sizes.num_layers
    full = right_counts(sizes)[0]
    both = V * E + lstm_parameters(E, H, L, directions=2) + V * 2 * H + V
    known = {
        V * E + lstm_parameters(E, H, 1) + V * H + V: "there is only one layer",
        both: "the LSTM is bidirectional",
        full - V: "the output layer has no bias",
        full - V * H - V: "the output layer is missing, or is made anew in forward",
        full - V * E: "the embedding is missing, or is made anew in forward",
        full + E + H + 1: "the vocabulary has one entry too many",
        V * E + lstm_parameters(E, H, L, gates=3) + V * H + V: "this is a GRU",
        V * E + lstm_parameters(E, H, L, gates=1) + V * H + V: "this is a plain RNN",
        V * E + V * H + V: "the layers are in a Python list, or are made anew in forward",
    }
    return known.get(count, "a layer too many or too few, or one in a Python list")


def assert_parameter_count(lab, model, sizes):
    """`model` must have as many parameters as an LSTM language model of these `sizes`."""
    given = f"CharLSTM with {sizes}"
    count, listing = count_parameters(lab, model, given)
    if count not in right_counts(sizes):
        reject(
            "the model must have V*E + sum over layers of 4H(in + H + 2) + V*H + V parameters",
            given=given,
            expected=f"{right_counts(sizes)[0]}",
            got=f"{count}: {listing}",
            cause=count_cause(sizes, count),
        )
