"""The whole command line checked before anything runs: every problem of every job of a sweep, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.config.compose import Composer, is_multirun
from runner.config.launchers import trains_together
from runner.config.overrides import is_hydra, parse, parse_word, spelled_out
from runner.config.refusals import misplaced
from runner.config.repair import repaired
from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.plan.jobs import one_at_a_time
from runner.plan.overridden import without_effect
from runner.plan.problems import Problems
from runner.plan.recipes import expand_all, for_others, node, remarks_of
from runner.plan.sweeper import OWN_KINDS, SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from omegaconf import DictConfig


@dataclass(frozen=True)
class CommandLine:
    """A command line without a problem: what it composes to (the first job of a sweep), and all its jobs."""

    config: DictConfig  # Hydra's own node included
    words: list[str]  # as Hydra is to read them: `seeds=5` spelled out, text in quotes
    multirun: bool
    jobs: list[list[Override]]
    settings: list[Settings]  # one a job
    composer: Composer  # knows all this, and can be asked again
    notes: list[str]  # what was typed to no effect
    remarks: list[str]  # which keys only some of the jobs have, and whether draws repeat

    @property
    def together(self) -> bool:
        """Whether this is a sweep whose jobs train together; other launchers train one after the other."""
        return self.multirun and trains_together(self.config.hydra.launcher)

    @property
    def task_words(self) -> list[str]:
        """The words that are not about Hydra, as they were typed."""
        typed = [self.composer.typed.get(word, word) for word in self.words]
        return [word for word in typed if not is_hydra(parse_word(word))]


def check_command_line(
    words: list[str], *, multirun: bool = False, config_name: str = "config", commands: tuple[str, ...] = ()
) -> DictConfig:
    """The composed configuration (Hydra's own node included) of the first job, after all jobs have been checked.

    Raises:
        ConfigError: with every problem found, each once.
    """
    return read_command_line(words, multirun=multirun, config_name=config_name, commands=commands).config


def read_command_line(
    words: list[str],
    *,
    multirun: bool = False,
    config_name: str = "config",
    commands: tuple[str, ...] = (),
    flags: Sequence[str] = (),
) -> CommandLine:
    """All jobs of a command line, checked; `flags` stand before its words where it is shown corrected.

    Raises ConfigError with every problem found, each once.
    """
    spelled, problems = spelled_out(words)
    parsed, unread = parse(spelled, commands)
    problems += unread
    better = repaired(words, multirun, flags) if unread else None
    if better:
        problems[-1] += f". Perhaps you meant: {better}"
    hydras = [override for override in parsed if is_hydra(override)]
    task = [override for override in parsed if not is_hydra(override)]
    composer = Composer(config_name, tuple(o.input_line or "" for o in hydras if not o.is_sweep_override()))
    problems += composer.wrong_of_hydra(hydras)
    config = composer.unswept(parsed)
    multirun = multirun or is_multirun(config)
    problems += _misplaced(words, parsed, multirun)
    options, jobs, wrong = _jobs(task, config, composer) if multirun else (None, [_unswept(task)], [])
    found = Problems(jobs, problems + wrong, numbered=multirun and not wrong)
    settings = []
    for number, job in enumerate(jobs):
        made, wrong = composer.settings(job)
        found.add(number, wrong)
        settings.append(made)
    found.general += _search_problems(options, [made for made in settings if made], config)
    found.raise_any()
    kind = options.kind if options else None
    handed = [o.input_line or "" for o in parsed] if kind in OWN_KINDS or not multirun else for_others(parsed, kind)
    if multirun:
        handed = composer.forced(handed, config)
    good = [made for made in settings if made]
    remarks = remarks_of(task, options, composer) if options and kind in OWN_KINDS else []
    return CommandLine(composer.base(jobs[0]), handed, multirun, jobs, good, composer, without_effect(task), remarks)


def _unswept(overrides: list[Override]) -> list[Override]:
    return [override for override in overrides if not override.is_sweep_override()]


def _jobs(
    overrides: list[Override], config: DictConfig, composer: Composer
) -> tuple[SweeperOptions | None, list[list[Override]], list[str]]:
    """(options of the sweeper, jobs, problems); if the sweep cannot be expanded, jobs in which each of its values comes
    up.
    """
    options, everything = None, overrides
    try:
        options = SweeperOptions.of(node(config, "sweeper"))
        everything = [*options.overrides(), *overrides]
        return options, expand_all(overrides, options, composer), []
    except ConfigError as error:
        return options, one_at_a_time(everything, options, composer), error.problems


def _search_problems(options: SweeperOptions | None, runs: Sequence[Settings], config: DictConfig) -> list[str]:
    """Why settings cannot be compared while they train, or asked for, where that is asked for."""
    if options is None or not (options.losers.rule or options.sampling):
        return []
    if not trains_together(config.hydra.launcher):
        asked = options.losers.named if options.losers.rule else f"hydra/sweeper={options.kind}"
        does = "trials follow from those before them" if options.sampling else "runs pause and continue"
        return [f"{asked}: {does}, which takes hydra/launcher=population; leave the other launcher out"]
    if options.sampling and runs:
        try:
            options.sampling.objectives.named(runs[0], options.sampling.given)
        except ConfigError as error:
            return error.problems
    return options.losers.problems(runs)


def _misplaced(words: Sequence[str], overrides: Sequence[Override], multirun: bool) -> list[str]:
    """Sweeps where none can be."""
    swept = [override for override in overrides if override.is_sweep_override()]
    idle = misplaced(overrides, multirun)
    if multirun:
        return idle + [
            f"{o.input_line}: keys of Hydra itself cannot be swept over; give one value" for o in swept if is_hydra(o)
        ]
    seeds = [word for word in words if word.lstrip("+").startswith("seeds=")]
    return (
        idle
        + [f"{word}: several runs are a sweep; add -m, or write seed=0 for one run" for word in seeds]
        + [
            f"{o.input_line}: several values are a sweep; add -m, or write a list as {o.key_or_group}=[...]"
            for o in swept
            if not (seeds and o.key_or_group == "seed")
        ]
    )
