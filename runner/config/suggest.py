"""Did you mean: the key or choice a user probably wanted."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from runner.config.registry import NAMED, entries
from runner.config.settings import (
    CHOICE_GROUPS,
    DEFAULT_CHOICE,
    FLAT_GROUPS,
    SINGLE_GROUPS,
    flat_entries,
    flat_key,
    root_options,
)

GROUPS = CHOICE_GROUPS + SINGLE_GROUPS + FLAT_GROUPS
NAMED_OTHERWISE = {  # what other launchers are chosen by
    "hydra/launcher=ray": "hydra.launcher.executor=ray",
    "hydra/launcher=joblib": "hydra.launcher.executor=processes",
    "hydra/launcher=slurm": "hydra/launcher=submitit_slurm",
}


def closest(word: str, candidates: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The candidate that looks most like `word`, or None (Ratcliff & Obershelp 1988)."""
    found = difflib.get_close_matches(str(word), list(candidates), 1, cutoff)
    return found[0] if found else None


def catalogue() -> dict[str, list[str]]:
    """Every dotted key -> the choices of its group that have it ([] where the group has one schema)."""
    keys: dict[str, list[str]] = {name: [] for name in root_options()}
    for group in CHOICE_GROUPS:
        for name, entry in entries(group).items():
            for key in entry.options:
                keys.setdefault(f"{group}.{key}", []).append(name)
    for group in SINGLE_GROUPS:
        keys |= {f"{group}.{key}": [] for entry in entries(group).values() for key in entry.options}
    for entry in flat_entries():
        keys |= {flat_key(entry, key): [] for key in entry.options}
    return keys


def explain_unknown_key(key: str, chosen: dict[str, str]) -> str:
    """Why `key` does not exist, and which one is probably meant; `chosen` holds the choice of each group."""
    keys, group = catalogue(), key.split(".")[0]
    where = f"{group}={chosen[group]} has no such key" if group in chosen else "unknown key"
    if key in keys:
        return f"{where}; it belongs to {_choices(group, keys[key])}"
    here = [k for k, owners in keys.items() if not owners or chosen.get(k.split(".")[0]) in owners]
    if found := _value_of_a_key(key, here):
        return f"{where}; did you mean {found}?"
    if found := _alike(key, [k for k in here if k.startswith(f"{group}.")], 0.7):
        return f"{where}; did you mean {found}?"
    if found := _alike(key, [k for k in keys if k.startswith(f"{group}.")], 0.7):
        return f"{where}; did you mean {found}, a key of {_choices(group, keys[found])}?"
    if (last := _last(key)) in map(_last, keys) and last not in map(_last, here):
        found = next(k for k in keys if _last(k) == last)
        return f"{where}; did you mean {found}, a key of {_choices(found.split('.')[0], keys[found])}?"
    if found := _elsewhere(key, here):
        return f"{where}; did you mean {found}?"
    return f"{where}; {_keys_of(group, here)}"


def explain_unknown_choice(group: str, name: str, choices: Iterable[str]) -> str:
    """Why `group=name` does not exist, and what does."""
    choices = sorted(choices)
    found = closest(name, choices)
    meant = NAMED_OTHERWISE.get(f"{group}={name}") or (f"{group}={found}" if found else "")
    hint = f"did you mean {meant}? " if meant else ""
    return f"{group} = {name}: unknown choice; {hint}allowed: {' | '.join(choices)}"


def instead_of_none(group: str) -> str:
    """What to write where `group=null` or `~group` was meant to say "none of it"."""
    if group in FLAT_GROUPS or group == "early_stopping":
        return f"{group}=none switches it off"
    if group in SINGLE_GROUPS:
        return f"leave it out for its defaults, or set its keys; `runner list {group}` shows them"
    return f"{group}={DEFAULT_CHOICE[group]} is the default; `runner list {group}` shows the choices"


def _alike(key: str, candidates: list[str], cutoff: float) -> str | None:
    """The candidate of the same group whose name after the group looks most like that of `key`."""
    rests = {k.split(".", 1)[1]: k for k in candidates}
    found = closest(key.partition(".")[2], rests, cutoff)
    return rests[found] if found else None


def _value_of_a_key(key: str, here: list[str]) -> str | None:
    """key=value for a key that is the name of a choice of another key: model.gelu -> model.activation=gelu."""
    group, _, name = key.rpartition(".")
    pairs = ((f"{group}.{named}", named) for named in NAMED if f"{group}.{named}" in here)
    return next((f"{path}={name}" for path, named in pairs if name in entries(named)), None)


def _elsewhere(key: str, here: list[str]) -> str | None:
    """A key of another group with the same last word or nearly so, or a group that is spelled like it."""
    lasts = {_last(k): k for k in reversed(here)}
    last = _last(key)
    if last in lasts:
        return lasts[last]
    first, dot, _ = key.partition(".")
    if first not in GROUPS and (found := closest(first, GROUPS if dot else GROUPS + tuple(root_options()), 0.7)):
        return found
    found = closest(last, lasts, 0.75)
    return lasts[found] if found else _technique(key)


def _last(key: str) -> str:
    return key.split(".")[-1]


def _technique(key: str) -> str | None:
    """The strength of a technique whose name is a word of `key`: optimizer.sam_rho means regularizer.sam."""
    words = key.replace("_", ".").split(".")
    named = (entry for entry in flat_entries() if entry.name in words)
    return next((flat_key(entry, next(iter(entry.options))) for entry in named), None)


def _choices(group: str, names: list[str]) -> str:
    return " and ".join(f"{group}={name}" for name in names)


def _keys_of(group: str, keys: list[str]) -> str:
    own = [k.split(".", 1)[1] for k in keys if k.startswith(f"{group}.")]
    if own:
        return f"{group} has {', '.join(own)}"
    return f"at the top there are {', '.join(GROUPS + tuple(root_options()))}; `runner list` shows their keys"
