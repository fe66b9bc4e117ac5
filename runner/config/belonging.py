"""To which choices a key belongs: `optimizer.momentum` to optimizer=sgd, `model.init_sd` to model.init=normal.

A key of a group belongs to the choices that declare it; a key of an initialization or a norm to those that read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from runner.config.choices import cached
from runner.config.registry import Entry, Option, entries
from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE, declared

READ: dict[str, Callable[[Entry], tuple[str, ...]]] = {  # the keys that a choice reads, as after `model.init_`
    "init": lambda entry: entry.cls.keys,
    "norm": lambda entry: (*entry.cls.uses, "input"),
}
NAMING = tuple(f"model.{named}" for named in READ)  # keys that name such a choice
DECIDING = (*CHOICE_GROUPS, "model", *NAMING)  # what decides which keys there are


@dataclass(frozen=True)
class Belonging:
    """A key is there only with some of the choices made by `by`, such as optimizer or model.init."""

    by: str
    names: tuple[str, ...]

    def chosen(self, tree: Mapping[str, Any]) -> str:
        """The choice that a configuration makes."""
        group, _, key = self.by.partition(".")
        usual = DEFAULT_CHOICE[group]
        node = tree.get(group)
        found = node if isinstance(node, Mapping) else {}
        return str(found.get(key, entries(group)[usual].defaults[key]) if key else found.get("name", usual))

    def holds(self, tree: Mapping[str, Any]) -> bool:
        """Whether the key is there in a configuration."""
        return self.chosen(tree) in self.names


@cached
def belongings(key: str) -> tuple[Belonging, ...]:
    """What has to be chosen for a key to be there; nothing for one that always is, and for one that there is not."""
    group, _, rest = key.partition(".")
    first = rest.partition(".")[0]
    found = [*_of_a_choice(group, first), *_of_a_name(key)]
    return tuple(found) if f"{group}.{first}" in declared() else ()


@cached
def options_of(key: str) -> tuple[Option, ...]:
    """What a key accepts, with each of the choices that have it; nothing for one that there is not."""
    group, _, rest = key.partition(".")
    if group in CHOICE_GROUPS:
        return tuple(entry.options[rest] for entry in entries(group).values() if rest in entry.options)
    return (declared()[key],) if key in declared() else ()


def _of_a_choice(group: str, key: str) -> list[Belonging]:
    known = entries(group) if group in CHOICE_GROUPS else {}
    names = tuple(name for name, entry in known.items() if key in entry.options)
    return [Belonging(group, names)] if len(names) < len(known) else []


def _of_a_name(key: str) -> list[Belonging]:
    named, _, last = key.removeprefix("model.").partition("_")
    if not key.startswith("model.") or named not in READ:
        return []
    names = tuple(name for name, entry in entries(named).items() if last in READ[named](entry))
    return [Belonging(f"model.{named}", names)] if names else []


def unread(values: Mapping[str, Any]) -> frozenset[str]:
    """The keys of a run, whose `values` are given by dotted key, that its initialization and its norm do not read."""
    return _unread(tuple(str(values.get(key)) for key in NAMING))


@cached
def _unread(names: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for (named, read), name in zip(READ.items(), names, strict=True):
        known = entries(named)
        every = {key for entry in known.values() for key in read(entry)}
        found |= {f"model.{named}_{key}" for key in every.difference(read(known[name]) if name in known else ())}
    return frozenset(found)
