"""One run as a row of text and numbers: its settings, how it ended and what was measured."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.config.belonging import NAMING, unread
from runner.config.choices import cached
from runner.config.compact import defaults, recorded, text, wrong
from runner.config.presets import NAMED_GROUPS
from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE
from runner.errors import ConfigError
from runner.execution.stored import CONFIG, read_tree
from runner.reports.units import Luck, luck_of

FINISHED = ("completed", "stopped_early")
UNFINISHED = "unfinished"


@dataclass
class RunRow:
    """One run: `keys` are its settings as text (those known of its source, see `setting`), metrics those measured."""

    folder: Path
    status: str
    keys: dict[str, str]
    metrics: dict[str, float] = field(default_factory=dict)
    error: str = ""
    overrides: tuple[str, ...] = ()
    best_epoch: str = ""
    epochs: str = ""  # it has made
    seconds: str = ""  # it took
    parameters: str = ""  # how many numbers its network learned
    given: Mapping[str, Any] | None = None  # what is not at its default, as its sweep has recorded it
    same_as: Path | None = None  # the folder of the run that this one is the same run as
    without_effect: tuple[str, ...] = ()  # groups whose choice never came to act, such as averaging
    chosen: Mapping[str, str] = field(default_factory=dict)  # `Settings.chosen`, likewise
    damaged: bool = False  # it has ended, but its files do not hold; counts as not ended
    order: tuple[str, ...] = ()  # all keys as its configuration has them, where that was read

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def made(self) -> int:
        """How many epochs it has made; 0 where nothing says it."""
        return int(self.epochs) if self.epochs.isdigit() else 0

    @property
    def untrained(self) -> bool:
        """Whether it kept the network that it began with, as training never bettered it."""
        trained = self.setting("trainer.epochs") != "0"
        restored = self.setting("early_stopping.restore_best") == "true"
        return self.finished and self.best_epoch == "0" and trained and restored

    @functools.cached_property
    def luck(self) -> Luck:
        """What chance gave the run."""
        return luck_of(self.setting)

    def setting(self, key: str) -> str:
        """The value of any key: where the source does not name it, the default; "" if the run has no such key."""
        return self.keys[key] if key in self.keys else self.default(key)

    def default(self, key: str) -> str:
        """The default of a key, given the choices of the run; "" if it has no such key."""
        default = defaults_of(self.keys)
        return text(default[key]) if key in default else ""


def defaults_of(keys: Mapping[str, str]) -> Mapping[str, Any]:
    """The default of every key that a run with these choices has a use for; none of those of a choice that is not
    registered here.
    """
    chosen = tuple(keys.get(group, DEFAULT_CHOICE[group]) for group in NAMED_GROUPS)
    found = defaults(chosen)
    return _defaults_but(unread({key: keys.get(key, found.get(key)) for key in NAMING}), chosen)


@cached
def _defaults_but(without: frozenset[str], chosen: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in defaults(chosen).items() if key not in without}


def unfit(rows: Iterable[RunRow]) -> list[str]:
    """How many of these runs did not finish, by what became of them: "2 diverged", "1 damaged"."""
    found = Counter("damaged" if row.damaged else row.status for row in rows if not row.finished)
    names = {"diverged": "diverged", "failed": "failed", "damaged": "damaged", UNFINISHED: "not ended"}
    return [f"{found[status]} {name}" for status, name in names.items() if found[status]]


def recorded_row(folder: Path, *, checked: bool = True) -> RunRow:
    """A run with its settings that are not at their defaults, its seed and its choices, which need not be registered
    here: what was recorded is enough to report. ConfigError if the folder does not hold them, or not whole.
    """
    tree, chosen, _ = read_tree(folder, checked=checked)
    problems = wrong(tree)
    if problems:
        raise ConfigError([f"{folder / CONFIG}: {problem}" for problem in problems])
    values, told = recorded(tree, chosen)
    keys = {key: text(value) for key, value in told.items()}
    keys |= {key: text(values[key]) for key in ("seed", *CHOICE_GROUPS) if key in values}
    return RunRow(folder, UNFINISHED, keys, order=tuple(values))


def align(rows: Sequence[RunRow]) -> None:
    """Give rows of `recorded_row` the same keys in the same order, that of their configurations."""
    told = {key for row in rows for key in row.keys}
    names = [key for key in dict.fromkeys(key for row in rows for key in row.order) if key in told]
    for row in rows:
        row.keys = {key: row.setting(key) for key in names}
