"""Encoder and decoder: one LSTM reads a sequence, another writes a sequence from what was read.

A language model continues what it reads. Translating, spelling out or reversing is another matter:
the answer has its own alphabet and its own length, and its first token may depend on the last one
of the question. So reading and writing are given to two networks, and all that passes between
them is the encoder's final state (h, c), two vectors of H numbers each:

      encoder reads src                 decoder reads tgt_in, writes logits

                                     y1      y2      y3     eos       targets
                                      ^       ^       ^       ^
    +----+  +----+  +----+  (h, c)  +----+  +----+  +----+  +----+
    |LSTM|->|LSTM|->|LSTM|--------->|LSTM|->|LSTM|->|LSTM|->|LSTM|
    +----+  +----+  +----+          +----+  +----+  +----+  +----+
      ^       ^       ^               ^       ^       ^       ^
      x1      x2      x3             bos      y1      y2      y3      tgt_in

With `embed` the table of each side, and e, d for the states of encoder and decoder,

    e_0 = 0        e_s = LSTM_enc(embed_src(x_s), e_{s-1})       s = 1 .. S
    d_0 = e_S      d_t = LSTM_dec(embed_tgt(y_{t-1}), d_{t-1})   t = 1 .. T, y_0 = bos
    logits_t = W h(d_t) + b                                      h(d): the hidden half of d

    p(y | x) = product over t of softmax(logits_t)[y_t]

This is a language model of the target whose initial state is the source.

Training and use differ in one thing. In training the target is known, so the decoder is given the
true y_{t-1} at each step, whatever it would have said itself: teacher forcing. All T steps are then
one call, and each learns from a prefix without mistakes. In use there is no target, and the decoder
is given its own last answer: `greedy_decode`. Both are the same function of the prefix; only where
the prefix comes from changes. That is why `forward` must not peek beyond it: at step t the input
holds y_{t-1}, and the answer y_t is one place further to the right in the very same tensor.

Left out on purpose: attention (Bahdanau, Cho and Bengio, 2015), which lets the decoder look back at
every e_s and not only at the last; padding, and with it sources of different lengths in a batch;
beam search; several layers, dropout; feeding the model some of its own answers in training
("scheduled sampling", Bengio and others, 2015), which is no longer the likelihood of anything.

Sutskever, Vinyals and Le, "Sequence to Sequence Learning with Neural Networks" (NeurIPS 2014); Cho
and others, "Learning Phrase Representations using RNN Encoder-Decoder" (EMNLP 2014). Teacher
forcing: Williams and Zipser, "A Learning Algorithm for Continually Running Fully Recurrent Neural
Networks" (Neural Computation, 1989).
"""

import torch
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
        super().__init__()
        self.src_embedding = nn.Embedding(src_vocab, embed_dim)
        self.encoder = nn.LSTM(embed_dim, hidden_size, batch_first=True)
        self.tgt_embedding = nn.Embedding(tgt_vocab, embed_dim)
        self.decoder = nn.LSTM(embed_dim, hidden_size, batch_first=True)
        self.head = nn.Linear(hidden_size, tgt_vocab)

    def forward(self, src: Tensor, tgt_in: Tensor) -> Tensor:
        """Score every next target token, given the source and the true tokens before it.

        src: LongTensor `(B, S)` of source ids, all rows of one length, without padding. tgt_in:
        LongTensor `(B, T_tgt)` of target ids, already shifted by the caller: `[bos, y1, y2, ...]`.

        Returns logits `(B, T_tgt, tgt_vocab)`, unnormalised: `logits[b, t]` scores the token that
        follows `tgt_in[b, :t+1]`, from the whole of `src[b]` and that prefix and nothing else.
        """
        logits, _ = self._write(tgt_in, self._read(src))
        return logits

    def _read(self, src: Tensor) -> State:
        """Return what the encoder knows at the end of the source, `(h, c)`, each `(1, B, H)`."""
        embedded = self.src_embedding(src)  # (B, S) -> (B, S, E)
        _, (h, c) = self.encoder(embedded)  # the outputs of its S steps are for attention
        return h, c

    def _write(self, tgt_in: Tensor, state: State) -> tuple[Tensor, State]:
        """Read target ids `(B, T)` on from `state`; return logits `(B, T, V)` and the new state."""
        embedded = self.tgt_embedding(tgt_in)  # (B, T) -> (B, T, E)
        outputs, state = self.decoder(embedded, state)  # (B, T, E) -> (B, T, H)
        return self.head(outputs), state  # (B, T, H) -> (B, T, V)


@torch.no_grad()
def greedy_decode(model: Seq2Seq, src: Tensor, bos: int, eos: int, max_len: int) -> list[list[int]]:
    """Write a target for each source: at every step the likeliest token, which is then read.

    src: LongTensor `(B, S)`. Every row starts from `bos` and ends where the likeliest token is
    `eos`, each row at its own time; none becomes longer than `max_len`.

    Returns B lists of target ids, without `bos` and without `eos`.
    """
    state = model._read(src)
    last = torch.full((len(src), 1), bos, device=src.device)  # (B, 1)
    columns: list[Tensor] = []
    ended = torch.zeros_like(last, dtype=torch.bool)
    while len(columns) < max_len and not ended.all():
        logits, state = model._write(last, state)  # (B, 1, V): the state holds the prefix
        last = logits.argmax(dim=-1)  # (B, 1, V) -> (B, 1)
        ended |= last == eos  # an ended row keeps its place in the batch, and is no longer read
        columns.append(last)
    rows = torch.cat(columns, dim=1).tolist() if columns else [[]] * len(src)
    return [_without_marks(row, bos, eos) for row in rows]


def _without_marks(row: list[int], bos: int, eos: int) -> list[int]:
    """Return the ids of a row before its first `eos`; a `bos`, which says nothing, is left out."""
    ids = row[: row.index(eos)] if eos in row else row
    return [i for i in ids if i != bos]
