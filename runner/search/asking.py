"""The search with Optuna that a command line asks for, made when its sweep begins and again when it is resumed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optuna.distributions import distribution_to_json

from runner.config.compose import Composer
from runner.config.overrides import parse
from runner.errors import ConfigError
from runner.plan.duplicates import request
from runner.plan.overridden import standing
from runner.plan.probes import probes
from runner.plan.space import Space, runs
from runner.plan.sweeper import SweeperOptions
from runner.records.command import hydra_node
from runner.records.run_folder import LIST, MULTIRUN
from runner.search.distributions import distribution
from runner.search.sampling import OptunaSearch, Sampling
from runner.search.storage import Mirror

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


def asking(options: SweeperOptions, words: list[str], composer: Composer, root: Path | None) -> OptunaSearch:
    """That of a sweep with these words; without a folder it is written nowhere. Raises ConfigError."""
    overrides, problems = parse(words)
    if problems or options.sampling is None:
        raise ConfigError(problems)
    axes = standing([*options.overrides(), *overrides])
    given, space = options.sampling, Space.of(axes, composer)
    first, problems = composer.settings(probes(axes, options, composer)[0])
    if first is None:
        raise ConfigError(problems)
    goals = given.objectives.named(first, given.given)
    how = Sampling(options.n_trials, given.batch, given.sampler, given.startup, options.seed, tuple(goals.values()))

    def judged(job: list[Override]) -> tuple[str, list[str]]:
        settings, wrong = composer.settings(next(iter(runs(job))))
        return request(settings) if settings else " ".join(each.input_line or "" for each in job), wrong

    mirror = None
    if root is not None:
        mirror = Mirror(given.storage, root, _identity(space, how, list(goals)), how.directions, list(goals))
        mirror.check()
    return OptunaSearch(space, how, list(goals), judged, mirror)


def check_folder(words: list[str], sweeper: dict[str, Any], composer: Composer, root: Path) -> None:
    """ConfigError if the sweep in a folder, if there is one, is another search, or was begun with more trials."""
    options = SweeperOptions.of(sweeper)
    before = ((hydra_node(root / MULTIRUN) or {}).get("sweeper") or {}).get("n_trials")
    if isinstance(before, int) and (root / LIST).is_file() and options.n_trials < before:
        raise ConfigError(
            f"hydra.sweeper.n_trials = {options.n_trials}: the sweep was begun with {before}; give at least as many, "
            f"as in hydra.sweeper.n_trials={before}"
        )
    asking(options, words, composer, root)


def _identity(space: Space, how: Sampling, goals: list[str]) -> str:
    """What a search is, but for how long it is: what can change without making another of it is left out."""
    ranges = {each.name: distribution_to_json(distribution(each)) for each in space.dimensions}
    about = [ranges, goals, how.directions, how.sampler, how.startup, how.batch, how.seed]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
