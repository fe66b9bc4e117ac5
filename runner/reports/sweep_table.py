"""results.csv of a sweep, checked: it is a copy, so that a cell of it counts only where the originals bear it out.

Originals are sweep.yaml, which says what was asked for, and the summary.json of each run, which says what came of it.
Where the copy says something else it is corrected here and that is noted; `runner resume` writes it anew. Of a run that
failed there is the copy only.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.config import plugins
from runner.config.choices import cached
from runner.config.compact import text, told_again
from runner.config.presets import NAMED_GROUPS, registered
from runner.config.settings import FLAT_GROUPS
from runner.errors import ConfigError, DamagedError, Problem, RunError
from runner.execution import run_list
from runner.plan.duplicates import repeated
from runner.records.checksums import below, few, fits_words
from runner.records.names import in_order, plural, typed_keys
from runner.records.read import ENDS, MEASURED, SAID, read_results
from runner.records.run_folder import LIST, RESULTS, SUMMARY
from runner.records.summary import SPLITS
from runner.reports.readings import Readings
from runner.reports.run_row import defaults_of, recorded_row

NOT_KNOWN = " Runs that have not ended are not known."
FIRST = ("run", "status")


@dataclass
class SweepTable:
    """The rows of the runs that have ended, cell by cell as text; `listed` is sweep.yaml, None if it does not hold."""

    columns: list[str]
    rows: list[list[str]]
    listed: dict[str, Any] | None
    problems: list[Problem] = field(default_factory=list)  # of sweep.yaml and results.csv
    notes: list[str] = field(default_factory=list)  # of the runs


def read_table(root: Path, readings: Readings | None = None) -> SweepTable:
    """The checked table of the sweep in `root`, its runs as `readings` takes them: those that do not hold are left out.

    Raises RunError with what is wrong if nothing of it can be read.
    """
    return _Reader(root, readings or Readings()).table()


def wrong_in(root: Path) -> list[str]:
    """What is said of a results.csv that is not what the runs say, before a sweep that continues writes it anew."""
    said = (re.split("; shown|; `runner|\\. `runner", problem)[0] for problem in read_table(root).problems)
    return [f"{problem}; written anew" for problem in said]


class _Reader:
    """Reads one sweep."""

    def __init__(self, root: Path, readings: Readings):
        self.root, self.readings = root, readings
        self.problems: list[Problem] = []
        self.errors: list[RunError] = []
        self.absent: list[str] = []
        self.unchecked = 0

    def table(self) -> SweepTable:
        columns, copies = self._copy()
        listed = self._listed()
        summaries = self._summaries(copies, listed)
        asked = {run["run"]: run for run in listed["runs"]} if listed else {}
        if listed and not self._fits(asked, summaries):
            listed, asked = None, {}
        if self.errors and not listed and not summaries and not copies:
            raise self.errors[0]
        header, columns = columns, _columns(columns, asked.values(), list(summaries.values()))
        differing = ["its header"] if header and header != columns else []
        differing += [f"{run}: no such run in {LIST}" for run in copies if asked and run not in asked]
        rows = {}
        for run in asked or dict.fromkeys([*summaries, *copies]):
            copy = dict(zip(header, copies.get(run, ()), strict=run in copies))
            known = self._known(run, asked.get(run), summaries.get(run), copy, columns)
            if known is not None:
                differing += _differences(run, copy, known, asked) if copy else []
                cells = [(copy | known).get(name, "") for name in columns]
                rows[run] = copies[run] if cells == copies.get(run) else cells  # of thousands each text once
        without_row = SAID[0] in columns and not self.readings.quick and any(run not in copies for run in rows)
        if listed and (differing or header != columns or without_row):
            columns = self._find_same(columns, rows)
        return SweepTable(columns, list(rows.values()), listed, self._problems(differing), self._notes())

    # ---- reading

    def _copy(self) -> tuple[list[str], dict[str, list[str]]]:
        """Columns of results.csv, and the cells of each run; none if it does not hold."""
        if not (self.root / RESULTS).exists():
            return [], {}
        try:
            columns, rows = read_results(self.root)
        except RunError as error:
            self._fails(error)
            return [], {}
        return columns, {row[0]: row for row in rows}

    def _listed(self) -> dict[str, Any] | None:
        """sweep.yaml; None if it is not there or does not hold."""
        if not (self.root / LIST).exists():
            return None
        try:
            content = run_list.contents(self.root)
            for run in content["runs"]:
                str(run["run"]), dict(run["settings"]), list(run["overrides"])
            return content | {"data": dict(content["data"])}
        except RunError as error:
            self._fails(error, NOT_KNOWN)
        except (KeyError, TypeError, ValueError) as error:
            path = self.root / LIST
            damage = RunError(f"{path}: damaged or edited ({error!r}); restore it, or start the sweep again.")
            self._fails(damage, NOT_KNOWN)
        return None

    def _fails(self, error: RunError, more: str = "") -> None:
        self.errors.append(error)
        self.problems.append(Problem(error.what, f"{str(error).removeprefix(error.what)}{more}"))

    def _summaries(self, copies: Iterable[str], listed: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
        """What the runs themselves say; None of those that have not ended or do not hold."""
        if listed:
            names = [str(run["run"]) for run in listed["runs"]]
        else:
            names = [*copies, *(str(folder.relative_to(self.root)) for folder in below(self.root, SUMMARY))]
        found = ((name, self.readings.summary(self.root / name)) for name in dict.fromkeys(names))
        return {name: summary for name, summary in found if summary is not None}

    def _fits(self, asked: Mapping[str, Any], summaries: Mapping[str, Any]) -> bool:
        """Whether sweep.yaml is about these runs: it has their words."""
        for name, summary in summaries.items():
            if not fits_words(summary, asked[name]["overrides"]):
                words = f"of another sweep, or edited: {name} was started with other words."
                self._fails(DamagedError(f"{self.root / LIST}: {words}"), NOT_KNOWN)
                return False
        return True

    # ---- rows

    def _known(
        self, run: str, asked: Mapping[str, Any] | None, summary: Any, copy: Mapping[str, str], columns: list[str]
    ) -> dict[str, str] | None:
        """The cells of a run that its originals know; None if it has no row."""
        if summary is None and not (copy and self._is_believed(run, copy)):
            return None
        names = key_columns(columns)
        keys = Asked(asked).settings(names) if asked else self._own_keys(run, names)
        return {"run": run} | keys | (measured(summary, columns) if summary is not None else {})

    def _is_believed(self, run: str, copy: Mapping[str, str]) -> bool:
        """Whether a row counts of whose run there is no whole summary."""
        folder = self.root / run
        if copy["status"] == "failed":
            return True
        if not folder.is_dir():
            self.unchecked += 1
            return True
        if not (folder / SUMMARY).exists():
            self.absent.append(run)
        return False

    def _own_keys(self, run: str, names: Sequence[str]) -> dict[str, str]:
        """The settings by the run's own configuration, where sweep.yaml does not say them."""
        try:
            row = recorded_row(self.root / run, checked=not self.readings.force)
        except ConfigError:  # gone with its folder
            return {}
        return {name: row.setting(name) for name in names}

    def _find_same(self, columns: list[str], rows: Mapping[str, list[str]]) -> list[str]:
        """Work out anew, as results.csv does not say it or is not to be believed, which runs have copied the result of
        another; the columns with what says it.
        """
        try:
            runs, _ = run_list.load(self.root)
        except ConfigError:  # a choice that is not registered here any more
            return columns
        names = [run_list.name_of(run.folder, self.root) for run in runs]
        same = {names[i]: names[first] for i, first in repeated([run.settings for run in runs]).items()}
        there = SAID[0] in columns
        if not same and not there:
            return columns
        at = columns.index(next(name for name in (*SAID, ENDS[0]) if name in columns))
        for name, cells in rows.items():
            cells[at : at + there] = [same.get(name, "")]
        return columns if there else [*columns[:at], SAID[0], *columns[at:]]

    # ---- words

    def _problems(self, differing: Sequence[str]) -> list[Problem]:
        path = self.root / RESULTS
        differing = [*differing, *(f"{run}: its {SUMMARY} is not there" for run in self.absent)]
        if not differing:
            return self.problems
        anew = f"`{plugins.command('resume', str(self.root))}` writes it anew"
        said = Problem(f"{path}: not what the runs say ({few(differing)})", f"; shown by the runs. {anew}")
        return [*self.problems, said]

    def _notes(self) -> list[str]:
        runs = plural(self.unchecked, "run")
        gone = f"{runs} without a folder here: as {RESULTS} has them, unchecked"
        return [*self.readings.notes(), *([gone] if self.unchecked else [])]


class Asked:
    """The settings of a run of sweep.yaml as text."""

    def __init__(self, run: Mapping[str, Any]):
        told = told_again(run["settings"], run.get("chosen", {}))
        self.given = {key: text(value) for key, value in told.items()}  # those that are not at their defaults
        self.own = defaults_of(self.given)
        self.unknown = _unknown(tuple((group, self.given[group]) for group in NAMED_GROUPS if group in self.given))

    def settings(self, names: Iterable[str] = ()) -> dict[str, str]:
        """These, and all that are not at their defaults. Keys whose default is unknown, as their choice is not
        registered here any more, are left out.
        """
        own = self.own
        known = [
            key for key in (*names, *self.given, "seed") if key in own or key.partition(".")[0] not in self.unknown
        ]
        return {key: text(own[key]) if key in own else "" for key in known} | self.given


@cached
def _unknown(chosen: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """The groups of which a key that has no default may be one of a choice that is not registered here."""
    lost = {group for group, name in chosen if registered(group, name) is None}
    return frozenset({*lost, *FLAT_GROUPS})  # every choice there that is registered has its defaults among `Asked.own`


def measured(summary: Mapping[str, Any], columns: Iterable[str]) -> dict[str, str]:
    """The cells that a summary knows, empty for what it does not have."""
    told = {name: "" for name in columns if "/" in name or name in (*MEASURED, SAID[1], ENDS[0])}
    found = {f"{split}/{name}": value for split in SPLITS for name, value in summary.get(split, {}).items()}
    found |= {key: value for key, value in summary.items() if not isinstance(value, dict)}
    error = str(summary.get("reason", "")) if summary["status"] == "failed" else ""
    return told | {key: cell(value) for key, value in found.items()} | {"error": error}


def cell(value: Any) -> str:
    """A value as results.csv has it: numbers exact, what is not finite or not known empty."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return ""
    if isinstance(value, list):
        return " ".join(map(str, value))
    return repr(value) if isinstance(value, float) else str(value)


def _differences(run: str, copy: Mapping[str, str], known: Mapping[str, str], asked: Container[str]) -> list[str]:
    """The first cell of a row that is not what is known, if there is one."""
    if copy.get("same_as") and asked and copy["same_as"] not in asked:
        return [f"{run}: same_as is {copy['same_as']}, which is no run"]
    return [
        f"{run}: {name} is {found or 'empty'}, by the run {known[name] or 'empty'}"
        for name, found in copy.items()
        if name in known and found != known[name]
    ][:1]


def _columns(
    header: list[str], asked: Collection[Mapping[str, Any]], summaries: Collection[Mapping[str, Any]]
) -> list[str]:
    """Those of results.csv, if they can be what the sweep has, else what its runs know."""
    told = dict.fromkeys(key for run in asked for key in Asked(run).settings() if key not in ("seed", "name"))
    keys = in_order(told, typed_keys(word for run in asked for word in run["overrides"]))
    metrics = [
        f"{split}/{name}" for split in SPLITS for name in dict.fromkeys(n for s in summaries for n in s.get(split, {}))
    ]
    late = [SAID[1]] if any(SAID[1] in summary for summary in summaries) else []
    made = [*FIRST, *keys, "seed", *MEASURED, *metrics, *late, *ENDS]
    needed = {*made} - {"parameters"}  # which the first versions did not write
    return header if needed <= {*header} and len({*header}) == len(header) else made


def key_columns(columns: Sequence[str]) -> list[str]:
    """The columns of results.csv that hold settings."""
    return [name for name in columns[2:] if "/" not in name and name not in (*MEASURED, *SAID, *ENDS)]
