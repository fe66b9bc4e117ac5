"""What a dry run of a search shows: the trials that are known before anything trains."""

from __future__ import annotations

import dataclasses

from runner.config.overrides import parse_word
from runner.plan.command_line import CommandLine
from runner.plan.recipes import node
from runner.plan.space import runs
from runner.plan.sweeper import SweeperOptions
from runner.records.names import plural


def begun(line: CommandLine) -> CommandLine:
    """The command line with the first batch as its jobs, if Optuna asks for them. Raises ConfigError."""
    options = SweeperOptions.of(node(line.config, "sweeper")) if line.multirun else None
    if options is None or options.sampling is None:
        return line
    from runner.search.asking import asking

    search = asking(options, line.task_words, line.composer, None)
    found = search.next([])
    first = found.jobs if found else ()
    jobs = [job for words in first for job in runs([parse_word(word) for word in words])]
    settings = [made for job in jobs if (made := line.composer.settings(job)[0])]
    goals = " and ".join(f"{way} {name}" for name, way in zip(search.objectives, search.how.directions, strict=True))
    said = (
        f"{plural(options.n_trials, 'trial')}, {options.sampling.batch} at a time, which {options.sampling.sampler} "
        f"asks for to {goals}; the first {len(first)} are these, the others follow from what those before them reach"
    )
    return dataclasses.replace(line, jobs=jobs, settings=settings, remarks=[*line.remarks, said])
