"""`runner.train([config, ...])`: several runs at once from Python; those that can, train as one population."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from runner.commands.folders import make_numbered
from runner.config.settings import Settings
from runner.config.validate import show
from runner.errors import ConfigError, DataError
from runner.execution.configurations import read_all
from runner.execution.session import Outcome, start
from runner.plan.folds import expand_folds
from runner.records.flat import flatten
from runner.records.names import LONGEST, sanitized


def train(configs: Sequence[Any], outputs: str | Path = "outputs", *, console: bool = False) -> list[Outcome]:
    """Train one run a configuration, each in its own folder <outputs>/<date>/<time>-<n>/NNN_name; outcomes in order.

    With `dataset.folds` and no `dataset.fold`, a configuration is one run a fold.

    Args:
        configs: each a dictionary over the defaults, `{"optimizer": {"name": "sgd", "lr": 0.1}, "seed": 3}` (dotted
            keys work too: `{"optimizer.lr": 0.1}`), or the words of a command line, `["optimizer=sgd", "seed=3"]`.
        outputs: where the folders are made; nothing there is overwritten.
        console: show the banner and the progress bar of the command line.

    Raises:
        ConfigError: before anything trains, with the problems of all configurations and their data, each saying which.
        RunError: if the disk takes no files. Interrupted: after Ctrl-C, with everything saved.

    A run that fails otherwise does not raise: its outcome has the status "failed" or "diverged".
    """
    given = read_all(configs)
    runs = [fold for run in given for fold in expand_folds(run)]
    if not runs:
        return []
    now = datetime.now()
    parent = make_numbered(str(Path(outputs) / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}"), "outputs")
    folders = [parent / name for name in names(runs)]
    for folder in folders:
        folder.mkdir()
    try:
        return start(list(zip(runs, folders, strict=True)), console=console)
    except (ConfigError, DataError) as error:
        _remove_empty([*folders, parent])
        raise ConfigError(_data_problems(given) or [str(error)]) from error


def names(runs: list[Settings]) -> list[str]:
    """Folder names: the number, then the run's name or the values in which it differs from the others."""
    flat = [flatten(run.tree()) for run in runs]
    labels = [run.name or _differences(mine, flat) for run, mine in zip(runs, flat, strict=True)]
    return [f"{i:03d}_{sanitized(label)}"[:LONGEST].rstrip("_") for i, label in enumerate(labels)]


def _differences(mine: dict[str, Any], runs: list[dict[str, Any]]) -> str:
    """key=value of every key that all runs have, but with different values; `optimizer.lr` becomes lr,
    `optimizer.name` optimizer."""
    shared = [key for key in mine if all(key in run for run in runs)]
    varied = [key for key in shared if key != "name" and any(run[key] != mine[key] for run in runs)]
    return "_".join(f"{key.removesuffix('.name').split('.')[-1]}={show(mine[key]).replace(' ', '')}" for key in varied)


def _data_problems(runs: list[Settings]) -> list[str]:
    """What is wrong with the data of each run, or with a run beside its data."""
    from runner.data.prepare import prepare
    from runner.plan.checks import check_against_data

    cache: dict = {}
    problems = []
    for i, run in enumerate(runs):
        try:
            found = [p for fold in expand_folds(run) for p in check_against_data(fold, prepare(fold, cache))]
        except (ConfigError, DataError) as error:
            found = error.problems if isinstance(error, ConfigError) else [str(error)]
        problems += [f"configs[{i}]: {problem}" for problem in dict.fromkeys(found)]
    return problems


def _remove_empty(folders: list[Path]) -> None:
    """Take back folders of runs that never began; one that holds something stays."""
    for folder in folders:
        if not any(folder.iterdir()):
            folder.rmdir()
