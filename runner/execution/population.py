"""Opening a population for training: files, trials, engine, checkpoint, and what is shown meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.config.settings import Settings
from runner.diagnostics.bitwise import probe
from runner.errors import RunError
from runner.records.console import banner
from runner.records.environment import git_info, versions
from runner.records.flat import markdown
from runner.records.progress import Progress
from runner.records.run_files import RunFiles
from runner.training import checkpoint
from runner.training.engine import Engine
from runner.training.loop import Training
from runner.training.outcome import Outcome
from runner.training.trial import Trial


@contextmanager
def open_training(
    runs: list[tuple[Settings, Path]], data: list[Any], path: Path, *, resumed: bool, console: bool
) -> Iterator[Training]:
    """A Training ready to `run`, fresh or from the checkpoint at `path`, with the progress display around it."""
    saved = checkpoint.read(path) if resumed and path.exists() else None
    rows = {row["folder"]: (i, row) for i, row in enumerate(saved[1])} if saved else {}
    trials = []
    for (settings, folder), table in zip(runs, data, strict=True):
        if saved and folder.name not in rows:
            raise RunError(f"{path} does not hold the run {folder.name}; delete it to start the run from its beginning.")
        offsets = rows[folder.name][1]["offsets"] if saved else ({} if resumed else None)
        trial = Trial(settings, table, RunFiles(folder, offsets), detailed=len(runs) == 1)
        if saved:
            trial.load_state(rows[folder.name][1])
        trials.append(trial)
    engine = Engine([trial.settings for trial in trials], data)
    if not saved:
        for trial in trials:
            _begin(trial)
    first = runs[0][0]
    if console:
        banner(first, data[0].describe(), engine.layout.parameters, runs[0][1], members=len(runs))
    epochs = max(settings.trainer.epochs for settings, _ in runs)
    with Progress(epochs, len(runs), enabled=console and first.trainer.progress) as progress:
        training = Training(engine, trials, path, facts=_facts(first), watch=_watch(progress), at_end=_at_end)
        if saved:
            training.load(saved[0], [rows[folder.name][0] for _, folder in runs])
        training.resumed = saved is not None
        yield training


def _begin(trial: Trial) -> None:
    tree = trial.settings.tree()
    trial.files.hparams(tree)
    trial.files.text("configuration", markdown(tree))
    for line in trial.data.describe():
        trial.files.log(line)
    trial.files.flush()


def _facts(settings: Settings) -> dict[str, Any]:
    """What every summary of this process says about its surroundings."""
    alone = settings.trainer.threads == 1 and settings.trainer.device == "cpu"
    return {"bitwise": bool(alone and probe().ok), "versions": versions(), "git": git_info()}


def _watch(progress: Progress):
    def show(trials: list[Trial], outcomes: list[Outcome]) -> None:
        trial = trials[0]
        best = trial.stopping.best
        shown = None if best is None else (trial.settings.early_stopping.monitor, best, trial.stopping.best_epoch)
        running = sum(t.status is None for t in trials)
        progress.update(int(trial.last["epoch"]), trial.last, shown, running, len(outcomes))

    return show


def _at_end(trial: Trial, engine: Engine) -> None:
    if trial.detailed and trial.settings.trainer.figures and trial.status != "diverged":
        from runner.reports.figures import draw

        draw(trial, engine)
