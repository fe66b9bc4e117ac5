"""What pixels hold: light, contrast, colour, and a square or circle cut out."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import choice, number, register
from runner.data.augmentation.base import Pixels, per_image, spread

LUMA = (0.2989, 0.587, 0.114)  # red, green, blue in a grey of equal brightness, as torchvision has them (ITU-R BT.601)


@register("augmentation", "brightness", lecture="003:577")
@dataclass
class Brightness(Pixels):
    """p + b, b ~ U(-amount, amount) of the range of pixels, cut to that range"""

    amount: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.2, help="largest change as a share of white")

    def pixels(self, chance, p, amount):
        return p + per_image(spread(chance.examples(), amount), p)


@register("augmentation", "contrast", lecture="003:577")
@dataclass
class Contrast(Pixels):
    """m + (p - m)(1 + c), m the mean of the grey image, c ~ U(-change, change), cut to the range of pixels"""

    change: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.3, help="largest relative change of the contrast")

    def pixels(self, chance, p, change):
        middle = grey(p).flatten(-3).mean(-1)[..., None, None, None]
        return middle + (p - middle) * (1 + per_image(spread(chance.examples(), change), p))


@register("augmentation", "saturation", lecture="003:577")
@dataclass
class Saturation(Pixels):
    """g + (p - g)(1 + c), g the grey of each pixel, c ~ U(-change, change), cut to the range of pixels"""

    channels = 3
    change: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.3, help="largest relative change of the colours")

    def pixels(self, chance, p, change):
        return grey(p) + (p - grey(p)) * (1 + per_image(spread(chance.examples(), change), p))


@register("augmentation", "hue", lecture="001:872")
@dataclass
class Hue(Pixels):
    """every colour turned by c of the colour circle (HSV), c ~ U(-turn, turn): a third makes green of red"""

    channels = 3
    turn: float = number(0.0, ge=0, le=0.5, neutral=0.0, preset=0.05, help="largest turn, 0.5 = the opposite colour")

    def pixels(self, chance, p, turn):
        import torch

        value, least = p.amax(-3), p.amin(-3)
        hue = sixths(p) + 6 * per_image(spread(chance.examples(), turn), p).squeeze(-3)
        turned = [((hue + n) % 6) for n in (5, 3, 1)]
        return torch.stack([value - (value - least) * k.minimum(4 - k).clamp(0, 1) for k in turned], -3)


@register("augmentation", "cutout", paper="DeVries & Taylor 2017; fill: Zhong et al. 2020", lecture="003:579")
@dataclass
class Cutout(Pixels):
    """a square, or circle, of side share times the shorter side filled with one colour or noise, its middle anywhere

    fill: black, the mean of the image, noise U(0, 1) for each pixel, or a number from 0 (black) to 1 (white).
    """

    clipped, alone = False, "share"
    share: float = number(0.0, ge=0, le=1, neutral=0.0, preset=0.3, help="side of the square as a share of the image's")
    shape: str = choice("square", "square", "circle", kind="segment", help="a circle has the side as its diameter")
    fill: float | str = number(
        "black", options=("black", "mean", "noise"), ge=0, le=1, kind="segment", help="what stands there instead"
    )

    def pixels(self, chance, p, share):
        height, width = p.shape[-2:]
        side = (share * min(height, width)).round().clamp(min=1)
        down, across = (_from_start(chance.examples(i), n, side) for i, n in enumerate((height, width)))
        return self._filling(chance, p).where(self._inside(down, across, side[..., None, None]).unsqueeze(3), p)

    def _inside(self, down, across, side):
        """[K, M, B, height, width] of how far pixels lie from the first one of the square, down and across."""
        if self.shape == "circle":
            down, across = ((each - (side[..., 0] - 1) / 2).square() for each in (down, across))
            return down[..., :, None] + across[..., None, :] <= (side / 2).square()
        down, across = ((each >= 0) & (each < side[..., 0]) for each in (down, across))
        return down[..., :, None] & across[..., None, :]

    def _filling(self, chance, p):
        if self.fill == "mean":
            return p.mean((-2, -1), keepdim=True)
        if self.fill == "noise":
            return chance.features(p[0, 0, 0].numel()).to(p.dtype).view_as(p)
        return p.new_tensor(0.0 if self.fill == "black" else self.fill)


def _from_start(u, length, side):
    """[K, M, B, length]: how many pixels along one axis each lies behind the first one of a stretch of `side`, whose
    middle is pixel floor(u length).
    """
    import torch

    start = (u * length).floor() - (side / 2).floor()
    return torch.arange(length, dtype=u.dtype, device=u.device) - start[..., None]


def sixths(p):
    """The hue of pixels [..., 3, height, width] in sixths of the colour circle: 0 red, 2 green, 4 blue; of grey 0."""
    red, green, blue = p.unbind(-3)
    value = p.amax(-3)
    chroma = value - p.amin(-3)
    by = chroma.masked_fill(chroma == 0, 1)
    of_green, of_blue = (blue - red) / by + 2, (red - green) / by + 4
    return ((green - blue) / by).where(red == value, of_green.where(green == value, of_blue))


def grey(p):
    """The brightness of pixels [..., channels, height, width], one channel."""
    if p.shape[-3] != len(LUMA):
        return p.mean(-3, keepdim=True)
    red, green, blue = p.unbind(-3)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(-3)
