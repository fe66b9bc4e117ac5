"""`runner.train([config, ...])`: runs from Python; those that can, train as one population."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from runner.config.compact import shown, told
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.errors import ConfigError, shortened
from runner.execution.configurations import read_all
from runner.execution.executors.pool import check_may_start
from runner.execution.options import Options
from runner.execution.session import unwatched
from runner.execution.start import start, start_together
from runner.execution.work import Run
from runner.plan.fold_runs import expand_folds
from runner.plan.read_data import read_data
from runner.records.folders import as_path, make_numbered
from runner.records.names import folder_name, labels, telling
from runner.screen.run import run_screen
from runner.screen.sweep import display
from runner.training.outcome import Outcome


def train(
    configs: Sequence[Any], outputs: str | Path = "outputs", *, workers: int = 1, console: bool = False
) -> list[Outcome]:
    """Train one run a configuration, each in its own folder <outputs>/<date>/<time>-<n>/NNN_name; outcomes in order.

    With `dataset.folds` and no `dataset.fold`, a configuration is one run a fold. Several runs are a sweep: their
    common folder holds results.csv, and `runner report`, `best` and `resume` take it.

    Args:
        configs: each a dictionary over the defaults, `{"optimizer": {"name": "sgd", "lr": 0.1}, "seed": 3}` (dotted
            keys work too: `{"optimizer.lr": 0.1}`), or the words of a command line, `["optimizer=sgd", "seed=3"]`.
        outputs: where the folders are made; nothing there is overwritten.
        workers: 1 trains in this process, more in so many processes of their own.
        console: show what the command line shows.

    Raises:
        ConfigError: before anything trains, with the problems of all configurations and their data, each saying which.
        RunError: if the disk takes no files. Interrupted: after Ctrl-C, with everything saved for `runner resume`.

    A run that fails otherwise does not raise: its outcome has the status "failed" or "diverged".
    """
    if not isinstance(console, bool):
        raise ConfigError(f"console = {shortened(console)}: must be True or False")
    options = Options.of_workers(workers)
    if not options.here:
        check_may_start(workers)
    given, outputs = read_all(configs), as_path(outputs, "outputs", "'outputs'")
    runs = [fold for run in given for fold in expand_folds(run)]
    if not runs:
        return []
    data = _data_of(given)
    now = datetime.now()
    parent = make_numbered(str(outputs / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}"), "outputs")
    folders = [parent / name for name in names(runs)]
    if len(runs) == 1:
        folders[0].mkdir()
        return start(runs[0], folders[0], run_screen if console else unwatched, pictured=console, data=data)
    listed = [Run(folder, run) for folder, run in zip(folders, runs, strict=True)]
    return start_together(listed, parent, display if console else unwatched, options=options, data=data)


def names(runs: list[Settings]) -> list[str]:
    """Folder names: the number, then the run's name or the values in which it differs from the others."""
    values = [shown(run) for run in runs]
    keys = [key for key in telling(values, [told(run) for run in runs]) if key != "name"]
    found = [run.name or label for run, label in zip(runs, labels(values, keys), strict=True)]
    return [folder_name(f"{i:03d}_{label}") for i, label in enumerate(found)]


def _data_of(configs: Sequence[Settings]) -> list[RunData]:
    """The data of every run; ConfigError with what is wrong with those of each configuration, or with it for them."""
    places = [(i, fold) for i, run in enumerate(configs) for fold in expand_folds(run)]
    data, wrong = read_data([fold for _, fold in places])
    problems = [f"configs[{places[at][0]}]: {problem}" for at, found in wrong.items() for problem in found]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return data
