"""Which runs can train together.

Runs share a population when they agree in every structural option and in the shapes of their data. Large networks gain
nothing from company (their matrix products fill the machine alone) and crowd the cache, so only what fits trains side
by side.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from runner.config.engines import engine
from runner.config.registry import name_of
from runner.config.settings import Settings

if TYPE_CHECKING:
    from runner.data.prepare import RunData

LARGEST = 64  # members
CACHE_FLOATS = 1 << 20  # parameters of one population that stay in the cache together


def structure(run: Settings, data: RunData) -> tuple:
    """Runs with equal keys can be rows of one population."""
    options = run.options().items()
    chosen = {
        key: run.value(key) for key, option in options if option.kind == "structural" and not key.startswith("dataset.")
    }
    sizes = tuple(len(part) for part in (data.train, data.val, data.test))
    shapes = (data.task, len(data.x), data.x.shape[1], data.image_shape, data.outputs, *sizes)
    names = (name_of(run.model, "model"), name_of(run.loss, "loss"))
    return (json.dumps(chosen, sort_keys=True), *names, engine(run, data.task), shapes)


def parameters(run: Settings, data: RunData) -> int:
    """How many numbers one run's network learns."""
    return run.model.parameters(data.x.shape[1], data.outputs)


def width(run: Settings, data: RunData) -> int:
    """How many runs such as this train side by side: what fits the cache."""
    return max(1, min(LARGEST, CACHE_FLOATS // parameters(run, data)))
