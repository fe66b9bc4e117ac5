"""Spirals wound into each other: the hardest of the data sets that can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import integer, number, register
from runner.data.sources.plane import Plane


@register("dataset", "spirals", paper="Lang & Witbrock 1988", lecture="000:39, 003:371")
@dataclass
class Spirals(Plane):
    """r (cos a, sin a) with a = 2 pi (turns r + k/arms), r in (0, 1), plus Gaussian noise: arm k = 0 .. arms - 1 is a
    class in the plane.

    Along an arm of m points, r = sqrt((i + 1/2) / m), so that they lie about as dense outside as inside. Neighbouring
    arms are 1 / (turns arms) apart.
    """

    noise: float = number(0.03, ge=0, kind="index", help="standard deviation of the noise (the radius is 1)")
    turns: float = number(1.5, above=0, kind="index", help="how often an arm goes round")
    arms: int = integer(2, ge=2, help="number of spirals, each a class")

    def contradictions(self):
        """Every arm needs points to train and to test on."""
        yield from super().contradictions()
        if self.n < 4 * self.arms:
            yield (
                ("dataset.n", "dataset.arms"),
                f"dataset.n = {self.n}: is too few for dataset.arms = {self.arms}, four points an arm are needed to "
                f"train and test; set dataset.n={4 * self.arms} or more",
            )

    def curves(self):
        """One spiral an arm."""
        import numpy as np

        spirals = {}
        for k, count in enumerate(self.shares(self.arms)):
            r = np.sqrt((np.arange(count) + 0.5) / count)
            angle = 2 * np.pi * (self.turns * r + k / self.arms)
            spirals[f"arm {k + 1}"] = np.c_[r * np.cos(angle), r * np.sin(angle)]
        return spirals
