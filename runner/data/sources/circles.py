"""Two circles with one centre: no line separates them, the radius alone does."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.sources.plane import Plane


@register("dataset", "circles")
@dataclass
class Circles(Plane):
    """(cos t, sin t) and factor (cos t, sin t), t in [0, 2 pi), plus Gaussian noise: two classes in the plane.

    The same points as scikit-learn's `make_circles(n, noise=noise, factor=factor, random_state=data_seed)`, drawn
    without importing it.
    """

    factor: float = number(0.5, ge=0, lt=1, kind="index", help="radius of the inner circle")

    def curves(self):
        """The outer and the inner circle."""
        import numpy as np

        outer, inner = (np.linspace(0, 2 * np.pi, count, endpoint=False) for count in self.shares(2))
        return {
            "outer": np.c_[np.cos(outer), np.sin(outer)],
            "inner": np.c_[np.cos(inner) * self.factor, np.sin(inner) * self.factor],
        }
