"""Encoder and decoder: one LSTM reads a sequence, another writes a sequence from what was read."""

from torch import Tensor, nn

State = tuple[Tensor, Tensor]  # h, c: each (1, B, H)


class Seq2Seq(nn.Module):
    """An encoder-decoder: reads B sources, scores the tokens of B targets given all before them."""

    def __init__(
        self, src_vocab: int, tgt_vocab: int, embed_dim: int = 32, hidden_size: int = 64
    ) -> None:
        """Make the layers of encoder and decoder, for E = `embed_dim` and H = `hidden_size`.

        `src_vocab` and `tgt_vocab` are the numbers of ids on either side. They are two alphabets:
        an id means one thing in the source and another in the target.
        """
        raise NotImplementedError(
            "seq2seq/model.py Seq2Seq.__init__: not implemented - "
            "Make the layers of encoder and decoder, for E = `embed_dim` and H = `hidden_size`"
        )

    def forward(self, src: Tensor, tgt_in: Tensor) -> Tensor:
        """Score every next target token, given the source and the true tokens before it.

        src: LongTensor `(B, S)` of source ids, all rows of one length, without padding. tgt_in:
        LongTensor `(B, T_tgt)` of target ids, already shifted by the caller: `[bos, y1, y2, ...]`.

        Returns logits `(B, T_tgt, tgt_vocab)`, unnormalised: `logits[b, t]` scores the token that
        follows `tgt_in[b, :t+1]`, from the whole of `src[b]` and that prefix and nothing else.
        """
        raise NotImplementedError(
            "seq2seq/model.py Seq2Seq.forward: not implemented - "
            "Score every next target token, given the source and the true tokens before it"
        )


def greedy_decode(model: Seq2Seq, src: Tensor, bos: int, eos: int, max_len: int) -> list[list[int]]:
    """Write a target for each source: at every step the likeliest token, which is then read.

    src: LongTensor `(B, S)`. Every row starts from `bos` and ends where the likeliest token is
    `eos`, each row at its own time; none becomes longer than `max_len`.

    Returns B lists of target ids, without `bos` and without `eos`.
    """
    raise NotImplementedError(
        "seq2seq/model.py greedy_decode: not implemented - "
        "Write a target for each source: at every step the likeliest token, which is then read"
    )
