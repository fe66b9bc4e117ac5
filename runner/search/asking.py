"""The search with Optuna that a command line asks for, made when its sweep begins and again when it is resumed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from optuna.distributions import distribution_to_json

from runner.config.compose import Composer
from runner.config.overrides import parse
from runner.config.settings import luck
from runner.errors import ConfigError
from runner.plan.duplicates import request
from runner.plan.overridden import standing
from runner.plan.probes import probes
from runner.plan.space import Space
from runner.plan.sweeper import SweeperOptions
from runner.search.distributions import distribution
from runner.search.sampling import OptunaSearch, Sampling, chosen
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
        settings, wrong = composer.settings([each for each in job if each.key_or_group not in luck()])
        return request(settings) if settings else " ".join(chosen(job)), wrong

    mirror = None
    if root is not None:
        mirror = Mirror(given.storage, root, _identity(space, how, list(goals)), how.directions, list(goals))
        mirror.check()
    return OptunaSearch(space, how, list(goals), judged, mirror)


def _identity(space: Space, how: Sampling, goals: list[str]) -> str:
    """What a search is, but for how long it is: what can change without making another of it is left out."""
    ranges = {each.name: distribution_to_json(distribution(each)) for each in space.dimensions}
    about = [ranges, goals, how.directions, how.sampler, how.startup, how.batch, how.seed]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
