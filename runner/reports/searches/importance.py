"""How much each key of a search matters to be among its best trials: Optuna's PED-ANOVA, with what chance alone gives.

The evaluator compares where the best trials lie on a key with where all lie (Watanabe et al. 2023, arXiv:2304.10255;
keys that only some trials have: arXiv:2601.20800). How uncertain its shares are is told by repeating it: over resampled
trials (the interval from the 5th to the 95th percentile, Efron 1979), and over shuffled values, where no key matters
(what 95 of 100 shuffles stay below).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.errors import ConfigError
from runner.reports.report_text import Column, plain
from runner.reports.searches.scales import Key, keys_of
from runner.reports.searches.trials import Trial, trials_of
from runner.reports.sections import Section

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

LEAST = 10  # trials from which anything is said
MOST = 500  # trials that are used
REPEATS = 40  # of each kind
INSIDE = (5, 95)  # percentiles
TOP, TOP_LEAST = 0.1, 5  # the best trials: a share of all, but so many at least
STUDY = "search"
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
    n = sum(trial.reached is not None for trial in trials)
    return f"importance of keys takes {LEAST} trials or more that have ended well; here are {n}" if n < LEAST else ""


def importances(trials: Sequence[Trial], keys: Sequence[Key], *, maximize: bool) -> list[Importance]:
    """Of each key, the most important first; all are 0 where all trials reached the same. A pruned trial counts with
    what it had reached.

    Raises ConfigError without Optuna, or with too few trials.
    """
    if few := too_few(trials):
        raise ConfigError(few)
    found = [trial for trial in trials if trial.reached is not None]
    found = [found[i] for i in np.linspace(0, len(found) - 1, min(len(found), MOST)).astype(int)]
    values = np.array([trial.reached for trial in found], float)
    params = [{key.key: place for key in keys if (place := key.place(t.setting)) is not None} for t in found]
    evaluate = _evaluator(keys, params, values, maximize=maximize)
    random, n = np.random.default_rng(0), len(found)
    raw = evaluate(range(n), values)
    shares = _normalized(raw)
    again = np.array([_normalized(evaluate(random.integers(n, size=n), values)) for _ in range(REPEATS)])
    shuffled = np.array([evaluate(range(n), random.permutation(values)) for _ in range(REPEATS)])
    low, high = np.percentile(again, INSIDE, axis=0)
    total = raw.sum()
    chance = np.minimum(np.percentile(shuffled, INSIDE[1], axis=0) / total, 1.0) if total else np.ones(len(keys))
    ends = zip(keys, shares, np.minimum(low, shares), np.maximum(high, shares), chance, strict=True)
    return sorted((Importance(key, *map(float, each)) for key, *each in ends), key=lambda each: -each.share)


def importance_lines(section: Section) -> list[str]:
    """The importances as a table in text. Raises ConfigError as `importances`."""
    found = importances(trials_of(section), keys_of(section), maximize=section.maximize)
    columns = [
        Column("key", [each.key.name for each in found], number=False),
        Column("importance", [f"{each.share:.0%}" for each in found]),
        Column("5th to 95th percentile", [f"{each.low:.0%} to {each.high:.0%}" for each in found]),
        Column("", ["" if each.matters else "no more than chance gives" for each in found], number=False),
    ]
    title = "importance for being among the best settings (Optuna's PED-ANOVA; percentiles over resampled settings):"
    return [title, *(f"  {line}" for line in plain(columns))]


def _normalized(raw: np.ndarray) -> np.ndarray:
    total = raw.sum()
    return raw / total if total else raw


Judge = Callable[[Iterable[int], np.ndarray], np.ndarray]  # (positions of trials, values of all) -> importance [K]


def _evaluator(
    keys: Sequence[Key], params: Sequence[Mapping[str, float]], values: np.ndarray, *, maximize: bool
) -> Judge:
    """Optuna's importance of each key, not normalized, among some of the trials; ConfigError without Optuna."""
    try:
        import optuna
    except ImportError as error:
        raise ConfigError(MISSING) from error
    study, sign = _study(optuna, keys, params, values), -1 if maximize else 1
    trials = study.get_trials(deepcopy=False)

    def evaluate(positions: Iterable[int], values: np.ndarray) -> np.ndarray:
        study.chosen = [trials[i] for i in positions]
        known = {name for trial in study.chosen for name in trial.params}
        quantile = min(max(TOP, TOP_LEAST / len(study.chosen)), 0.5)
        with _quiet(optuna):
            found = optuna.importance.get_param_importances(
                study,
                evaluator=optuna.importance.PedAnovaImportanceEvaluator(target_quantile=quantile),
                params=[key.key for key in keys if key.key in known],
                target=lambda trial: sign * float(values[trial.number]),
                normalize=False,
            )
        return np.array([float(found.get(key.key, 0.0)) for key in keys])

    return evaluate


def _study(optuna: Any, keys: Sequence[Key], params: Sequence[Mapping[str, float]], values: np.ndarray) -> Any:
    """The trials as a study in memory, of which some can be `chosen`, one perhaps several times: to make a study takes
    longer than to judge it.
    """

    class Resampled(optuna.study.Study):  # type: ignore[name-defined, misc]
        chosen: Sequence[FrozenTrial] | None = None

        def get_trials(self, deepcopy: bool = True, states: Any = None) -> list[FrozenTrial]:
            return super().get_trials(deepcopy, states) if self.chosen is None else list(self.chosen)

    kinds, storage = _distributions(keys), optuna.storages.InMemoryStorage()
    with _quiet(optuna):
        optuna.create_study(storage=storage, study_name=STUDY)
        study = Resampled(STUDY, storage)
        for own, value in zip(params, values, strict=True):
            known = {key: kinds[key] for key in own}
            study.add_trial(optuna.trial.create_trial(params=dict(own), distributions=known, value=float(value)))
    return study


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Without what Optuna says of new studies and of few trials, which the interval tells."""
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def _distributions(keys: Sequence[Key]) -> dict[str, Any]:
    """Optuna's of each key: words are categories, numbers an interval from the smallest to the largest."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    found: dict[str, Any] = {}
    for key in keys:
        values = sorted(set(key.at.values()))
        log = key.log and values[0] > 0
        found[key.key] = (
            CategoricalDistribution(values) if key.words else FloatDistribution(values[0], values[-1], log=log)
        )
    return found
