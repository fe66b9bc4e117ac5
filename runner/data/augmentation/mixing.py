"""Two examples in one: a weighted mean (mixup), or a rectangle of one in the other (CutMix)."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.augmentation.base import Mixing


@register("augmentation", "mixup", paper="Zhang et al. 2018")
@dataclass
class Mixup(Mixing):
    """b x + (1 - b) x', b q + (1 - b) q', x' another example of the batch, b ~ Beta(alpha, alpha) once a step"""

    alpha: float = number(0.0, ge=0, neutral=0.0, preset=0.2, help="of Beta(alpha, alpha); 0 = off, 1 = uniform")

    def mixed(self, chance, x, q, shape, alpha):
        import torch

        share = torch.from_numpy(chance.beta(alpha)).to(x.device)[..., None, None]
        order = chance.order()
        return _mean(x, _of(x, order), share), _mean(q, _of(q, order), share)


@register("augmentation", "cutmix", paper="Yun et al. 2019")
@dataclass
class CutMix(Mixing):
    """a rectangle of another image of the batch pasted in; its share 1 - b of the area is that of the other's target

    b ~ Beta(alpha, alpha) once a step. The rectangle has the image's proportions and its middle anywhere in it; what
    lies outside is cut off, and b corrected to the area that is left.
    """

    inputs = ("image",)
    alpha: float = number(0.0, ge=0, neutral=0.0, preset=1.0, help="of Beta(alpha, alpha); 0 = off, 1 = uniform")

    def mixed(self, chance, x, q, shape, alpha):
        import numpy as np
        import torch

        channels, height, width = shape.image
        side = np.sqrt(1 - chance.beta(alpha))
        down, across = _stretch(chance.steps(1), height, side), _stretch(chance.steps(2), width, side)
        inside = torch.from_numpy(down[..., :, None] & across[..., None, :]).to(x.device)
        share = 1 - inside.double().mean((-2, -1))[..., None, None]
        order = chance.order()
        pasted = inside.flatten(-2).repeat(1, 1, channels).unsqueeze(2)
        return torch.where(pasted, _of(x, order), x), _mean(q, _of(q, order), share)


def _of(values, order):
    """values [K, M, B, W] of the examples `order` [K, M, B]."""
    return values.gather(2, order.unsqueeze(3).expand(values.shape))


def _mean(first, second, share):
    """share first + (1 - share) second, in the number format of the examples."""
    return first * share.to(first.dtype) + second * (1 - share).to(first.dtype)


def _stretch(u, length, side):
    """[K, M, length]: which pixels along one axis lie in the rectangle, as the authors' code counts them."""
    import numpy as np

    half = (length * side).astype(np.int64) // 2
    middle = (u * length).astype(np.int64)
    place = np.arange(length)
    return (place >= (middle - half)[..., None]) & (place < (middle + half)[..., None])
