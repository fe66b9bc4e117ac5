"""The command that repeats a run: the words it was started with if they still mean that run, else its settings.

Words are believed only after they have been composed: the files they were recorded in may have been edited, a preset
changed, a relative path may lead elsewhere from another working folder.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from runner.config.settings import Settings
from runner.config.words import key_of, words
from runner.errors import ConfigError
from runner.execution.configurations import line_of
from runner.execution.run_list import home_of
from runner.records.command import Command, is_launcher

FOLD = "dataset.fold"


def by_settings(settings: Settings) -> Command:
    """The command of any run, however it was started: what is not at its default."""
    return Command(tuple(words(settings)))


def command_of(settings: Settings, folder: Path, typed: Sequence[str] = ()) -> Command:
    """The command that trains `settings` again: as the run in `folder` was started (with the words `typed`, where
    its sweep has recorded them), or by its settings.
    """
    home = home_of(folder)
    found = Command.stored(home)
    if typed:
        found = dataclasses.replace(found or Command(()), words=tuple(typed))
    if found and settings.dataset.fold is not None and FOLD not in map(key_of, found.words):
        found = dataclasses.replace(found, words=(*found.words, f"{FOLD}={settings.dataset.fold}"))
    return found if found and means(found, settings) else by_settings(settings)


def means(command: Command, settings: Settings) -> bool:
    """Whether the command trains these settings."""
    about_hydra = [word for word in command.hydra if not is_launcher(word)]
    try:
        line = line_of(command, *about_hydra, "hydra.mode=RUN")
        return [each.tree() for each in line.settings] == [settings.tree()]
    except ConfigError:
        return False
