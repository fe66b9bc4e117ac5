"""Runs that are the same run: equal in every value that a number depends on.

A key that does nothing beside the others (`regularizer.elastic_net.l1_ratio` while alpha is 0) makes no second run, and
two such runs are no two samples. A rule stands here only if what it leaves out changes no bit of a run's weights and
metrics; where that is not certain, runs count as different.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from typing import Any

from runner.config.compact import compact, values
from runner.config.registry import entries
from runner.config.settings import FLAT_GROUPS, Settings
from runner.regularizers.base import Penalty

# Key -> when it does nothing. Keys of regularizers and augmentations whose strength is neutral are found by themselves.
INERT: dict[str, Callable[[Settings], bool]] = {
    "name": lambda s: True,
    "trainer.progress": lambda s: True,
    "trainer.checkpoint_seconds": lambda s: True,
    "model.norm_position": lambda s: s.model.norm == "none",
    "optimizer.decay_biases": lambda s: s.optimizer.weight_decay == 0,
    "optimizer.dampening": lambda s: s.optimizer.momentum == 0,
    "optimizer.nesterov": lambda s: s.optimizer.momentum == 0,
    "optimizer.proximal": lambda s: not _penalized(s),
    "scheduler.reference_batch": lambda s: s.scheduler.batch_scaling == "none",
    "early_stopping.mode": lambda s: s.early_stopping.maximize == _by_itself(s),
}


def canonical(settings: Settings) -> dict[str, Any]:
    """{"optimizer": "sgd", "seed": 3, ...}: choices and values that are not at their defaults and do something.

    Equal for runs that are the same run.
    """
    return {key: value for key, value in compact(settings).items() if not _inert(key, settings)}


def identity(settings: Settings) -> str:
    """`canonical` as text, to look runs up by."""
    return json.dumps(canonical(settings), sort_keys=True)


def repeated(settings: Sequence[Settings]) -> dict[int, int]:
    """Position of a run that is an earlier one again -> position of the first such."""
    first: dict[str, int] = {}
    found = {}
    for i, each in enumerate(settings):
        earlier = first.setdefault(identity(each), i)
        if earlier != i:
            found[i] = earlier
    return found


def describe(settings: Sequence[Settings], repeats: dict[int, int], shown: int = 5) -> str | None:
    """One line about the jobs that will not train a second time, and why; None if there are none."""
    if not repeats:
        return None
    pairs: dict[str, list[str]] = {}
    for i, j in repeats.items():
        pairs.setdefault(_why(settings[j], settings[i]), []).append(f"{i} = {j}")
    reasons = [why + ", ".join(each[:shown]) + (", ..." if each[shown:] else "") for why, each in pairs.items()]
    verb = "repeats another" if len(repeats) == 1 else "repeat others"
    left = len(settings) - len(repeats)
    return f"{len(settings)} jobs, {len(repeats)} of them {verb} ({'; '.join(reasons)}): {left} different"


def _why(one: Settings, other: Settings) -> str:
    """What the command line says differently in two jobs although it makes no difference."""
    a, b = values(one), values(other)
    keys = [key for key in a if a[key] != b[key]]
    return f"{' and '.join(keys)} do{'es' if len(keys) == 1 else ''} nothing: " if keys else ""


def _inert(key: str, settings: Settings) -> bool:
    group, _, rest = key.partition(".")
    if group in FLAT_GROUPS:
        return not _in_use(group, rest.partition(".")[0], settings)
    return key in INERT and INERT[key](settings)


def _in_use(group: str, name: str, settings: Settings) -> bool:
    """Whether some strength of a regularizer or an augmentation is not neutral."""
    node = getattr(settings, group)[name]
    return any(option.active(getattr(node, key)) for key, option in entries(group)[name].options.items())


def _penalized(settings: Settings) -> bool:
    penalties = [n for n, entry in entries("regularizer").items() if issubclass(entry.cls, Penalty)]
    return any(_in_use("regularizer", name, settings) for name in penalties)


def _by_itself(settings: Settings) -> bool:
    """Whether early_stopping.mode=auto would maximize."""
    return bool(dataclasses.replace(settings.early_stopping, mode="auto").maximize)
