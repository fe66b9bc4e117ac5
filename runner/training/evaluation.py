"""Metrics of every row on a split, in chunks of constant size so that neither memory nor bits depend on the number of
rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from runner.config.settings import Settings
from runner.data.tables import Tables
from runner.optimizers.clipping import row_norms
from runner.population.layout import Layout
from runner.training.metrics.base import Chunk, Metric, Whole, always, metric

Score = Callable[[Tensor], tuple[Tensor, Tensor]]  # examples [M, n] -> outputs [M, n, C], losses [M, n]

CHUNK = 1024  # examples a row at once


def recorded(settings: Settings, task: str) -> list[str]:
    """The metrics that a run records: those of its task that every run has, those asked for, the one it watches; and
    where classes are weighted in the loss, the accuracy in which they weigh the same.
    """
    weighted = ["balanced_accuracy"] if task == "classification" and settings.dataset.class_weights is not None else []
    return list(dict.fromkeys([*always(task), *weighted, *settings.trainer.metrics, settings.early_stopping.metric]))


@torch.no_grad()
def evaluate(score: Score, link: str, tables: Tables, index: Tensor, names: Sequence[str]) -> dict[str, np.ndarray]:
    """The metrics called `names`, [M] each, of examples index [M, n]; `score` gives outputs and losses of some of them,
    `link` is that of the loss. NaN for a row whose loss is not a number.
    """
    metrics = {name: metric(name)() for name in ("loss", *names)}
    kinds = {each.collect: each for each in metrics.values()}
    parts: dict[Any, list[Tensor]] = {collect: [] for collect in kinds}
    for chunk in _chunks(score, link, tables, index):
        for collect, found in parts.items():
            found.append(collect(chunk))
    collected = {collect: _together(kinds[collect], found) for collect, found in parts.items()}
    whole = Whole(tables, index)
    values = {name: each.value(collected[each.collect], whole) for name, each in metrics.items()}
    broken = values["loss"].isnan()
    return {name: values[name].masked_fill(broken, torch.nan).cpu().numpy() for name in names}


def _chunks(score: Score, link: str, tables: Tables, index: Tensor) -> Iterator[Chunk]:
    for part in index.split(CHUNK, dim=1):
        outputs, losses = score(part)
        weights = tables.weights.of(part).squeeze(2) if tables.weights.used else None
        yield Chunk(outputs, losses, tables.answers(part), link, weights)


def _together(kind: Metric, parts: list[Tensor]) -> Tensor:
    """What was collected of all chunks: side by side, or their sum from the first to the last."""
    return torch.cat(parts, 1) if kind.joined else sum(parts[1:], parts[0])


def weight_statistics(layout: Layout, theta: Tensor) -> dict[str, np.ndarray]:
    """weight_norm (L2 norm of all weights) and sparsity (share of weights that are exactly zero), [M] each; both NaN
    where the norm is not finite.
    """
    true_MP = layout.true_weights_of(theta)
    zeros = (true_MP == 0).sum(1) - (layout.weights - layout.true_weights)
    norm = row_norms(true_MP).double()
    found = {"weight_norm": norm, "sparsity": zeros.double() / layout.true_weights}
    return {name: values.where(norm.isfinite(), torch.nan).cpu().numpy() for name, values in found.items()}
