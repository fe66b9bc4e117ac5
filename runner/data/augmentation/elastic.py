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

    def field(self, chance, p, alpha):
        weights = gaussian(self.sigma)
        height, width = (side + 2 * (len(weights) - 1) for side in p.shape[-2:])
        u = chance.features(2 * height * width).mul_(2).sub_(1).to(p.dtype)
        smoothed = smooth(smooth(u.unflatten(-1, (2, height, width)), weights, -2), weights, -1)
        return smoothed * alpha.to(p.dtype)[..., None, None, None]


def gaussian(sigma: float) -> list[float]:
    """Weights of a Gaussian at the pixels 0, 1, 2, ..., such that they and those of -1, -2, ... have the sum 1."""
    weights = [math.exp(-0.5 * (i / sigma) ** 2) for i in range(int(TRUNCATED * sigma + 0.5) + 1)]
    whole = 2 * math.fsum(weights) - 1
    return [weight / whole for weight in weights]


def smooth(values, weights: list[float], dim: int):
    """Weighted means along one dimension, where all of the weights lie within. One weight after the other, as the bits
    of a product of matrices may depend on how many there are.
    """
    edge = len(weights) - 1
    length = values.shape[dim] - 2 * edge
    total = values.narrow(dim, edge, length) * weights[0]
    for i, weight in enumerate(weights[1:], 1):
        total += (values.narrow(dim, edge - i, length) + values.narrow(dim, edge + i, length)).mul_(weight)
    return total
