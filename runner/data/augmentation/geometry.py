"""Where pixels lie: flips, scale, rotation, shear and shift, combined into one affine map an image."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.augmentation.base import Geometry, affine, spread


@register("augmentation", "flip_horizontal")
@dataclass
class FlipHorizontal(Geometry):
    """left and right change places with probability p"""

    p: float = number(
        0.0, ge=0, le=1, neutral=0.0, preset=0.5, help="probability that an image is mirrored left to right"
    )

    def matrix(self, chance, height, width, p):
        sign = 1 - 2 * (chance.examples() < p).double()
        return affine(sign, 0.0, 0.0, 0.0, 1.0, 0.0)


@register("augmentation", "flip_vertical")
@dataclass
class FlipVertical(Geometry):
    """top and bottom change places with probability p"""

    p: float = number(
        0.0, ge=0, le=1, neutral=0.0, preset=0.5, help="probability that an image is mirrored top to bottom"
    )

    def matrix(self, chance, height, width, p):
        sign = 1 - 2 * (chance.examples() < p).double()
        return affine(1.0, 0.0, 0.0, 0.0, sign, 0.0)


@register("augmentation", "rotation")
@dataclass
class Rotation(Geometry):
    """the image turned by a ~ U(-degrees, degrees), black where it was not"""

    degrees: float = number(0.0, ge=0, le=180, neutral=0.0, preset=15.0, help="largest angle")

    def matrix(self, chance, height, width, degrees):
        angle = spread(chance.padded_examples(), degrees * (math.pi / 180))
        cos, sin = (chance.cut(values) for values in (angle.cos(), angle.sin()))
        return affine(cos, -sin, 0.0, sin, cos, 0.0)


@register("augmentation", "scale")
@dataclass
class Scale(Geometry):
    """the image enlarged by the factor 1 + c, c ~ U(-change, change)"""

    change: float = number(0.0, ge=0, lt=1, neutral=0.0, preset=0.1, help="largest relative change of the size")

    def matrix(self, chance, height, width, change):
        inverse = 1 / (1 + spread(chance.examples(), change))
        return affine(inverse, 0.0, 0.0, 0.0, inverse, 0.0)


@register("augmentation", "shear")
@dataclass
class Shear(Geometry):
    """rows moved sideways by tan(a) times their distance from the middle, a ~ U(-degrees, degrees)"""

    degrees: float = number(
        0.0, ge=0, lt=90, neutral=0.0, preset=10.0, help="largest angle by which upright lines lean"
    )

    def matrix(self, chance, height, width, degrees):
        angle = spread(chance.padded_examples(), degrees * (math.pi / 180))
        return affine(1.0, chance.cut(angle.sin() / angle.cos()), 0.0, 0.0, 1.0, 0.0)


@register("augmentation", "shift")
@dataclass
class Shift(Geometry):
    """the image moved by U(-share, share) of its width and, independently, of its height"""

    share: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.1, help="largest shift as a share of the side")

    def matrix(self, chance, height, width, share):
        across, down = spread(chance.examples(), share) * width, spread(chance.examples(1), share) * height
        return affine(1.0, 0.0, -across, 0.0, 1.0, -down)
