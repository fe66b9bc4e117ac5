"""Optuna's samplers, so that what is asked for a trial depends on the trials before it alone.

A sampler of Optuna carries a generator from one trial to the next; a sweep that was resumed would have to ask for every
trial again to bring it where it was. Here each trial has a sampler of its own, seeded by the seed of the search and the
number of the trial. What a sampler has to remember (the state of CMA-ES, the place in a Sobol sequence) Optuna keeps in
the study, so that those trials are asked for again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, QMCSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState


@dataclass(frozen=True)
class Wanted:
    """What a sampler is made of: hydra.sweeper.seed and startup, and whether some keys are there with some choices
    only.
    """

    seed: int
    startup: int
    conditional: bool
    objectives: int = 1


@dataclass(frozen=True)
class Kind:
    """A sampler by its name in hydra.sweeper.sampler: how one is made, and whether it remembers earlier trials by more
    than their values.
    """

    make: Callable[[Wanted, int], BaseSampler]
    remembers: bool = False


def _tpe(wanted: Wanted, seed: int) -> BaseSampler:
    """Tree-structured Parzen estimators (Watanabe 2023): jointly over the keys that are there together. Trials that
    train count as bad ones, so that a batch is not all at one place.
    """
    together = wanted.objectives == 1
    return TPESampler(n_startup_trials=wanted.startup, seed=seed, group=wanted.conditional and together)


def _cmaes(wanted: Wanted, seed: int) -> BaseSampler:
    """CMA-ES (Hansen 2016) over the numbers; choices are drawn."""
    return CmaEsSampler(n_startup_trials=max(wanted.startup, 1), seed=seed, warn_independent_sampling=False)


def _gp(wanted: Wanted, seed: int) -> BaseSampler:
    """A Gaussian process and the expected improvement (of a batch: over what is training)."""
    return GPSampler(n_startup_trials=wanted.startup, seed=seed, warn_independent_sampling=False)


def _qmc(wanted: Wanted, seed: int) -> BaseSampler:
    """The scrambled Sobol sequence of the search's seed."""
    drawn = RandomSampler(seed=seed)
    return QMCSampler(scramble=True, seed=wanted.seed, independent_sampler=drawn, warn_independent_sampling=False)


KINDS = {
    "tpe": Kind(_tpe),
    "cmaes": Kind(_cmaes, remembers=True),
    "gp": Kind(_gp),
    "qmc": Kind(_qmc, remembers=True),
    "random": Kind(lambda wanted, seed: RandomSampler(seed=seed)),
}


class Asked(BaseSampler):
    """One sampler a trial (`prepare`d before each), whose numbers are rounded to what trains.

    `space` has the distribution of every key, also of those that are not in every trial; `rounded` makes of a name and
    a number the one that trains.
    """

    def __init__(
        self, kind: str, wanted: Wanted, space: Mapping[str, BaseDistribution], rounded: Callable[[str, Any], Any]
    ):
        self.kind, self.wanted, self.space, self.rounded = kind, wanted, space, rounded
        self.own: BaseSampler = RandomSampler()

    def prepare(self, place: int, attempt: int, *, drawn: bool) -> None:
        """Make the sampler of the trial that is asked for next."""
        text = f"{self.wanted.seed} {place} {attempt}"
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        self.own = RandomSampler(seed=seed) if drawn else KINDS[self.kind].make(self.wanted, seed)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What is sampled jointly. A Sobol sequence has a coordinate for each key from its first point on."""
        if isinstance(self.own, QMCSampler):
            return {name: each for name, each in self.space.items() if not each.single()}
        return self.own.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The values of the keys that are sampled jointly."""
        found = self.own.sample_relative(study, trial, search_space)
        return {name: self.rounded(name, value) for name, value in found.items()}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """The value of any other key."""
        return self.rounded(param_name, self.own.sample_independent(study, trial, param_name, param_distribution))

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        """A sampler that lives for one trial has nothing to learn at its end."""
