"""Where pixels lie: flips, scale, rotation, shear, shift and crops, combined into one affine map an image."""

from __future__ import annotations

import math
from dataclasses import dataclass

from runner.config.registry import integer, number, register
from runner.data.augmentation.base import Geometry, Signals, affine, spread
from runner.data.augmentation.signals import at_times


@register("augmentation", "flip_horizontal", lecture="001:884, 003:576")
@dataclass
class FlipHorizontal(Geometry):
    """left and right change places with probability p"""

    p: float = number(
        0.0, ge=0, le=1, neutral=0.0, preset=0.5, help="probability that an image is mirrored left to right"
    )

    def matrix(self, chance, height, width, p):
        sign = 1 - 2 * (chance.examples() < p).double()
        return affine(sign, 0.0, 0.0, 0.0, 1.0, 0.0)


@register("augmentation", "flip_vertical", lecture="001:889, 003:576")
@dataclass
class FlipVertical(Geometry):
    """top and bottom change places with probability p"""

    p: float = number(
        0.0, ge=0, le=1, neutral=0.0, preset=0.5, help="probability that an image is mirrored top to bottom"
    )

    def matrix(self, chance, height, width, p):
        sign = 1 - 2 * (chance.examples() < p).double()
        return affine(1.0, 0.0, 0.0, 0.0, sign, 0.0)


@register("augmentation", "rotation", lecture="001:893, 003:576")
@dataclass
class Rotation(Geometry):
    """the image turned by a ~ U(-degrees, degrees), black where it was not"""

    degrees: float = number(0.0, ge=0, le=180, neutral=0.0, preset=15.0, help="largest angle")

    def matrix(self, chance, height, width, degrees):
        angle = spread(chance.padded_examples(), degrees * (math.pi / 180))
        cos, sin = (chance.cut(values) for values in (angle.cos(), angle.sin()))
        return affine(cos, -sin, 0.0, sin, cos, 0.0)


@register("augmentation", "scale", lecture="003:576")
@dataclass
class Scale(Geometry):
    """the image enlarged by the factor 1 + c, c ~ U(-change, change)"""

    change: float = number(0.0, ge=0, lt=1, neutral=0.0, preset=0.1, help="largest relative change of the size")

    def matrix(self, chance, height, width, change):
        inverse = 1 / (1 + spread(chance.examples(), change))
        return affine(inverse, 0.0, 0.0, 0.0, inverse, 0.0)


@register("augmentation", "shear", lecture="003:576")
@dataclass
class Shear(Geometry):
    """rows moved sideways by tan(a) times their distance from the middle, a ~ U(-degrees, degrees)"""

    degrees: float = number(
        0.0, ge=0, lt=90, neutral=0.0, preset=10.0, help="largest angle by which upright lines lean"
    )

    def matrix(self, chance, height, width, degrees):
        angle = spread(chance.padded_examples(), degrees * (math.pi / 180))
        return affine(1.0, chance.cut(angle.sin() / angle.cos()), 0.0, 0.0, 1.0, 0.0)


@register("augmentation", "shift", lecture="003:576, 003:641")
@dataclass
class Shift(Geometry, Signals):
    """the image moved by U(-share, share) of its width and, independently, of its height; a signal of its length"""

    inputs = ("image", "signal")
    share: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.1, help="largest shift as a share of the side")

    def signals(self, chance, s, share):
        return at_times(s, -(spread(chance.examples(), share) * s.shape[-1])[..., None])

    def matrix(self, chance, height, width, share):
        across, down = spread(chance.examples(), share) * width, spread(chance.examples(1), share) * height
        return affine(1.0, 0.0, -across, 0.0, 1.0, -down)


@register("augmentation", "crop", paper="Krizhevsky 2009; He et al. 2016", lecture="001:876, 003:578")
@dataclass
class Crop(Geometry):
    """the image padded by k black pixels on every side, and a window of its size cut out anywhere"""

    pixels: int = integer(
        0, ge=0, kind="column", neutral=0, preset=2, help="pixels by which each side is padded; less than the image has"
    )

    def unfit(self, shape):
        side = min(shape[1:])
        most = f"would cut all of an image of {shape[1]} x {shape[2]} pixels; allowed: 0 to {side - 1}"
        return f"{most}, for example augmentation.crop={max(1, side // 8)}" if self.pixels >= side else ""

    def matrix(self, chance, height, width, pixels):
        across, down = ((chance.examples(i) * (2 * pixels + 1)).floor() - pixels for i in range(2))
        return affine(1.0, 0.0, -across, 0.0, 1.0, -down)


@register("augmentation", "resized_crop", paper="Szegedy et al. 2015", lecture="001:876, 003:578")
@dataclass
class ResizedCrop(Geometry):
    """a part of the image, a ~ U(area, 1) of it and r times as wide as high as the image, made as large as the image

    ln r ~ U(-ln aspect, ln aspect). The part is min(1, sqrt(a r)) of the width and min(1, sqrt(a / r)) of the height,
    anywhere in the image; its outermost pixels become the outermost ones of the new image.
    """

    area: float = number(1.0, above=0, le=1, neutral=1.0, preset=0.5, help="smallest share of the image that is kept")
    aspect: float = number(4 / 3, ge=1, help="how much wider or higher than the image the part may be; 1 = like it")

    def matrix(self, chance, height, width, area, aspect):
        kept = 1 - chance.examples() * (1 - area)
        wider = chance.cut(spread(chance.padded_examples(1), aspect.log()).exp())
        wide, high = ((kept * wider).sqrt().clamp(max=1), (kept / wider).sqrt().clamp(max=1))
        across = spread(chance.examples(2), (1 - wide) * (width - 1) / 2)
        down = spread(chance.examples(3), (1 - high) * (height - 1) / 2)
        return affine(wide, 0.0, across, 0.0, high, down)
