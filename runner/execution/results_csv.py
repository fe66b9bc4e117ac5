"""results.csv of runs started together: one row a run, appended as runs end, in the order of the runs when all have."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.config.compact import text
from runner.config.settings import Settings
from runner.config.timing import late
from runner.execution.run_list import name_of
from runner.execution.work import Run
from runner.plan.duplicates import repeated
from runner.records import disk
from runner.records.names import telling, typed_keys
from runner.records.read import ENDS, MEASURED, SAID
from runner.records.run_folder import RESULTS
from runner.records.summary import SPLITS
from runner.training.evaluation import named, recorded
from runner.training.outcome import Outcome


class Results:
    """The table of the runs in `root`. Columns: run, status, every key that is not at its default in some run, in the
    order in which they were typed, seed, best_epoch, epochs, parameters, metrics of each split, seconds, error; before
    these two, where there is something to say, same_as (the run whose result was copied) and without_effect (choices
    that never came to act).

    `tasks` has the tasks of each run (`RunData.tasks`), `questions` those of several targets (`Encoding.questions`).
    """

    def __init__(
        self,
        root: Path,
        runs: Sequence[Run],
        tasks: Sequence[tuple[str, ...]],
        questions: Mapping[str, str] | None = None,
        name: str = RESULTS,
    ):
        self.path, self.runs, self.size = root / name, runs, 0
        self.same = repeated([run.settings for run in runs])  # run -> the earlier one that is the same run
        typed = typed_keys(word for run in runs for word in run.overrides)
        told = telling([run.values for run in runs], [run.told for run in runs], typed)
        self.keys = [key for key in told if key not in ("seed", "name")]
        kinds = {(run.settings.parts(), task): run.settings for run, task in zip(runs, tasks, strict=True)}
        names = [name for (_, task), settings in kinds.items() for name in recorded(settings, *task)]
        every = named(list(dict.fromkeys(names)), questions or {})
        self.metrics = [f"{split}/{name}" for split in SPLITS for name in every]
        late_ones = any(map(_may_be_late, kinds.values()))
        self.said = [name for name, wanted in zip(SAID, (self.same, late_ones), strict=True) if wanted]
        self.columns = ["run", "status", *self.keys, "seed", *MEASURED, *self.metrics, *self.said, *ENDS]

    def start(self, outcomes: Mapping[int, Outcome]) -> None:
        """Put the table in place with the header and the runs that have ended."""
        lines = [self._line(self.columns), *(self._row(i, outcomes[i]) for i in sorted(outcomes))]
        data = "".join(lines).encode()
        disk.replace(self.path, data)
        self.size = len(data)

    def append(self, ended: Mapping[int, Outcome]) -> None:
        """Add the rows of runs that have ended."""
        data = "".join(self._row(i, outcome) for i, outcome in ended.items()).encode()
        self.size = disk.append(self.path, data, self.size)

    def _row(self, number: int, outcome: Outcome) -> str:
        run, summary = self.runs[number], outcome.summary
        own = run.values
        metrics = [summary.get(split, {}).get(name) for split, name in (m.split("/", 1) for m in self.metrics)]
        same_as = self.name(self.same[number]) if number in self.same else ""
        said = dict(zip(SAID, (same_as, " ".join(summary.get("without_effect", []))), strict=True))
        return self._line(
            [
                self.name(number),
                outcome.status,
                *(text(own[key]) if key in own else "" for key in self.keys),
                run.settings.seed,
                *(summary.get(name) for name in MEASURED),
                *metrics,
                *(said[name] for name in self.said),
                summary.get("seconds"),
                outcome.reason if outcome.status == "failed" else "",
            ]
        )

    def name(self, number: int) -> str:
        """A run as the table names it."""
        return name_of(self.runs[number].folder, self.path.parent)

    @staticmethod
    def _line(cells: Sequence[Any]) -> str:
        line = io.StringIO()
        csv.writer(line, lineterminator="\n").writerow([_number(cell) for cell in cells])
        return line.getvalue()


def _may_be_late(run: Settings) -> bool:
    """Whether something that the run was asked for begins in the course of it, and so may not begin at all."""
    return run.scheduler.reactive or any(each.begins.only_then for each in late(run, 1, 0))


def _number(cell: Any) -> Any:
    if cell is None or (isinstance(cell, float) and not math.isfinite(cell)):
        return ""
    return repr(cell) if isinstance(cell, float) else cell
