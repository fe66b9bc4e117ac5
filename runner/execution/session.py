"""Starting and resuming runs in this process: prepare data, plan populations, train each, report outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.config.settings import Settings
from runner.errors import ConfigError, RunError, RunnerError
from runner.execution import folds, unfinished
from runner.execution.found import (
    CHECKPOINT,
    clear_way_of,
    finished,
    has_ended,
    refuse_alone,
    runs_in,
    set_damaged_aside,
)
from runner.execution.lock import lock
from runner.execution.signals import stop_signals
from runner.execution.stored import CONFIG, read_config, refuse_changed, write_config
from runner.records import disk
from runner.records.tracebacks import write_traceback
from runner.training.outcome import Outcome

WRITTEN_WHOLE = (CHECKPOINT, "model.safetensors", "summary.json", "unfinished.json", str(CONFIG))

__all__ = ["CONFIG", "Outcome", "has_ended", "read_config", "resume", "start"]


def start(runs: list[tuple[Settings, Path]], *, console: bool = False) -> list[Outcome]:
    """Train runs, each into its own existing folder; outcomes come in the order of `runs`.

    Raises ConfigError / DataError before anything trains, Interrupted after SIGINT or SIGTERM (all state saved). A run
    whose training fails otherwise becomes an outcome "failed", and `resume` tries it again; the others go on.
    """
    from runner.records.run_files import refuse_to_overwrite

    data = _prepare([settings for settings, _ in runs])
    folders = [Path(folder) for _, folder in runs]
    root = unfinished.root_of(folders)
    with lock(root):
        unfinished.refuse_second_start(root)
        for settings, folder in runs:
            refuse_to_overwrite(folder)
            write_config(settings, folder)
        if len(runs) > 1:
            unfinished.write(root, folders)
        return _Session(runs, data, root, console, resumed=False).train({})


def start_folds(settings: Settings, folder: Path, *, console: bool = False) -> list[Outcome]:
    """Train what one configuration stands for: a run in `folder`, or one for each fold in a subfolder of it."""
    runs = folds.members(settings, Path(folder))
    if len(runs) == 1:
        return start(runs, console=console)
    _prepare([each for each, _ in runs])  # so that nothing is made for data that will not do
    write_config(settings, folder)
    folds.make_folders(runs)
    return start(runs, console=console)


def resume(folder: Path, *, console: bool = False) -> list[Outcome]:
    """Continue an interrupted run from its checkpoint, or all runs of a folder in which several were started together.

    What has no checkpoint yet starts from its beginning; a finished run is left alone and reported as it ended, unless
    its files are not what they were then: these are set aside, and it is trained again.
    """
    folder = Path(folder)
    runs = runs_in(folder)
    folders = [each for _, each in runs]
    done, damaged = finished(folders)
    if not (folder / unfinished.LIST).exists() and len(runs) > 1:
        if len(done) == len(runs):
            return [done[each] for each in folders]
        folds.make_folders(runs)  # killed while they were being made
    if folders == [folder] and done:
        return _ended_alone(folder, done[folder])
    if folders == [folder] and not damaged:
        refuse_alone(folder)
    refuse_changed([settings for settings, _ in runs], folder)
    data = _prepare([settings for settings, _ in runs])
    with lock(folder):
        done, damaged = finished(folders)
        for each, reason in damaged.items():
            set_damaged_aside(each, reason, console)
        for each in folders:
            if each not in done:
                clear_way_of(each, console)
        return _Session(runs, data, folder, console, resumed=True).train(done)


def _ended_alone(folder: Path, outcome: Outcome) -> list[Outcome]:
    """A finished run stays as it is, but for what a kill left behind after its last file was written."""
    if _left_over([folder]):
        with lock(folder):
            _tidy([folder])
    return [outcome]


def _left_over(folders: list[Path]) -> list[Path]:
    """What a kill between two steps leaves beside the files of a run."""
    names = (CHECKPOINT, *(f"{name}{disk.TEMPORARY}" for name in WRITTEN_WHOLE))
    return [folder / name for folder in folders for name in names if (folder / name).exists()]


def _tidy(ended: list[Path], checkpoint: Path | None = None) -> None:
    """Remove what ended runs need no more: halves of files that were being replaced, and checkpoints."""
    for left in _left_over(ended):
        disk.remove(left)
    if checkpoint:
        disk.remove(checkpoint)
        disk.remove(checkpoint.with_name(checkpoint.name + disk.TEMPORARY))


def _prepare(runs: list[Settings]) -> list[Any]:
    """The data of each run, read once where runs agree; checks that need the data are made here, before training."""
    from runner.data.prepare import prepare
    from runner.plan.checks import check_against_data

    cache: dict = {}
    data = [prepare(settings, cache) for settings in runs]
    problems = [p for settings, table in zip(runs, data, strict=True) for p in check_against_data(settings, table)]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    return data


@dataclass
class _Session:
    """Runs started together, from their plan to their outcomes. `root` is locked by the caller."""

    runs: list[tuple[Settings, Path]]
    data: list[Any]
    root: Path
    console: bool
    resumed: bool
    introduced: bool = False  # whether the screen has said what trains

    def train(self, outcomes: dict[Path, Outcome]) -> list[Outcome]:
        """Train every run that has no outcome yet; all outcomes, in the order of the runs."""
        from runner.optimizers.segments import segment_key
        from runner.plan.populations import populations

        broken: list[RunError] = []  # a full disk, a lost folder; the other populations are tried all the same
        with stop_signals() as asked_to_stop:
            for number, members in enumerate(populations([s for s, _ in self.runs], self.data, segment_key)):
                path = self._checkpoint(members, number)
                waiting = [i for i in members if self.runs[i][1] not in outcomes]
                try:
                    outcomes |= {o.folder: o for o in self._population(waiting, path, asked_to_stop)}
                except RunError as error:
                    broken.append(error)
                    continue
                ended = [self.runs[i][1] for i in members if outcomes[self.runs[i][1]].status != "failed"]
                _tidy(ended, path if len(ended) == len(members) else None)
        if broken:
            raise broken[0]
        if all(outcome.status != "failed" for outcome in outcomes.values()):
            unfinished.remove(self.root)
        return [outcomes[folder] for _, folder in self.runs]

    def _checkpoint(self, members: list[int], number: int) -> Path:
        if len(members) == 1:
            return self.runs[members[0]][1] / CHECKPOINT
        return self.root / f"population-{number:03d}.safetensors"

    def _introduced(self, runs: int) -> int:
        """How many runs the first lines of a population speak for: folds of one run, alike but for their rows, are
        introduced together, in however many populations they train.
        """
        if not folds.parent_of([folder for _, folder in self.runs]):
            return runs
        before, self.introduced = self.introduced, True
        return 0 if before else len(self.runs)

    def _population(self, members: list[int], path: Path, asked_to_stop: Callable[[], bool]) -> list[Outcome]:
        """One population to its end; any unexpected exception makes failed outcomes of the rows that had not ended."""
        from runner.execution.population import open_training

        if not members:
            return []
        runs, data = [self.runs[i] for i in members], [self.data[i] for i in members]
        how: dict[str, Any] = {"resumed": self.resumed, "detailed": len(self.runs) == 1, "console": self.console}
        how["introduced"] = self._introduced(len(runs))
        training = None
        try:
            with _threads(runs[0][0].trainer.threads), open_training(runs, data, path, **how) as training:
                training.asked_to_stop, training.root = asked_to_stop, self.root
                return training.run()
        except RunnerError:
            raise
        except Exception as error:  # noqa: BLE001 a defect harms its own population; the traceback goes to the logs
            if training:
                training.give_up(error)
            done = {o.folder: o for o in training.outcomes} if training else {}
            return [done.get(folder) or _failed(folder, error) for _, folder in runs]


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """torch with this many CPU threads, then as before."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _failed(folder: Path, error: Exception) -> Outcome:
    """Leave the traceback in the run's own log."""
    text = write_traceback(error, folder / "train.log")
    first_line = (str(error).strip() or "no message").splitlines()[0]
    return Outcome(folder, "failed", f"{type(error).__name__}: {first_line}", {}, error=text)
