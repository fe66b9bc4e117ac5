"""The loss of several targets of which some are classes: heads beside each other on one trunk, each with a loss."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from runner.population.pieces.base import Head, Loss


class Heads(Loss):
    """sum_t s_t loss_t(z_t, y_t), s_t = w_t / sum w (Caruana 1997); z_t are the outputs at the columns of target t.

    A target that does not count (s_t = 0) adds nothing, whatever its outputs are.
    """

    def __init__(self, losses: Sequence[Any], columns: Sequence[slice], shares: Sequence[float], link: str):
        self.losses, self.columns, self.shares = losses, columns, shares
        self.link = link  # type: ignore[misc]  # that of the losses of classes
        if all(loss.gradient is not None for loss in losses):
            self.gradient = self._gradient  # type: ignore[assignment]
        if all(loss.expected is not None for loss in losses):
            self.expected = self._expected  # type: ignore[assignment]

    def forward(self, outputs, targets, head):
        each = self.by_target(outputs, targets, head)
        return sum(each[..., t] * share for t, share in enumerate(self.shares) if share)

    def by_target(self, outputs, targets, head):
        import torch

        parts = zip(self.losses, self.columns, strict=True)
        found = [loss.forward(outputs[..., own], targets[..., own], _of(head, own)) for loss, own in parts]
        return torch.stack(found, -1)

    def prepare(self, targets, weight):
        if self.gradient is None:
            return targets
        found = targets.clone()
        for loss, own, share in self._counting():
            found[..., own] = loss.prepare(targets[..., own], weight * share)
        return found

    def _gradient(self, outputs, prepared, head, weight):
        """`Loss.gradient`: those of the heads, side by side."""
        import torch

        terms, slopes = torch.zeros_like(outputs), torch.zeros_like(outputs)
        for loss, own, share in self._counting():
            found = loss.gradient(outputs[..., own], prepared[..., own], _of(head, own), weight * share)
            terms[..., own], slopes[..., own] = found
        return terms, slopes

    def _expected(self, mean, variance, prepared, head, weight):
        """`Loss.expected`: those of the heads, side by side."""
        import torch

        terms = torch.zeros_like(mean)
        for loss, own, share in self._counting():
            parts = (each[..., own] for each in (mean, variance, prepared))
            terms[..., own] = loss.expected(*parts, _of(head, own), weight * share)
        return terms

    def _counting(self) -> Iterator[tuple[Any, slice, float]]:
        """(loss, columns, share) of each target that counts."""
        return (part for part in zip(self.losses, self.columns, self.shares, strict=True) if part[2])


def _of(head: Head, columns: slice) -> Head:
    """The head of some true columns."""
    width = columns.stop - columns.start
    return dataclasses.replace(head, count=width, mask=head.mask[columns], offset=head.offset[columns], divisors=None)
