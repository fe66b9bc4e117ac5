"""One run about to train: its files opened, its records begun or taken up again, and what is said about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.compact import shown
from runner.config.settings import Settings
from runner.execution.work import Run
from runner.plan.checks import cautions
from runner.population.bitwise import probe
from runner.records import disk
from runner.records.environment import git_info, versions
from runner.records.flat import markdown
from runner.records.run_files import LOG, RunFiles
from runner.training.engine import Engine
from runner.training.trial import Trial

if TYPE_CHECKING:
    from runner.data.prepare import RunData


def open_trial(run: Run, data: RunData, state: dict | None) -> Trial:
    """A run with its files: from its checkpoint's state, or from its beginning, whatever has been recorded of it."""
    offsets = {**(state["offsets"] if state else {}), **_whole_log(run.folder)}
    files = RunFiles(run.folder, offsets)
    trial = Trial(run.settings, data, files, run.detailed, run.pictured)
    if offsets[LOG]:
        files.log(f"resumed after epoch {state['last']['epoch']}" if state else "resumed from the beginning")
    if state:
        trial.load_state(state)
    else:
        _begin(trial)
    return trial


def _whole_log(folder: Path) -> dict[str, int]:
    """train.log is not cut back to the checkpoint, as it tells what happened, but to its last whole line."""
    path = folder / LOG
    return {LOG: disk.content(path).rfind(b"\n") + 1 if path.exists() else 0}


def _begin(trial: Trial) -> None:
    settings = trial.settings
    free = {key for key, option in settings.options().items() if option.kind == "free"}
    trial.files.hparams({key: value for key, value in shown(settings).items() if key not in free})
    trial.files.text("configuration", markdown(settings.tree()))
    for line in describe(settings, trial.data):
        trial.files.log(line)
    for text in cautions([settings], [trial.data]):
        trial.files.log(f"warning: {text}")
    trial.files.flush()


def describe(settings: Settings, data: RunData) -> list[str]:
    """What was read, and what the trainer makes of it."""
    rows, batch = len(data.train), settings.trainer.batch_size
    full = [f"trainer.batch_size={batch} is larger than the {rows:,} training rows: every step takes the full batch"]
    return data.describe() + (full if batch > rows else [])


def facts(settings: Settings) -> dict[str, Any]:
    """What every summary of this process says about its surroundings."""
    alone = settings.trainer.threads == 1 and settings.trainer.device == "cpu"
    same = alone and probe(settings.trainer.dtype, settings.model.norm).ok
    return {"bitwise": bool(same), "versions": versions(), "git": git_info()}


def draw_augmentation(trial: Trial, engine: Engine, row: int) -> None:
    """Images before and after augmentation, where figures are wanted; noted in the log if they cannot be drawn."""
    from runner.figures.augmented import draw_augmentation as draw

    try:
        draw(trial, engine, row)
    except Exception as error:  # noqa: BLE001 (a picture is no reason not to train)
        trial.files.log(f"no picture of the augmentation: {type(error).__name__}: {error}")


def draw_figures(trial: Trial, engine: Engine) -> None:
    """The figures of a run that has ended, where they are wanted; one that cannot be drawn is noted in its log."""
    from runner.figures.at_end import draw, wanted

    if wanted(trial):
        try:
            draw(trial, engine)
        except Exception as error:  # noqa: BLE001 (a picture is no reason to lose a trained network)
            trial.files.log(f"no figures: {type(error).__name__}: {error}")
