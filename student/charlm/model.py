"""The model: an embedding, a stack of LSTM layers, and a linear map to one logit per character."""

from torch import Tensor, nn

Hidden = tuple[Tensor, Tensor]  # h, c: each (L, B, H)


class CharLSTM(nn.Module):
    """A language model over characters: for each one read, a logit for each that may come next."""

    def __init__(
        self,
        vocab_size: int,
        embed_dim: int = 256,
        hidden_size: int = 512,
        num_layers: int = 2,
        dropout: float = 0.1,
    ) -> None:
        """Make the layers, for V = `vocab_size`, E = `embed_dim`, H = `hidden_size`, L layers.

        `dropout` is the probability that a number on its way from one LSTM layer to the next is
        set to zero, in train mode. A single layer has no such way, and drops nothing.
        """
        raise NotImplementedError(
            "charlm/model.py CharLSTM.__init__: not implemented - "
            "Make the layers, for V = `vocab_size`, E = `embed_dim`, H = `hidden_size`, L layers"
        )

    def forward(self, x: Tensor, hidden: Hidden | None = None) -> tuple[Tensor, Hidden]:
        """Read B texts and return the logits of every next character, and the state at the end.

        x: LongTensor `(B, T)` of ids. hidden: the pair `(h, c)`, each `(L, B, H)`, that an earlier
        call returned, to read on where it stopped; None stands for zeros, the start of a text.

        Returns `(logits, (h, c))`: logits `(B, T, V)`, unnormalised, where `logits[b, t]` scores
        the character that follows `x[b, t]`; h and c `(L, B, H)`, the state after the last step.
        """
        raise NotImplementedError(
            "charlm/model.py CharLSTM.forward: not implemented - "
            "Read B texts and return the logits of every next character, and the state at the end"
        )
