"""A sweep whose search asks for new settings while it trains: what it asks for becomes runs of the sweep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.compose import Composer
from runner.config.overrides import parse_word
from runner.config.settings import luck
from runner.config.words import key_of
from runner.errors import ConfigError
from runner.execution import run_list
from runner.execution.new_runs import Job, NewRuns
from runner.execution.work import Run
from runner.plan.duplicates import request
from runner.plan.recipes import node
from runner.plan.space import runs as each_run
from runner.plan.sweeper import SweeperOptions, asks
from runner.records.command import hydra_node
from runner.records.run_folder import LIST, MULTIRUN

if TYPE_CHECKING:
    from runner.search.sampling import OptunaSearch

Words = tuple[str, ...]


@dataclass
class Growth:
    """The search that asks, and what makes runs of it. `jobs` are those of this process, in their order; `folders` are
    those of all runs, by what was asked for.
    """

    search: OptunaSearch
    made: NewRuns
    before: Sequence[Run]
    jobs: list[Job] = field(default_factory=list)
    folders: dict[str, Path] = field(default_factory=dict)

    @staticmethod
    def of(made: NewRuns, jobs: list[Job], before: Sequence[Run]) -> Growth | None:
        """That of a sweep, as its configuration says; None if its settings are known when it begins."""
        sweeper = node(made.config, "sweeper")
        if not asks(sweeper):
            return None
        from runner.search.asking import asking

        search = asking(SweeperOptions.of(sweeper), made.words, made.composer, made.root)
        return Growth(search, made, before, jobs, {request(run.settings, run.told): run.folder for run in before})

    @staticmethod
    @contextmanager
    def again(root: Path, before: Sequence[Run]) -> Iterator[Growth | None]:
        """That of a sweep that is resumed."""
        if not asks((hydra_node(root / MULTIRUN) or {}).get("sweeper") or {}):
            yield None
            return
        with NewRuns.again(root) as made:
            yield Growth.of(made, [], before)

    def begun(self) -> list[Run]:
        """The runs that are there, and those that they lack of what chance decides, such as more seeds; of a new sweep
        the first that are asked for.
        """
        if self.before:
            there = [tuple(word for word in run.overrides if key_of(word) not in luck()) for run in self.before]
            return [*self.before, *self.more([*map(self.search.with_chance, dict.fromkeys(there))], self.before)]
        first = self.search.next([])
        return self.more(first.jobs if first else (), [])

    def more(self, settings: Sequence[Words], before: Sequence[Run]) -> list[Run]:
        """The runs of new settings, given all that are there."""
        jobs = [job for words in settings for job in each_run([parse_word(word) for word in words])]
        read = self.made.read([[each.input_line or "" for each in job] for job in jobs])
        new = self.made.placed(read, self.folders, before)
        self.jobs += read
        return new


def check_folder(words: list[str], sweeper: dict[str, Any], composer: Composer, root: Path) -> None:
    """ConfigError if the sweep in a folder, if there is one, cannot grow by a search: it is of another one, or of more
    trials.
    """
    from runner.search.asking import asking

    options = SweeperOptions.of(sweeper)
    before = ((hydra_node(root / MULTIRUN) or {}).get("sweeper") or {}).get("n_trials")
    there = run_list.load(root)[0] if (root / LIST).is_file() else []
    if there and isinstance(before, int) and options.n_trials < before:
        raise ConfigError(
            f"hydra.sweeper.n_trials = {options.n_trials}: the sweep was begun with {before}; give at least as many, "
            f"as in hydra.sweeper.n_trials={before}"
        )
    search = asking(options, words, composer, root)
    for run in there:
        search.trial_of(run.overrides)
