"""What pixels hold: light, contrast, colour, and a square cut out."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.augmentation.base import Pixels, per_image, spread

LUMA = (0.2989, 0.587, 0.114)  # red, green, blue in a grey of equal brightness, as torchvision has them (ITU-R BT.601)


@register("augmentation", "brightness")
@dataclass
class Brightness(Pixels):
    """p + b, b ~ U(-amount, amount) of the range of pixels, cut to that range"""

    amount: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.2, help="largest change as a share of white")

    def pixels(self, chance, p, amount):
        return p + per_image(spread(chance.examples(), amount), p)


@register("augmentation", "contrast")
@dataclass
class Contrast(Pixels):
    """m + (p - m)(1 + c), m the mean of the grey image, c ~ U(-change, change), cut to the range of pixels"""

    change: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.3, help="largest relative change of the contrast")

    def pixels(self, chance, p, change):
        middle = grey(p).flatten(-3).mean(-1)[..., None, None, None]
        return middle + (p - middle) * (1 + per_image(spread(chance.examples(), change), p))


@register("augmentation", "saturation")
@dataclass
class Saturation(Pixels):
    """g + (p - g)(1 + c), g the grey of each pixel, c ~ U(-change, change), cut to the range of pixels"""

    channels = 3
    change: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.3, help="largest relative change of the colours")

    def pixels(self, chance, p, change):
        return grey(p) + (p - grey(p)) * (1 + per_image(spread(chance.examples(), change), p))


@register("augmentation", "cutout", paper="DeVries & Taylor 2017")
@dataclass
class Cutout(Pixels):
    """one square of side share times the shorter side black, its middle anywhere in the image"""

    clipped = False
    share: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.3, help="side of the square as a share of the image's")

    def pixels(self, chance, p, share):
        height, width = p.shape[-2:]
        side = (share * min(height, width)).round().clamp(min=1)
        inside = (
            _within(chance.examples(), height, side)[..., :, None]
            & _within(chance.examples(1), width, side)[..., None, :]
        )
        return p.masked_fill(inside.unsqueeze(3), 0)


def _within(u, length, side):
    """[K, M, B, length]: the pixels along one axis in a stretch of `side` whose middle is pixel floor(u length)."""
    import torch

    start = (u * length).floor() - (side / 2).floor()
    place = torch.arange(length, dtype=u.dtype, device=u.device)
    return (place >= start[..., None]) & (place < (start + side)[..., None])


def grey(p):
    """The brightness of pixels [..., channels, height, width], one channel."""
    if p.shape[-3] != len(LUMA):
        return p.mean(-3, keepdim=True)
    red, green, blue = p.unbind(-3)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(-3)
