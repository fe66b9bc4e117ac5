"""Opening a population for training: files, trials, engine, checkpoint, and what is shown meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.config.settings import Settings
from runner.errors import RunError
from runner.execution.stored import CONFIG, is_as_written, write_config
from runner.execution.trials import describe, draw_augmentation, draw_figures, facts, open_trial
from runner.plan.checks import cautions
from runner.records import pipe
from runner.records.console import banner
from runner.records.progress import Progress
from runner.records.vouched import METRICS
from runner.training import checkpoint
from runner.training.engine import Engine
from runner.training.loop import Training, place
from runner.training.outcome import Outcome
from runner.training.trial import Trial, check_unchanged, metrics_hold


@contextmanager
def open_training(
    runs: list[tuple[Settings, Path]],
    data: list[Any],
    path: Path,
    *,
    resumed: bool,
    detailed: bool,
    console: bool,
    introduced: int,
) -> Iterator[Training]:
    """A Training ready to `run`, fresh or from the checkpoint at `path`, with the progress display around it.

    `detailed` runs get weight histograms and, with `console`, figures. `introduced` is how many runs the first lines on
    the screen speak for; 0 = they have been introduced. Raises RunError if the checkpoint is damaged or of other runs.
    """
    tensors, rows = checkpoint.read(path) if resumed and path.exists() else (None, [])
    found = {row["folder"]: position for position, row in enumerate(rows)}
    positions = [_position(found, place(folder, path), path) for _, folder in runs] if tensors else []
    states: list[dict | None] = [rows[position] for position in positions] if tensors else [None] * len(runs)
    for (settings, folder), table, state in zip(runs, data, states, strict=True):
        if state:
            check_unchanged(state, settings, table, folder / CONFIG)
            if not metrics_hold(state, folder):
                raise RunError(
                    f"{folder / METRICS}: not what it was when {path.name} was written. Delete {path}, and `runner "
                    "resume` starts from the beginning, with the same result."
                )
            if is_as_written(folder) is False:  # edited in what no number depends on
                write_config(settings, folder)
    trials = [
        open_trial(settings, table, folder, state, resumed=resumed, detailed=detailed, pictured=detailed and console)
        for (settings, folder), table, state in zip(runs, data, states, strict=True)
    ]
    engine = Engine([trial.settings for trial in trials], data)
    for row, trial in enumerate(trials):
        if states[row] is None:
            draw_augmentation(trial, engine, row)
    first = runs[0][0]
    if console and resumed:
        pipe.write(sys.stdout, _where(trials, bool(tensors)) + "\n")
    if console and introduced:
        told = cautions([trial.settings for trial in trials], data)
        about = describe(first, data[0])
        banner(first, about, engine.layout.parameters, runs[0][1], members=introduced, warnings=told)
    epochs = max(settings.trainer.epochs for settings, _ in runs)
    with Progress(epochs, len(runs), enabled=console and first.trainer.progress) as progress:
        training = Training(engine, trials, path, facts=facts(first), watch=_watch(progress), at_end=draw_figures)
        if tensors:
            training.load(tensors, positions)
        yield training


def _where(trials: list[Trial], from_checkpoint: bool) -> str:
    """Where a resumed population goes on, for the screen."""
    if not from_checkpoint:
        return "no checkpoint yet: starting from the beginning"
    return f"resuming after epoch {max(trial.last['epoch'] for trial in trials)}"


def _position(found: dict[str, int], name: str, path: Path) -> int:
    if name not in found:
        raise RunError(f"{path} does not hold the run {name}; delete it to start its runs from their beginning.")
    return found[name]


def _watch(progress: Progress):
    def show(trials: list[Trial], outcomes: list[Outcome]) -> None:
        trial = trials[0]
        best = trial.stopping.best
        shown = None if best is None else (trial.settings.early_stopping.monitor, best, trial.stopping.best_epoch)
        running = sum(t.status is None for t in trials)
        progress.update(int(trial.last["epoch"]), trial.last, shown, running, len(outcomes))

    return show
