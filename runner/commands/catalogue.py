"""What `runner list` shows, as plain tables: (title lines, header, rows)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.config.engines import has_form
from runner.config.location import config_dir
from runner.config.registry import Entry, entries, groups
from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE, EXPERIMENT, FLAT_GROUPS, SINGLE_GROUPS, flat_key
from runner.config.suggest import closest
from runner.config.validate import show
from runner.errors import ConfigError

KEY_HEADER = ("key", "default", "allowed", "help")
CHOICE_HEADER = ("choice", "what it does", "torch", "source")


@dataclass
class Table:
    """Lines above, a header, rows of text."""

    lines: list[str]
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]] = ()


def overview() -> Table:
    """Every group with its choices."""
    lines = ["Groups of choices; `runner list GROUP` or `runner list GROUP=CHOICE` for more, * is the default."]
    rows = [(group, _usage(group), ", ".join(_starred(group))) for group in _all_groups()]
    return Table(lines, ("group", "set as", "choices"), rows)


def group_table(group: str) -> Table:
    """The choices of one group, or its keys where there is one schema."""
    if group not in _all_groups() and (meant := _meant(group)):
        raise ConfigError(f"runner list: there is no group {group!r}; {meant}")
    _require(group, _all_groups(), "group", "runner list")
    named = [f"  preset {group}={name}: {_headline(path)}" for name, path in presets(group).items()]
    if group in SINGLE_GROUPS:
        table = choice_table(group, DEFAULT_CHOICE[group])
        table.lines += named
        return table
    if group == EXPERIMENT:
        rows = [(name, _headline(path), "", f"runner {group}={name}") for name, path in presets(group).items()]
        return Table([f"{group}: set as {_usage(group)}"], ("choice", "what it does", "", "command"), rows)
    rows = [
        (name, entry.formula, entry.torch or "", entry.paper or "") for name, entry in sorted(entries(group).items())
    ]
    return Table([f"{group}: set as {_usage(group)}", *_formed(group), *named], CHOICE_HEADER, rows)


def _formed(group: str) -> list[str]:
    """Which choices of a group the native engine trains, where some are compiled."""
    asked = {name: form for name, entry in sorted(entries(group).items()) if (form := has_form(entry)) is not None}
    having = [name for name, form in asked.items() if form]
    if not asked:
        return []
    return [f"  with a compiled form: {'all' if len(having) == len(asked) else ', '.join(having) or 'none'}"]


def choice_table(group: str, name: str) -> Table:
    """Keys, defaults, ranges of one choice, under its formula and source."""
    _require(group, _all_groups(), "group", "runner list")
    if name in presets(group):
        return Table(presets(group)[name].read_text(encoding="utf-8").splitlines(), ())
    _require(name, [*entries(group), *presets(group)], "choice", f"runner list {group}")
    entry = entries(group)[name]
    about = [f"{group}={name}: {entry.formula}"]
    about += [f"  {paragraph}" for paragraph in _more(entry)]
    about += [f"  torch: {entry.torch}"] if entry.torch else []
    about += [f"  source: {entry.paper}"] if entry.paper else []
    about += [f"  lecture: {entry.lecture}"] if entry.lecture else []
    about += [f"  plug-in: {entry.plugin}"] if entry.plugin else []
    about += [f"  compiled form: {'yes' if form else 'no'}"] if (form := has_form(entry)) is not None else []
    about += [] if entry.options else ["  no keys"]
    return Table(
        about, KEY_HEADER, [_row(_path(entry, key), entry.defaults[key], o) for key, o in entry.options.items()]
    )


def presets(group: str) -> dict[str, Path]:
    """Name -> YAML file of the named sets of values in a group's folder."""
    return {path.stem: path for path in sorted((config_dir() / group).glob("*.yaml"))}


def _headline(path: Path) -> str:
    """The first comment of a YAML file that is a sentence."""
    comments = (line[1:].strip() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
    return next((comment for comment in comments if not comment.startswith("@")), "")


def _all_groups() -> list[str]:
    return sorted([*groups(), EXPERIMENT])


def _row(path: str, default: Any, option) -> tuple[str, ...]:
    preset = f" (preset {show(option.preset)})" if option.preset is not None else ""
    return path, show(default), option.allowed(), option.help + preset


def _path(entry: Entry, key: str) -> str:
    return flat_key(entry, key) if entry.group in FLAT_GROUPS else f"{entry.group}.{key}"


def _more(entry: Entry) -> list[str]:
    """The paragraphs of the docstring after the first."""
    return [" ".join(p.split()) for p in (entry.cls.__doc__ or "").strip().split("\n\n")[1:]]


def _usage(group: str) -> str:
    if group in CHOICE_GROUPS:
        return f"{group}=NAME"
    if group in SINGLE_GROUPS:
        return f"{group}.KEY=VALUE"
    if group == EXPERIMENT:
        return f"{group}=NAME"
    if group == "metric":
        return "trainer.metrics=[NAME], early_stopping.monitor=val/NAME"
    return f"{group}.NAME=VALUE" if group in FLAT_GROUPS else f"model.{group}=NAME"


def _starred(group: str) -> list[str]:
    model = entries("model")[DEFAULT_CHOICE["model"]]
    chosen = DEFAULT_CHOICE.get(group) or model.defaults.get(group)
    own = model.options[group].options if group in model.options else ()
    return [f"{name}*" if name == chosen else name for name in sorted({*entries(group), *presets(group), *own})]


def _meant(name: str) -> str:
    """Where there is a choice or a key of this name, or of one like it, if no group is like it; "" if nowhere."""
    places: dict[str, list[tuple[str, str]]] = {}  # name -> (what it is, where it is shown)
    for group in _all_groups():
        for choice in {**entries(group), **presets(group)}:
            places.setdefault(choice, []).append(("a choice", f"{group}={choice}"))
        usual = DEFAULT_CHOICE.get(group)  # shown rather than the others that have the key
        ordered = sorted(entries(group).items(), key=lambda each: each[0] == usual)
        owners = {key: choice for choice, entry in ordered for key in entry.options}
        for key, choice in owners.items():
            places.setdefault(key, []).append(("a key", f"{group}={choice}"))
    near = name if name in places else closest(name, [*_all_groups(), *places])
    if near not in places:
        return ""
    what = places[near][0][0]
    shown = " or ".join(dict.fromkeys(f"runner list {where}" for kind, where in places[near] if kind == what))
    return f"{near} is {what}: {shown}" if near == name else f"did you mean {near}? It is {what}: {shown}"


def _require(name: str, known, what: str, command: str) -> None:
    if name not in known:
        near = closest(name, known)
        hint = f"did you mean {near}? " if near else ""
        raise ConfigError(f"{command}: there is no {what} {name!r}; {hint}allowed: {', '.join(sorted(known))}")
