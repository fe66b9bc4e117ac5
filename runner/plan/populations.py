"""Which runs can train together, and what a worker is given of them.

Runs share a population when they agree in every structural option and in the shapes of their data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.config.engines import engine
from runner.config.registry import name_of
from runner.config.settings import Settings

if TYPE_CHECKING:
    from runner.data.prepare import RunData


class Population(NamedTuple):
    """Runs of one structure, by position; `width` of them train side by side, the next as soon as some have ended."""

    members: tuple[int, ...]
    width: int


@dataclass(frozen=True)
class Share:
    """What a worker is given to do: populations, one after the other. They continue from `source`, if any."""

    populations: tuple[Population, ...]
    source: Path | None = None

    @property
    def members(self) -> tuple[int, ...]:
        """Its runs, in the order in which they begin."""
        return tuple(i for population in self.populations for i in population.members)


def structure(run: Settings, data: RunData) -> tuple:
    """Runs with equal keys can be rows of one population."""
    options = run.options().items()
    chosen = {
        key: run.value(key) for key, option in options if option.kind == "structural" and not key.startswith("dataset.")
    }
    sizes = tuple(len(part) for part in (data.train, data.val, data.test))
    shapes = (data.task, len(data.x), data.x.shape[1], data.image_shape, data.outputs, *sizes)
    names = (name_of(run.model, "model"), name_of(run.loss, "loss"), *data.encoding.told_apart)
    widths = tuple(head.width if head.classes else 0 for head in data.encoding.heads)
    weights = () if data.target_weights is None else tuple(data.target_weights)
    return (json.dumps(chosen, sort_keys=True), *names, engine(run, data.task), shapes, widths, weights, run.tied)


def by_structure(members: Sequence[int], settings: Sequence[Settings], data: Sequence[RunData]) -> list[list[int]]:
    """The members, those of one structure together."""
    groups: dict[tuple, list[int]] = {}
    for i in members:
        groups.setdefault(structure(settings[i], data[i]), []).append(i)
    return list(groups.values())


def parameters(run: Settings, data: RunData) -> int:
    """How many numbers one run's network learns."""
    return run.model.parameters(data.x.shape[1], data.outputs)
