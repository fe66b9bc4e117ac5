"""From runs to settings. Those that are the same run become one that bears the names of all: nothing counts twice.

Which runs are the same is known of each (`RunRow.same_as`); settings that share one are the same throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from runner.reports.run_row import RunRow
from runner.reports.runs import RunSource
from runner.reports.settings_table import Setting, ignored
from runner.reports.units import Luck


def group(sources: Sequence[RunSource]) -> list[Setting]:
    """The settings of all sources, in the order of their first runs. A run that repeats another counts once, and so do
    settings that are the same run.
    """
    names = [key for key in dict.fromkeys(k for source in sources for k in source.keys) if key not in ignored()]
    found: dict[tuple, Setting] = {}
    for number, source in enumerate(sources):
        for row in source.rows:
            keys = {key: row.setting(key) for key in names}
            found.setdefault((number, *keys.values()), Setting(number, keys, [])).rows.append(row)
    for setting in found.values():
        setting.rows = once(setting.rows)
    return merged(list(found.values()))


def _luck(row: RunRow) -> Luck:
    return row.luck


def merged(settings: Sequence[Setting]) -> list[Setting]:
    """The settings, those that are the same as an earlier one in its place: `optimizer` is then "adam = adamw".

    Of runs with the same luck one counts, see `once`. A choice that came to act in no finished run is marked.
    """
    first = _first(settings)
    for i, setting in enumerate(settings):
        if first[i] != i:
            _add(settings[first[i]], setting)
    kept = [setting for i, setting in enumerate(settings) if first[i] == i]
    for setting in kept:
        _mark(setting)
    return kept


def once(rows: Iterable[RunRow]) -> list[RunRow]:
    """Of runs with the same luck one: the first that has finished, else the first."""
    found: dict[Luck, RunRow] = {}
    for row in rows:
        before = found.setdefault(_luck(row), row)
        if row.finished and not before.finished:
            found[_luck(row)] = row
    return list(found.values())


def _first(settings: Sequence[Setting]) -> list[int]:
    """For each setting the position of the first that is the same."""
    of = {(s.source, row.folder): i for i, s in enumerate(settings) for row in s.rows}
    first = list(range(len(settings)))
    for i, setting in enumerate(settings):
        for row in setting.rows:
            j = of.get((setting.source, row.same_as), i) if row.same_as else i
            low, high = sorted((first[i], first[j]))
            if low != high:
                first = [low if each == high else each for each in first]
    return first


def _add(setting: Setting, other: Setting) -> None:
    setting.rows = once([*setting.rows, *other.rows])
    for key, value in other.keys.items():
        names = setting.keys[key].split(" = ")
        if value and value not in names:
            setting.keys[key] = " = ".join([*filter(None, names), value])


def _mark(setting: Setting) -> None:
    finished = setting.finished
    for key in {key for row in finished for key in row.without_effect if key in setting.keys}:
        count = sum(key in row.without_effect for row in finished)
        how = "" if count == len(finished) else f" in {count} of {len(finished)} runs"
        setting.keys[key] = f"{setting.keys[key]} (no effect{how})"
