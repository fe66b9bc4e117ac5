"""What hydra.sweeper.* says about a search with Optuna, checked, without importing Optuna."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from runner.config.suggest import closest
from runner.errors import ConfigError, shortened
from runner.plan.objectives import Objectives

SAMPLERS = {
    "tpe": "what good trials have in common (Bergstra et al. 2011)",
    "cmaes": "a normal distribution of numbers that moves (Hansen 2016)",
    "gp": "the expected improvement of a Gaussian process",
    "qmc": "an even scrambled Sobol sequence",
    "random": "each trial by itself",
}
ONE_OBJECTIVE = ("cmaes",)
OLDEST = 5  # Optuna that is taken
STOCK, STOCK_TARGET = "hydra-optuna-sweeper", "hydra_plugins.hydra_optuna_sweeper."  # has the name hydra/sweeper=optuna


@dataclass(frozen=True)
class SamplingOptions:
    """Trials are asked for `batch` at a time; a sampler that learns draws the first `startup`. `storage` is a file or
    URL, None a file in the sweep's folder; `seeds` trains each setting with so many; `given` is the node itself.
    """

    sampler: str = "tpe"
    objectives: Objectives = field(default_factory=Objectives)
    batch: int = 8
    startup: int = 10
    seeds: int | None = None
    storage: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)

    @staticmethod
    def of(sweeper: Mapping[str, Any]) -> SamplingOptions:
        """Those of the node hydra.sweeper. Raises ConfigError."""
        check_installed()
        sampler, storage = sweeper.get("sampler"), sweeper.get("storage")
        problems = []
        if sampler not in SAMPLERS:
            near = closest(str(sampler), SAMPLERS)
            hint = f"; did you mean {near}?" if near else ""
            problems.append(f"hydra.sweeper.sampler = {sampler}: must be one of {', '.join(SAMPLERS)}{hint}")
        if storage is not None and (not isinstance(storage, str) or not storage):
            problems.append(
                f"hydra.sweeper.storage = {shortened(storage)}: must be a file or the URL of a database, such as "
                "sqlite:///studies.db; null for a file in the sweep's folder"
            )
        objectives = _collected(problems, lambda: Objectives.of(sweeper), Objectives())
        batch = _collected(problems, lambda: _whole(sweeper, "batch", 1, 8), 8)
        startup = _collected(problems, lambda: _whole(sweeper, "startup", 0, 10), 10)
        seeds = None
        if sweeper.get("seeds") is not None:
            seeds = _collected(problems, lambda: _whole(sweeper, "seeds", 1, 3), None)
        if sampler in ONE_OBJECTIVE and len(objectives.names) > 1:
            problems.append(
                f"hydra.sweeper.sampler = {sampler}: searches by one objective; for {len(objectives.names)} use tpe or "
                "gp"
            )
        if problems:
            raise ConfigError(problems)
        return SamplingOptions(str(sampler), objectives, batch, startup, seeds, storage, sweeper)


def check_installed() -> None:
    """ConfigError if Optuna, or one that is new enough, is not there."""
    found = _version("optuna")
    if not found:
        raise ConfigError("hydra/sweeper=optuna: takes Optuna; install it with pip install 'runner[optuna]'")
    if int(found.partition(".")[0]) < OLDEST:
        raise ConfigError(
            f"hydra/sweeper=optuna: takes Optuna {OLDEST}, and {found} is installed; pip install 'runner[optuna]'"
        )


def refuse_stock(target: str) -> None:
    """ConfigError if a sweep would go to the plug-in whose name ours has, which cannot work beside our Optuna."""
    found = _version("optuna")
    if target.startswith(STOCK_TARGET) and found and int(found.partition(".")[0]) >= OLDEST:
        raise ConfigError(
            f"hydra/sweeper=optuna: {STOCK} is installed, too, which has the same name and does not work with Optuna "
            f"{found}; uninstall it: pip uninstall {STOCK}"
        )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _collected(problems: list[str], read: Any, otherwise: Any) -> Any:
    try:
        return read()
    except ConfigError as error:
        problems += error.problems
        return otherwise


def _whole(sweeper: Mapping[str, Any], key: str, least: int, example: int) -> int:
    value = sweeper.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(
            f"hydra.sweeper.{key} = {shortened(value)}: must be a whole number >= {least}; for example "
            f"hydra.sweeper.{key}={example}"
        )
    return value
