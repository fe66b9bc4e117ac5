"""What generated points in the plane share: how many, how much noise, which draw."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from runner.config.registry import integer, number
from runner.data.sources.base import RawTable, Source


@dataclass
class Plane(Source):
    """Keys of a data set of points on curves in the plane, one curve a class, shuffled, with Gaussian noise."""

    n: int = integer(1000, ge=4, kind="index", help="number of points")
    noise: float = number(0.1, ge=0, kind="index", help="standard deviation of the noise")
    data_seed: int = integer(
        0, ge=0, lt=2**32, kind="index", luck="draw of the data", lecture="003:28", help="which points are drawn"
    )

    def curves(self) -> dict[str, Any]:
        """Points [n_c, 2] without noise by label."""
        raise TypeError(f"{type(self).__name__} must define curves")

    def read(self) -> RawTable:
        """The table, in the order and with the noise that scikit-learn's generators would give it."""
        import numpy as np

        curves = self.curves()
        random = np.random.RandomState(self.data_seed)
        order = np.arange(self.n)
        random.shuffle(order)
        x = np.vstack(list(curves.values()))[order]
        if self.noise:
            x = x + random.normal(scale=self.noise, size=x.shape)
        target = np.repeat(np.arange(len(curves)), [len(points) for points in curves.values()])[order]
        return RawTable(
            numeric_ND=x,
            target=target,
            task="classification",
            numeric_names=["x1", "x2"],
            sha256=hashlib.sha256(x.tobytes() + target.tobytes()).hexdigest(),
            labels=list(curves),
        )

    def shares(self, parts: int) -> list[int]:
        """`n` in so many parts, as equal as can be, the larger ones last."""
        return [(self.n * (k + 1)) // parts - (self.n * k) // parts for k in range(parts)]
