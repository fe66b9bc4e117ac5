"""A nested configuration becomes checked `Settings`, or one error that holds every problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from runner.config.conflicts import Conflict, conflicts
from runner.config.registry import Entry, Option, entries
from runner.config.settings import (
    CHOICE_GROUPS,
    DEFAULT_CHOICE,
    FLAT_GROUPS,
    SINGLE_GROUPS,
    TEXTS,
    Settings,
    flat_key,
    root_options,
    single_key,
)
from runner.config.suggest import GROUPS, closest, explain_unknown_choice, explain_unknown_key, instead_of_none
from runner.errors import ConfigError


@dataclass
class Findings:
    """What is wrong so far: sentences for the user, and the keys they are about."""

    chosen: dict[str, str]
    problems: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    def add(self, key: str, problem: str) -> None:
        """Note one problem with `key`."""
        self.problems.append(problem)
        self.keys.add(key)


class Shared:
    """What jobs of one command line agree in: parts that are in order are checked once, and are the same objects in all
    jobs; and runs that are made of the same parts have the same conflicts, as no check asks for their seeds and names.
    """

    def __init__(self) -> None:
        self._parts: dict[tuple[str, str], Any] = {}
        self._conflicts: dict[tuple[int, ...], list[Conflict]] = {}

    def part(
        self, make: Callable[[str, dict, Findings], Any], group: str, tree: dict[Any, Any], found: Findings
    ) -> Any:
        """What `make` makes of a group of the tree; problems, which name keys of the tree, are noted for each job."""
        key = group, repr(tree.get(group, {}))
        if key not in self._parts:
            before = len(found.problems)
            part = make(group, tree, found)
            if len(found.problems) > before:
                return part
            self._parts[key] = part
        return self._parts[key]

    def conflicts(self, settings: Settings) -> list[Conflict]:
        """Those of settings whose parts are all known here."""
        key = settings.parts()
        if key not in self._conflicts:
            self._conflicts[key] = conflicts(settings)
        return self._conflicts[key]


def validate(tree: dict[Any, Any]) -> Settings:
    """Check a whole configuration and build it; keys that are absent take their defaults.

    Raises:
        ConfigError: with all problems: unknown keys and choices, values of the wrong type or out of range, conflicts.
    """
    settings, problems = check(tree)
    if problems:
        raise ConfigError(problems)
    return settings


def check(tree: dict[Any, Any], shared: Shared | None = None) -> tuple[Settings, list[str]]:
    """(settings, problems); a wrong value becomes its default in the settings, so that the rest can be checked. Jobs
    that are checked with the same `shared` consist of the same objects where they agree.
    """
    found, shared = Findings(_chosen(tree)), shared or Shared()
    for key in tree:
        if key not in GROUPS and key not in root_options():
            for path, value in _leaves(str(key), tree[key]):
                found.add(path, f"{path} = {show(value)}: {explain_unknown_key(path, found.chosen)}")
    parts = {group: shared.part(_choice, group, tree, found) for group in CHOICE_GROUPS}
    parts |= {group: shared.part(_single, group, tree, found) for group in SINGLE_GROUPS}
    root = {key: _value(key, option, tree.get(key), found) for key, option in root_options().items() if key in tree}
    parts |= {group: shared.part(_flat, group, tree, found) for group in FLAT_GROUPS}
    settings = Settings(**parts, **{k: v for k, v in root.items() if k not in found.keys})
    together = conflicts(settings) if found.problems else shared.conflicts(settings)
    found.problems += [conflict.text for conflict in together if not found.keys & set(conflict.keys)]
    return settings, found.problems


def _leaves(key: str, value: Any) -> list[tuple[str, Any]]:
    """The dotted keys of a branch, as they are typed, with their values."""
    if not isinstance(value, dict) or not value:
        return [(key, value)]
    return [leaf for part, below in value.items() for leaf in _leaves(f"{key}.{part}", below)]


def show(value: Any) -> str:
    """A value as the command line writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(show(v) for v in value)}]"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _chosen(tree: dict[Any, Any]) -> dict[str, str]:
    """The name chosen in every group that has names."""
    nodes = {group: tree.get(group) for group in CHOICE_GROUPS}
    return {
        g: node.get("name", DEFAULT_CHOICE[g]) if isinstance(node, dict) else DEFAULT_CHOICE[g]
        for g, node in nodes.items()
    }


def _node(group: str, tree: dict[Any, Any], found: Findings) -> dict[str, Any]:
    node = tree.get(group, {})
    if isinstance(node, dict):
        return node
    if node is None:
        found.add(group, f"{group} = null: a group cannot be left out; {instead_of_none(group)}")
    else:
        found.add(group, f"{group} = {show(node)}: must hold keys; `runner list {group}` shows them")
    return {}


def _choice(group: str, tree: dict[Any, Any], found: Findings) -> Any:
    """The instance of a group in which one entry of several is chosen by `name`."""
    node, name = dict(_node(group, tree, found)), found.chosen[group]
    node.pop("name", None)
    if name not in entries(group):
        found.add(group, explain_unknown_choice(group, name, entries(group)))
        return entries(group)[DEFAULT_CHOICE[group]].cls()
    return _build(entries(group)[name], node, lambda key: f"{group}.{key}", found)


def _single(group: str, tree: dict[Any, Any], found: Findings) -> Any:
    entry = entries(group)[DEFAULT_CHOICE[group]]
    return _build(entry, _node(group, tree, found), lambda key: f"{group}.{key}", found)


def _flat(group: str, tree: dict[Any, Any], found: Findings) -> dict[str, Any]:
    """Every registered entry of a flat group, neutral where the tree is silent."""
    node = _node(group, tree, found)
    for name in node:
        if name not in entries(group):
            key = f"{group}.{name}"
            found.add(key, f"{key} = {show(node[name])}: {explain_unknown_key(key, found.chosen)}")
    return {name: _flat_entry(entry, node, found) for name, entry in entries(group).items()}


def _flat_entry(entry: Entry, node: dict[str, Any], found: Findings) -> Any:
    only, value = single_key(entry.cls), node.get(entry.name)
    if only:
        given = {only: value} if entry.name in node else {}
    elif isinstance(value, dict) or entry.name not in node:
        given = value or {}
    elif (alone := getattr(entry.cls, "alone", "")) and not isinstance(value, (list, str)):
        given = {alone: value}
    else:
        keys = ", ".join(flat_key(entry, key) for key in entry.options)
        path = f"{entry.group}.{entry.name}"
        found.add(path, f"{path} = {show(value)}: is a group of keys: set {keys}")
        given = {}
    return _build(entry, given, lambda key: flat_key(entry, key), found)


def _build(entry: Entry, node: dict[str, Any], dotted, found: Findings) -> Any:
    """An instance of the entry from checked values; `dotted(key)` is the full name of a key."""
    values = {}
    for key, value in node.items():
        path = dotted(key)
        if key not in entry.options:
            found.add(path, f"{path} = {show(value)}: {explain_unknown_key(path, found.chosen)}")
            continue
        checked = _value(path, entry.options[key], value, found, entry, key)
        if path not in found.keys:
            values[key] = checked
    return entry.cls(**values)


def _value(path: str, option: Option, value: Any, found: Findings, entry: Entry | None = None, key: str = "") -> Any:
    checked, wrong = option.check(value)
    if wrong:
        default = entry.defaults[key] if entry else 0
        found.add(
            path, f"{path} = {show(value)}: {wrong}; allowed: {option.allowed()}; {_fix(path, option, value, default)}"
        )
    return checked


def _fix(path: str, option: Option, value: Any, default: Any) -> str:
    """The likely fix: the name that looks alike, else a value that works."""
    listed = value if isinstance(value, (list, tuple)) else [value]
    given = listed if option.type == "choices" else [value]
    wrong = [v for v in given if option.names() and isinstance(v, str) and v not in option.names()]
    near = closest(wrong[0], option.names_like(wrong[0])) if wrong else None
    if option.type in TEXTS and any(isinstance(v, (bool, int, float)) for v in listed):
        return f"an interpolation, which quotes do not help, needs text around it, as in {path}=run${{seed}}"
    if option.type == "texts" and None in listed:
        names = ['"null"' if v is None else show(v) for v in listed]
        return f"quote it if it is a name: {path}=[{','.join(names)}]"
    if near:
        return f"did you mean {path}={f'[{near}]' if option.type == 'choices' else near}?"
    example = option.preset if option.preset is not None else default
    if option.type == "choices":
        example = list(option.names()[:1])
    return f"for example {path}={show(example).replace(' ', '')}"
