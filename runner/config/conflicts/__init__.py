"""Values that are fine alone and wrong together: one function a check, asked twice.

Before the data are read, with what the configuration alone tells (`Known()`), so that every problem is reported at
once; and again with the data (`runner.plan.checks`). A check is silent about what it cannot know yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from runner.config.conflicts import data, ensembles, network, norms, sharing, training
from runner.config.conflicts.base import Conflict, Known
from runner.config.settings import Settings

__all__ = ["Conflict", "Known", "conflicts"]

ROOMS = (data, training, network, norms, sharing, ensembles)
CHECKS: tuple[Callable[[Settings, Known], Iterator[Conflict]], ...] = tuple(c for room in ROOMS for c in room.CHECKS)


def conflicts(settings: Settings, known: Known | None = None) -> list[Conflict]:
    """Everything in `settings` that contradicts something else in it, or what is known."""
    return [conflict for check in CHECKS for conflict in check(settings, known or Known())]
