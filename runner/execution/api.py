"""`runner.train([config, ...])`: several runs at once from Python; those that can, train as one population."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from runner.config.compact import shown, told
from runner.config.settings import Settings
from runner.errors import ConfigError, DataError, shortened
from runner.execution.configurations import read_all
from runner.execution.session import Outcome, start
from runner.plan.fold_runs import expand_folds
from runner.records.folders import as_path, make_numbered
from runner.records.names import folder_name, labels, telling


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
    if not isinstance(console, bool):
        raise ConfigError(f"console = {shortened(console)}: must be True or False")
    given, outputs = read_all(configs), as_path(outputs, "outputs", "'outputs'")
    runs = [fold for run in given for fold in expand_folds(run)]
    if not runs:
        return []
    now = datetime.now()
    parent = make_numbered(str(outputs / f"{now:%Y-%m-%d}" / f"{now:%H-%M-%S}"), "outputs")
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
    values = [shown(run) for run in runs]
    keys = [key for key in telling(values, [told(run) for run in runs]) if key != "name"]
    found = [run.name or label for run, label in zip(runs, labels(values, keys), strict=True)]
    return [folder_name(f"{i:03d}_{label}") for i, label in enumerate(found)]


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
