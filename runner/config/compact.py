"""A run's settings as dotted keys, a choice under the name of its group, and those of them that are not at a default.

What `compact` gives, `execution.configurations.read` makes settings of again.
"""

from __future__ import annotations

import functools
from typing import Any

from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE, Settings, default_tree
from runner.config.validate import show
from runner.records.flat import flatten


def values(settings: Settings) -> dict[str, Any]:
    """{"optimizer": "sgd", "optimizer.lr": 0.1, ...}: every key of the run, in the order of its configuration."""
    return _named(settings.tree())


def compact(settings: Settings) -> dict[str, Any]:
    """{"optimizer": "sgd", "optimizer.lr": 0.1, "seed": 3}: choices and values that differ from the defaults."""
    mine = values(settings)
    others = defaults(tuple(mine[group] for group in CHOICE_GROUPS))
    return {key: value for key, value in mine.items() if value != others[key]}


@functools.lru_cache(maxsize=1024)
def defaults(chosen: tuple[str, ...]) -> dict[str, Any]:
    """The default of every key, for these choices; of a choice itself the one that is made unless another is."""
    return _named(default_tree(dict(zip(CHOICE_GROUPS, chosen, strict=True)))) | DEFAULT_CHOICE


def _named(tree: dict[str, Any]) -> dict[str, Any]:
    names = {f"{group}.name" for group in CHOICE_GROUPS}
    return {key.removesuffix(".name") if key in names else key: value for key, value in flatten(tree).items()}


def text(value: Any) -> str:
    """A value as a cell of a table: as the command line writes it, lists without spaces."""
    return show(value).replace(" ", "") if isinstance(value, (list, tuple)) else show(value)
