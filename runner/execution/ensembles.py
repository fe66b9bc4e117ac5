"""Runs that are ensembles: their members train in folders below theirs, and they end when all of these have ended.

Such a run trains nothing itself. Its folder holds members/000, members/001, ..., a table of them (members.csv) and a
summary.json whose metrics are those of all members together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from runner.config.registry import name_of
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.execution.results_csv import Results
from runner.execution.trials import facts
from runner.execution.work import Run
from runner.records import disk
from runner.records.checksums import digest, write_summary
from runner.records.names import plural
from runner.records.run_folder import MEMBERS, SUMMARY
from runner.records.summary import SPLITS
from runner.records.sweep_folder import DONE
from runner.training.answers import read_answers
from runner.training.combined import together
from runner.training.outcome import Outcome

TABLE = "members.csv"
LEAST = 2  # members without which nothing is combined


def members_of(run: Run) -> list[Run]:
    """The runs that train for a run; none if it is one network."""
    settings = run.settings.ensemble.members(run.settings)
    return [Run(run.folder / MEMBERS / f"{k:03d}", each, member=True) for k, each in enumerate(settings)]


def end(run: Run, data: RunData, members: Sequence[Run], outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of an ensemble whose members have ended, its summary in place; members that diverged have no say.

    It fails with any of them, and has diverged if fewer than two have not.
    """
    for outcome in outcomes:
        if outcome.status == "failed":
            why = f"{outcome.folder.relative_to(run.folder)}: {outcome.reason}"
            return Outcome(run.folder, "failed", why, {}, error=outcome.error)
    good = [outcome for outcome in outcomes if outcome.status in DONE]
    table = Results(run.folder, members, [data.tasks] * len(members), data.encoding.questions, TABLE)
    table.start(dict(enumerate(outcomes)))
    content = _summary(run.settings, data, good, outcomes)
    about = {f"{MEMBERS}/{each.folder.name}/{SUMMARY}": str(digest(each.folder / SUMMARY)) for each in outcomes}
    disk.settle()
    summary = write_summary(run.folder, content, {TABLE: str(digest(table.path)), **about})
    return Outcome(run.folder, summary["status"], summary["reason"], summary)


def _summary(settings: Settings, data: RunData, good: Sequence[Outcome], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    ensemble, summaries = settings.ensemble, [outcome.summary for outcome in outcomes]
    lost = len(outcomes) - len(good)
    enough = len(good) >= LEAST
    metrics = together(settings, data, [read_answers(outcome.folder) for outcome in good]) if enough else {}
    said = f"{len(good)} of {plural(len(outcomes), 'member')}, combined by {ensemble.combine}"
    return {
        "format": 1,
        "status": "completed" if enough else "diverged",
        "reason": said if enough else f"{lost} of {plural(len(outcomes), 'member')} diverged",
        "kept_epoch": None,
        "epochs": max(each["epochs"] for each in summaries),
        "monitor": settings.early_stopping.monitor,
        "best_epoch": None,
        **{split: metrics.get(split, {}) for split in SPLITS},
        "examples": summaries[0]["examples"],
        "verdict": "",
        **({"notes": [f"without a say, as they diverged: {plural(lost, 'member')}"]} if lost else {}),
        "parameters": sum(each["parameters"] for each in summaries),
        "seconds": round(sum(each["seconds"] for each in summaries), 3),
        "seed": settings.seed,
        "data_sha256": data.sha256,
        "ensemble": {
            "kind": name_of(ensemble, "ensemble"),
            "seeds": ensemble.seeds,
            "combine": ensemble.combine,
            "members": [outcome.folder.name for outcome in good],
            "mean": {split: _mean(good, split) for split in SPLITS},
        },
        **facts(settings),
        "engine": summaries[0]["engine"],
        "bitwise": all(each["bitwise"] for each in summaries),
    }


def _mean(outcomes: Sequence[Outcome], split: str) -> dict[str, float]:
    """Metric -> of a member in the mean, where all have one."""
    found = [outcome.summary.get(split, {}) for outcome in outcomes]
    names = [name for name in (found[0] if found else {}) if all(each.get(name) is not None for each in found)]
    return {name: float(np.mean([each[name] for each in found])) for name in names}
