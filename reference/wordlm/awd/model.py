"""The model: the lab's word model with a brake at every place, and one matrix for both its ends.

The plain model (../model.py) drops numbers on their way up, each step anew. Here every way has a
brake of its own, and what is dropped stays dropped for the whole chunk (dropout.py):

              logits    logits    logits
                 |         |         |        the embedding's matrix again, transposed, + bias
                 :         :         :        : output    locked
    layer 2   -> o =====> o =====> o ->       = weight    one mask on W_h for all steps
                 :         :         :        : hidden    locked
    layer 1   -> o =====> o =====> o ->       (h, c) of every layer goes on to the next chunk
                 :         :         :        : input     locked
               words     words     words      embed       whole words

Tied weights: a word's embedding says what it means to the words after it, its row of the output
matrix what must stand before it. The two are one matrix W (V, E) here, read in both directions,

    e_t = W[x_t]           logits_t = W h_t + b           dL/dW = the sum of both uses' gradients

which saves V*E numbers, and gives a rare word, read seldom, a gradient from every prediction in
which it was not the answer. For W h_t to make sense h_t must have E numbers. So the last layer has
E units, whatever H is:

    ids        embedding      LSTM 1         LSTM 2 ...  LSTM L           W^T
    (B, T) ->  (B, T, E)  ->  (B, T, H)  ->  (B, T, H)  ->  (B, T, E)  -> (B, T, V)  logits

Layers of two sizes do not stack: the state is all layers' h side by side, (1, B, S), and all their
c, with S = (L-1)H + E. It is a pair of tensors like that of the plain model, so that the lab's
`evaluate`, `train` and `generate` take this model too.

Counting: V*E + the sum over layers of 4 out(in + out + 2) + V, the output's bias; V*E more if not
tied. With V = 884, E = H = 512 and L = 2 that is 4,655,988: the plain model less 884 * 512.

Activation regularisation wants the last layer's output, both before and after the dropout: `read`
returns them, and `forward` is `read` and the last step. What is done with them is in train.py.

In eval mode, or with all rates 0, nothing is dropped: with E = H and not tied this is then the
plain model, number for number.

The LSTM's matrices start as in the plain model. The embedding starts within 0.1 of zero, not with
variance 1 as torch's: the same numbers make logits, and these should begin about equal.

Left out on purpose: a head start of the last layer from an n-gram, mixtures of softmaxes (Yang et
al., 2018), a cache over the recent past (Grave et al., 2017; the paper has it as an addition).

Tied: Inan, Khosravi and Socher, "Tying Word Vectors and Word Classifiers" (ICLR 2017); Press and
Wolf, "Using the Output Embedding to Improve Language Models" (EACL 2017). The whole: Merity,
Keskar and Socher, "Regularizing and Optimizing LSTM Language Models" (ICLR 2018).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from .dropout import Hidden, Rates, embedding_dropout, locked_dropout, weight_dropped


class AwdLSTM(nn.Module):
    """A language model over words, as `WordLSTM` is, with weight drop and its companions."""

    def __init__(
        self,
        vocab_size: int,
        emb_dim: int,
        hid_dim: int,
        num_layers: int,
        rates: Rates,
        tied: bool = True,
        locked: bool = True,
    ) -> None:
        """Make the layers, for V = `vocab_size`, E = `emb_dim`, H = `hid_dim`, L = `num_layers`.

        All layers but the last have H units, the last has E. `rates`: what is dropped, in train
        mode. To see what each is good for, `tied=False` gives the output a matrix of its own, and
        `locked=False` draws the dropout on the way up anew at each step, at the same rates.

        Raises ValueError if there is no layer.
        """
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"the model needs a layer, and num_layers is {num_layers}")
        sizes = [emb_dim] + [hid_dim] * (num_layers - 1) + [emb_dim]  # from below to above
        self._sizes = sizes[1:]
        self._rates, self._drop = rates, locked_dropout if locked else functional.dropout
        self.embedding = nn.Embedding(vocab_size, emb_dim)
        self.layers = nn.ModuleList(nn.LSTM(i, o, batch_first=True) for i, o in pairwise(sizes))
        self.head = nn.Linear(emb_dim, vocab_size)
        if tied:
            self.head.weight = self.embedding.weight  # (V, E) both
        self._init_weights()

    def _init_weights(self) -> None:
        for name, parameter in self.layers.named_parameters():
            if "weight_ih" in name:  # (4 out, in)
                nn.init.xavier_uniform_(parameter)
            elif "weight_hh" in name:  # (4 out, out)
                nn.init.orthogonal_(parameter)
            else:
                nn.init.zeros_(parameter)
        nn.init.uniform_(self.embedding.weight, -0.1, 0.1)
        if self.head.weight is not self.embedding.weight:
            nn.init.uniform_(self.head.weight, -0.1, 0.1)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor, hidden: Hidden | None = None) -> tuple[Tensor, Hidden]:
        """Read B texts and return the logits of every next word, and the state at the end.

        x: LongTensor `(B, T)` of ids. hidden: the pair `(h, c)`, each `(1, B, S)`, that an earlier
        call returned, to read on where it stopped; None stands for zeros, the start of a text.

        Returns `(logits, (h, c))`: logits `(B, T, V)`, unnormalised, where `logits[b, t]` scores
        the word that follows `x[b, t]`; h and c `(1, B, S)`, S the units of all layers together.
        """
        _, dropped, hidden = self.read(x, hidden)
        return self.head(dropped), hidden  # (B, T, E) -> (B, T, V)

    def read(self, x: Tensor, hidden: Hidden | None = None) -> tuple[Tensor, Tensor, Hidden]:
        """Read B texts as `forward` does, up to what its output layer is applied to.

        Returns `(raw, dropped, (h, c))`: the last layer's outputs `(B, T, E)` as they are, the same
        after dropout, and the state at the end.
        """
        rates = self._rates
        embedded = embedding_dropout(self.embedding, x, rates.embed, self.training)  # (B, T, E)
        above = self._drop(embedded, rates.input, self.training)
        raw, ends = above, []
        hidden = self.init_hidden(x.shape[0], x.device) if hidden is None else hidden
        for i, (layer, state) in enumerate(zip(self.layers, self._split(hidden), strict=True)):
            assert isinstance(layer, nn.LSTM)
            raw, end = weight_dropped(layer, above, state, rates.weight, self.training)
            rate = rates.output if i == len(self.layers) - 1 else rates.hidden
            above = self._drop(raw, rate, self.training)  # (B, T, H), of the last layer (B, T, E)
            ends.append(end)
        h, c = zip(*ends, strict=True)  # of L layers: (1, B, H) ... (1, B, E)
        return raw, above, (torch.cat(h, dim=-1), torch.cat(c, dim=-1))  # (1, B, S)

    def _split(self, hidden: Hidden) -> list[Hidden]:
        """Cut the state, two of `(1, B, S)`, into the layers' own, two of `(1, B, H)` each."""
        h, c = (torch.split(part, self._sizes, dim=-1) for part in hidden)
        # Contiguous, which cuDNN asks for and a slice of the last dimension is not.
        return [(a.contiguous(), b.contiguous()) for a, b in zip(h, c, strict=True)]

    def init_hidden(self, batch_size: int, device: torch.device | str) -> Hidden:
        """Return the state `(h, c)` that B = `batch_size` texts start from: zeros, (1, B, S).

        On the given device, in the type of the model's parameters.
        """
        shape = (1, batch_size, sum(self._sizes))
        zeros = torch.zeros(shape, dtype=self.head.weight.dtype, device=device)
        return zeros, zeros.clone()

    def detach_hidden(self, hidden: Hidden) -> Hidden:
        """Return the same state `(h, c)`, cut off from the graph that computed it."""
        h, c = hidden
        return h.detach(), c.detach()
