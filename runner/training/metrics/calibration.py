"""Whether the network is right as often as it says."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.training.metrics.base import Metric

BINS = 15
UNIT = 1 << 40  # confidences are added up as whole multiples of 1/UNIT, which is exact in any order


def confidence(chunk):
    """(largest probability of a class [M, B] in float64, its bin [M, B] from 0)."""
    import torch

    largest = chunk.logits.softmax(-1).amax(-1)
    edges = torch.linspace(0, 1, BINS + 1, dtype=torch.float64, device=largest.device)
    return largest, torch.bucketize(largest, edges[1:-1])


@register("metric", "ece", paper="Guo et al. 2017, equation 3")
@dataclass
class CalibrationError(Metric):
    """sum_b |B_b|/n |accuracy(B_b) - mean confidence(B_b)|, B_b the examples of confidence in ((b-1)/15, b/15]

    The confidence is the largest probability of a class.
    """

    @staticmethod
    def collect(chunk):
        """Right answers less confidence in every bin [M, BINS], in 1/UNIT."""
        largest, bins = confidence(chunk)
        excess = (chunk.guess == chunk.answers) * UNIT - (largest * UNIT).round().long()
        return excess.new_zeros(len(bins), BINS).scatter_add_(1, bins, excess)

    def value(self, collected, whole):
        return collected.abs().sum(1).double() / UNIT / whole.count
