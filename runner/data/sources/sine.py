"""A noisy sine: the regression with one input, whose fit can be drawn."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from runner.config.registry import integer, number, register
from runner.data.sources.base import RawTable, Source


@register("dataset", "sine", paper="Bishop 2006, section 1.1", lecture="000:33, 003:159")
@dataclass
class Sine(Source):
    """y = sin(2 pi frequency x) + Gaussian noise, x uniform in [0, 1): regression of one number on one number.

    x and the standard normal noise of a larger n begin with those of a smaller one, and do not depend on `noise`.
    """

    n: int = integer(200, ge=4, kind="index", help="number of points")
    noise: float = number(0.2, ge=0, kind="index", help="standard deviation of the noise")
    frequency: float = number(1.0, above=0, kind="index", help="waves between 0 and 1")
    data_seed: int = integer(
        0, ge=0, lt=2**32, kind="index", luck="draw of the data", lecture="003:28", help="which points are drawn"
    )

    def read(self) -> RawTable:
        """The table."""
        import numpy as np

        # Another generator than that of the split, whose order the x would else be.
        x = np.random.RandomState([self.data_seed, 0]).random_sample(self.n)
        normal = np.random.RandomState([self.data_seed, 1]).standard_normal(self.n)
        y = self.truth(x) + self.noise * normal
        return RawTable(
            numeric_ND=x[:, None],
            target=y,
            task="regression",
            numeric_names=["x"],
            sha256=hashlib.sha256(x.tobytes() + y.tobytes()).hexdigest(),
            target_name="y",
        )

    def truth(self, x: Any) -> Any:
        """The function without noise, which the figure of a fit shows as well."""
        import numpy as np

        return np.sin(2 * np.pi * self.frequency * x)
