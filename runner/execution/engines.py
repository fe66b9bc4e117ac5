"""Which engine trains the runs that are about to begin or to continue, and its kernels, compiled before workers start.

`auto` is decided once, when a run or a sweep begins, from the run's own settings and what is installed; then it stands
in the checkpoint, in the summary and in the list of the sweep.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from runner.config import plugins
from runner.config.engines import AUTO, NATIVE, STACKED, engine, lacking, no_form, not_installed
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.errors import ConfigError, DamagedError, RunError
from runner.execution.work import Run
from runner.records.names import shown_path
from runner.records.run_folder import SUMMARY, checkpoints
from runner.records.summary import read_summary
from runner.training import checkpoint
from runner.training.loop import place
from runner.training.trial import engine_of

SECONDS = 0.3  # that compiling one kernel takes


def decide(runs: Sequence[Run], data: Sequence[RunData]) -> list[str]:
    """Give each run that has no engine yet its engine; what is to be said about it.

    What a sweep began without it does not get later. Raises ConfigError where a run asks for the native engine, or
    belongs to a sweep that trains by it, and this machine has none.
    """
    new = [(run.settings, table.task) for run, table in zip(runs, data, strict=True) if not run.settings.engine]
    begun = [(run.settings, table.task) for run, table in zip(runs, data, strict=True) if run.settings.engine]
    wanted = {id(settings): engine(settings, task) for settings, task in new}
    without = any(_declined(settings, task) for settings, task in begun)
    asked = any(wanted[id(s)] == NATIVE and (s.trainer.engine == NATIVE or not without) for s, _ in new)
    problem = unavailable() if asked else ""
    if problem and any(s.trainer.engine == NATIVE for s, _ in new):
        raise ConfigError(f"trainer.engine = native: {problem}; set trainer.engine=auto")
    if problem and any(s.engine == NATIVE for s, _ in begun):
        raise ConfigError(f"the sweep trains by the native engine, but {problem}; add trainer.engine=stacked")
    for settings, _ in new:
        by_auto = settings.trainer.engine == AUTO and (problem or without)
        settings.engine = STACKED if by_auto else wanted[id(settings)]
    return [f"{problem}: trained by the stacked engine, which takes longer"] if problem else []


def _declined(settings: Settings, task: str) -> bool:
    """Whether a run was begun by the stacked engine although its settings would have had it otherwise."""
    return settings.engine == STACKED and engine(dataclasses.replace(settings, engine=""), task) == NATIVE


def take_up(root: Path, runs: Sequence[Run], data: Sequence[RunData], given: str = "") -> None:
    """Give runs that are resumed the engine that their summaries and checkpoints name, or another that is `given` to
    those that have not ended. ConfigError if they cannot be trained by that.
    """
    found = {row["folder"]: engine_of(row) for path in checkpoints(root) for row in _rows(path)}
    for run in runs:
        if (run.folder / SUMMARY).exists():
            run.settings.engine = run.settings.engine or _ended_by(run.folder)
        elif name := found.get(place(run.folder, root / "any")):
            run.settings.engine = name
    left = [(r.settings, t.task) for r, t in zip(runs, data, strict=True) if not (r.folder / SUMMARY).exists()]
    without = [each for settings, task in left for each in lacking(settings, task)] if given == NATIVE else []
    if without:
        raise ConfigError(f"trainer.engine = native: {no_form(list(dict.fromkeys(without)))}")
    for settings, _ in left if given else ():
        settings.engine = given


@functools.cache
def unavailable() -> str:
    """Why the native engine cannot be had here, in words; "" if it can. One kernel is taken or compiled to know."""
    if absent := not_installed():
        return f"{absent} is not installed"
    try:
        from runner.compiled import products
        from runner.compiled.kernels import address

        address(products.times, "product", "float32")
    except Exception as error:  # noqa: BLE001 numba on a platform that it does not know may fail in any way
        reason = (str(error) or type(error).__name__).splitlines()[0]
        return f"numba cannot compile here ({reason})"
    return ""


def ready(root: Path, runs: Sequence[Run], data: Sequence[RunData], say: Callable[[str], None]) -> None:
    """Have the kernels of these runs compiled or taken from the disk, so that workers that are forked have them too.

    `say` is told if that takes a while. Raises RunError if the runs were begun by the native engine, and it cannot be
    had any more.
    """
    native = [(r.settings, t.task) for r, t in zip(runs, data, strict=True) if engine(r.settings, t.task) == NATIVE]
    if not native:
        return
    if problem := unavailable():
        again = plugins.command("resume", shown_path(root))
        way = f"`{again} trainer.engine=stacked` continues by the other, to rounding"
        raise RunError(f"{shown_path(root)}: begun by the native engine, but {problem}; {way}")
    from runner.compiled import kept, kernels
    from runner.training.steps.compiled_kernels import needed

    wanted = needed(native)
    absent = kernels.missing(wanted)
    if len(absent) * SECONDS > 1:
        every = "once" if kept.writable() else f"as {kept.FOLDER} cannot be written"
        say(f"compiling {len(absent)} kernels, {every}")
    for kernel in wanted:
        kernels.make(kernel)


def _ended_by(folder: Path) -> str:
    """The engine of a run that has ended; "" if its summary does not hold, so that it is trained again."""
    try:
        return str(read_summary(folder).get("engine", STACKED))
    except RunError:
        return ""


def _rows(path: Path) -> list[dict]:
    try:
        return checkpoint.rows(path)
    except DamagedError:  # said, and set aside, when the runs continue
        return []
