"""Gaussian noise, added or multiplied, on pixels or on the numbers of a table."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.augmentation.base import Features, Pixels


@register("augmentation", "noise", paper="Sietsma & Dow 1991", lecture="000:64, 003:580, 003:639, 004:170")
@dataclass
class Noise(Pixels, Features):
    """x + N(0, sd^2); images: in units of the range of pixels, cut to it; tables: scaled numbers, not categories"""

    inputs = ("image", "table")
    changes_numbers = True
    sd: float = number(0.0, ge=0, neutral=0.0, preset=0.1, help="standard deviation, new at every step")

    def pixels(self, chance, p, sd):
        drawn = chance.normal(p[0, 0, 0].numel()).to(p.dtype)
        return p + (drawn * sd.to(p.dtype)[..., None]).view_as(p)

    def features(self, chance, x, shape, sd):
        return x + chance.normal(x.shape[-1]).to(x.dtype) * (sd.to(x.dtype) * shape.numeric.to(x.dtype)).unsqueeze(1)


@register("augmentation", "multiplicative_noise", paper="Bishop 1995", lecture="003:580")
@dataclass
class MultiplicativeNoise(Pixels, Features):
    """x (1 + N(0, sd^2)), new for each number; images: black stays black, cut to the range of pixels; not categories"""

    inputs = ("image", "table")
    changes_numbers = True
    sd: float = number(0.0, ge=0, neutral=0.0, preset=0.1, help="standard deviation of the factor, new at every step")

    def pixels(self, chance, p, sd):
        drawn = chance.normal(p[0, 0, 0].numel()).to(p.dtype)
        return p * (1 + drawn * sd.to(p.dtype)[..., None]).view_as(p)

    def features(self, chance, x, shape, sd):
        strength = (sd.to(x.dtype) * shape.numeric.to(x.dtype)).unsqueeze(1)
        return x * (1 + chance.normal(x.shape[-1]).to(x.dtype) * strength)
