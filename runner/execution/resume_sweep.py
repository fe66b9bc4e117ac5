"""Going on with a sweep that was interrupted, from what its folder holds and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runner.execution import sweep_file
from runner.execution.stored import CONFIG, write_config
from runner.execution.sweep import Options, Sweep, check_data, data_of
from runner.records import disk
from runner.training.outcome import Outcome


def resume_sweep(root: Path, options: Options, display: Callable[[Sweep], Any]) -> list[Outcome]:
    """Train what has not ended; all outcomes, in the order of the runs. A run that failed is tried again.

    Raises ConfigError if the folder holds no sweep, its data have changed or it is in use; RunError if sweep.yaml is
    damaged, edited or of another version.
    """
    root = root.absolute()
    runs, known = sweep_file.load(root)
    data = data_of(runs)
    check_data(runs, known, data, root)
    with disk.grouping():
        for run in runs:
            if not (run.folder / CONFIG).exists():  # killed before it was made
                disk.make_folder(run.folder)
                write_config(run.settings, run.folder)
                words = json.dumps(list(run.overrides), ensure_ascii=False) + "\n"
                disk.replace(run.folder / CONFIG.with_name("overrides.yaml"), words.encode())
    sweep = Sweep(root, runs, data, options)
    with display(sweep) as sweep.watch:
        return sweep.train()
