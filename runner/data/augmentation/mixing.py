"""Several examples in one: a weighted mean (mixup), a rectangle of one in another (CutMix), four beside each other."""

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


@register("augmentation", "cutmix", paper="Yun et al. 2019", lecture="003:581")
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


@register("augmentation", "mosaic", paper="Takahashi et al. 2018 (RICAP); Bochkovskiy et al. 2020", lecture="003:581")
@dataclass
class Mosaic(Mixing):
    """four images of the batch beside each other, a window of each; its share of the area is that of its target

    The corner at which they meet is b of the height and b' of the width, b and b' ~ Beta(alpha, alpha), once a step, as
    are the places of the windows. The upper left image is the example itself.
    """

    inputs = ("image",)
    alpha: float = number(0.0, ge=0, neutral=0.0, preset=0.3, help="of Beta(alpha, alpha); 0 = off, 1 = uniform")

    def mixed(self, chance, x, q, shape, alpha):
        import torch

        channels, height, width = shape.image
        down, lower, high = _halves(chance, 0, alpha, height)
        across, right, wide = _halves(chance, 1, alpha, width)
        place = torch.from_numpy(down[..., :, None] * width + across[..., None, :]).to(x.device)
        quarter = torch.from_numpy(2 * lower[..., :, None] + right[..., None, :]).to(x.device)
        place, quarter = (each.flatten(-2).unsqueeze(2).unsqueeze(3) for each in (place, quarter))
        windows = x.unflatten(3, (channels, -1))
        windows = windows.gather(4, place.expand(windows.shape)).flatten(3)
        quarter = quarter.expand(-1, -1, -1, channels, -1).flatten(3)
        new_x, new_q = windows, 0
        for i in range(4):
            order = chance.order(i - 1) if i else None
            new_x = new_x.where(quarter != i, _of(windows, order)) if i else new_x
            area = (high, height - high)[i // 2] * (wide, width - wide)[i % 2]
            share = torch.from_numpy(area / (height * width)).to(x.device, q.dtype)
            new_q = new_q + (_of(q, order) if i else q) * share[..., None, None]
        return new_x, new_q


def _halves(chance, draw, alpha, length):
    """Along one axis: (which pixel of an image stands at each place [K, M, length], whether that is in the second part,
    the length of the first part [K, M]).
    """
    import numpy as np

    first = np.rint(chance.beta(alpha, draw) * length).astype(np.int64)
    starts = [
        (chance.steps(2 + 2 * draw + i) * (rest + 1)).astype(np.int64) for i, rest in enumerate((length - first, first))
    ]
    place = np.arange(length)
    second = place >= first[..., None]
    return (
        np.where(second, place - first[..., None] + starts[1][..., None], place + starts[0][..., None]),
        second,
        first,
    )


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
