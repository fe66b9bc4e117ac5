"""Going on with a sweep that was interrupted, from what its folder holds and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner.execution import sweep_file
from runner.execution.hydra_files import HydraFiles, write_lacking
from runner.execution.lock import lock
from runner.execution.sweep import Options, Sweep, check_data, data_of
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
        write_lacking(runs, lambda: HydraFiles.stored(root))
        sweep = Sweep(root, runs, data, options)
        sweep.notes += _wrong_in_results(root)
        with display(sweep) as sweep.watch:
            return sweep.train()


def _wrong_in_results(root: Path) -> list[str]:
    """What is said about a results.csv that is not what the runs say, before it is written anew."""
    from runner.reports.sweep_table import read_table

    said = (re.split("; shown|; `runner|\\. `runner", problem)[0] for problem in read_table(root).problems)
    return [f"{problem}; written anew" for problem in said]
