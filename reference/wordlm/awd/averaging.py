"""Non-monotonically triggered averaged SGD: a constant rate, and the mean of where it leads.

SGD with a constant learning rate comes near a minimum and then walks around it, as far away as its
steps are long. The usual cure makes the steps shorter, and needs a schedule. The other one leaves
them long and takes the middle of the walk:

                 .  w_k                            mean of the iterates since w_T
         w_0  .     . w_T                               1
          .  .    x   .                        x  =  ---------  ( w_T + w_{T+1} + ... + w_k )
              . .   . .                               k - T + 1

Averaged too early, x lags behind: the way there is in the mean. Averaged too late, little is left
to average. So the trigger looks at the validation loss. Not at one bad value, which may be noise:
averaging begins after an evaluation that is worse than the best one, *not counting the last n*.

    n = 2           loss     9.0   7.0   8.0   7.5   7.4
                                                      |      all but the last 2 before it: 9.0, 7.0
                             \\_________/   8.0   7.5         7.4 > 7.0: begin. Twice it was given
                              counts       ignored           the chance to go below 7.0

    the test at evaluation t, with the losses v_0 ... v_{t-1} before it:

        t > n   and   v_t > min(v_0, ..., v_{t-1-n})

While the loss falls, even a little in n evaluations, nothing happens. The choice is never undone.

Two sets of weights, then: training goes on from the last iterate w_k, as if nobody averaged;
evaluation, and whoever uses the model, wants x. `averaged()` puts x into the model for the length
of a `with` block.

The mean is kept as a running one, x <- x + (w - x) / count, which needs one copy of the weights
whatever the number of steps.

Left out on purpose: momentum, weight decay (the paper has 1.2e-6), the fine-tuning run with a
second trigger, a learning rate that falls as the average grows. (`torch.optim.ASGD` can do that;
with `lambd=0, t0=0` it averages as is done here. `torch.optim.swa_utils` averages whole models.)

Averaging: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (SIAM
Journal on Control and Optimization, 1992). The trigger: Merity, Keskar and Socher, "Regularizing
and Optimizing LSTM Language Models" (ICLR 2018), algorithm 1. The first version on arXiv takes the
minimum over the *last* n losses instead, by mistake, as its authors said (salesforce/awd-lstm-lm,
issue 13): that would begin at the first loss which is not the lowest of n.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


class NTASGD(torch.optim.SGD):
    """Plain SGD, which averages the weights once the validation loss has ceased to fall.

    `step` and `zero_grad` are those of any optimizer. Beside them: `record` takes a validation
    loss, `averaging` says whether the trigger has been pulled, `averaged` swaps the mean in.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, patience: int = 5) -> None:
        """Optimise the parameters with the step size `lr`.

        `patience` is n, the number of latest validation losses that are not compared with. Raises
        ValueError if it is negative.
        """
        if patience < 0:
            raise ValueError(f"patience must not be negative, but is {patience}")
        super().__init__(parameters, lr=lr)
        self._patience = patience
        self._losses: list[float] = []  # the validation losses so far
        self._count = 0  # of iterates in the mean

    @property
    def averaging(self) -> bool:
        """Whether the weights are being averaged."""
        return self._count > 0

    def step(self, closure: Any = None) -> Any:
        """Take a step of SGD; where the weights are being averaged, count the new ones in."""
        loss = super().step(closure)
        if self.averaging:
            self._count += 1
            self._for_each(lambda weight, mean: mean.lerp_(weight, 1 / self._count))
        return loss

    def record(self, loss: float) -> bool:
        """Note a validation loss, and begin to average if it says so; the current weights count.

        Returns whether averaging began with this loss.
        """
        earlier = self._losses[: max(0, len(self._losses) - self._patience)]
        self._losses.append(loss)
        if self.averaging or not earlier or not loss > min(earlier):
            return False
        self._count = 1
        for weight in self._weights():
            self.state[weight]["mean"] = weight.detach().clone()
        return True

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Give the parameters their means for the length of a `with` block, if there are means.

        Afterwards, also after an exception, they are again what they were, to the last bit.
        """
        kept = [weight.detach().clone() for weight in self._weights()]
        try:
            if self.averaging:
                self._for_each(lambda weight, mean: weight.copy_(mean))
            yield
        finally:
            with torch.no_grad():
                for weight, before in zip(self._weights(), kept, strict=True):
                    weight.copy_(before)

    def _weights(self) -> list[torch.Tensor]:
        """Return all parameters, in a fixed order."""
        return [weight for group in self.param_groups for weight in group["params"]]

    @torch.no_grad()
    def _for_each(self, action: Callable[[torch.Tensor, torch.Tensor], object]) -> None:
        """Do something with each parameter and its mean."""
        for weight in self._weights():
            action(weight, self.state[weight]["mean"])
