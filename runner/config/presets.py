"""Presets: choices that are named sets of values over a registered one, as `optimizer=nesterov` is sgd with momentum.

Hydra composes them to the keys they set, and their names would be lost: `Settings.chosen` keeps them, so that what was
typed is what every table and name shows. Those of `configs/` are known here with what they set.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runner.config.location import config_dir
from runner.config.registry import entries, name_of
from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE, SINGLE_GROUPS, Settings

NAMED_GROUPS = CHOICE_GROUPS + SINGLE_GROUPS  # those in which one choice of several is made


@dataclass(frozen=True)
class Preset:
    """A registered choice and the values that the preset sets in it."""

    base: str
    values: Mapping[str, Any]


@functools.cache
def preset(group: str, name: str) -> Preset | None:
    """The preset of `configs/`, or None if there is none of this name."""
    import yaml

    files = {path.stem: path for path in (config_dir() / group).glob("*.yaml")} if group in NAMED_GROUPS else {}
    if name not in files:
        return None
    content = yaml.safe_load(files[name].read_text(encoding="utf-8"))
    base = next(each for each in content.pop("defaults") if each != "_self_")
    return Preset(base, content)


def registered(group: str, name: str) -> str | None:
    """The registered choice behind the name of a choice or of a preset; None if neither is known here."""
    if group in SINGLE_GROUPS or name in entries(group):
        return DEFAULT_CHOICE[group] if group in SINGLE_GROUPS else name
    found = preset(group, name)
    return found.base if found else None


def with_known(settings: Settings) -> Settings:
    """The settings under the names of those presets only that `configs/` has: what a command can be made of."""
    known = {group: name for group, name in settings.chosen.items() if preset(group, name)}
    return dataclasses.replace(settings, chosen=known)


def names_chosen(settings: Settings, choices: Mapping[Any, Any]) -> dict[str, str]:
    """Of Hydra's choices (hydra.runtime.choices) those whose names the settings alone do not tell."""
    found = {}
    for group in NAMED_GROUPS:
        name = choices.get(group)
        if isinstance(name, str) and name != _own_name(settings, group):
            found[group] = name
    return found


def _own_name(settings: Settings, group: str) -> str:
    return name_of(getattr(settings, group), group) if group in CHOICE_GROUPS else DEFAULT_CHOICE[group]
