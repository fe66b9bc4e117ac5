"""Images bent like rubber: each pixel comes from a place of its own nearby, and neighbours from neighbouring places."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.augmentation.base import Deformation

TRUNCATED = 4  # standard deviations, beyond which the Gaussian counts as 0


@register("augmentation", "elastic", paper="Simard et al. 2003", lecture="001:880")
@dataclass
class Elastic(Deformation):
    """each pixel comes from where it is plus alpha (G * u), u ~ U(-1, 1) for each pixel, G a Gaussian of sigma pixels

    The displacements have the standard deviation alpha / (2 sigma sqrt(3 pi)) pixels, at the edges too: u goes on
    beyond the image. Simard's alpha 34 and sigma 4, for digits of 28 x 28, give 1.4 pixels.
    """

    alpha: float = number(0.0, ge=0, neutral=0.0, preset=34.0, help="how far pixels move; see the formula")
    sigma: float = number(4.0, above=0, le=100, kind="segment", help="how far neighbours move alike, in pixels")

    def field(self, chance, height, width, alpha):
        weights = gaussian(self.sigma)
        more = len(weights) - 1
        drawn = chance.features(2 * (height + more) * (width + more))
        u = 2 * drawn.unflatten(-1, (2, height + more, width + more)) - 1
        return smooth(smooth(u, weights, -2), weights, -1) * alpha[..., None, None, None]


def gaussian(sigma: float) -> list[float]:
    """Weights of a Gaussian at whole pixels, an odd number of them, whose sum is 1."""
    radius = int(TRUNCATED * sigma + 0.5)
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(-radius, radius + 1)]
    return [weight / math.fsum(weights) for weight in weights]


def smooth(values, weights: list[float], dim: int):
    """Weighted means along one dimension, where all of them lie within. One weight after the other, as the bits of a
    product of matrices may depend on how many there are.
    """
    length = values.shape[dim] - len(weights) + 1
    parts = (values.narrow(dim, i, length) * weight for i, weight in enumerate(weights))
    total = next(parts)
    for part in parts:
        total += part
    return total
