"""Features of a table left out or taken from another example. The one-hot features of a category go together."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import number, register
from runner.data.augmentation.base import Features


@register("augmentation", "feature_dropout", paper="Vincent et al. 2008 (masking noise)")
@dataclass
class FeatureDropout(Features):
    """each column is 0 (its mean, if standardized; of a category: none) with probability p, the others unchanged"""

    p: float = number(
        0.0, ge=0, le=1, neutral=0.0, preset=0.1, help="probability that a column of an example is hidden"
    )

    def features(self, chance, x, shape, p):
        return x.masked_fill(shape.together(chance.features(shape.features)) < p.unsqueeze(2), 0)


@register("augmentation", "swap_noise", paper="Jahrer 2017, Porto Seguro, 1st place")
@dataclass
class SwapNoise(Features):
    """each column takes the value of another example of the batch with probability p"""

    p: float = number(
        0.0, ge=0, le=1, neutral=0.0, preset=0.1, help="probability that a column of an example is swapped"
    )

    def features(self, chance, x, shape, p):
        import torch

        if (batch := x.shape[2]) == 1:
            return x
        other = (shape.together(chance.features(shape.features, 1)) * (batch - 1)).long()
        other += other >= torch.arange(batch, device=x.device)[:, None]  # anyone but oneself
        swapped = shape.together(chance.features(shape.features)) < p.unsqueeze(2)
        return torch.where(swapped, x.gather(2, other), x)
