"""The model: an embedding, a stack of LSTM layers, a linear map to one logit per word, and dropout
wherever a vector goes upwards.
"""

import torch
from torch import Tensor, nn

Hidden = tuple[Tensor, Tensor]  # h, c: each (L, B, H)


class WordLSTM(nn.Module):
    """A language model over words: for each one read, a logit for each that may come next."""

    def __init__(
        self, vocab_size: int, emb_dim: int, hid_dim: int, num_layers: int, dropout: float
    ) -> None:
        """Make the layers, for V = `vocab_size`, E = `emb_dim`, H = `hid_dim`, L = `num_layers`.

        `dropout` is the probability that a number on its way up is set to zero, in train mode: on
        the embeddings, between the LSTM's layers, and on its output.
        """
        raise NotImplementedError(
            "wordlm/model.py WordLSTM.__init__: not implemented - "
            "Make the layers, for V = `vocab_size`, E = `emb_dim`, H = `hid_dim`, L = `num_layers`"
        )

    def forward(self, x: Tensor, hidden: Hidden | None = None) -> tuple[Tensor, Hidden]:
        """Read B texts and return the logits of every next word, and the state at the end.

        x: LongTensor `(B, T)` of ids. hidden: the pair `(h, c)`, each `(L, B, H)`, that an earlier
        call returned, to read on where it stopped; None stands for zeros, the start of a text.

        Returns `(logits, (h, c))`: logits `(B, T, V)`, unnormalised, where `logits[b, t]` scores
        the word that follows `x[b, t]`; h and c `(L, B, H)`, the state after the last step.
        """
        raise NotImplementedError(
            "wordlm/model.py WordLSTM.forward: not implemented - "
            "Read B texts and return the logits of every next word, and the state at the end"
        )

    def init_hidden(self, batch_size: int, device: torch.device | str) -> Hidden:
        """Return the state `(h, c)` that B = `batch_size` texts start from: zeros, (L, B, H).

        On the given device, in the type of the model's parameters.
        """
        raise NotImplementedError(
            "wordlm/model.py WordLSTM.init_hidden: not implemented - "
            "Return the state `(h, c)` that B = `batch_size` texts start from: zeros, (L, B, H)"
        )

    def detach_hidden(self, hidden: Hidden) -> Hidden:
        """Return the same state `(h, c)`, cut off from the graph that computed it."""
        raise NotImplementedError(
            "wordlm/model.py WordLSTM.detach_hidden: not implemented - "
            "Return the same state `(h, c)`, cut off from the graph that computed it"
        )
