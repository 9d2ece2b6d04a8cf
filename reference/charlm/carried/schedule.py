"""How much time there is, and how large a step should be at each moment of it.

    rate                              s = share of the budget that is spent
    peak   |   .-''-.
           |  /      '.               s < w    peak * s / w                   warm-up
           | /         '.             s >= w   peak * (1 + cos(pi u)) / 2     u = (s-w) / (1-w)
         0 |/____________'-._
           0  w              1   s

At the start the gradient is large and AdamW's running averages know little of it: a full step would
go anywhere. In the middle a large rate makes most way. At the end the weights jump about in a
valley, by a distance that goes with the rate; as the rate goes to zero they settle at its bottom,
and a good part of the loss falls in the last quarter.

What is fixed is the time and not the number of steps, which nobody knows before. So the rate is a
function of the share of the budget that is spent, whatever it is counted in. To count seconds is
what the task asks for; to count steps makes a run on one machine repeatable and comparable on a
busy one.

A GPU is told what to do, and does it later. The clock here is that of the one who tells, who may be
ahead by as many kernels as fit into its queue. That is some steps, a fraction of a second, and
finding out exactly would mean to wait for the GPU in each of them.

Warm-up and cosine: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts"
(ICLR 2017); Goyal and others, "Accurate, Large Minibatch SGD" (2017).
"""

import math
import time
from collections.abc import Callable


class Budget:
    """So many seconds from now, or so many optimizer steps."""

    def __init__(
        self,
        seconds: float | None = None,
        steps: int | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Start the clock. Raises ValueError unless one of the two is given, and is positive."""
        if (seconds is None) == (steps is None):
            raise ValueError("a budget is either of seconds or of steps")
        limit = seconds if seconds is not None else steps
        if limit is None or not 0 < limit < math.inf:
            raise ValueError(f"a budget must be positive and finite, not {limit}")
        self._limit, self._steps = limit, steps is not None
        self._clock, self._started = clock, clock()

    def elapsed(self) -> float:
        """Return the seconds since the start."""
        return self._clock() - self._started

    def spent(self, steps_done: int) -> float:
        """Return the share of the budget that is spent after so many steps; from 1 on, stop."""
        return (steps_done if self._steps else self.elapsed()) / self._limit


def learning_rate(spent: float, peak: float, warmup: float, anneal: bool = True) -> float:
    """Return the step size when a share `spent` of the budget is spent, 0 <= spent <= 1.

    It rises linearly from 0 to `peak` at `warmup`, and falls to 0 at 1 like the half wave of a
    cosine; without `anneal` it stays at the peak.
    """
    if spent < warmup:
        return peak * spent / warmup
    if not anneal:
        return peak
    return peak * (1 + math.cos(math.pi * (spent - warmup) / (1 - warmup))) / 2
