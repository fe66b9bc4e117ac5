"""Going on with a sweep that was interrupted, from what its folder holds and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from runner.execution import sweep_file
from runner.execution.hydra_files import HydraFiles, has_files
from runner.execution.lock import lock
from runner.execution.sweep import Options, Sweep, check_data, data_of
from runner.execution.work import Run
from runner.records import disk
from runner.training.outcome import Outcome


def resume_sweep(root: Path, options: Options, display: Callable[[Sweep], Any]) -> list[Outcome]:
    """Train what has not ended; all outcomes, in the order of the runs. A run that failed is tried again.

    Raises ConfigError if the folder holds no sweep, its data have changed or it is in use; RunError if sweep.yaml is
    damaged, edited or of another version.
    """
    root = root.absolute()
    with lock(root):
        runs, known = sweep_file.load(root)
        data = data_of(runs)
        check_data(runs, known, data, root)
        _make_folders(root, runs)
        sweep = Sweep(root, runs, data, options)
        with display(sweep) as sweep.watch:
            return sweep.train()


def _make_folders(root: Path, runs: Sequence[Run]) -> None:
    """Those that a kill, or somebody's hand, has left out."""
    absent = [number for number, run in enumerate(runs) if not has_files(run.folder)]
    if absent:
        files = HydraFiles.stored(root)
        with disk.grouping():
            for number in absent:
                files.write(runs[number], number)
