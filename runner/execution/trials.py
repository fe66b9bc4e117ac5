"""One run about to train: its files opened, its records begun or taken up again, and what is said about it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runner.config.engines import NATIVE
from runner.config.settings import OWN, Settings
from runner.execution.work import Run
from runner.plan.checks import cautions
from runner.records import disk
from runner.records.environment import git_info, versions
from runner.records.flat import markdown, rows
from runner.records.run_files import LOG, RunFiles
from runner.training.engine import Engine
from runner.training.second_phase import SecondPhase
from runner.training.trial import Trial

if TYPE_CHECKING:
    from runner.data.prepare import RunData


def open_trial(run: Run, data: RunData, state: dict | None, said: Said | None = None) -> Trial:
    """A run with its files: from its checkpoint's state, or from its beginning, whatever has been recorded of it."""
    log = run.folder / LOG  # not cut back to the checkpoint, as it tells what happened, but to its last whole line
    told = disk.content(log).rfind(b"\n") + 1 if os.path.exists(log) else 0
    files = RunFiles(run.folder, {**(state["offsets"] if state else {}), LOG: told}, charted=run.pictured)
    second = state is not None and "first" in state
    kind, data = (SecondPhase, data.with_validation) if second else (Trial, data)
    trial = kind(run.settings, data, files, run.detailed, run.pictured, run.member)
    if told:
        files.log(f"resumed after epoch {state['last']['epoch']:.10g}" if state else "resumed from the beginning")
    if state:
        trial.load_state(state)
    else:
        _begin(trial, run, said or Said())
    return trial


def _begin(trial: Trial, run: Run, said: Said) -> None:
    options = run.settings.options()
    kept = {key: value for key, value in run.values.items() if key not in options or options[key].kind != "free"}
    trial.files.hparams(kept)
    table, lines = said.of(run.settings, trial.data)
    trial.files.text("configuration", table)
    for line in lines:
        trial.files.log(line)


class Said:
    """What the records of a run begin with: worked out once for runs that differ in nothing but seed and name."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], tuple[str, list[str]]] = {}

    def of(self, settings: Settings, data: RunData) -> tuple[str, list[str]]:
        """(the table of its settings, what its log says of its data and of what is probably not meant). Runs and data
        are told apart by the objects that they are: they must be kept for as long as this is.
        """
        key = (*settings.parts(), id(data))
        if key not in self._known:
            tree = {name: part for name, part in settings.tree().items() if name not in OWN}
            warned = [f"warning: {text}" for text in cautions([settings], [data])]
            self._known[key] = markdown(tree), describe(settings, data) + warned
        table, lines = self._known[key]
        return table + rows({"seed": settings.seed, "name": settings.name}), lines


def describe(settings: Settings, data: RunData) -> list[str]:
    """What was read, and what the trainer makes of it."""
    rows, batch = len(data.train), settings.trainer.batch_size
    full = [f"trainer.batch_size={batch} is larger than the {rows:,} training rows: every step takes the full batch"]
    return data.describe() + (full if batch > rows else [])


def facts(settings: Settings) -> dict[str, Any]:
    """What every summary of this process says about its surroundings."""
    alone = settings.trainer.threads == 1 and settings.trainer.device == "cpu"
    same = alone and (settings.engine == NATIVE or _same_bits(settings))  # a row at a time: nothing to probe
    return {"bitwise": bool(same), "versions": versions(), "git": git_info()}


def _same_bits(settings: Settings) -> bool:
    from runner.population.bitwise import probe

    return probe(settings.trainer.dtype, settings.model.norm).ok


def draw_augmentation(trial: Trial, engine: Engine, row: int) -> None:
    """Images before and after augmentation, where figures are wanted."""
    from runner.figures.augmented import draw_augmentation as draw

    with _noted(trial, "no picture of the augmentation"):
        draw(trial, engine, row)


def draw_epoch(trial: Trial, alone: Callable[[], Engine]) -> None:
    """What the network says after an epoch, where figures are wanted and it can be drawn."""
    if not (trial.pictured or trial.settings.trainer.figures):
        return
    from runner.figures.by_epoch import draw_epoch as draw

    with _noted(trial, "no picture of an epoch"):
        draw(trial, alone)


def draw_figures(trial: Trial, engine: Engine) -> None:
    """The figures of a run that has ended, where they are wanted."""
    from runner.figures.at_end import draw, wanted

    if wanted(trial):
        with _noted(trial, "no figures"):
            draw(trial, engine)


@contextmanager
def _noted(trial: Trial, lacking: str) -> Iterator[None]:
    """What cannot be drawn is noted in the log."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 (a picture is no reason not to train, or to lose a trained network)
        trial.files.log(f"{lacking}: {type(error).__name__}: {error}")
