"""How much each key of a search matters to be among its best trials: Optuna's PED-ANOVA, with what chance alone gives.

The evaluator compares where the best trials lie on a key with where all lie (Watanabe 2023; with keys that only some
trials have, Takahashi 2026). Its shares are uncertain in two ways, each told by repeating it: over resampled trials (the
interval from the 5th to the 95th percentile, Efron 1979), and over shuffled values, where no key matters (what 95 of 100
shuffles stay below).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.errors import ConfigError
from runner.reports.searches.scales import Key
from runner.reports.searches.trials import Trial

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

LEAST = 10  # trials from which anything is said
MOST = 1000  # trials that are used
REPEATS = 60  # of each kind
INSIDE = (5, 95)  # percentiles
TOP, TOP_LEAST = 0.1, 5  # the best trials: a share of all, but so many at least
MISSING = "importance of keys takes Optuna: pip install 'runner[optuna]'"


@dataclass(frozen=True)
class Importance:
    """The share of one key; `low` and `high` are its interval, `chance` what a key without influence reaches."""

    key: Key
    share: float
    low: float
    high: float
    chance: float

    @property
    def matters(self) -> bool:
        """Whether it is more than chance gives."""
        return self.share > self.chance


def too_few(trials: Sequence[Trial]) -> str:
    """Why there is no importance; "" if there are trials enough."""
    n = sum(trial.value is not None for trial in trials)
    return f"importance of keys takes {LEAST} trials or more that have finished; here are {n}" if n < LEAST else ""


def importances(trials: Sequence[Trial], keys: Sequence[Key], *, maximize: bool) -> list[Importance]:
    """Of each key, the most important first; all are 0 where all trials reached the same.

    Raises ConfigError without Optuna, or with too few trials.
    """
    if few := too_few(trials):
        raise ConfigError(few)
    found = [trial for trial in trials if trial.value is not None]
    found = [found[i] for i in np.linspace(0, len(found) - 1, min(len(found), MOST)).astype(int)]
    values = np.array([trial.value for trial in found], float)
    params = [{key.key: place for key in keys if (place := key.place(t.setting)) is not None} for t in found]
    evaluate = _Evaluator([key.key for key in keys], _distributions(keys), maximize=maximize)
    random, n = np.random.default_rng(0), len(found)
    shares = _normalized(evaluate(params, values))
    draws = [random.integers(n, size=n) for _ in range(REPEATS)]
    again = np.array([_normalized(evaluate([params[i] for i in draw], values[draw])) for draw in draws])
    raw = np.array([evaluate(params, random.permutation(values)) for _ in range(REPEATS)])
    low, high = np.percentile(again, INSIDE, axis=0)
    total = evaluate(params, values).sum()
    chance = np.minimum(np.percentile(raw, INSIDE[1], axis=0) / total, 1.0) if total else np.ones(len(keys))
    ends = zip(keys, shares, np.minimum(low, shares), np.maximum(high, shares), chance, strict=True)
    return sorted((Importance(key, *map(float, each)) for key, *each in ends), key=lambda each: -each.share)


def _normalized(raw: np.ndarray) -> np.ndarray:
    total = raw.sum()
    return raw / total if total else raw


class _Evaluator:
    """Optuna's evaluator on trials in memory: the importance [K] of each key, not normalized."""

    def __init__(self, names: Sequence[str], distributions: Mapping[str, Any], *, maximize: bool):
        try:
            import optuna
        except ImportError as error:
            raise ConfigError(MISSING) from error
        self.optuna: Any = optuna
        self.names, self.distributions, self.maximize = names, distributions, maximize

    def __call__(self, params: Sequence[Mapping[str, float]], values: np.ndarray) -> np.ndarray:
        verbosity = self.optuna.logging.get_verbosity()
        self.optuna.logging.set_verbosity(self.optuna.logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of few trials, which the interval tells
                study = self.optuna.create_study(direction="maximize" if self.maximize else "minimize")
                study.add_trials([self._trial(*each) for each in zip(params, values, strict=True)])
                quantile = min(max(TOP, TOP_LEAST / len(values)), 0.5)
                evaluator = self.optuna.importance.PedAnovaImportanceEvaluator(target_quantile=quantile)
                known = {name for each in params for name in each}
                found = self.optuna.importance.get_param_importances(
                    study, evaluator=evaluator, params=[name for name in self.names if name in known], normalize=False
                )
        finally:
            self.optuna.logging.set_verbosity(verbosity)
        return np.array([float(found.get(name, 0.0)) for name in self.names])

    def _trial(self, params: Mapping[str, float], value: float) -> FrozenTrial:
        kinds = {name: self.distributions[name] for name in params}
        return self.optuna.trial.create_trial(params=dict(params), distributions=kinds, value=float(value))


def _distributions(keys: Sequence[Key]) -> dict[str, Any]:
    """Optuna's of each key: words are categories, numbers an interval from the smallest to the largest."""
    try:
        from optuna.distributions import CategoricalDistribution, FloatDistribution
    except ImportError as error:
        raise ConfigError(MISSING) from error
    found: dict[str, Any] = {}
    for key in keys:
        values = sorted(set(key.at.values()))
        log = key.log and values[0] > 0
        found[key.key] = CategoricalDistribution(values) if key.words else FloatDistribution(values[0], values[-1], log=log)
    return found
