"""A character model that is handed its state, and hands it back."""

from torch import Tensor, nn

States = tuple[Tensor, Tensor]  # h, c: each (1, B, H), for the one layer


class CharacterLSTM(nn.Module):
    """A language model over characters whose recurrent state goes in and comes out."""

    def __init__(self, vocab_size: int, embedding_dim: int = 48, hidden_size: int = 96) -> None:
        """Make the layers, for V = `vocab_size`, E = `embedding_dim`, H = `hidden_size`.

        `print` of the model shows them: an Embedding (V, E), an LSTM (E, H) of one layer, a Linear
        layer (H, V).
        """
        raise NotImplementedError(
            "statelm/model.py CharacterLSTM.__init__: not implemented - "
            "Make the layers, for V = `vocab_size`, E = `embedding_dim`, H = `hidden_size`"
        )

    def forward(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """Read B texts on from `states`; return the flat logits and the states at the end.

        x: LongTensor `(B, T)` of ids. states: the pair `(h, c)`, each `(1, B, H)`, that
        `init_state` or an earlier call returned; it is left as it is.

        Returns `(logits, (h, c))`: logits `(B*T, V)`, unnormalised, where row `b*T + t` scores the
        character that follows `x[b, t]`; h and c `(1, B, H)`, the state after the last step.
        """
        raise NotImplementedError(
            "statelm/model.py CharacterLSTM.forward: not implemented - "
            "Read B texts on from `states`; return the flat logits and the states at the end"
        )

    def init_state(self, batch_size: int) -> States:
        """Return `(h0, c0)` for the start of B = `batch_size` texts: zeros, each `(1, B, H)`."""
        raise NotImplementedError(
            "statelm/model.py CharacterLSTM.init_state: not implemented - "
            "Return `(h0, c0)` for the start of B = `batch_size` texts: zeros, each `(1, B, H)`"
        )
