"""`hydra/sweeper=optuna`: settings that Optuna asks for, a batch at a time, from what the earlier ones have reached.

A batch is asked for as a whole before any of it is told, and told in the order of its trials: what is asked for does
not depend on how many workers there are, nor on which run ends first. Nothing is kept between two rounds that could not
be made again from the trials themselves, so a sweep that was killed goes on with the same ones, and one that gets more
trials goes on as if it had been started with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, TrialState

from runner.config.overrides import parse_word
from runner.config.settings import luck
from runner.errors import ConfigError
from runner.plan.space import Space
from runner.search.base import Round, Standing
from runner.search.distributions import distribution, override_of, value_of
from runner.search.samplers import KINDS, Asked, Wanted
from runner.search.storage import Direction, Mirror, quiet, running

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

ATTEMPTS = 100  # to find a setting that can be trained and has not been tried ...
LEARNED = 10  # ... so many by the sampler, the others drawn

Words = tuple[str, ...]


@dataclass(frozen=True)
class Sampling:
    """hydra.sweeper.*, checked: what a search with Optuna is asked to do."""

    n_trials: int
    batch: int
    sampler: str
    startup: int
    seed: int
    maximize: tuple[bool, ...]  # one an objective

    @property
    def directions(self) -> list[Direction]:
        """As Optuna calls them."""
        return ["maximize" if each else "minimize" for each in self.maximize]


class OptunaSearch:
    """Trials from a sampler of Optuna.

    Args:
        space: what is searched.
        how: the options.
        objectives: what a trial is told by.
        judged: what tells a setting from others, and what is wrong with it; one that is there already, or that cannot
            be trained, is not: Optuna is asked for another.
        mirror: where the study is written for others to read, if anywhere.
    """

    def __init__(
        self,
        space: Space,
        how: Sampling,
        objectives: Sequence[str] = ("val/loss",),
        judged: Callable[[list[Override]], tuple[str, list[str]]] = lambda job: (" ".join(chosen(job)), []),
        mirror: Mirror | None = None,
    ):
        self.space, self.how, self.judged, self.mirror = space, how, judged, mirror
        self.objectives = objectives
        self.dimensions = {each.name: each for each in space.dimensions}
        self.distributions = {name: distribution(each) for name, each in self.dimensions.items()}
        conditional = bool(space.existence.partly)
        wanted = Wanted(how.seed, how.startup, conditional, len(how.maximize))
        self.sampler = Asked(how.sampler, wanted, self.distributions, self._rounded)
        self.study = optuna.create_study(directions=how.directions, sampler=self.sampler)
        self.asked: dict[str, tuple[Words, int]] = {}  # its key -> words of a trial and its number in the study
        self.told = 0
        self.exhausted = False  # there is no setting left

    def share(self, count: int) -> float:
        """More than 1 while trials are still to be asked for."""
        return max(self.how.n_trials / max(count, 1), 1.0)

    def next(self, trials: Sequence[Standing]) -> Round | None:
        """The next batch. Raises ConfigError for trials that are none of this search."""
        if not all(each.ended for each in trials):
            return Round(said=f"trial {len(trials)} of {self.how.n_trials}")
        if len(trials) > self.how.n_trials:
            raise ConfigError(
                f"hydra.sweeper.n_trials = {self.how.n_trials}: the sweep has {len(trials)} trials already; give at "
                f"least as many, as in hydra.sweeper.n_trials={len(trials)}"
            )
        with quiet():
            jobs = self._grow(trials)
            if self.mirror:
                self.mirror.write(self._recorded(trials))
        return Round(jobs) if jobs else None

    def _grow(self, trials: Sequence[Standing]) -> tuple[Words, ...]:
        """The words of new trials, up to the end of the next batch."""
        before, batch = len(trials), self.how.batch
        until = min((before // batch + 1) * batch, self.how.n_trials)
        for place in range(len(self.asked), before if self.exhausted else until):
            if place % batch == 0:
                self._tell(trials, place)
            if place < before:
                self._take_over(place, trials[place].words)
            elif not self._ask(place):
                self.exhausted = True
                break
        if self.exhausted or until == before:
            self._tell(trials, before)
        return tuple(self.with_chance(words) for words, _ in list(self.asked.values())[before:])

    def with_chance(self, words: Words) -> Words:
        """A setting with all values of what chance decides."""
        chance = self.space.chance([parse_word(word) for word in words])
        return (*words, *(each.input_line or "" for each in chance))

    # ---- asking

    def _ask(self, place: int) -> Words | None:
        """The words of a new trial; None if nothing new is found. ConfigError if all that is found is wrong."""
        wrong: list[str] = []
        for attempt in range(ATTEMPTS):
            self.sampler.prepare(place, attempt, drawn=attempt >= LEARNED)
            trial = self.study.ask()
            job = self._job(trial)
            key, problems = self.judged(job)
            if key not in self.asked and not problems:
                self.asked[key] = chosen(job), self._kept(trial)
                return chosen(job)
            wrong += problems
            self.study.tell(trial, state=TrialState.FAIL)
        if len(wrong) == ATTEMPTS:
            raise ConfigError([f"trial {place}: no setting that could be trained is found: {wrong[-1]}"])
        return None

    def _kept(self, trial: Trial) -> int:
        """The number of a trial in the study, where it stands by its values alone, as it would in a later life; with
        what the sampler has noted about it only where that is asked for again.
        """
        if KINDS[self.how.sampler].remembers:
            return trial.number
        self.study.tell(trial, state=TrialState.FAIL)
        return self._added(running(trial.params, trial.distributions))

    def _added(self, trial: FrozenTrial) -> int:
        self.study.add_trial(trial)
        return len(self.study.get_trials(deepcopy=False)) - 1

    def _job(self, trial: Trial) -> list[Override]:
        values: dict[str, Override] = {}
        for name, each in self.dimensions.items():
            if self.space.there(each, values):
                values[name] = override_of(each, _suggested(trial, name, self.distributions[name]))
        return self.space.job(values)

    def _rounded(self, name: str, value: Any) -> Any:
        dimension = self.dimensions[name]
        return value_of(dimension, override_of(dimension, value))

    # ---- trials that are there

    def _take_over(self, place: int, words: Words) -> None:
        """Have a trial of the sweep in the study: asked for again where the sampler has to remember that."""
        if KINDS[self.how.sampler].remembers:
            again = self._ask(place)
            if again == words:
                return
            if again is not None:  # asked for when an earlier trial had failed, which it has not since
                self.study.tell(self.asked.popitem()[1][1], state=TrialState.FAIL)
        key, _ = self.judged([parse_word(word) for word in words])
        self.asked[key] = words, self._added(self.trial_of(words))

    def trial_of(self, words: Words) -> FrozenTrial:
        """A trial of the sweep, as it trains. ConfigError if the search could not have asked for it."""
        known = {each.key_or_group: each for each in map(parse_word, words)}
        try:
            there = {name: known[each.key] for name, each in self.dimensions.items() if each.key in known}
            params = {name: value_of(self.dimensions[name], override) for name, override in there.items()}
            found = running(params, {name: self.distributions[name] for name in params})
            if any((name in there) != self.space.there(each, there) for name, each in self.dimensions.items()):
                raise ValueError("keys that are there with other choices")
        except (KeyError, ValueError) as error:
            raise ConfigError(
                f"{' '.join(words)}: is a trial of the sweep and none that this search could ask for; give the keys "
                "and ranges that it was begun with, or begin another sweep"
            ) from error
        return found

    def _tell(self, trials: Sequence[Standing], until: int) -> None:
        """What the trials before `until` have reached. One that diverged or failed is the worst there is, without a
        number: Optuna calls that pruned.
        """
        for (_, number), trial in list(zip(self.asked.values(), trials, strict=False))[self.told : until]:
            values = _known(trial)
            self.study.tell(number, values, state=TrialState.COMPLETE if values else TrialState.PRUNED)
        self.told = until

    def _recorded(self, trials: Sequence[Standing]) -> list[tuple[FrozenTrial, list[float] | None, bool]]:
        """(trial, values, whether it has ended), as they are shown to others."""
        every = self.study.get_trials(deepcopy=False)
        ended = [(_known(each), True) for each in trials]
        ended += [(None, False)] * (len(self.asked) - len(trials))
        return [(every[n], *how) for (_, n), how in zip(self.asked.values(), ended, strict=True)]


def chosen(job: Sequence[Override]) -> Words:
    """The words of a setting without what chance decides."""
    return tuple(each.input_line or "" for each in job if each.key_or_group not in luck())


def _known(trial: Standing) -> list[float] | None:
    """The values of a trial, None if one is lacking."""
    values = [value for value in trial.values if value is not None]
    return values if values and len(values) == len(trial.values) else None


def _suggested(trial: Trial, name: str, of: BaseDistribution) -> Any:
    if isinstance(of, CategoricalDistribution):
        return trial.suggest_categorical(name, of.choices)
    suggest: Any = trial.suggest_int if isinstance(of, IntDistribution) else trial.suggest_float
    return suggest(name, of.low, of.high, log=of.log, **({} if of.log else {"step": of.step}))  # type: ignore[attr-defined]
