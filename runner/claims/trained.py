"""Metrics of claims that ask a trained network itself: worked out once a run, on data that are read once a sweep."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from runner.claims.runs import Run

if TYPE_CHECKING:
    from runner.data.prepare import RunData
    from runner.reports.load import LoadedRun


Told = TypeVar("Told")


def measured(name: str) -> Callable[[Callable[[Run], Told]], Callable[[Run], Told]]:
    """Decorator: a metric for `Runs.values` that is worked out once for each run; `name` is what messages call it."""

    def named(measure: Callable[[Run], Told]) -> Callable[[Run], Told]:
        known: dict[Path, Told] = {}

        def once(run: Run) -> Told:
            folder = run.folder.absolute()
            if folder not in known:
                known[folder] = measure(run)
            return known[folder]

        once.__name__ = name
        return once

    return named


@functools.lru_cache(1)
def _shared(sweep: Path) -> dict[Any, Any]:
    """What runs of one sweep have read already."""
    return {}


def trained(run: Run) -> tuple[LoadedRun, RunData]:
    """The network of a run, and the data that it was trained on."""
    from runner.data.prepare import prepare

    loaded = run.load()
    return loaded, prepare(loaded.settings, _shared(run.folder.absolute().parent))


@measured("rise of the training loss")
def moved(run: Run) -> float:
    """Mean rise of the training loss over ten random moves of all weights by N(0, .1^2)."""
    import numpy as np
    import torch

    loaded, data = trained(run)
    x = torch.from_numpy(np.asarray(data.x[data.train], np.float32))
    y = torch.from_numpy(np.asarray(data.y[data.train], np.int64))
    chance = torch.Generator().manual_seed(0)
    weights = list(loaded.network.parameters())
    before = [each.detach().clone() for each in weights]
    loss = torch.nn.functional.cross_entropy
    losses = []
    with torch.no_grad():
        base = loss(loaded.network(x), y)
        for _ in range(10):
            for each, old in zip(weights, before, strict=True):
                each.copy_(old + 0.1 * torch.randn(old.shape, generator=chance))
            losses.append(float(loss(loaded.network(x), y) - base))
    return math.fsum(losses) / len(losses)
