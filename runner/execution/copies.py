"""A run of a sweep that is the same run as another (`runner.plan.duplicates`) is not trained: it copies the result.

Its folder holds what it would if it had been trained, under its own hyper-parameters; train.log and the column same_as
of results.csv name the other. The summary comes last, as always: a copy that a kill has cut short is made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.diagnostics.never_acted import never_acted
from runner.execution.trials import open_trial
from runner.execution.work import Run
from runner.plan.checks import known
from runner.records import disk
from runner.records.checksums import MODEL
from runner.records.run_files import PICTURES
from runner.records.summary import read_summary
from runner.training.outcome import Outcome

if TYPE_CHECKING:
    from runner.data.prepare import RunData

SAID = ("notes", "without_effect")  # of a summary: about the settings, which differ


def copied(outcome: Outcome, name: str, run: Run, data: RunData) -> Outcome:
    """The outcome of `run`, which is the same run as `name`, which has ended so; its files are in place.

    Raises RunError if the disk takes no files, or a file of the other run is not there.
    """
    if outcome.status == "failed":
        return Outcome(run.folder, "failed", f"the same run as {name}: {outcome.reason}", {}, error=outcome.error)
    trial = open_trial(run, data, None)
    trial.files.take_over(outcome.folder)
    disk.replace(run.folder / MODEL, disk.content(outcome.folder / MODEL))
    for picture in sorted((outcome.folder / PICTURES).glob("*")):
        disk.make_folder(run.folder / PICTURES)
        disk.replace(run.folder / PICTURES / picture.name, disk.content(picture))
    trial.files.log(f"the same run as {name}, whose result is copied")
    summary = read_summary(outcome.folder)
    acted = {} if outcome.status == "diverged" else _never_acted(run, data, summary)
    summary = {key: value for key, value in summary.items() if key not in SAID} | acted
    summary = trial.files.summary(summary)
    return Outcome(run.folder, outcome.status, outcome.reason, summary, copied=True)


def _never_acted(run: Run, data: RunData, summary: dict[str, Any]) -> dict[str, list[str]]:
    """Which of its own settings never acted; they differ from those of the run that was trained."""
    dropped = "scheduler" not in summary.get("without_effect", [])
    steps = known(run.settings, data).steps(run.settings) or 1
    first = summary.get("first", summary)  # phase, where there is a second
    return never_acted(run.settings, steps, first["epochs"], first["kept_epoch"], dropped=dropped).summary()
