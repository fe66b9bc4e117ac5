"""All runs of a sweep trained again, by their stored settings: a new sweep, with everything a sweep leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.config.compose import compose, hydra_ready
from runner.config.location import config_dir
from runner.config.settings import Settings
from runner.config.words import word, words
from runner.execution.options import Options
from runner.execution.session import Screen
from runner.execution.start import start_together
from runner.execution.work import Run
from runner.plan.duplicates import request
from runner.plan.read_data import data_of
from runner.records import disk
from runner.records.command import launched
from runner.records.names import folder_name, job_labels
from runner.records.run_folder import MULTIRUN
from runner.training.outcome import Outcome


def repeat_sweep(
    before: Path,
    root: Path,
    settings: Sequence[Settings],
    launcher: Sequence[str],
    screen: Screen,
    records: Mapping[str, bytes] | None = None,
) -> list[Outcome]:
    """Train the settings in `root`, launched as the sweep in `before` was, but for the words about the launcher.
    `records` are files that say why.

    Settings that have become equal are one run. Raises ConfigError as a sweep does before it trains.
    """
    from omegaconf import OmegaConf

    root, settings = root.absolute(), list({request(each): each for each in settings}.values())
    jobs = [Run(root, each, tuple(words(each))) for each in settings]  # each has its own settings: nothing is swept
    labels = job_labels(jobs, [job.overrides for job in jobs])
    runs = [
        job.at(root / folder_name(f"{i:03d}_{label}")) for i, (job, label) in enumerate(zip(jobs, labels, strict=True))
    ]
    with hydra_ready(config_dir()):
        config = compose([*launched(before), *launcher, word("hydra.sweep.dir", str(root)), "hydra.mode=MULTIRUN"])
    given: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    options = Options.checked(given)
    data = data_of(settings)
    OmegaConf.save(config, root / MULTIRUN)
    for name, content in (records or {}).items():
        disk.replace(root / name, content)
    return start_together(runs, root, screen, options=options, data=data)
