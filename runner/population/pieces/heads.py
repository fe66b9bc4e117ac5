"""The loss of several targets of which some are classes: heads beside each other on one trunk, each with a loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from runner.population.pieces.base import Loss


class Heads(Loss):
    """sum_t s_t loss_t(z_t, y_t), s_t = w_t / sum w (Caruana 1997); z_t are the outputs at the columns of target t.

    A target that does not count (s_t = 0) adds nothing, whatever its outputs are.
    """

    def __init__(self, losses: Sequence[Any], columns: Sequence[slice], shares: Sequence[float], link: str):
        self.losses, self.columns, self.shares = losses, columns, shares
        self.link = link  # type: ignore[misc]  # that of the losses of classes

    def forward(self, outputs, targets, head):
        each = self.by_target(outputs, targets, head)
        return sum(each[..., t] * share for t, share in enumerate(self.shares) if share)

    def by_target(self, outputs, targets, head):
        import torch

        found = [
            loss.forward(outputs[..., own], targets[..., own], _part(head, own))
            for loss, own in zip(self.losses, self.columns, strict=True)
        ]
        return torch.stack(found, -1)


def _part(head, columns: slice):
    """The head of some true columns."""
    width = columns.stop - columns.start
    return dataclasses.replace(head, count=width, mask=head.mask[columns], offset=head.offset[columns], divisors=None)
