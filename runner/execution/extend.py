"""More epochs for runs that have ended: `runner resume DIR trainer.epochs=200`.

A run continues from the state that it kept (`trainer.keep_checkpoint`), else from its beginning: bit for bit as if it
had been started with so many epochs. That needs rates and averages that do not depend on how many epochs there are.

Its summary goes first. From then on it is a run that has not ended, whatever a kill leaves of the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from runner.config import plugins
from runner.config.settings import Settings
from runner.config.words import key_of, without
from runner.data.prepare import RunData
from runner.errors import ConfigError, DamagedError
from runner.execution import run_list
from runner.execution.lock import lock
from runner.execution.stored import read_config, write_config
from runner.execution.work import Run
from runner.plan.checks import known
from runner.plan.fold_runs import expand_folds
from runner.plan.read_data import data_of
from runner.records import disk
from runner.records.names import shown_path
from runner.records.run_folder import CHECKPOINT, HYDRA, LAST, LIST, POPULATION, SUMMARY
from runner.records.summary import read_summary
from runner.records.sweep_folder import PRUNED
from runner.training import checkpoint
from runner.training.loop import place
from runner.training.stopping import Stopping
from runner.training.trial import fixed

EPOCHS, PATIENCE, KEPT = "trainer.epochs", "early_stopping.patience", "early_stopping.restore_best"
Change = Callable[[list[Settings]], list[Settings]]


def extend(root: Path, words: Sequence[str], change: Change) -> list[str]:
    """Make the runs in `root` that have ended ready to be resumed with what `change`, from `words`, makes of their
    settings. Returns what is to be said. ConfigError if that is no continuation of them.
    """
    with lock(root):
        runs, listed = run_list.load(root)
        _refuse_ensembles(root, runs, words)
        ended = [_summary(run) for run in runs]
        _refuse_compared(root, ended, words)
        if not all(ended):
            again = plugins.command("resume", shown_path(root))
            raise ConfigError(f"{root}: not all has ended; more epochs are for what has: first `{again}`")
        new = [_changed(run, settings, words) for run, settings in zip(runs, _new(root, runs, change), strict=True)]
        chosen, notes = [], []
        for i, (before, after) in enumerate(zip(runs, new, strict=True)):
            problem = _left(ended[i], after.settings, before.settings)
            notes += [f"{run_list.name_of(before.folder, root)}: left as it is: {problem}"] if problem else []
            chosen += [] if problem else [i]
        if not chosen or (notes and _are_folds(root, runs)):  # one configuration stands for all folds
            raise ConfigError([note.replace(".: left", f"{shown_path(root)}: left", 1) for note in notes])
        data = data_of([new[i].settings for i in chosen])
        for i, table in zip(chosen, data, strict=True):
            _check_same_rates(runs[i], new[i].settings, table, words)
        states = {i: _state(runs[i], notes) for i in chosen}
        _begin_again(root, runs, {i: new[i] for i in chosen}, listed)
        for number, (i, state) in enumerate((i, state) for i, state in states.items() if state):
            _put_back(root, new[i], state, number)
        return notes


def _refuse_ensembles(root: Path, runs: Sequence[Run], words: Sequence[str]) -> None:
    """ConfigError for an ensemble, of whose members each has ended by itself."""
    if any(run.settings.ensemble.active for run in runs):
        again = plugins.command("repeat", shown_path(root), *words)
        raise ConfigError(f"{root}: an ensemble that has ended gets no more epochs; `{again}` trains from the start")


def _refuse_compared(root: Path, summaries: Sequence[dict[str, Any]], words: Sequence[str]) -> None:
    """ConfigError for a sweep whose settings were compared while they trained: all of them had the same epochs."""
    if any(summary.get("status") == PRUNED for summary in summaries):
        raise ConfigError(
            f"{root}: its settings were compared after so many epochs as {EPOCHS} has them come to; begin the search "
            f"again with {' '.join(words)}, or train its best with `{plugins.command('repeat', 'RUN', *words)}`"
        )


def _summary(run: Run) -> dict[str, Any]:
    return read_summary(run.folder) if (run.folder / SUMMARY).exists() else {}


def _new(root: Path, runs: Sequence[Run], change: Change) -> list[Settings]:
    """The settings of each run as changed; folds are those of the configuration that stands for them."""
    if _are_folds(root, runs):
        return expand_folds(change([read_config(root)])[0])
    return change([run.settings for run in runs])


def _are_folds(root: Path, runs: Sequence[Run]) -> bool:
    return not (root / LIST).is_file() and [run.folder for run in runs] != [root]


def _changed(run: Run, settings: Settings, words: Sequence[str]) -> Run:
    """The run with its new settings; ConfigError if more than its length has changed."""
    before, after = fixed(run.settings), fixed(settings)
    other = [
        key for key in {**before, **after} if before.get(key) != after.get(key) and key not in (EPOCHS, PATIENCE, KEPT)
    ]
    if other:
        again = plugins.command("repeat", shown_path(run.folder), *words)
        raise ConfigError(
            f"{', '.join(other)}: a run that has ended continues with more {EPOCHS} and {PATIENCE} only; for another "
            f"run: `{again}`"
        )
    settings.engine = run.settings.engine  # which a list has as it was begun
    said = (*without(run.overrides, [key_of(word) for word in words]), *words) if run.overrides else ()
    return dataclasses.replace(run, settings=settings, overrides=said)


def _left(summary: dict[str, Any], after: Settings, before: Settings) -> str:
    """Why a run does not continue; "" if it does."""
    status, patience = summary["status"], after.early_stopping.patience
    if status not in ("completed", "stopped_early"):
        return f"it has {status}"
    if before.early_stopping.then != "none":
        return f"early_stopping.then = {before.early_stopping.then}: its validation rows have trained since it ended"
    if patience is not None and (before.early_stopping.patience is None or patience < before.early_stopping.patience):
        return f"{PATIENCE} = {patience}: it trained with {before.early_stopping.patience}, which can only be raised"
    if after.trainer.epochs <= int(summary["epochs"]):
        return f"{EPOCHS} = {after.trainer.epochs}: it has made {summary['epochs']}; give more"
    waited = max(before.early_stopping.patience or 0, 1)
    if status == "stopped_early" and Stopping(waited=waited).exhausted(after.early_stopping):
        return f"it stopped early after {summary['epochs']} epochs; early_stopping=none continues it"
    return ""


def _check_same_rates(run: Run, after: Settings, data: RunData, words: Sequence[str]) -> None:
    """ConfigError if with more epochs the steps that were made would have had other rates, or other averages."""
    steps = known(after, data).steps(after) or 1
    before, made = run.settings, run.settings.trainer.epochs
    asked = (before.trainer.epochs, after.trainer.epochs)
    rates = [each.scheduler.factors(0, steps, total, made) for each, total in zip((before, after), asked, strict=True)]
    found = [] if np.array_equal(*rates) else ["scheduler"]
    if before.averaging.active:
        means = [[before.averaging.weights(e, steps, total) for e in range(made)] for total in asked]
        found += [] if all(map(np.array_equal, *means)) else ["averaging"]
    if found:
        again = plugins.command("repeat", shown_path(run.folder), *words)
        raise ConfigError(
            f"{' and '.join(found)}: what it does depends on {EPOCHS}, so that the epochs that were made would have "
            f"been others; `{again}` trains from the start"
        )


def _state(run: Run, notes: list[str]) -> tuple[dict, dict] | None:
    """(arrays, row) that a run kept; None, and why, if it trains from the beginning."""
    why = "its last state was not kept (trainer.keep_checkpoint=false)"
    try:
        if (run.folder / LAST).exists():
            arrays, (row,) = checkpoint.read(run.folder / LAST)
            if row["settings"] == fixed(run.settings):
                return arrays, row
            why = f"{LAST} is of other settings"
    except DamagedError as error:
        why = error.what
    notes.append(f"{shown_path(run.folder)}: {why}; it trains from the beginning, with the same result")
    return None


def _begin_again(root: Path, runs: Sequence[Run], new: dict[int, Run], listed: dict[str, str]) -> None:
    """The runs `new` have not ended, and what says what they are says it."""
    for run in new.values():
        disk.remove(run.folder / SUMMARY)
    if (root / LIST).is_file():
        run_list.write(root, [new.get(i, run) for i, run in enumerate(runs)], listed)
    else:
        settings = new[0].settings
        whole = dataclasses.replace(settings.dataset, fold=None) if _are_folds(root, runs) else settings.dataset
        write_config(dataclasses.replace(settings, dataset=whole), root)
    for run in new.values():
        for name in HYDRA if run.folder != root else ():
            disk.remove(run.folder / name)


def _put_back(root: Path, run: Run, state: tuple[dict, dict], number: int) -> None:
    """The kept state as the checkpoint from which the run is resumed."""
    arrays, row = state
    path = root / (CHECKPOINT if run.folder == root else POPULATION.format(number))
    checkpoint.write(path, arrays, [row | {"folder": place(run.folder, path), "settings": fixed(run.settings)}])
