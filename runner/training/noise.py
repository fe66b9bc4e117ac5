"""The noise of a few steps at once (drawing many small masks together is what makes dropout cheap)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from runner.data.heads import TargetHead
from runner.population.draws import bits, key, normal, positions, words
from runner.population.layout import Layout
from runner.population.members import Columns, active_entries
from runner.regularizers.base import Noise, ParameterNoise, Targets, purpose
from runner.training.noise_places import keys_by_layer

Change = tuple[Tensor | None, Tensor | None]  # factor, addend


class NoiseSource:
    """Draws changes of the input (place 0) and each hidden layer (place i + 1). Nothing is drawn where no row asks."""

    def __init__(self, columns: Columns, layout: Layout, batch: int):
        self.places = layout.layers
        self.device = columns.device
        self.seeds = np.array([run.seed for run in columns.runs], dtype=np.uint64)
        self.sources = []
        for name, piece, paths in active_entries(columns, Noise):
            for layer, keys in keys_by_layer(columns, piece, paths):
                h: dict[str, Tensor] = {key: columns.column(values, dims=3) for key, values in keys.items()}
                width, padded = layout.widths[layer + 1], layout.padded[layer + 1]
                mask = (torch.arange(padded, device=self.device) < width).to(columns.dtype)
                if piece.per == "example":
                    place = positions(batch, 1, 1, self.device)
                    h["units"] = torch.arange(1, padded + 1, device=self.device) * mask
                else:
                    place = positions(batch, width, padded, self.device)
                self.sources.append((name, piece, layer + 1, h, place, mask))

    def draw(self, steps_KM: np.ndarray, batch: int) -> list[list[Change | None]] | None:
        """For each of K steps (absolute numbers [K, M]) a list of changes [M, B, W] or None, one a place; None if no
        noise.
        """
        if not self.sources:
            return None
        changes: list[Change | None] = [None] * self.places
        for name, piece, place, h, position, mask in self.sources:
            drawn = [
                bits(words(key(self.seeds, purpose(name, i), steps_KM, place), self.device), position[:batch])
                for i in range(piece.draws)
            ]
            factor, addend = piece.change(*drawn, **h)
            after = factor, None if addend is None else addend * mask
            before = changes[place]
            changes[place] = after if before is None else _both(before, after)
        return [[None if c is None else _at(c, k) for c in changes] for k in range(len(steps_KM))]


class TargetSource:
    """Changes of the targets, with what is drawn for them."""

    def __init__(self, columns: Columns, layout: Layout, batch: int, mask: Tensor, heads: Sequence[TargetHead] = ()):
        self.classes, self.mask, self.device, self.heads = layout.widths[-1], mask, columns.device, heads
        self.seeds = np.array([run.seed for run in columns.runs], dtype=np.uint64)
        self.place = positions(batch, self.classes, layout.padded[-1], self.device)
        self.pieces = [
            (name, piece, {key: columns.tensor(path, dims=3) for key, path in paths.items()})
            for name, piece, paths in active_entries(columns, Targets)
        ]

    def change(self, q: Tensor, steps_KM: np.ndarray, batch: int) -> Tensor:
        """The targets of K steps (absolute numbers [K, M]), from those of the data, [K, M, B, C]."""
        for name, piece, h in self.pieces:
            keys = (key(self.seeds, purpose(name, i), steps_KM) for i in range(piece.draws))
            drawn = [bits(words(each, self.device), self.place[:batch]) for each in keys]
            q = self._changed(piece, q, drawn, h) * self.mask
        return q

    def _changed(self, piece: Targets, q: Tensor, drawn: list[Tensor], h: dict[str, Tensor]) -> Tensor:
        """By one technique; of several heads it changes those that it is for."""
        if not self.heads:
            return piece.targets(q, self.classes, *drawn, **h)
        q = q.clone()
        for head in self.heads:
            if head.encoding.task == piece.task:
                own = head.columns
                q[..., own] = piece.targets(q[..., own], head.width, *(each[..., own] for each in drawn), **h)
        return q


class ParameterNoiseSource:
    """Draws noise for parameters, one number a true parameter, of the techniques of one site that some row uses."""

    def __init__(self, columns: Columns, layout: Layout, site: str):
        self.seeds = np.array([run.seed for run in columns.runs], dtype=np.uint64)
        self.device, self.dtype = columns.device, columns.dtype
        self.size = layout.weights if site == "weights" else layout.size
        self.sources = [
            (name, piece, {k: np.array(columns.values(path), dtype=np.float64) for k, path in paths.items()})
            for name, piece, paths in active_entries(columns, ParameterNoise)
            if piece.site == site
        ]
        self.active = bool(self.sources)
        if self.active:
            self.place, self.mask = layout.true_positions(self.size, self.device)

    def add(self, target: Tensor, steps_M: np.ndarray) -> None:
        """target[:, :size] += noise of the steps [M], in place; padding stays as it is."""
        t = steps_M.astype(np.float64)
        for name, piece, h in self.sources:
            first, second = (
                bits(words(key(self.seeds, purpose(name, i), steps_M), self.device), self.place).squeeze(1)
                for i in range(2)
            )
            drawn = normal(first, second).to(self.dtype).mul_(self.mask)
            deviation = piece.deviation(t, **h)
            drawn.mul_(torch.from_numpy(deviation).to(self.device, self.dtype).unsqueeze(1))
            if not deviation.all():  # -0 is the one number that changes nothing where it is added
                drawn.masked_fill_(torch.from_numpy(deviation == 0).to(self.device).unsqueeze(1), -0.0)
            target[:, : self.size] += drawn


def _at(change: Change, k: int) -> Change:
    factor, addend = change
    return None if factor is None else factor[k], None if addend is None else addend[k]


def _both(first: Change, second: Change) -> Change:
    """One change after the other: (y f1 + a1) f2 + a2."""
    (f1, a1), (f2, a2) = first, second
    if a1 is not None:
        a1 = a1 if f2 is None else a1 * f2
    if f2 is not None:
        f1 = f2 if f1 is None else f1 * f2
    if a2 is not None:
        a1 = a2 if a1 is None else a1 + a2
    return f1, a1
