"""A run that a search has ended, others being better, continued to its own end: `runner resume RUN`.

Bit for bit as if it had never been ended. Its sweep then counts it among those that have ended by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from runner.execution import recovery, run_list
from runner.execution.executors.chosen import executor_of
from runner.execution.lock import lock
from runner.execution.results_csv import Results
from runner.execution.session import Screen, Session
from runner.execution.work import Run
from runner.plan.read_data import data_of
from runner.records import disk
from runner.records.run_folder import LAST, LIST, SUMMARY
from runner.records.summary import read_summary
from runner.records.sweep_folder import PRUNED
from runner.training.outcome import Outcome


def is_held(folder: Path) -> bool:
    """Whether the run in `folder`, one of a sweep, can continue by itself: it was pruned, or paused when its sweep was
    interrupted, and its state is there.
    """
    if not (folder / LAST).is_file() or not (run_list.resumed_in(folder) / LIST).is_file():
        return False
    return not (folder / SUMMARY).is_file() or read_summary(folder)["status"] == PRUNED


def continue_run(folder: Path, screen: Screen) -> list[Outcome]:
    """Train the run to its end, in its folder, and tell its sweep. Raises as `runner.execution.start.resume`."""
    folder, root = folder.resolve(), run_list.resumed_in(folder)
    with lock(root):
        runs, _ = run_list.load(root)
        (run,) = [each for each in runs if each.folder.resolve() == folder]
        data = data_of([run.settings])
        disk.remove(folder / SUMMARY)
        outcomes = Session(run.folder, [run], data).train(screen, executor_of)
        _tell(root, runs)
    return outcomes


def judge_again(runs: Iterable[Run]) -> None:
    """Have runs that were pruned pause where they ended: with those that extend their sweep they are judged anew."""
    for run in runs:
        there = all((run.folder / name).is_file() for name in (LAST, SUMMARY))
        if there and read_summary(run.folder)["status"] == PRUNED:
            disk.remove(run.folder / SUMMARY)


def _tell(root: Path, runs: list[Run]) -> None:
    """Write the results of a sweep anew."""
    data = data_of([run.settings for run in runs])
    questions = {name: task for table in data for name, task in table.encoding.questions.items()}
    found = recovery.Recovery(root, runs, data, note=lambda text: None).outcomes()
    Results(root, runs, [table.tasks for table in data], questions).start(found)
