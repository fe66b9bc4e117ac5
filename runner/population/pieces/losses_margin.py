"""Losses that ask for a margin between the score of the right class and those of the others."""

from __future__ import annotations

from dataclasses import dataclass

from runner.compiled.forms import LossForm
from runner.config.registry import register
from runner.population.pieces.base import Loss


def hinge(outputs, q, w, h, g, losses):
    """losses <- sum_y q_y sum_{j != y} max(0, z_j - z_y + 1); g <- w times its gradient"""
    zero, one = outputs.dtype.type(0), outputs.dtype.type(1)
    for r in range(outputs.shape[0]):
        total = zero
        for j in range(outputs.shape[1]):
            g[r, j] = zero
        for y in range(outputs.shape[1]):
            share = q[r, y]
            if share != 0:
                margins, wrong, weight = zero, zero, w[r] * share
                for j in range(outputs.shape[1]):
                    margin = zero if j == y else outputs[r, j] - outputs[r, y] + one
                    margins += zero if margin <= 0 else margin
                    inside = one if margin > 0 else zero
                    wrong += inside
                    g[r, j] += weight * inside
                g[r, y] -= weight * wrong
                total += share * margins
        losses[r] = total


SOURCE = "Weston & Watkins 1999"


@register("loss", "hinge", torch="MultiMarginLoss", paper=SOURCE, lecture="002:9", compiled=LossForm(hinge))
@dataclass
class Hinge(Loss):
    """sum_y q_y sum_{j != y} max(0, z_j - z_y + 1), q one-hot: 0 once the right class leads every other by 1

    A sum over the classes, as the paper's; torch's is divided by their number. Of smoothed or mixed targets q it is the
    mean over the classes that they name. The scores are no logits; the probabilities shown are their softmax, which
    keeps the order of the classes and is not calibrated.
    """

    def forward(self, outputs, targets, head):
        return self._terms(targets, self._margins(outputs, head)).sum(-1)

    def gradient(self, outputs, prepared, head, weight):
        margins = self._margins(outputs, head)
        inside = (margins > 0).to(outputs.dtype)
        shares = prepared * weight
        g = (shares.unsqueeze(-2) @ inside).squeeze(-2) - shares * inside.sum(-1)
        return self._terms(shares, margins), g

    @staticmethod
    def _margins(outputs, head):
        """max(0, z_j - z_y + 1) at [..., y, j]; 0 where j is y or stands for no class."""
        import torch

        margins = (outputs.unsqueeze(-2) - outputs.unsqueeze(-1) + 1).clamp(min=0)
        others = head.mask.bool() & ~torch.eye(len(head.mask), dtype=torch.bool, device=outputs.device)
        return margins.where(others, 0)

    @staticmethod
    def _terms(shares, margins):
        """q_y times the sum over j [..., y]; a class that has no share adds nothing, whatever its score."""
        return (shares * margins.sum(-1)).where(shares != 0, 0)
