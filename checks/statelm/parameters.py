"""How many parameters a `CharacterLSTM` has, and which mistake gives another number."""

from checks.support.judge import reject
from checks.support.parameters import count_parameters, lstm_parameters


def right_counts(sizes):
    """Numbers of parameters that a right model may have.

    With two biases per gate, as torch has them, or one, as the equations have them; where E = H
    the embedding may serve as the output layer's weight.
    """
    V, E, H = sizes.vocab_size, sizes.embedding_dim, sizes.hidden_size
    counts = [V * E + lstm_parameters(E, H, 1, biases=b) + V * H + V for b in (2, 1)]
    return counts + ([count - V * H for count in counts] if E == H else [])


def count_cause(sizes, count):
    """Which usual mistake gives this number of parameters."""
    V, E, H = sizes.vocab_size, sizes.embedding_dim, sizes.hidden_size
    full = right_counts(sizes)[0]
    lstm = lstm_parameters(E, H, 1)
    known = {
        full - lstm + lstm_parameters(E, H, 2): "there are two LSTM layers, not one",
        V * E + lstm_parameters(E, H, 1, directions=2) + V * 2 * H + V: "the LSTM is bidirectional",
        V * H + lstm_parameters(H, E, 1) + V * E + V: "E and H have changed places",
        full - lstm + lstm_parameters(E, H, 1, biases=0): "the LSTM has no biases",
        full - V: "the output layer has no bias",
        full - V * H - V: "the output layer is missing, or is made anew in forward",
        full - V * E: "the embedding is missing, or is made anew in forward",
        full + E + H + 1: "the vocabulary has one entry too many",
        full - lstm + lstm_parameters(E, H, 1, gates=3): "this is a GRU",
        full - lstm + lstm_parameters(E, H, 1, gates=1): "this is a plain RNN",
        full - lstm: "the LSTM is in a Python list, or is made anew in forward",
        full + 2 * H: "the initial state is a parameter; it should be zeros",
    }
    return known.get(count, "a layer too many or too few, or one in a Python list")


def assert_parameter_count(lab, model, sizes):
    """`model` must have as many parameters as an LSTM of one layer of these `sizes`."""
    given = f"CharacterLSTM with {sizes}"
    count, listing = count_parameters(lab, model, given)
    if count not in right_counts(sizes):
        reject(
            "the model must have V*E + 4H(E + H + 2) + V*H + V parameters",
            given=given,
            expected=f"{right_counts(sizes)[0]}",
            got=f"{count}: {listing}",
            cause=count_cause(sizes, count),
        )
