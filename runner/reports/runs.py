"""The runs of sweeps and of folders as rows of text and numbers: what reports are made of.

A sweep is read from two files, results.csv (what has ended) and sweep.yaml (what was asked for), not from the folders
of its runs.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.config.compact import defaults, recorded, text, told_again, wrong
from runner.config.presets import NAMED_GROUPS
from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE
from runner.errors import ConfigError, RunError
from runner.execution import sweep_file
from runner.execution.stored import CONFIG, read_config, read_tree
from runner.plan.duplicates import identity
from runner.records.read import ENDS, MEASURED, SAID, has_results, read_results
from runner.records.summary import SUMMARY, read_summary

FINISHED = ("completed", "stopped_early")
UNFINISHED = "unfinished"
SPLITS = ("train", "val", "test")


@dataclass
class RunRow:
    """One run: `keys` are its settings as text (those known of its source, see `setting`), metrics those measured."""

    folder: Path
    status: str
    keys: dict[str, str]
    metrics: dict[str, float] = field(default_factory=dict)
    error: str = ""
    overrides: tuple[str, ...] = ()
    best_epoch: str = ""
    given: Mapping[str, Any] | None = None  # what is not at its default, as its sweep has recorded it
    same_as: Path | None = None  # the folder of the run that this one is the same run as
    without_effect: tuple[str, ...] = ()  # groups whose choice never came to act, such as averaging
    chosen: Mapping[str, str] = field(default_factory=dict)  # `Settings.chosen`, likewise
    order: tuple[str, ...] = ()  # all keys as its configuration has them, where that was read

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def untrained(self) -> bool:
        """Whether it kept the network that it began with, as training never bettered it."""
        trained = self.setting("trainer.epochs") != "0"
        restored = self.setting("early_stopping.restore_best") == "true"
        return self.finished and self.best_epoch == "0" and trained and restored

    def setting(self, key: str) -> str:
        """The value of any key: where the source does not name it, the default; "" if the run has no such key."""
        return self.keys[key] if key in self.keys else self.default(key)

    def default(self, key: str) -> str:
        """The default of a key, given the choices of the run; "" if it has no such key."""
        default = _defaults_of(self.keys)
        return text(default[key]) if key in default else ""


@dataclass
class Source:
    """A sweep, or the runs in a folder that belong to none."""

    folder: Path
    rows: list[RunRow]
    is_sweep: bool
    data: dict[str, str] = field(default_factory=dict)  # data set -> SHA-256 of its content
    notes: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Keys that are not at their default in some run, with those that vary by chance."""
        return list(dict.fromkeys(key for row in self.rows for key in row.keys))


def read_sources(folder: Path) -> list[Source]:
    """The sweeps at or below `folder`, and its runs that belong to none.

    Raises ConfigError if there is no such folder, RunError if nothing was started in it or a file is damaged.
    """
    if folder.is_file():
        raise ConfigError(f"{folder}: a file; give the folder of the sweep, {folder.parent}")
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; give the folder of a sweep, or `last` for the newest")
    if sweep_file.is_sweep(folder) or has_results(folder):
        return [read_sweep(folder)]
    sweeps = sorted(path.parent for path in folder.rglob(sweep_file.SWEEP))
    found = [read_sweep(sweep) for sweep in sweeps]
    loose = _read_runs(folder, sweeps)
    if not found and not loose.rows:
        what = f"its runs cannot be read: {loose.notes[0]}" if loose.notes else "no run in it"
        raise RunError(f"{folder}: {what}; `runner` or `runner -m` starts some")
    return found + ([loose] if loose.rows else [])


def read_sweep(root: Path) -> Source:
    """The runs of one sweep, those that have not ended too, in the order of their numbers."""
    rows = {row.folder.name: row for row in _ended(root)}
    if not sweep_file.is_sweep(root):
        return Source(root, list(rows.values()), True)
    try:
        content = sweep_file.contents(root)
    except RunError as error:
        if not rows:
            raise
        return Source(root, list(rows.values()), True, notes=[f"{error} Runs that have not ended are not known."])
    names = list(dict.fromkeys(key for row in rows.values() for key in row.keys))
    found = []
    try:
        for run in content["runs"]:
            row = rows.pop(run["run"], None) or _waiting(root, run, names)
            row.overrides, row.given = tuple(map(str, run["overrides"])), run["settings"]
            row.chosen = run.get("chosen", {})
            found.append(row)
        data = dict(content["data"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        path = root / sweep_file.SWEEP
        raise RunError(f"{path}: damaged or edited ({error!r}); restore it, or start the sweep again.") from error
    return Source(root, found + list(rows.values()), True, data)


def _ended(root: Path) -> Iterable[RunRow]:
    if not has_results(root):
        return
    columns, rows = read_results(root)
    at = {name: i for i, name in enumerate(columns)}
    keys = key_columns(columns)
    metrics = [name for name in columns if name.partition("/")[0] in SPLITS and "/" in name]
    for row in rows:
        try:
            measured = {name: float(row[at[name]]) for name in metrics if row[at[name]]}
        except ValueError as error:
            raise RunError(
                f"{root / 'results.csv'}: {row[0]}: {error}; `runner resume {shlex.quote(str(root))}` writes the table "
                "anew"
            ) from error
        settings = {key: row[at[key]] for key in keys}
        found = RunRow(root / row[0], row[1], settings, measured, row[at["error"]], best_epoch=row[at["best_epoch"]])
        if "same_as" in at and row[at["same_as"]]:
            found.same_as = root / row[at["same_as"]]
        if "without_effect" in at:
            found.without_effect = tuple(row[at["without_effect"]].split())
        yield found


def key_columns(columns: Sequence[str]) -> list[str]:
    """The columns of results.csv that hold settings."""
    return [name for name in columns[2:] if "/" not in name and name not in (*MEASURED, *SAID, *ENDS)]


def _waiting(root: Path, run: Mapping[str, Any], names: Iterable[str]) -> RunRow:
    """A run of sweep.yaml that results.csv does not have."""
    given = {key: text(value) for key, value in told_again(run["settings"], run.get("chosen", {})).items()}
    row = RunRow(root / run["run"], UNFINISHED, given)
    row.keys = {key: row.setting(key) for key in [*names, *given, "seed"]}
    return row


def _read_runs(folder: Path, sweeps: list[Path]) -> Source:
    """Runs that are not of a sweep: by their summaries and configurations."""
    found = sorted(path.parent.parent for path in folder.rglob(str(CONFIG)))
    found = [run for run in found if not any(sweep in run.parents for sweep in sweeps)]
    above = {parent for run in found for parent in run.parents}
    source = Source(folder, [], False)
    seen: dict[str, Path] = {}
    if sweep_file.is_sweep(folder.parent):
        source.notes.append(f"one run of a sweep: `runner report {shlex.quote(str(folder.parent))}` is about all")
    for run in found:
        if (run / SUMMARY).is_file() or run not in above:  # a run with runs below it is cross-validation's
            try:
                source.rows.append(_read_run(run, seen))
            except ConfigError as error:
                if (run / SUMMARY).is_file():
                    raise
                source.notes.append(str(error))
    align(source.rows)
    return source


def recorded_row(folder: Path) -> RunRow:
    """A run with its settings that are not at their defaults, its seed and its choices, which need not be registered
    here: what was recorded is enough to report. ConfigError if the folder does not hold them, or not whole.
    """
    tree, chosen = read_tree(folder)
    problems = wrong(tree)
    if problems:
        raise ConfigError([f"{folder / CONFIG}: {problem}" for problem in problems])
    values, told = recorded(tree, chosen)
    keys = {key: text(value) for key, value in told.items()}
    keys |= {key: text(values[key]) for key in ("seed", *CHOICE_GROUPS) if key in values}
    return RunRow(folder, UNFINISHED, keys, order=tuple(values))


def align(rows: Sequence[RunRow]) -> None:
    """Give rows of `recorded_row` the same keys in the same order, that of their configurations."""
    told = {key for row in rows for key in row.keys}
    names = [key for key in dict.fromkeys(key for row in rows for key in row.order) if key in told]
    for row in rows:
        row.keys = {key: row.setting(key) for key in names}


def _read_run(folder: Path, seen: dict[str, Path]) -> RunRow:
    """`seen`: the first of the runs that are the same and have finished, by what makes them so."""
    row = recorded_row(folder)
    if not (folder / SUMMARY).is_file():
        return row
    summary = read_summary(folder)
    metrics = {
        f"{split}/{name}": float(value)
        for split in SPLITS
        for name, value in (summary.get(split) or {}).items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }
    row.status, row.metrics, row.best_epoch = summary["status"], metrics, text(summary.get("best_epoch"))
    row.error = summary.get("reason", "") if row.status == "failed" else ""
    row.without_effect = tuple(summary.get("without_effect", []))
    if row.finished:
        first = seen.setdefault(f"{_identity(folder)} {summary.get('data_sha256')}", folder)
        row.same_as = first if first != folder else None
    return row


def _identity(folder: Path) -> str:
    """What makes runs the same; one whose choices are not registered here is like no other."""
    try:
        return identity(read_config(folder))
    except ConfigError:
        return str(folder)


def _defaults_of(keys: Mapping[str, str]) -> Mapping[str, Any]:
    """Every key's default, for the choices among `keys`; none of those of a choice that is not registered here."""
    return defaults(tuple(keys.get(group, DEFAULT_CHOICE[group]) for group in NAMED_GROUPS))
