"""What averaging of the weights is: a running mean of theta, row by row, that is evaluated and kept in its place.

After every step avg <- avg + c (theta - avg). Every row has its own table of c; training asks for those of one epoch at
a time. Running statistics of normalization layers are averaged like the weights. Training itself continues from theta.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from runner.config.registry import entries
from runner.config.timing import Begins


class Averaging:
    """Base of every `averaging`."""

    active: ClassVar[bool] = True  # false: the average is theta itself, and nothing else is kept

    def weights(self, epoch: int, steps_per_epoch: int, epochs: int) -> np.ndarray:
        """c [steps_per_epoch] of one epoch (from 0) of `epochs`; c = 1 takes theta as it is."""
        raise TypeError(f"{type(self).__name__} must define weights")

    def begins(self, epochs: int, steps: int | None) -> Iterator[Begins]:
        """When the average begins to differ from theta, if that is not at once."""
        yield from ()

    def plain(self, epochs: int) -> Averaging:
        """The simplest averaging that keeps the same weights after each of `epochs`, to the last bit."""
        return entries("averaging")["none"].cls() if self.idle(epochs) else self

    def idle(self, epochs: int) -> bool:
        """Whether the average is theta itself at the end of every epoch."""
        return not self.active
