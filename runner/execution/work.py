"""What is trained, a run, and what one worker is given of it at a time, a work."""

from __future__ import annotations

import copy
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from runner.config.compact import compact, shown, told, values
from runner.config.settings import Settings
from runner.ensembles.kinds.base import Ensemble
from runner.plan.populations import Population


@dataclass(frozen=True)
class Stage:
    """A member that trains when those before it have ended: of which kind of ensemble it is, where they lie."""

    kind: Ensemble
    before: tuple[Path, ...]


@dataclass(frozen=True)
class Run:
    """One run: where it lies, what was asked for on the command line, and what that means.

    `choices` are those of Hydra's groups in which it differs from the configuration of its sweep. A run that somebody
    started by itself is `detailed` (weight histograms) and, where that somebody watches, `pictured` (figures). A
    `member` of an ensemble leaves its answers for the others; in a `stage` it trains on what these have left.
    """

    folder: Path
    settings: Settings
    overrides: tuple[str, ...] = ()
    choices: Mapping[str, str | None] = field(default_factory=dict)
    detailed: bool = False
    pictured: bool = False
    member: bool = False
    stage: Stage | None = None

    def at(self, folder: Path) -> Run:
        """The same run in another folder; what has been worked out about it need not be again."""
        other = copy.copy(self)
        object.__setattr__(other, "folder", folder)
        return other

    def known_by(self, other: Run) -> Run:
        """This run, with what has been worked out about one whose settings differ in seed and name alone."""
        own = {"seed": self.settings.seed, "name": self.settings.name}
        differing = {key: value for key, value in own.items() if value != getattr(Settings, key)}
        vars(self)["values"] = ChainMap(own, other._shared)  # of ten thousand runs, eighty keys each would be 40 MB
        for name in ("told", "given"):
            shared = {key: value for key, value in getattr(other, name).items() if key not in own}
            vars(self)[name] = shared | differing
        return self

    @cached_property
    def _shared(self) -> dict[str, Any]:
        return {key: value for key, value in self.values.items() if key not in ("seed", "name")}

    @cached_property
    def _values(self) -> dict[str, Any]:
        return values(self.settings)

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Every key of the run, a choice or a preset under the name of its group."""
        return shown(self.settings, self._values)

    @cached_property
    def told(self) -> dict[str, Any]:
        """Of `values` what is not at the defaults of what was chosen."""
        return told(self.settings, self.values)

    @cached_property
    def given(self) -> dict[str, Any]:
        """The keys that are not at their defaults; from them the settings are made again."""
        return compact(self.settings, self._values) if self.settings.chosen else self.told


@dataclass(frozen=True)
class Work:
    """Runs, by their number in the session, in populations that train one after the other.

    Those that the checkpoint `source` holds continue from there; the others begin, as many side by side as a population
    has places, the next as soon as some have ended. `path` is the checkpoint this work writes.

    Of those that begin, `kept` continue from the state in their own folders. A run pauses after the epoch that `until`
    names, its state in its folder; those that are `pruned` end where they stand.
    """

    populations: tuple[Population, ...]
    path: Path
    source: Path | None = None
    until: Mapping[int, int] = field(default_factory=dict)
    kept: frozenset[int] = frozenset()
    pruned: frozenset[int] = frozenset()

    @property
    def members(self) -> tuple[int, ...]:
        """Its runs, in the order in which they begin."""
        return tuple(i for population in self.populations for i in population.members)

    @property
    def first(self) -> tuple[int, ...]:
        """The runs that begin with the work."""
        members, width = self.populations[0]
        return members[:width]


def on_gpu(runs: Sequence[Settings]) -> bool:
    """Whether one of these runs trains on a GPU."""
    return any(run.trainer.device.startswith("cuda") for run in runs)
