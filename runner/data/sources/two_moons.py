"""Two interleaved half circles: the smallest data set that a linear model cannot separate, and that can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.sources.plane import Plane


@register("dataset", "two_moons", lecture="000:39")
@dataclass
class TwoMoons(Plane):
    """(cos t, sin t) and (1 - cos t, 1/2 - sin t), t in [0, pi], plus Gaussian noise: two classes in the plane.

    The same points as scikit-learn's `make_moons(n, noise=noise, random_state=data_seed)`, drawn without importing it.
    """

    noise: float = number(0.2, ge=0, kind="index", help="standard deviation of the noise")

    def curves(self):
        """The two half circles."""
        import numpy as np

        upper, lower = (np.linspace(0, np.pi, count) for count in self.shares(2))
        return {
            "upper": np.c_[np.cos(upper), np.sin(upper)],
            "lower": np.c_[1 - np.cos(lower), 1 - np.sin(lower) - 0.5],
        }
