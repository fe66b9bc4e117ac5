"""`runner ... --dry-run`: every job and what it would train with, estimated, without training or writing anything.

Imports neither torch nor scikit-learn; the data are read, because what trains together depends on their shapes.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.commands.catalogue import Table
from runner.commands.dry_search import begun
from runner.commands.print_table import show
from runner.config.compact import text, told
from runner.config.settings import Settings
from runner.plan import estimate
from runner.plan.checks import cautions, common_members
from runner.plan.command_line import CommandLine
from runner.plan.duplicates import describe, repeated
from runner.plan.fold_runs import expand_folds, trained
from runner.plan.populations import Population, Share, parameters
from runner.plan.read_data import read_data
from runner.plan.recipes import node
from runner.plan.shares import share_out
from runner.plan.sweeper import SweeperOptions
from runner.plan.trials import trials_of
from runner.records.console import warning_lines
from runner.records.names import spelled_value
from runner.records.progress import duration

if TYPE_CHECKING:
    from runner.data.prepare import RunData
    from runner.execution.options import Options

SHOWN = 20  # rows of a table on a terminal; a pipe gets all, and so does --all


@dataclasses.dataclass(frozen=True)
class Plan:
    """What would train: runs (a job that is cross-validated has several), the job of each, and how they are shared."""

    settings: list[Settings]
    data: list[RunData]
    jobs: list[int]
    shares: list[Share]
    workers: int
    where: list[str]  # these are, in words; nothing on this machine


def preview(line: CommandLine, everything: bool = False) -> int:
    """Print jobs, shares and what they may cost. Returns the exit code; ConfigError with every problem."""
    line = begun(line)
    repeats = repeated(line.settings) if line.together else {}
    plan = planned(line, repeats)
    most = SHOWN if sys.stdout.isatty() and not everything else None
    repeating = describe(line.settings, repeats)
    if line.multirun:
        heading = [repeating or f"{len(line.jobs)} jobs" if len(line.jobs) > 1 else "1 job"]
        show(_cut(Table([*line.remarks, *heading], ("job", "share", "overrides"), _jobs(line, plan, repeats)), most))
    else:
        given = " ".join(f"{key}={text(value)}" for key, value in told(line.settings[0]).items())
        print("\n".join([f"1 run: {given or 'all defaults'}", *plan.data[0].describe()]))
    rows = [_share(number, share, plan) for number, share in enumerate(plan.shares, 1)]
    header = ("share", "runs", "side by side", "structure", "memory", "time")
    show(_cut(Table([""], header, tuple(rows)), most))
    print(
        "\n".join(
            [
                *warning_lines([*cautions(plan.settings, plan.data), *common_members(line.settings)]),
                *_total(plan, line.multirun),
                *_rounds(line, plan),
                "nothing was trained or written; leave out --dry-run to start",
            ]
        )
    )
    return 0


def planned(line: CommandLine, repeats: dict[int, int]) -> Plan:
    """The shares of the jobs that repeat no other. ConfigError with every conflict with the data."""
    settings: list[Settings] = []
    jobs: list[int] = []
    for job, each in enumerate(line.settings):
        runs = [] if job in repeats else trained(each)
        settings += runs
        jobs += [job] * len(runs)
    whole = {job: run for job, each in enumerate(line.settings) if job not in repeats for run in expand_folds(each)[:1]}
    data = _data([*settings, *whole.values()], [*jobs, *whole], line)[: len(settings)]  # ensembles are checked too
    options = _launcher(line)
    workers = options.processes(settings, data)
    most = options.max_members if line.together else 1
    shares = share_out(range(len(settings)), settings, data, workers, max_members=most)
    return Plan(settings, data, jobs, shares, workers, options.where(workers))


def _data(settings: Sequence[Settings], jobs: Sequence[int], line: CommandLine) -> list[RunData]:
    from runner.plan.problems import Problems

    data, wrong = read_data(settings)
    found = Problems(line.jobs)
    for at, problems in wrong.items():
        found.add(jobs[at], problems)
    found.raise_any()
    return data


def _launcher(line: CommandLine) -> Options:
    """hydra.launcher.*, where it is ours. Raises ConfigError."""
    from omegaconf import OmegaConf

    from runner.execution.options import HERE, Options

    if not line.together:
        return HERE
    given: Any = OmegaConf.to_container(line.config.hydra.launcher, resolve=True)
    return Options.checked(given)


def _rounds(line: CommandLine, plan: Plan) -> list[str]:
    """How far settings train that are compared while they do. ConfigError where they cannot be compared."""
    options = SweeperOptions.of(node(line.config, "sweeper")) if line.together else None
    if not options or not options.losers.rule:
        return []
    from runner.search.making import early_end

    search = early_end(options, plan.settings, plan.data)
    settings = options.n_trials if options.sampling else len(trials_of(map(told, line.settings)))
    return [f"{options.losers.rule}: {each}" for each in search.plan(settings)] if search else []


def _jobs(line: CommandLine, plan: Plan, repeats: dict[int, int]) -> tuple[tuple[str, ...], ...]:
    """A row a job: its number, where it trains, what was asked for."""
    where: dict[int, list[int]] = {}
    for number, share in enumerate(plan.shares, 1):
        for member in share.members:
            where.setdefault(plan.jobs[member], []).append(number)
    rows = []
    for job, overrides in enumerate(line.jobs):
        trained = ", ".join(map(str, sorted(set(where.get(job, [])))))
        at = f"repeats {repeats[job]}" if job in repeats else trained
        rows.append((str(job), at, " ".join(each.input_line or "" for each in overrides) or "all defaults"))
    return tuple(rows)


def _share(number: int, share: Share, plan: Plan) -> tuple[str, ...]:
    widest = max(population.width for population in share.populations)
    memory = size(estimate.share_bytes(share, plan.settings, plan.data))
    seconds = duration(estimate.share_seconds(share, plan.settings, plan.data))
    return (str(number), str(len(share.members)), str(widest), _structures(share.populations, plan), memory, seconds)


def _structures(populations: Sequence[Population], plan: Plan) -> str:
    """The structure of the runs of a share; of several, how many there are and the sizes of their networks."""
    firsts = [population.members[0] for population in populations]
    if len(firsts) == 1:
        return _structure(plan.settings[firsts[0]], plan.data[firsts[0]])
    sizes = sorted({parameters(plan.settings[i], plan.data[i]) for i in firsts})
    between = f"{sizes[0]:,} to {sizes[-1]:,}" if len(sizes) > 1 else f"{sizes[0]:,}"
    return f"{len(firsts)} structures, {between} parameters"


def _structure(run: Settings, data: RunData) -> str:
    hidden = [spelled_value(run.model.hidden)] if run.model.hidden else []
    widths = "-".join([str(data.x.shape[1]), *hidden, str(data.outputs)])
    norm = f" {run.model.norm}" if run.model.norm != "none" else ""
    return (
        f"{data.name} {widths} {run.model.activation}{norm}, {parameters(run, data):,} parameters, "
        f"batch {run.trainer.batch_size}, {run.trainer.dtype}"
    )


def _total(plan: Plan, sweep: bool) -> list[str]:
    """What all of it may take, said to be an estimate."""
    all_of_it = estimate.sweep(plan.shares, plan.settings, plan.data, plan.workers)
    stops = any(run.early_stopping.patience is not None for run in plan.settings)
    runs = f"{len(plan.settings)} runs" if len(plan.settings) != 1 else "1 run"
    workers = f" on {plan.workers} worker{'s' if plan.workers > 1 else ''}" if sweep else ""
    return [
        f"estimate: {runs}{workers}, {duration(all_of_it.seconds)} if each takes all its epochs"
        f"{' (they stop early)' if stops else ''}, {size(all_of_it.bytes)} of memory; for a core of 2.5 GHz",
        *plan.where,
    ]


def _cut(table: Table, most: int | None) -> Table:
    """The first rows, and how many there are besides."""
    if most is None or len(table.rows) <= most:
        return table
    rest = ("...", f"{len(table.rows) - most} more: --all shows them", *[""] * (len(table.header) - 2))
    return dataclasses.replace(table, rows=(*table.rows[:most], rest))


def size(count: float) -> str:
    """950 kB, 12 MB, 3.4 GB."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{count / scale:.2g} {unit}" if count < 10 * scale else f"{count / scale:.0f} {unit}"
    return f"{count / 1e3:.0f} kB"
