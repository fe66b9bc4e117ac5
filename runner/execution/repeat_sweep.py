"""All runs of a sweep trained again, by their stored settings: a new sweep, with everything a sweep leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.settings import Settings
from runner.config.words import word, words
from runner.execution import sweep_file
from runner.execution.hydra_files import HydraFiles, write_lacking
from runner.execution.lock import lock
from runner.execution.sweep import Options, Sweep, check_data, data_of
from runner.execution.work import Run
from runner.plan.duplicates import request
from runner.records.command import launched
from runner.records.names import folder_name, job_labels
from runner.training.outcome import Outcome

if TYPE_CHECKING:
    from omegaconf import DictConfig


def repeat_sweep(
    before: Path, root: Path, settings: Sequence[Settings], launcher: Sequence[str], display: Callable[[Sweep], Any]
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
    with lock(root):
        data = data_of(runs)
        sweep_file.write(root, runs, check_data(runs, {}, data, root))
        OmegaConf.save(config, root / "multirun.yaml")
        write_lacking(runs, lambda: HydraFiles(config, None))
        sweep = Sweep(root, runs, data, options)
        with display(sweep) as sweep.watch:
            return sweep.train()


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
