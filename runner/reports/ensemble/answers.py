"""What the runs of an ensemble say about the rows of validation and test that they were not trained on.

Data are read once for all runs that agree on them. Shapes: K members, n rows, C classes, or in regression targets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from runner.config import plugins
from runner.config.compact import shown
from runner.config.settings import Settings
from runner.config.words import spelled
from runner.data.prepare import RunData
from runner.ensembles.combining import check_task
from runner.errors import ConfigError, RunError
from runner.plan.read_data import data_of
from runner.records.names import plural, shown_path
from runner.records.run_folder import MODEL
from runner.records.summary import read_summary
from runner.reports.ensemble.loaded import answers
from runner.reports.load import load_model
from runner.reports.run_row import RunRow
from runner.training.without_network import truth_of

SPLITS = ("val", "test")
Told = Callable[[int, int, str], None]  # how many of how many, in words: runs read
READ = "runs read"


@dataclass
class Answers:
    """Of one split: the truth, class codes [n] or numbers [n] or [n, C] in their own unit, and what each member says
    [K, n, C].

    NaN where a member does not know the row as one of this split, as it was trained on it: in folds each row is known
    to the runs of one fold.
    """

    truth: np.ndarray
    said: np.ndarray

    @property
    def complete(self) -> bool:
        """Whether every member says something about every row."""
        return not np.isnan(self.said[..., 0]).any()

    def of(self, members: Sequence[int]) -> Answers:
        """The same of some members, in this order, one perhaps several times."""
        return Answers(self.truth, self.said[list(members)])

    def each(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(truth, what it says [1, n, C]) of every member, over the rows that it knows."""
        for said in self.said:
            known = ~np.isnan(said[:, 0])
            yield self.truth[known], said[None, known]


def read_answers(
    rows: Sequence[RunRow], settings: Sequence[Settings], told: Told, *, force: bool = False
) -> tuple[RunData, dict[str, Answers]]:
    """(the data of the first run, the answers of all by split, of those splits that have rows).

    Raises ConfigError if the runs saw different data, RunError if the data have changed since, or a model cannot be
    read.
    """
    data = data_of(settings)
    check_task(data[0].task)
    _refuse_changed(rows, data, force)
    _refuse_different(rows, settings, data)
    found = {split: _empty(split, data) for split in SPLITS if len(getattr(data[0], split))}
    for k, (row, own) in enumerate(zip(rows, data, strict=True)):
        run = load_model(row.folder / MODEL, force=force)
        for split, (union, answer) in found.items():
            places = getattr(own, split)
            answer.said[k, np.searchsorted(union, places)] = answers(run, own.x[places])
        told(k + 1, len(rows), READ)
    return data[0], {split: answer for split, (_, answer) in found.items()}


def _empty(split: str, data: Sequence[RunData]) -> tuple[np.ndarray, Answers]:
    """(all rows that some run has in a split, sorted; what nobody has said about them yet).

    The truth about a row is that of a run that has it in the split: labels that train may be wrong on purpose.
    """
    distinct = list({id(own): own for own in data}.values())
    rows = np.unique(np.concatenate([getattr(own, split) for own in distinct]))
    truth = np.zeros((len(rows), *distinct[0].y.shape[1:]), distinct[0].y.dtype)
    for own in distinct:
        places = getattr(own, split)
        truth[np.searchsorted(rows, places)] = truth_of(own, places)
    return rows, Answers(truth, np.full((len(data), len(rows), data[0].outputs), np.nan))


def _refuse_changed(rows: Sequence[RunRow], data: Sequence[RunData], force: bool) -> None:
    for row, own in zip(rows, data, strict=True):
        if not force and read_summary(row.folder).get("data_sha256", own.sha256) != own.sha256:
            raise RunError(
                f"{row.folder}: its data have changed since it was trained, so what it would say about them was never "
                "validated. Restore them, or use --force to measure on what is there now."
            )


def _refuse_different(rows: Sequence[RunRow], settings: Sequence[Settings], data: Sequence[RunData]) -> None:
    """ConfigError if what is test for one run trained another, or they learn different problems."""
    known = {id(own): _problem(own) for own in data}
    groups: dict[tuple, list[int]] = {}
    for i, own in enumerate(data):
        groups.setdefault(known[id(own)], []).append(i)
    if len(groups) == 1:
        return
    parts = list(groups.values())
    largest = max(parts, key=len)
    command = plugins.command("ensemble", *(shown_path(rows[i].folder) for i in largest[:2]))
    more = " ..." if len(largest) > 2 else ""
    raise ConfigError(
        f"these {plural(len(rows), 'run')} saw {len(parts)} different tables or splits, so what tests one may have "
        f"trained another: {_difference([settings[part[0]] for part in parts], parts)}. Name the runs of one, such as "
        f"`{command}{more}` ({plural(len(largest), 'run')})"
    )


def _problem(data: RunData) -> tuple:
    """What has to be the same for answers to be combined and measured: table, question and rows of the test."""
    return data.sha256, data.task, data.encoding.target, tuple(data.labels or ()), data.test.tobytes()


def _difference(settings: Sequence[Settings], parts: Sequence[Sequence[int]]) -> str:
    """The keys of the data that differ: dataset.split_seed is 0 in 5 runs, 1 in 5."""
    values = [{key: spelled(value) for key, value in shown(each).items()} for each in settings]
    keys = [key for key in values[0] if key.partition(".")[0] == "dataset" or key == "dataset"]
    found = [key for key in keys if len({each.get(key) for each in values}) > 1]
    said = [
        f"{key} is " + ", ".join(f"{each.get(key)} in {len(part)}" for each, part in zip(values, parts, strict=True))
        for key in found
    ]
    return "; ".join(said) or "their files differ in content"
