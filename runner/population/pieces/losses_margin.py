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


AT_ONCE = 64  # classes whose margins are in memory together
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
        return sum(
            (shares * margins.sum(-1)).where(shares != 0, 0).sum(-1)
            for _, shares, margins in self._by_classes(outputs, targets, head)
        )

    def gradient(self, outputs, prepared, head, weight):
        shares, terms, g = prepared * weight, outputs.new_zeros(outputs.shape), outputs.new_zeros(outputs.shape)
        for classes, of_them, margins in self._by_classes(outputs, shares, head):
            inside = (margins > 0).to(outputs.dtype)
            terms[..., classes] = (of_them * margins.sum(-1)).where(of_them != 0, 0)
            g += (of_them.unsqueeze(-2) @ inside).squeeze(-2)
            g[..., classes] -= of_them * inside.sum(-1)
        return terms, g

    @staticmethod
    def _by_classes(outputs, shares, head):
        """(classes, their shares [M, B, Y], max(0, z_j - z_y + 1) [M, B, Y, C]), some classes y at once.

        It is 0 where j is y or stands for no class. A class without a share adds nothing, whatever its score.
        """
        import torch

        true, every = head.mask.bool(), torch.arange(len(head.mask), device=outputs.device)
        for begin in range(0, len(every), AT_ONCE):
            classes = slice(begin, begin + AT_ONCE)
            margins = (outputs.unsqueeze(-2) - outputs[..., classes].unsqueeze(-1) + 1).clamp(min=0)
            yield classes, shares[..., classes], margins.where(true & (every != every[classes].unsqueeze(-1)), 0)
