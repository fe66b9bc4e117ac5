"""The winner of a search on fresh seeds and splits, since the best of many is better than what to expect of it.

Each repetition has a seed and a split that the search has not met; with folds it has the same number of folds of that
split. The difference between the value that won and the fresh mean is the search's optimism.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from runner.config.settings import Settings
from runner.errors import ConfigError, RunError
from runner.reports.answer import over
from runner.reports.decimals import decimals, digits
from runner.reports.next_steps import settings_of
from runner.reports.run_row import RunRow
from runner.reports.sections import Section, label
from runner.reports.settings_table import COMPLETE
from runner.reports.statistics import Spread

RECORD = "winner.json"  # in the folder of a sweep that repeats a winner: which one, and what it had reached
FORMAT = 1


class Fresh(NamedTuple):
    """The runs that repeat a winner, what is recorded beside them, and what to mind."""

    runs: list[Settings]
    record: dict[str, Any]
    notes: list[str]

    @property
    def name(self) -> str:
        """Of the file of the record."""
        return RECORD

    @property
    def content(self) -> bytes:
        return f"{json.dumps(self.record, indent=1, ensure_ascii=False)}\n".encode()


def fresh(sections: Sequence[Section], root: Path, times: int) -> Fresh:
    """The winner of the search in `root`, so many times. ConfigError unless there is one."""
    if len(sections) > 1:
        names = "; ".join(section.title for section in sections)
        raise ConfigError(
            f"--winner: {root} has {len(sections)} problems, each with a winner of its own ({names}); name one with "
            "--where KEY=VALUE"
        )
    section = sections[0]
    best, found = section.settings[0], section.settings[0].spread(section.metric)
    if found is None or best.tier != COMPLETE or not section.judged:
        raise ConfigError(f"--winner: {root} has no winner yet: not one setting is complete; `runner report` says why")
    runs = repeated([settings_of(row) for row in best.rows], _met(section), times)
    record = {
        "format": FORMAT,
        "search": str(root.absolute()),
        "setting": label(best, section),
        "metric": section.metric,
        "value": found.mean,
        "of": sum(setting.tier == COMPLETE for setting in section.settings),
    }
    fixed = f"the split of {best.rows[0].setting('dataset')} is fixed: only the seeds are fresh"
    return Fresh(runs, record, [] if splits(runs[0]) else [fixed])


def _met(section: Section) -> tuple[int, int]:
    """The largest seed and the largest seed of a split that the search has met."""
    rows = [row for source in section.sources for row in source.rows]
    return _largest(rows, "seed"), _largest(rows, "dataset.split_seed")


def _largest(rows: Sequence[RunRow], key: str) -> int:
    return max(int(row.setting(key) or 0) for row in rows)


def repeated(winner: Sequence[Settings], met: tuple[int, int], times: int) -> list[Settings]:
    """The winner with other luck than was met, (seed, seed of the split); each of its folds every time."""
    folds = {each.dataset.fold: each for each in winner}
    first = winner[0]
    apart = max(len(first.ensemble.members(first)), 1)  # ensembles without a common member
    found = []
    for k in range(times):
        seed = met[0] + apart * (1 + k)
        for settings in folds.values():
            split = met[1] + 1 + k if splits(settings) else settings.dataset.split_seed
            dataset = dataclasses.replace(settings.dataset, split_seed=split)
            found.append(dataclasses.replace(settings, seed=seed, dataset=dataset))
    return found


def splits(settings: Settings) -> bool:
    """Whether a seed decides which examples validate."""
    dataset = settings.dataset
    folds = dataset.folds is not None or dataset.test_folds is not None
    cut = bool(dataset.cuts()) and bool(dataset.val_fraction or dataset.test_fraction)
    return (folds or cut) and getattr(dataset, "split", "") != "time"


def fresh_lines(section: Section) -> list[str]:
    """What the fresh runs say of the search whose winner they repeat; [] if they repeat none."""
    record = _record(section.sources[0].folder) if len(section.sources) == 1 else None
    found = section.settings[0].spread(section.metric)
    if record is None or found is None or len(section.settings) != 1 or record["metric"] != section.metric:
        return []
    lost = section.settings[0].count("diverged", "failed")
    value, better = record["value"], (record["value"] - found.mean) * (1 if section.maximize else -1)
    half = "" if found.half is None else f" ± {found.half:.{digits([found])}f}"
    said = f"In the search {section.metric} was {value:.{decimals(value, 3)}f}, the best of {record['of']:,}; "
    said += f"fresh it is {found.mean:.{digits([found])}f}{half} ({over(section.settings)})."
    said += f" {optimism(better, found)}"
    said += f" {lost} of its {len(section.settings[0].rows)} fresh runs diverged or failed." if lost else ""
    return [said]


def optimism(better: float, found: Spread) -> str:
    """How much too good the search looked."""
    if better <= 0:
        return "The search was not too optimistic."
    by = f"{better:.{decimals(better, 2)}f}"
    if found.half is None:
        return f"The search's was better by {by}; with {found.n} no interval can be given."
    if better <= found.half:
        return f"The search's was better by {by}, within the interval of the fresh mean."
    return f"The search was too optimistic by {by}, more than the interval of the fresh mean."


def _record(folder: Path) -> Mapping[str, Any] | None:
    """What is recorded of a repeated winner; None if the sweep repeats none."""
    path = folder / RECORD
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"metric": str(found["metric"]), "value": float(found["value"]), "of": int(found["of"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path}: damaged or edited ({error}); delete it to report the runs alone") from error
