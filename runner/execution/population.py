"""Opening a population for training: files, trials, engine, checkpoint, and what is shown meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runner.config.settings import Settings
from runner.config.warnings import warnings
from runner.diagnostics.bitwise import probe
from runner.errors import RunError
from runner.execution.stored import CONFIG
from runner.plan.checks import known
from runner.records import pipe
from runner.records.console import banner
from runner.records.environment import git_info, versions
from runner.records.flat import markdown
from runner.records.progress import Progress
from runner.records.run_files import LOG, RunFiles
from runner.training import checkpoint
from runner.training.engine import Engine
from runner.training.loop import Training, place
from runner.training.outcome import Outcome
from runner.training.trial import Trial, check_unchanged


@contextmanager
def open_training(
    runs: list[tuple[Settings, Path]], data: list[Any], path: Path, *, resumed: bool, detailed: bool, console: bool
) -> Iterator[Training]:
    """A Training ready to `run`, fresh or from the checkpoint at `path`, with the progress display around it.

    `detailed` runs get figures and weight histograms. Raises RunError if the checkpoint is damaged or of other runs.
    """
    tensors, rows = checkpoint.read(path) if resumed and path.exists() else (None, [])
    found = {row["folder"]: position for position, row in enumerate(rows)}
    positions = [_position(found, place(folder, path), path) for _, folder in runs] if tensors else []
    states: list[dict | None] = [rows[position] for position in positions] if tensors else [None] * len(runs)
    for (settings, folder), table, state in zip(runs, data, states, strict=True):
        if state:
            check_unchanged(state, settings, table, folder / CONFIG)
    trials = [
        _open(settings, table, folder, state, resumed=resumed, detailed=detailed)
        for (settings, folder), table, state in zip(runs, data, states, strict=True)
    ]
    engine = Engine([trial.settings for trial in trials], data)
    first = runs[0][0]
    if console and resumed:
        pipe.write(sys.stdout, _where(trials, bool(tensors)) + "\n")
    if console:
        told = list(dict.fromkeys(text for trial in trials for text in _cautions(trial)))
        about = _describe(first, data[0])
        banner(first, about, engine.layout.parameters, runs[0][1], members=len(runs), warnings=told)
    epochs = max(settings.trainer.epochs for settings, _ in runs)
    with Progress(epochs, len(runs), enabled=console and first.trainer.progress) as progress:
        training = Training(engine, trials, path, facts=_facts(first), watch=_watch(progress), at_end=_at_end)
        if tensors:
            training.load(tensors, positions)
        training.resumed = tensors is not None
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


def _open(settings: Settings, data: Any, folder: Path, state: dict | None, *, resumed: bool, detailed: bool) -> Trial:
    """One run with its files: new, from its checkpoint's state, or (resumed without one) from its beginning again."""
    offsets = dict(state["offsets"]) if state else {}
    files = RunFiles(folder, offsets | _whole_log(folder) if resumed else None)
    trial = Trial(settings, data, files, detailed=detailed)
    if resumed:
        files.log(f"resumed after epoch {state['last']['epoch']}" if state else "resumed from the beginning")
    if state:
        trial.load_state(state)
    else:
        _begin(trial)
    return trial


def _whole_log(folder: Path) -> dict[str, int]:
    """train.log is not cut back to the checkpoint, as it tells what happened, but to its last whole line."""
    path = folder / LOG
    size = path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0
    return {LOG: size}


def _begin(trial: Trial) -> None:
    settings = trial.settings
    options = {key: settings.value(key) for key, option in settings.options().items() if option.kind != "free"}
    trial.files.hparams(settings.choices() | options)
    trial.files.text("configuration", markdown(settings.tree()))
    for line in _describe(settings, trial.data):
        trial.files.log(line)
    for text in _cautions(trial):
        trial.files.log(f"warning: {text}")
    trial.files.flush()


def _describe(settings: Settings, data: Any) -> list[str]:
    """What was read, and what the trainer makes of it."""
    rows, batch = len(data.train), settings.trainer.batch_size
    full = [f"trainer.batch_size={batch} is larger than the {rows:,} training rows: every step takes the full batch"]
    return data.describe() + (full if batch > rows else [])


def _cautions(trial: Trial) -> list[str]:
    """What is allowed and probably not meant."""
    return warnings(trial.settings, known(trial.settings, trial.data))


def _facts(settings: Settings) -> dict[str, Any]:
    """What every summary of this process says about its surroundings."""
    alone = settings.trainer.threads == 1 and settings.trainer.device == "cpu"
    same = alone and probe(settings.trainer.dtype, settings.model.norm).ok
    return {"bitwise": bool(same), "versions": versions(), "git": git_info()}


def _watch(progress: Progress):
    def show(trials: list[Trial], outcomes: list[Outcome]) -> None:
        trial = trials[0]
        best = trial.stopping.best
        shown = None if best is None else (trial.settings.early_stopping.monitor, best, trial.stopping.best_epoch)
        running = sum(t.status is None for t in trials)
        progress.update(int(trial.last["epoch"]), trial.last, shown, running, len(outcomes))

    return show


def _at_end(trial: Trial, engine: Engine) -> None:
    from runner.reports.figures import draw, wanted

    if wanted(trial):
        try:
            draw(trial, engine)
        except Exception as error:  # noqa: BLE001 (a picture is no reason to lose a trained network)
            trial.files.log(f"no figures: {type(error).__name__}: {error}")
