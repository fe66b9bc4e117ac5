"""The table of a report for the screen: fitted to a terminal, whole in a pipe; and as CSV, with every metric."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from runner.records.names import plural, short_keys, spelled
from runner.reports.answer import answer, trouble
from runner.reports.decimals import digits
from runner.reports.next_steps import next_commands, suggested_for
from runner.reports.run_row import unfit
from runner.reports.sections import HEADLINES, Section, source_of
from runner.reports.settings_table import Left, Setting, unfinished

SPACE = 2  # between columns


@dataclass
class Column:
    """Cells under a name. Where room is short, those with the highest `spare` go first; 0 stays."""

    name: str
    cells: list[str]
    number: bool = True
    spare: int = 0
    key: bool = False

    @property
    def width(self) -> int:
        return max(map(len, (self.name, *self.cells)))


def heading(section: Section) -> list[str]:
    """What was run, what all settings share, what differs between the sweeps, what to mind."""
    rows = [row for setting in section.settings for row in setting.rows]
    counts = [f"{sum(row.finished for row in rows):,} finished", *unfit(rows)]
    lines = [f"{plural(len(section.settings), 'setting')}, {plural(len(rows), 'run')}: {', '.join(counts)}"]
    lines = [f"{section.title}: {lines[0]}"] if section.title else lines
    if section.common:
        lines.append("all: " + "  ".join(f"{key}={spelled(value)}" for key, value in section.common.items()))
    for key in section.between:
        places: dict[str, list[str]] = {}
        for name, value in {source_of(s, section): s.shown(key) for s in section.settings}.items():
            places.setdefault(value or "no such key", []).append(name)
        said = "; ".join(f"{value} in {', '.join(names)}" for value, names in places.items())
        lines.append(f"fixed within each sweep, not between them: {key} = {said}")
    sources = [note for source in section.sources for note in source.notes]
    return lines + [f"note: {note}" for note in [*section.notes, *sources]]


def closing(section: Section) -> list[str]:
    """The answer, what went wrong, what to type next."""
    commands = next_commands(section)
    title = [f"next:{suggested_for(section)}"] if commands else []
    return [answer(section), *trouble(section), *title, *(f"  {each}" for each in commands)]


def columns(section: Section, top: int) -> list[Column]:
    """The table of the first `top` settings (0: all)."""
    settings = section.settings[: top or None]
    short = short_keys(section.varied)
    found = [Column("", [_rank(section, i) for i in range(len(settings))])]
    for key in section.varied:
        cells = [setting.shown(key) or "-" for setting in settings]
        found.append(Column(short[key], cells, number=_numbers(cells), key=True))
    if len(section.sources) > 1:
        found.append(Column("sweep", [source_of(setting, section) for setting in settings], number=False))
    if section.sizes:
        found.append(Column("parameters", [size or "-" for size in section.sizes[: top or None]], spare=5))
    found += _measured(section.metric, settings, first=True)
    found.append(Column("runs", [_count(setting) for setting in settings]))
    left = [setting.left(section.metric) for setting in settings]
    if any(left):
        found.append(Column("pruned after", [said_left(each) for each in left], number=False, spare=1))
    for metric in section.beside:
        found += _measured(metric, settings, first=False, spare=_spare(metric))
    return found


def _spare(metric: str) -> int:
    """What people ask for first stays longest: test/accuracy, then test/loss, then val/accuracy."""
    return 4 if metric.startswith("val/") else 2 if metric.partition("/")[2] in HEADLINES else 3


def _measured(metric: str, settings: Sequence[Setting], *, first: bool, spare: int = 0) -> list[Column]:
    spreads = [setting.spread(metric) for setting in settings]
    places = digits(spreads)
    mean = ["-" if s is None else f"{s.mean:.{places}f}" for s in spreads]
    half = ["" if s is None or s.half is None else f"± {s.half:.{places}f}" for s in spreads]
    found = [Column(metric, mean, spare=0 if first else spare)]
    if first and any(half):
        found.append(Column("95%", half))
    if first and any(s and s.sd for s in spreads):
        sd = ["" if s is None or s.sd is None else f"{s.sd:.{places}f}" for s in spreads]
        found.append(Column("sd", sd, spare=9))
    return found


def _rank(section: Section, i: int) -> str:
    tied = section.not_told_apart(i)
    return f"{i + 1}{'~' if tied else ' '}"


def said_left(left: Left | None) -> str:
    """9 epochs: 0.213"""
    if left is None:
        return ""
    return f"{plural(left.epochs, 'epoch')}" + ("" if left.value is None else f": {left.value:.4g}")


def _count(setting: Setting) -> str:
    done, total = len(setting.finished), len(setting.rows)
    return str(total) if done == total else f"{done}/{total}"


def _numbers(cells: Sequence[str]) -> bool:
    try:
        return all(cell in ("-", "null") or isinstance(float(cell), float) for cell in cells)
    except ValueError:
        return False


def fitted(found: list[Column], width: int) -> list[Column]:
    """The columns that a terminal has room for; if need be, all keys of a setting in one column that wraps."""
    while _total(found) > width and any(column.spare for column in found):
        found = [column for column in found if column is not max(found, key=lambda each: each.spare)]
    keys = [column for column in found if column.key]
    if _total(found) <= width or len(keys) < 2:
        return found
    rows = zip(*([f"{c.name}={cell}" if cell != "-" else "" for cell in c.cells] for c in keys), strict=True)
    together = Column("setting", [" ".join(filter(None, row)) for row in rows], number=False, key=True)
    at = found.index(keys[0])
    return [*found[:at], together, *(column for column in found[at:] if not column.key)]


def _total(found: Sequence[Column]) -> int:
    return sum(column.width + SPACE for column in found) - SPACE


def plain(found: Sequence[Column]) -> list[str]:
    """Aligned with spaces, one line a setting."""
    lines = []
    for cells in zip(*([column.name, *column.cells] for column in found), strict=True):
        sides = [
            cell.rjust(column.width) if column.number else cell.ljust(column.width)
            for cell, column in zip(cells, found, strict=True)
        ]
        lines.append((" " * SPACE).join(sides).rstrip())
    return lines


def csv_text(sections: Sequence[Section]) -> str:
    """Every setting of every section with every metric, at full precision."""
    keys = list(dict.fromkeys(key for section in sections for s in section.settings for key in s.keys))
    metrics = list(dict.fromkeys(metric for section in sections for metric in section.metrics))
    spreads = [f"{metric} {what}" for metric in metrics for what in ("mean", "sd", "95% low", "95% high", "n")]
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    counts = ("runs", "finished", "diverged", "failed", "not_ended")
    table.writerow(["sweep", "rank", *keys, *counts, "seeds", "parameters", *spreads, "p_best_differs"])
    for section in sections:
        for i, setting in enumerate(section.settings):
            table.writerow(
                [
                    str(section.sources[section.positions[setting.source]].folder),
                    i + 1,
                    *(setting.keys.get(key, "") for key in keys),
                    *_counts(setting),
                    setting.parameters,
                    *_spreads(setting, metrics),
                    _p(section, i),
                ]
            )
    return text.getvalue()


def _counts(setting: Setting) -> list[int]:
    seeds = len({row.setting("seed") for row in setting.rows})
    ended = (setting.count("diverged"), setting.count("failed"), unfinished(setting), seeds)
    return [len(setting.rows), len(setting.finished), *ended]


def _spreads(setting: Setting, metrics: Sequence[str]) -> list[str]:
    cells: list[str] = []
    for metric in metrics:
        found = setting.spread(metric)
        if found is None:
            cells += ["", "", "", "", "0"]
            continue
        half = found.half
        ends = ["", ""] if half is None else [repr(found.mean - half), repr(found.mean + half)]
        cells += [repr(found.mean), "" if found.sd is None else repr(found.sd), *ends, str(found.n)]
    return cells


def _p(section: Section, i: int) -> str:
    return repr(section.comparisons[i].corrected) if i in section.comparisons else ""
