"""The end of a run that is an ensemble: what its members reach together.

Such a run trains nothing itself. Its folder holds the folders of its members, a table of them (members.csv), what the
first, the first two, ... of them reach (sizes.csv, a picture of it if figures are wanted), the numbers of their
combination if it has any, and a summary.json whose metrics are those of all members together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from runner.config.registry import name_of
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.ensembles.fitted import Way
from runner.execution.results_csv import Results
from runner.execution.trials import facts
from runner.execution.work import Run
from runner.records import disk
from runner.records.checksums import digest, sha256, write_summary
from runner.records.names import plural
from runner.records.run_files import PICTURES
from runner.records.run_folder import COMBINATION, MEMBERS, SIZES, SUMMARY
from runner.records.summary import SPLITS
from runner.records.sweep_folder import DONE
from runner.training.answers import read_answers
from runner.training.checksum import to_bytes
from runner.training.combined import BySplit, Sizes, by_size, sizes_csv, together
from runner.training.outcome import Outcome

TABLE = "members.csv"


@dataclass(frozen=True)
class Voice:
    """A member that has a say, and those like it that lack a fold each."""

    outcome: Outcome
    lacking: tuple[Outcome, ...] = ()


def end(
    run: Run, data: RunData, members: Sequence[Run], ended: Sequence[Outcome], voices: Sequence[Voice], note: str
) -> Outcome:
    """The outcome of an ensemble whose members have ended, its summary in place; `voices` have a say, `note` is said.

    It has diverged if too few have one.
    """
    about = _reached(run, data, voices) if len(voices) >= run.settings.ensemble.least else None
    whole = {each.name for each in run.settings.ensemble.members(run.settings) if each.fold is None}
    own = [outcome for outcome in ended if outcome.folder.name in whole]
    files = {TABLE: _table(run, data, members, own)} | (about.files if about else {})
    files |= {f"{MEMBERS}/{each.folder.name}/{SUMMARY}": str(digest(each.folder / SUMMARY)) for each in ended}
    content = _summary(run.settings, data, ended, about, note)
    content |= {"parameters": sum(outcome.summary["parameters"] for outcome in own)}
    disk.settle()
    summary = write_summary(run.folder, content, files)
    return Outcome(run.folder, summary["status"], summary["reason"], summary)


@dataclass
class _Reached:
    """What members reach together."""

    metrics: BySplit
    said: str
    ensemble: dict[str, Any]  # of the summary
    files: dict[str, str]  # written -> SHA-256


def _reached(run: Run, data: RunData, voices: Sequence[Voice]) -> _Reached:
    kind, names = run.settings.ensemble, [voice.outcome.folder.name for voice in voices]
    answers = [read_answers(voice.outcome.folder) for voice in voices]
    lacking = [[read_answers(each.folder) for each in voice.lacking] for voice in voices]
    ways = [kind.way(data, answers[: k + 1], lacking[: k + 1]) for k in range(len(voices))]
    sizes = by_size(ways, run.settings, data, answers)
    means = {} if kind.staged else {split: _mean([voice.outcome for voice in voices], split) for split in SPLITS}
    about = {"combine": ways[-1].name, "members": names, **kind.told(data, answers), "mean": means}
    files = _written(run, {SIZES: sizes_csv(names, sizes)} | _combination(ways[-1]))
    if run.settings.trainer.figures or (run.settings.trainer.figures is None and run.pictured):
        _draw(run, sizes, means, f"{plural(len(voices), 'member')}, {ways[-1].name}")
    of = plural(kind.size, "member") if not kind.folds else f"{plural(kind.size, 'member')}, {kind.folds} folds"
    said = f"{len(voices)} of {of}, combined by {ways[-1].name}"
    return _Reached(together(ways[-1], run.settings, data, answers), said, about, files)


def _combination(way: Way) -> dict[str, bytes]:
    """The file of the numbers that a combination has."""
    return {COMBINATION: to_bytes(way.arrays, {})} if way.arrays else {}


def _written(run: Run, files: dict[str, bytes]) -> dict[str, str]:
    """Put the files in place; name -> SHA-256."""
    for name, content in files.items():
        disk.replace(run.folder / name, content)
    return {name: sha256(content) for name, content in files.items()}


def _table(run: Run, data: RunData, members: Sequence[Run], ended: Sequence[Outcome]) -> str:
    """Write the table of the members that have ended; its SHA-256."""
    runs = {each.folder: each for each in members}
    own = [runs[outcome.folder] for outcome in ended]
    table = Results(run.folder, own, [data.tasks] * len(own), data.encoding.questions, TABLE)
    table.start(dict(enumerate(ended)))
    return str(digest(table.path))


def _draw(run: Run, sizes: Sizes, means: Mapping[str, Mapping[str, float]], title: str) -> None:
    """figures/ensemble.png."""
    from runner.figures.of_an_ensemble import picture

    with suppress(Exception):  # one that cannot be drawn is no reason to lose trained networks
        if drawn := picture(sizes, means, title):
            disk.make_folder(run.folder / PICTURES)
            disk.replace(run.folder / PICTURES / "ensemble.png", drawn)


def _summary(
    settings: Settings, data: RunData, outcomes: Sequence[Outcome], about: _Reached | None, note: str
) -> dict[str, Any]:
    kind, summaries = settings.ensemble, [outcome.summary for outcome in outcomes]
    diverged = sum(outcome.status not in DONE for outcome in outcomes)
    return {
        "format": 1,
        "status": "completed" if about else "diverged",
        "reason": about.said if about else f"{diverged} of {plural(len(outcomes), 'member')} diverged",
        "kept_epoch": None,
        "epochs": max(each["epochs"] for each in summaries),
        "monitor": settings.early_stopping.monitor,
        "best_epoch": None,
        **{split: about.metrics.get(split, {}) if about else {} for split in SPLITS},
        "examples": {split: len(getattr(data, split)) for split in SPLITS},
        "verdict": "",
        **({"notes": [note]} if note and about else {}),
        "seconds": round(sum(each["seconds"] for each in summaries), 3),
        "seed": settings.seed,
        "data_sha256": data.sha256,
        "ensemble": {"kind": name_of(kind, "ensemble"), "seeds": kind.seeds, **(about.ensemble if about else {})},
        **facts(settings),
        "engine": summaries[0]["engine"],
        "bitwise": all(each["bitwise"] for each in summaries),
    }


def _mean(outcomes: Sequence[Outcome], split: str) -> dict[str, float]:
    """Metric -> of a member in the mean, where all have one."""
    found = [outcome.summary.get(split, {}) for outcome in outcomes]
    names = [name for name in (found[0] if found else {}) if all(each.get(name) is not None for each in found)]
    return {name: float(np.mean([each[name] for each in found])) for name in names}
