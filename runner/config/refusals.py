"""What is typed must act: overrides that Hydra accepts and that would change nothing, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.config.overrides import is_hydra
from runner.config.settings import CHOICE_GROUPS, EXPERIMENT, declared
from runner.config.suggest import GROUPS, instead_of_none
from runner.config.validate import show

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

SWEEPS = ("hydra.sweep.", "hydra.sweeper", "hydra/sweeper", "hydra.launcher", "hydra/launcher")
RUNS = ("hydra.run.",)
FOLDERS = ("hydra.run.dir", "hydra.sweep.dir")


def refusal(override: Override) -> list[str]:
    """What is wrong with an override that deletes, adds or sets nothing."""
    key, value = override.key_or_group, override.value()
    if is_hydra(override):
        return []
    if override.is_delete():
        return _deletion(key)
    if key == EXPERIMENT and value is None:
        return [f"{override.input_line}: no experiment is chosen by default; leave it out"]
    if key in GROUPS and value is None:
        return [f"{override.input_line}: a group cannot be left out; {instead_of_none(key)}"]
    if key in GROUPS and value == {}:
        return [f"{override.input_line}: sets nothing; leave it out, or set a key: {key}={{KEY:VALUE}}"]
    if key in CHOICE_GROUPS and isinstance(value, dict) and "name" in value:
        return [f"{override.input_line}: a choice brings its own keys; write {key}={value['name']}"]
    group, _, last = key.rpartition(".")
    if group in CHOICE_GROUPS and last == "name":
        return [f"{override.input_line}: a choice brings its own keys; write {group}={show(value)}"]
    if override.is_add() and key in declared():
        return [f"{override.input_line}: the key is there already; write {(override.input_line or '')[1:]} without +"]
    return []


def _deletion(key: str) -> list[str]:
    """Why a key or a group cannot be deleted; nothing for one that is none of ours."""
    if key == EXPERIMENT:
        return [f"~{key}: no experiment is chosen by default; leave it out"]
    if key in GROUPS:
        return [f"~{key}: a group cannot be left out; {instead_of_none(key)}"]
    found = [each for each in declared() if each == key or each.startswith(f"{key}.")]
    if not found:
        return []
    ways = " ".join(f"{each}={way}" for each in found if (way := _off(each)) is not None)
    return [f"~{key}: a key cannot be deleted; leave it out for its default" + (f", or write {ways}" if ways else "")]


def _off(key: str) -> str | None:
    """The value that says "none", if there is one."""
    option: Any = declared()[key]
    return "null" if option.optional else show(option.neutral) if option.neutral is not None else None


def misplaced(overrides: Sequence[Override], multirun: bool) -> list[str]:
    """What is wrong with overrides of Hydra's own keys that are read in sweeps only, or in single runs only.

    The folders of both may be named at once, for a command that is to do either way.
    """
    both = {*FOLDERS} <= {each.key_or_group for each in overrides}
    kept = [each for each in overrides if not (both and each.key_or_group in FOLDERS)]
    return [problem for each in kept for problem in _of_the_other(each, multirun)]


def _of_the_other(override: Override, multirun: bool) -> list[str]:
    key, word = override.key_or_group, override.input_line
    if not multirun and key.startswith(SWEEPS):
        run = "; a single run's folder is hydra.run.dir" if key == "hydra.sweep.dir" else ""
        return [f"{word}: is for sweeps and does nothing in a single run; leave it out, or add -m{run}"]
    if multirun and key.startswith(RUNS):
        sweep = "; a sweep's folder is hydra.sweep.dir" if key == "hydra.run.dir" else ""
        return [f"{word}: is for single runs and does nothing in a sweep; leave it out{sweep}"]
    if multirun and key == "hydra.mode" and str(override.value()) == "RUN":
        return [f"{word}: asks for a single run, -m for a sweep; leave one of them out"]
    return []
