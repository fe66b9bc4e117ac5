"""A run's settings as dotted keys, a choice under the name of its group, and those of them that are not at a default.

What `compact` gives, `execution.configurations.read` makes settings of again.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from typing import Any

from runner.config.registry import entries
from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE, FLAT_GROUPS, SINGLE_GROUPS, Settings, default_tree
from runner.config.validate import show
from runner.records.flat import flatten


def values(settings: Settings) -> dict[str, Any]:
    """{"optimizer": "sgd", "optimizer.lr": 0.1, ...}: every key of the run, in the order of its configuration."""
    found: dict[str, Any] = {}
    for group in CHOICE_GROUPS + SINGLE_GROUPS:
        node = getattr(settings, group)
        if group in CHOICE_GROUPS:
            found[group] = _name(node.__class__, group)
        for key, attribute in _keys(node.__class__, group):
            found[key] = getattr(node, attribute)
    for group in FLAT_GROUPS:
        for name, node in getattr(settings, group).items():
            for key, attribute in _keys(node.__class__, f"{group}.{name}", single=True):
                found[key] = getattr(node, attribute)
    found |= {"seed": settings.seed, "name": settings.name}
    return {k: copy.deepcopy(v) if isinstance(v, (list, tuple, dict)) else v for k, v in found.items()}


@functools.cache
def _name(cls: Any, group: str) -> str:
    return next(name for name, entry in entries(group).items() if entry.cls is cls)


@functools.cache
def _keys(cls: Any, prefix: str, single: bool = False) -> tuple[tuple[str, str], ...]:
    """(dotted key, attribute) of every option of an entry; a flat entry's only one bears the entry's own name."""
    fields = [field.name for field in dataclasses.fields(cls)]
    if single and len(fields) == 1:
        return ((prefix, fields[0]),)
    return tuple((f"{prefix}.{name}", name) for name in fields)


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
