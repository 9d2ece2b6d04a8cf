"""Many steps in, one answer out: an LSTM reads a sequence, a linear layer says what kind it is."""

from torch import Tensor, nn

POOLINGS = ("last", "mean", "max")


class SequenceClassifier(nn.Module):
    """Reads B rows of different lengths and gives each one logit for each class."""

    def __init__(
        self,
        vocab_size: int,
        num_classes: int,
        embed_dim: int = 32,
        hidden_size: int = 64,
        num_layers: int = 1,
        pooling: str = "last",
    ) -> None:
        """Make the layers, for V = `vocab_size`, C = `num_classes`, E = `embed_dim`, H, L layers.

        `pooling` is "last", "mean" or "max". Raises ValueError if it is anything else.
        """
        raise NotImplementedError(
            "classify/model.py SequenceClassifier.__init__: not implemented - "
            "Make the layers, for V = `vocab_size`, C = `num_classes`, E = `embed_dim`, H, L layers"
        )

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Read the rows and return each one's logits for the classes, `(B, C)`, unnormalised.

        x: LongTensor `(B, T)` of ids, filled up on the right with arbitrary ones. lengths:
        LongTensor `(B,)`, how many steps of each row are real, 1 <= length <= T.
        """
        raise NotImplementedError(
            "classify/model.py SequenceClassifier.forward: not implemented - "
            "Read the rows and return each one's logits for the classes, `(B, C)`, unnormalised"
        )
