"""A character model that is handed its state, and hands it back.

An LSTM reads a text one character at a time and keeps what it has read in two vectors of H numbers,
the hidden state h and the cell state c. At step t, with the character's embedding e_t,

    i = sigmoid(W_ii e_t + b_ii + W_hi h_{t-1} + b_hi)      what to write
    f = sigmoid(W_if e_t + b_if + W_hf h_{t-1} + b_hf)      what to keep
    g =    tanh(W_ig e_t + b_ig + W_hg h_{t-1} + b_hg)      what could be written
    o = sigmoid(W_io e_t + b_io + W_ho h_{t-1} + b_ho)      what to show

    c_t = f * c_{t-1} + i * g                               (* is elementwise)
    h_t = o * tanh(c_t)

Here the state is nobody's secret. Whoever calls the model gives it (h, c) and gets (h, c) back, and
decides what becomes of it. A text of any length can so be read in pieces:

         "once upon "           "a time the"           "re was a m"
              |                      |                      |
    zeros --> LSTM --- (h, c) -----> LSTM --- (h, c) -----> LSTM --- (h, c) --> ...
              |                      |                      |
           logits                 logits                 logits

The logits are those of the whole text read at once; only the gradient ends where the caller
detaches the state between two pieces (truncated backpropagation through time). A model that kept
the state on itself would remember the last batch of the training when it is asked to write.

The loss looks at one prediction at a time, so rows and steps are laid end to end, and so are the
targets, in the same order:

    outputs (B, T, H)        row 0: t = 0 1 2 ... T-1        row 1: t = 0 1 2 ...
    flat    (B*T, H)         0  1  2  ...  T-1  T  T+1  T+2  ...        row b*T + t

    cross_entropy(logits, targets.reshape(-1))

Counting: V*E for the embedding; 4H(E + H + 2) for four gates, each with a matrix on its input, one
on the state, and two biases; V*H + V for the linear map. With V = 60, E = 48, H = 96: 64,764.

Left out on purpose: more layers, dropout, tied embeddings, a learnt initial state; and the
equations as code, which `nn.LSTM` runs fused.

Hochreiter and Schmidhuber, "Long Short-Term Memory" (Neural Computation, 1997); the forget gate is
from Gers, Schmidhuber and Cummins, "Learning to Forget" (Neural Computation, 2000).
"""

import torch
from torch import Tensor, nn

States = tuple[Tensor, Tensor]  # h, c: each (1, B, H), for the one layer


class CharacterLSTM(nn.Module):
    """A language model over characters whose recurrent state goes in and comes out."""

    def __init__(self, vocab_size: int, embedding_dim: int = 48, hidden_size: int = 96) -> None:
        """Make the layers, for V = `vocab_size`, E = `embedding_dim`, H = `hidden_size`.

        `print` of the model shows them: an Embedding (V, E), an LSTM (E, H) of one layer, a Linear
        layer (H, V).
        """
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_size, batch_first=True)  # takes (B, T, E)
        self.head = nn.Linear(hidden_size, vocab_size)

    def forward(self, x: Tensor, states: States) -> tuple[Tensor, States]:
        """Read B texts on from `states`; return the flat logits and the states at the end.

        x: LongTensor `(B, T)` of ids. states: the pair `(h, c)`, each `(1, B, H)`, that
        `init_state` or an earlier call returned; it is left as it is.

        Returns `(logits, (h, c))`: logits `(B*T, V)`, unnormalised, where row `b*T + t` scores the
        character that follows `x[b, t]`; h and c `(1, B, H)`, the state after the last step.
        """
        embedded = self.embedding(x)  # (B, T) -> (B, T, E)
        outputs, states = self.lstm(embedded, states)  # (B, T, E) -> (B, T, H)
        flat = outputs.flatten(0, 1)  # (B, T, H) -> (B*T, H), row by row of x
        return self.head(flat), states  # (B*T, H) -> (B*T, V)

    def init_state(self, batch_size: int) -> States:
        """Return `(h0, c0)` for the start of B = `batch_size` texts: zeros, each `(1, B, H)`."""
        weight = self.head.weight  # zeros of its type, on its device
        h0 = weight.new_zeros(1, batch_size, self.lstm.hidden_size)
        return h0, torch.zeros_like(h0)
