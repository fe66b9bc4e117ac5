"""What hydra.sweeper.* says about how the words of a sweep become jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.config.overrides import parse, spelled_out
from runner.config.settings import TEXTS, written_keys
from runner.config.suggest import closest
from runner.errors import ConfigError
from runner.plan.losers import Losers
from runner.plan.sampling_options import SamplingOptions, refuse_stock

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

OPTUNA = "optuna"  # settings that Optuna asks for while the sweep trains
OURS = {
    "hydra_plugins.runner_sweeper.GridSweeper": "grid",
    "hydra_plugins.runner_sweeper.RandomSweeper": "random",
    "hydra_plugins.runner_sweeper.OptunaSweeper": OPTUNA,
    "hydra_plugins.runner_sweeper.HalvingSweeper": "halving",
    "hydra_plugins.runner_sweeper.HyperbandSweeper": "hyperband",
    "hydra._internal.core_plugins.basic_sweeper.BasicSweeper": "basic",
}

OWN_KINDS = ("grid", "random", OPTUNA, "halving", "hyperband")
CANDIDATES = ("grid", "random", OPTUNA)  # how the settings come about that halving and hyperband compare


@dataclass(frozen=True)
class SweeperOptions:
    """hydra.sweeper.*: how the words of a sweep become jobs. `kind` is None for a sweeper that is none of ours.

    `way` is how settings come about: by a grid, at random or from Optuna, which `sampling` is for. `losers` says which
    of them end before others.
    """

    kind: str | None
    params: Mapping[str, Any]
    max_jobs: int | None = None
    zip: Sequence[Sequence[str]] = ()
    n_trials: int = 1
    seed: int = 0
    candidates: str | None = None
    losers: Losers = field(default_factory=Losers)
    sampling: SamplingOptions | None = None

    @property
    def way(self) -> str | None:
        """grid, random or optuna; None for a sweeper that is none of ours."""
        return self.candidates or self.kind

    @staticmethod
    def of(sweeper: Mapping[str, Any]) -> SweeperOptions:
        """Those of the node hydra.sweeper. Raises ConfigError."""
        kind = OURS.get(str(sweeper.get("_target_")))
        params = dict(sweeper.get("params") or {})
        if kind not in OWN_KINDS:
            refuse_stock(str(sweeper.get("_target_")))
            return SweeperOptions(kind, params)
        limit = _whole(sweeper, "max_jobs", 1, "for example hydra.sweeper.max_jobs=20000, or null for no limit")
        candidates, losers = _candidates(sweeper), Losers.of(kind, sweeper)
        if (candidates or kind) == "grid":
            if candidates and sweeper.get("n_trials") is not None:
                raise ConfigError(
                    f"hydra.sweeper.n_trials = {sweeper['n_trials']}: a grid has every combination; leave it out, or "
                    "draw settings with hydra.sweeper.candidates=random"
                )
            return SweeperOptions(kind, params, limit, _pairs(sweeper.get("zip")), candidates=candidates, losers=losers)
        if candidates and sweeper.get("zip"):
            raise ConfigError(
                f"hydra.sweeper.zip = {sweeper['zip']}: keys of a grid are walked through together, {candidates} has "
                "none; leave it out, or take hydra.sweeper.candidates=grid"
            )
        trials = _whole(sweeper, "n_trials", 1, "for example hydra.sweeper.n_trials=20") or (20 if candidates else None)
        seed = _whole(sweeper, "seed", 0, "for example hydra.sweeper.seed=0")
        if trials is None or seed is None:
            raise ConfigError("hydra.sweeper.n_trials and hydra.sweeper.seed: null is not allowed; give whole numbers")
        sampling = SamplingOptions.of(sweeper) if OPTUNA in (kind, candidates) else None
        return SweeperOptions(kind, params, limit, (), trials, seed, candidates, losers, sampling)

    def overrides(self) -> list[Override]:
        """What hydra.sweeper.params says, as overrides; the command line wins over them. Raises ConfigError."""
        numbers = [
            f"{key} = {value}: was read as a number or true/false, where text belongs: quote it as it is meant"
            for key, value in self.params.items()
            if key in written_keys(TEXTS) and isinstance(value, (bool, int, float))
        ]
        seeds = {"seed": f"range({self.sampling.seeds})"} if self.sampling and self.sampling.seeds else {}
        words = [f"{key}={_value(value)}" for key, value in (seeds | dict(self.params)).items()]
        spelled, wrong = spelled_out(words) if self.kind in OWN_KINDS else (words, [])
        parsed, unread = parse(spelled)
        if numbers or wrong or unread:
            raise ConfigError([f"hydra.sweeper.params: {problem}" for problem in numbers + wrong + unread])
        return parsed


def asks(sweeper: Mapping[str, Any]) -> bool:
    """Whether, by the node hydra.sweeper, Optuna asks for settings while the sweep trains."""
    kind = OURS.get(str(sweeper.get("_target_")))
    return kind == OPTUNA or (kind in OWN_KINDS and sweeper.get("candidates") == OPTUNA)


def _candidates(sweeper: Mapping[str, Any]) -> str | None:
    """hydra.sweeper.candidates, of a sweeper that has it. Raises ConfigError."""
    found = sweeper.get("candidates")
    if "candidates" in sweeper and found not in CANDIDATES:
        near = closest(str(found), CANDIDATES)
        hint = f"; did you mean {near}?" if near else ""
        raise ConfigError(f"hydra.sweeper.candidates = {found}: must be one of {', '.join(CANDIDATES)}{hint}")
    return found


def _value(value: Any) -> str:
    """What YAML holds as a value of Hydra's grammar; text is in that grammar already."""
    from hydra.core.override_parser.types import Override

    return value if isinstance(value, str) else Override._get_value_element_as_str(value)


def _whole(sweeper: Mapping[str, Any], key: str, least: int, fix: str) -> int | None:
    value = sweeper.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"hydra.sweeper.{key} = {value}: must be a whole number >= {least}; {fix}")
    return value


def _pairs(value: Any) -> list[list[str]]:
    """hydra.sweeper.zip as lists of keys. Raises ConfigError."""
    groups = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value] if value else []
    good = all(isinstance(g, Sequence) and not isinstance(g, str) and len(g) > 1 for g in groups)
    if not good or not all(isinstance(key, str) for group in groups for key in group):
        raise ConfigError(
            f"hydra.sweeper.zip = {value}: must be lists of keys that are walked through together; for example "
            '"hydra.sweeper.zip=[[optimizer,optimizer.lr]]"'
        )
    return [list(group) for group in groups]
