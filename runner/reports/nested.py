"""Nested cross-validation: what a search is worth, judged on rows that it has not seen.

Each of K outer folds is the test of a search of its own, which chooses a setting by the other rows alone; that setting,
trained again on all of them, answers for the fold (Stone 1974; Cawley & Talbot 2010). The mean over the folds judges
the whole way to a network, its search included; the settings may differ from fold to fold.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.config.settings import Settings
from runner.errors import ConfigError, RunError
from runner.records import disk
from runner.records.names import plural, shown_path
from runner.reports import refit
from runner.reports.best import winners
from runner.reports.decimals import digits
from runner.reports.report_text import Column, plain
from runner.reports.run_row import RunRow
from runner.reports.runs import read_sources, read_sweep
from runner.reports.sections import HEADLINES, label
from runner.reports.settings_table import COMPLETE
from runner.reports.statistics import Spread, spread

RECORD, TABLE = "nested.json", "nested.csv"
FORMAT = 1
FOLDS, FOLD = "dataset.test_folds", "dataset.test_fold"
REFIT = "refit"  # the folder of the networks that answer for the folds


@dataclass(frozen=True)
class Nested:
    """Searches of these words, one for each of so many outer folds, below a folder."""

    root: Path
    words: tuple[str, ...]
    outer: int

    def write(self) -> None:
        """Record it, before anything else is written."""
        content = {"format": FORMAT, "words": list(self.words), "outer": self.outer}
        disk.replace(self.root / RECORD, f"{json.dumps(content, indent=1, ensure_ascii=False)}\n".encode())

    def forget(self) -> None:
        """Take the record away again, and the folder if nothing else is in it."""
        disk.remove(self.root / RECORD)
        disk.remove_empty(self.root)

    @staticmethod
    def read(root: Path) -> Nested:
        """What is recorded in a folder; RunError if that cannot be read."""
        path = root / RECORD
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return Nested(root, tuple(map(str, found["words"])), int(found["outer"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{path}: damaged or edited ({error}); start it again elsewhere") from error

    def search(self, fold: int) -> tuple[list[str], Path]:
        """The words of the search for an outer fold, and its folder."""
        return [*self.words, f"{FOLDS}={self.outer}", f"{FOLD}={fold}"], self.root / f"outer={fold}"


@dataclass(frozen=True)
class Chosen:
    """What the search for one outer fold chose: the setting in words and by key, what it reached on inner rows, and the
    runs that are to answer for the fold.
    """

    fold: int
    name: str
    keys: dict[str, str]
    metric: str
    maximize: bool
    inner: float
    runs: list[Settings]


def chosen(fold: int, folder: Path) -> Chosen:
    """The winner of the search in a folder, as it is to train on all rows but the test's.

    Raises ConfigError or RunError if there is none.
    """
    sections = winners(read_sources(folder), str(folder))
    if len(sections) > 1 or not sections[0].comparable:
        raise ConfigError(
            "runner nested: the search compares different problems, each with a winner of its own; search for one"
        )
    section, best = sections[0], sections[0].settings[0]
    found = best.spread(section.metric)
    again = refit.refitted(best.finished)
    if found is None or best.tier != COMPLETE or again is None:
        raise RunError(f"{folder}: no setting that could answer for the fold; `runner report` says what became of them")
    seeds = dict.fromkeys(int(row.setting("seed")) for row in best.finished)
    runs = [dataclasses.replace(again[0], seed=seed) for seed in seeds]
    keys = {key: best.shown(key) for key in section.varied}
    return Chosen(fold, label(best, section), keys, section.metric, section.maximize, found.mean, runs)


def outer_metrics(choices: Sequence[Chosen], rows: Sequence[RunRow]) -> list[str]:
    """The metrics of the test that are told: the one that ranked, then what people ask for."""
    name = choices[0].metric.partition("/")[2]
    recorded = {metric for row in rows for metric in row.metrics}
    return [m for m in dict.fromkeys([f"test/{name}", *(f"test/{h}" for h in HEADLINES)]) if m in recorded]


def scores(nested: Nested, rows: Sequence[RunRow], metric: str) -> list[float | None]:
    """What the networks of each outer fold reach on it, the mean over their seeds; None if none of them finished."""
    found = []
    for fold in range(nested.outer):
        mine = [row for row in rows if row.setting(FOLD) == str(fold) and row.finished]
        mean = spread([row.metrics[metric] for row in mine if metric in row.metrics])
        found.append(mean.mean if mean else None)
    return found


def report(nested: Nested, choices: Sequence[Chosen]) -> list[str]:
    """The table of the outer folds, the scores with their intervals, and what was chosen; the table is written, too."""
    rows = read_sweep(nested.root / REFIT).rows
    metrics = outer_metrics(choices, rows)
    by_metric = {metric: scores(nested, rows, metric) for metric in metrics}
    _write(nested, choices, rows, by_metric)
    columns = [Column("fold", [str(each.fold) for each in choices])]
    columns.append(_numbers(f"{choices[0].metric} inside", [each.inner for each in choices]))
    columns += [_numbers(metric, values) for metric, values in by_metric.items()]
    columns.append(Column("epochs", [str(each.runs[0].trainer.epochs) for each in choices]))
    columns.append(Column("chosen", [each.name for each in choices], number=False))
    lines = [f"{nested.outer} outer folds, each the test of a search of its own:", *(f"  {x}" for x in plain(columns))]
    lines += ["", *(_score(metric, values, nested) for metric, values in by_metric.items())]
    lines += [*_optimism(choices, by_metric), *_agreement(choices), f"table: {shown_path(nested.root / TABLE)}"]
    return [*lines, "next: the same search on all rows, for a network to use", f"  {_whole(nested)}"]


def _numbers(name: str, values: Sequence[float | None]) -> Column:
    return Column(name, ["-" if value is None else f"{value:.4g}" for value in values])


def outer_spread(values: Sequence[float | None], outer: int) -> Spread | None:
    """Mean and interval over outer folds: K - 1 of K train for each, so that they share rows (Nadeau & Bengio 2003)."""
    return spread([value for value in values if value is not None], 1 / (outer - 1))


def _score(metric: str, values: Sequence[float | None], nested: Nested) -> str:
    found = outer_spread(values, nested.outer)
    if found is None:
        return f"{metric}: no network that answers for a fold has finished"
    half = "" if found.half is None else f" ± {found.half:.{digits([found])}f}"
    left = nested.outer - found.n
    lacking = f"; {left} diverged or failed" if left else ""
    return (
        f"{metric} {found.mean:.{digits([found])}f}{half} (95% interval over {found.n} outer folds, which share "
        f"training rows: Nadeau & Bengio 2003{lacking})"
    )


def _optimism(choices: Sequence[Chosen], by_metric: dict[str, list[float | None]]) -> list[str]:
    """How much better the searches thought their winners were."""
    metric = f"test/{choices[0].metric.partition('/')[2]}"
    pairs = zip(choices, by_metric.get(metric, [None] * len(choices)), strict=True)
    sign = 1 if choices[0].maximize else -1
    found = spread([sign * (each.inner - value) for each, value in pairs if value is not None])
    if found is None:
        return []
    how = "better" if found.mean > 0 else "worse"
    return [f"Inside, the searches' best looked {how} than that by {abs(found.mean):#.2g} on average."]


def _agreement(choices: Sequence[Chosen]) -> list[str]:
    """Which values most folds chose."""
    said = []
    for key in dict.fromkeys(key for each in choices for key in each.keys):
        value, count = Counter(each.keys.get(key, "") for each in choices).most_common(1)[0]
        said += [f"{key}={value} in {count}"] if value else []
    return [f"Chosen most often, of {plural(len(choices), 'fold')}: {', '.join(said)}."] if said else []


def _whole(nested: Nested) -> str:
    return plugins.command("-m", *nested.words)


def _write(
    nested: Nested, choices: Sequence[Chosen], rows: Sequence[RunRow], by_metric: dict[str, list[float | None]]
) -> None:
    """The table with all digits, a row an outer fold."""
    keys = list(dict.fromkeys(key for each in choices for key in each.keys))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["fold", *keys, "epochs", f"inner {choices[0].metric}", *by_metric])
    for i, each in enumerate(choices):
        cells: list[Any] = [each.fold, *(each.keys.get(key, "") for key in keys), each.runs[0].trainer.epochs]
        cells += [repr(each.inner), *("" if v[i] is None else repr(v[i]) for v in by_metric.values())]
        table.writerow(cells)
    disk.replace(nested.root / TABLE, text.getvalue().encode())
