"""Two interleaved half circles: the smallest data set that a linear model cannot separate, and that can be drawn."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from runner.config.registry import integer, number, register
from runner.data.sources.base import RawTable, Source


@register("dataset", "two_moons")
@dataclass
class TwoMoons(Source):
    """(cos t, sin t) and (1 - cos t, 1/2 - sin t), t in [0, pi], plus Gaussian noise: two classes in the plane.

    The same points as scikit-learn's `make_moons(n, noise=noise, random_state=data_seed)`, drawn without importing it.
    """

    n: int = integer(1000, ge=4, kind="index", help="number of points")
    noise: float = number(0.2, ge=0, kind="index", help="standard deviation of the noise")
    data_seed: int = integer(0, ge=0, lt=2**32, kind="index", help="which points are drawn")

    def read(self) -> RawTable:
        """The table."""
        import numpy as np

        random = np.random.RandomState(self.data_seed)
        upper, lower = (np.linspace(0, np.pi, count) for count in (self.n // 2, self.n - self.n // 2))
        points = np.vstack([np.c_[np.cos(upper), np.sin(upper)], np.c_[1 - np.cos(lower), 1 - np.sin(lower) - 0.5]])
        order = np.arange(self.n)
        random.shuffle(order)
        x = points[order]
        if self.noise:
            x = x + random.normal(scale=self.noise, size=x.shape)
        target = (order >= self.n // 2).astype(np.int64)
        return RawTable(
            numeric_ND=x,
            target=target,
            task="classification",
            numeric_names=["x1", "x2"],
            sha256=hashlib.sha256(x.tobytes() + target.tobytes()).hexdigest(),
            labels=["upper", "lower"],
        )
