"""The model: an embedding, a stack of LSTM layers, and a linear map to one logit per character.

Between two characters the model keeps, for each layer, two vectors of H numbers: the hidden state
h, which is what the layer says, and the cell state c, which is what it remembers. At step t, with
input x_t (the embedding of the character, or the layer below's h_t), a layer computes

    i = sigmoid(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)      input gate:  what to write
    f = sigmoid(W_if x_t + b_if + W_hf h_{t-1} + b_hf)      forget gate: what to keep
    g =    tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)      candidate:   what could be written
    o = sigmoid(W_io x_t + b_io + W_ho h_{t-1} + b_ho)      output gate: what to show

    c_t = f * c_{t-1} + i * g                               (* is elementwise)
    h_t = o * tanh(c_t)

The line for c_t is the invention. A plain recurrent net pushes its whole memory through a matrix
and a tanh at each step, so a gradient on its way back through 100 steps is multiplied by 100
Jacobians, and fades or explodes. The cell is carried on by an elementwise product and a sum: where
f is near 1, dc_t/dc_{t-1} is near 1 too, and the gradient arrives.

    ids         embedding          LSTM, L layers            linear
    (B, T)  ->  (B, T, E)  ->  (B, T, H), of the top layer  ->  (B, T, V)  logits
                                   |
                    (h, c): the last step's states, each (L, B, H), for whoever reads on

Counting: the embedding has V*E numbers; a layer has four gates, each with a matrix on its input,
one on its state and two biases, 4H(in + H + 2), where `in` is E below and H above; the linear map
has V*H + V. (One bias a gate would do. cuDNN has two, and PyTorch follows it.)

The logits at step t depend on the characters up to and including t, and on no later one. The whole
of training rests on that: all T predictions of a window are made in one pass, and none may see its
own answer.

Left out on purpose: tied input and output embeddings (Press and Wolf, 2017), layer normalisation,
a special initial forget-gate bias, dropout on the recurrent connections. And the equations as
code: `nn.LSTM` runs them fused, many times faster than a Python loop over T.

Hochreiter and Schmidhuber, "Long Short-Term Memory" (Neural Computation, 1997); the forget gate is
from Gers, Schmidhuber and Cummins, "Learning to Forget" (Neural Computation, 2000); dropout only
between layers, never along time, is Zaremba, Sutskever and Vinyals, "Recurrent Neural Network
Regularization" (2014).
"""

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
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim)
        self.lstm = nn.LSTM(
            embed_dim,
            hidden_size,
            num_layers,
            batch_first=True,  # (B, T, E); PyTorch's default is (T, B, E), and mixes texts quietly
            dropout=dropout if num_layers > 1 else 0.0,
        )
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, x: Tensor, hidden: Hidden | None = None) -> tuple[Tensor, Hidden]:
        """Read B texts and return the logits of every next character, and the state at the end.

        x: LongTensor `(B, T)` of ids. hidden: the pair `(h, c)`, each `(L, B, H)`, that an earlier
        call returned, to read on where it stopped; None stands for zeros, the start of a text.

        Returns `(logits, (h, c))`: logits `(B, T, V)`, unnormalised, where `logits[b, t]` scores
        the character that follows `x[b, t]`; h and c `(L, B, H)`, the state after the last step.
        """
        embedded = self.embedding(x)  # (B, T) -> (B, T, E)
        outputs, hidden = self.lstm(embedded, hidden)  # (B, T, E) -> (B, T, H)
        return self.head(outputs), hidden  # (B, T, H) -> (B, T, V)
