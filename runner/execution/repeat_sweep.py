"""All runs of a sweep trained again, by their stored settings: a new sweep, with everything a sweep leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.settings import Settings
from runner.config.words import word, words
from runner.execution.hydra_files import HydraFiles
from runner.execution.options import Options
from runner.execution.session import Screen
from runner.execution.start import start_together
from runner.execution.work import Run
from runner.plan.duplicates import request
from runner.plan.read_data import data_of
from runner.records.command import launched
from runner.records.names import folder_name, job_labels
from runner.records.run_folder import MULTIRUN
from runner.training.outcome import Outcome

if TYPE_CHECKING:
    from omegaconf import DictConfig


def repeat_sweep(
    before: Path, root: Path, settings: Sequence[Settings], launcher: Sequence[str], screen: Screen
) -> list[Outcome]:
    """Train the settings in `root`, launched as the sweep in `before` was, but for the words about the launcher.

    Settings that have become equal are one run. Raises ConfigError as a sweep does before it trains.
    """
    from omegaconf import OmegaConf

    root = root.absolute()
    config = _config(root, [*launched(before), *launcher])
    given: Any = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    options = Options.checked({key: value for key, value in given.items() if key != "_target_"})
    runs = _runs(root, list({request(each): each for each in settings}.values()))
    data = data_of([run.settings for run in runs])
    OmegaConf.save(config, root / MULTIRUN)
    return start_together(runs, root, screen, options=options, data=data, files=lambda: HydraFiles(config, None))


def _config(root: Path, about_launcher: Sequence[str]) -> DictConfig:
    """The configuration of the new sweep, in which nothing is swept: every run has its own settings."""
    from runner.config.compose import compose, hydra_ready
    from runner.config.location import config_dir

    with hydra_ready(config_dir()):
        return compose([*about_launcher, word("hydra.sweep.dir", str(root)), "hydra.mode=MULTIRUN"])


def _runs(root: Path, settings: Sequence[Settings]) -> list[Run]:
    jobs = [words(each) for each in settings]
    names = [folder_name(f"{number:03d}_{label}") for number, label in enumerate(job_labels(settings, jobs))]
    return [Run(root / name, each, tuple(job)) for name, each, job in zip(names, settings, jobs, strict=True)]
