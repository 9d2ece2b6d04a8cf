"""The model: an embedding, a stack of LSTM layers, a linear map to one logit per word, and dropout
wherever a vector goes upwards.

A vocabulary of words is large, a text of words short: most of the model's numbers are seen by few
examples, and without a brake it learns the training text by heart. The brake is dropout: in train
mode every number on its way *up* is set to zero with probability p, and the others are divided by
1 - p. The way *along*, from step to step, is left alone, since what is dropped there at each of 50
steps is soon forgotten altogether:

              logits    logits    logits
                 :         :         :          linear         : dropout
    layer 2   -> o ------> o ------> o ->                      - none
                 :         :         :
    layer 1   -> o ------> o ------> o ->       (h, c) of every layer goes on to the next chunk
                 :         :         :
               words     words     words        embedding

So three kinds of places: on the embeddings, between the layers, on the top layer's output.

Shapes:

    ids        embedding        LSTM, L layers                      linear
    (B, T) ->  (B, T, E)   ->   (B, T, H), of the top layer   ->    (B, T, V)  logits

The equations of a layer are those of the character lab; this is what its matrices start from:

    input to gates    W_i, four of H x E stacked: Xavier, variance 2 / (E + 4H), so that the signal
                      neither grows nor fades on its way up
    state to gates    W_h, four of H x H stacked: orthogonal, W_h^T W_h = I, so that the state is
                      turned, and not stretched in one direction and squeezed in another, T times
    biases            zero

Counting: V*E + the sum over layers of 4H(in + H + 2) + V*H + V, `in` being E below and H above.
With V = 884 and E = H = 512, L = 2 that is 5,108,596.

Left out on purpose: tied embeddings (Press and Wolf, 2017), one dropout mask for all steps (Gal and
Ghahramani, 2016), dropped recurrent weights (Merity, Keskar and Socher, 2018), a forget-gate bias
of 1.

Dropout on the way up only: Zaremba, Sutskever and Vinyals, "Recurrent Neural Network
Regularization" (2014). Xavier: Glorot and Bengio, "Understanding the difficulty of training deep
feedforward neural networks" (AISTATS 2010). Orthogonal: Saxe, McClelland and Ganguli, "Exact
solutions to the nonlinear dynamics of learning in deep linear neural networks" (ICLR 2014).
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
        super().__init__()
        self._num_layers, self._hid_dim = num_layers, hid_dim
        self.embedding = nn.Embedding(vocab_size, emb_dim)
        self.lstm = nn.LSTM(
            emb_dim,
            hid_dim,
            num_layers,
            batch_first=True,  # (B, T, E); PyTorch's default is (T, B, E), and mixes texts quietly
            dropout=dropout if num_layers > 1 else 0.0,  # between layers only
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hid_dim, vocab_size)
        self._init_weights()

    def _init_weights(self) -> None:
        for name, parameter in self.lstm.named_parameters():
            if name.startswith("weight_ih"):  # (4H, E), or (4H, H) above
                nn.init.xavier_uniform_(parameter)
            elif name.startswith("weight_hh"):  # (4H, H)
                nn.init.orthogonal_(parameter)
            else:
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, hidden: Hidden | None = None) -> tuple[Tensor, Hidden]:
        """Read B texts and return the logits of every next word, and the state at the end.

        x: LongTensor `(B, T)` of ids. hidden: the pair `(h, c)`, each `(L, B, H)`, that an earlier
        call returned, to read on where it stopped; None stands for zeros, the start of a text.

        Returns `(logits, (h, c))`: logits `(B, T, V)`, unnormalised, where `logits[b, t]` scores
        the word that follows `x[b, t]`; h and c `(L, B, H)`, the state after the last step.
        """
        embedded = self.dropout(self.embedding(x))  # (B, T) -> (B, T, E)
        outputs, hidden = self.lstm(embedded, hidden)  # (B, T, E) -> (B, T, H)
        return self.head(self.dropout(outputs)), hidden  # (B, T, H) -> (B, T, V)

    def init_hidden(self, batch_size: int, device: torch.device | str) -> Hidden:
        """Return the state `(h, c)` that B = `batch_size` texts start from: zeros, (L, B, H).

        On the given device, in the type of the model's parameters.
        """
        shape = (self._num_layers, batch_size, self._hid_dim)
        dtype = self.head.weight.dtype
        zeros = torch.zeros(shape, dtype=dtype, device=device)
        return zeros, zeros.clone()

    def detach_hidden(self, hidden: Hidden) -> Hidden:
        """Return the same state `(h, c)`, cut off from the graph that computed it."""
        h, c = hidden
        return h.detach(), c.detach()
