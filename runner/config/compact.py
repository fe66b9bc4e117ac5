"""A run's settings as dotted keys, a choice under the name of its group, and those of them that are not at a default.

What `compact` gives, `execution.configurations.read` makes settings of again. `shown` and `told` are for tables and
names: there a group that was chosen by the name of a preset has that name, and what the preset sets is its default; and
keys that a run has no use for, such as model.init_sd with model.init=he, are absent.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from runner.config.belonging import unread
from runner.config.choices import cached
from runner.config.presets import NAMED_GROUPS, preset, registered
from runner.config.registry import entries
from runner.config.settings import (
    CHOICE_GROUPS,
    DEFAULT_CHOICE,
    FLAT_GROUPS,
    SINGLE_GROUPS,
    Settings,
    default_tree,
    flat_entries,
    flat_key,
    own_copies,
    reader,
    root_options,
    single_key,
)
from runner.config.suggest import GROUPS
from runner.config.validate import show


def values(settings: Settings) -> dict[str, Any]:
    """{"optimizer": "sgd", "optimizer.lr": 0.1, ...}: every key of the run, in the order of its configuration."""
    named = [(group, getattr(settings, group)) for group in NAMED_GROUPS]
    flat = [(group, name, node) for group in FLAT_GROUPS for name, node in getattr(settings, group).items()]
    found: list[Any] = []
    for group, node in named:
        if group in CHOICE_GROUPS:
            found.append(_name(type(node), group))
        found += reader(type(node))[1](node)
    for _, _, node in flat:
        found += reader(type(node))[1](node)
    keys = _keys(tuple(type(node) for _, node in named), tuple((group, name, type(node)) for group, name, node in flat))
    return own_copies(zip(keys, [*found, settings.seed, settings.name], strict=True))


@cached
def _name(cls: type, group: str) -> str:
    return next(name for name, entry in entries(group).items() if entry.cls is cls)


@functools.cache
def _keys(named: tuple[type, ...], flat: tuple[tuple[str, str, type], ...]) -> list[str]:
    """The dotted key of every choice and option of these classes; the only one of a flat entry bears its own name."""
    keys: list[str] = []
    for group, cls in zip(NAMED_GROUPS, named, strict=True):
        keys += [group] if group in CHOICE_GROUPS else []
        keys += [f"{group}.{name}" for name in reader(cls)[0]]
    for group, entry, cls in flat:
        keys += [f"{group}.{entry}"] if single_key(cls) else [f"{group}.{entry}.{name}" for name in reader(cls)[0]]
    return [*keys, "seed", "name"]


def compact(settings: Settings, mine: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """{"optimizer": "sgd", "optimizer.lr": 0.1, "seed": 3}: choices and values (`mine`, if they are known) that differ
    from the defaults.
    """
    mine = values(settings) if mine is None else mine
    return _told(mine, mine, {})


def shown(settings: Settings, mine: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`values` (`mine`, if they are known) of the keys that the run has a use for, with every group under the name it
    was chosen by: {"optimizer": "nesterov", ...}.
    """
    return _with_names(values(settings) if mine is None else mine, settings.chosen)


def told(settings: Settings, named: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """{"optimizer": "nesterov", "seed": 3}: what of `shown` (`named`, if it is known) differs from the defaults of what
    was chosen. Where no preset was, this is what `compact` gives.
    """
    mine = {
        group: _name(getattr(settings, group).__class__, group) for group in CHOICE_GROUPS if group in settings.chosen
    }
    return _told(shown(settings) if named is None else named, mine, settings.chosen)


def recorded(tree: Mapping[str, Any], chosen: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(`shown`, `told`) of a configuration on disk, whose choices need not be registered here any more: all that is set
    in one that is not is told.
    """
    mine = _opened(tree)
    named = _with_names(mine, chosen)
    return named, _told(named, mine, chosen)


def wrong(tree: Mapping[str, Any]) -> list[str]:
    """What is wrong with the numbers, texts and switches of a configuration on disk. The names in it are not judged, as
    what they name need not be registered here.
    """
    mine = _opened(tree)
    options = root_options() | {flat_key(each, key): o for each in flat_entries() for key, o in each.options.items()}
    for group in NAMED_GROUPS:
        entry = entries(group).get(str(mine.get(group, DEFAULT_CHOICE[group])))
        options |= {f"{group}.{key}": option for key, option in (entry.options if entry else {}).items()}
    judged = {key: o for key, o in options.items() if key in mine and o.type not in ("choice", "choices")}
    problems = {key: option.check(mine[key])[1] for key, option in judged.items()}
    found = [f"{group} = {show(tree[group])}: must hold keys" for group in GROUPS if not _holds_keys(tree, group)]
    return found + [f"{key} = {show(mine[key])}: {problem}" for key, problem in problems.items() if problem]


def _holds_keys(tree: Mapping[str, Any], group: str) -> bool:
    return group not in tree or isinstance(tree[group], Mapping)


def told_again(given: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """`told` of a run of which `compact` and `Settings.chosen` are known."""
    names = tuple(str(given.get(group, DEFAULT_CHOICE[group])) for group in NAMED_GROUPS)
    return _told(_with_names(_defaults_in(tuple(chosen), names) | dict(given), chosen), given, chosen)


def _told(named: Mapping[str, Any], mine: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """What differs from the defaults: those of a preset if what it sets is known here, else of the choice behind it."""
    names = {group: str(named.get(group, DEFAULT_CHOICE[group])) for group in NAMED_GROUPS}
    names |= {group: str(mine.get(group, DEFAULT_CHOICE[group])) for group in chosen if not preset(group, names[group])}
    others = defaults(tuple(names.values()))
    return {key: value for key, value in named.items() if key not in others or value != others[key]}


def _with_names(mine: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    without = unread(mine)
    for key, value in mine.items():
        if key in without:
            continue
        group = key.partition(".")[0]
        if group in SINGLE_GROUPS:
            found.setdefault(group, chosen.get(group, DEFAULT_CHOICE[group]))
        found[key] = chosen.get(key, value)
    return found


def _opened(tree: Mapping[str, Any]) -> dict[str, Any]:
    """The dotted keys of a configuration, whose values may be dictionaries."""
    found: dict[str, Any] = {}
    for group, node in tree.items():
        if not isinstance(node, Mapping):
            found[str(group)] = node
            continue
        for key, value in node.items():
            entry = value if group in FLAT_GROUPS and isinstance(value, Mapping) else None
            path = group if group in CHOICE_GROUPS and key == "name" else f"{group}.{key}"
            found |= {path: value} if entry is None else {f"{path}.{k}": v for k, v in entry.items()}
    return found


@cached
def defaults(chosen: tuple[str, ...]) -> dict[str, Any]:
    """The default of every key for these choices, one a group of NAMED_GROUPS; for a choice, its default. For a choice
    that is not registered here, only the keys that all choices of its group share have one.
    """
    names = dict(zip(NAMED_GROUPS, chosen, strict=True))
    bases = {group: registered(group, name) for group, name in names.items()}
    tree = default_tree({group: base for group, base in bases.items() if base})
    for group, name in names.items():
        if bases[group] is None:
            tree[group] = _shared(group)
        elif found := preset(group, name):
            tree[group] |= found.values
    return _opened(tree) | DEFAULT_CHOICE


@cached
def _defaults_in(groups: tuple[str, ...], chosen: tuple[str, ...]) -> dict[str, Any]:
    """Those of `defaults` that are in some groups."""
    return {key: value for key, value in defaults(chosen).items() if key.partition(".")[0] in groups}


def _shared(group: str) -> dict[str, Any]:
    """Keys that all choices of a group have, with one default in all."""
    first, *others = (entry.defaults for entry in entries(group).values())
    return {key: value for key, value in first.items() if all(key in o and o[key] == value for o in others)}


def text(value: Any) -> str:
    """A value as a cell of a table: as the command line writes it, without spaces between elements."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{text(each)}" for key, each in value.items()) + "}"
    return f"[{','.join(map(text, value))}]" if isinstance(value, (list, tuple)) else show(value)
