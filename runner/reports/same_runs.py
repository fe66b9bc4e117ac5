"""Settings that are the same run: one row that bears the names of all, so that nothing is counted twice.

Which runs are the same is known of each (`RunRow.same_as`); settings that share one are the same throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.reports.runs import RunRow
    from runner.reports.settings_table import Setting


def merged(settings: Sequence[Setting], luck: Callable[[RunRow], Any]) -> list[Setting]:
    """The settings, those that are the same as an earlier one in its place: `optimizer` is then "adam = adamw".

    Of runs with the same `luck` one counts, see `once`. A choice that came to act in no finished run is marked.
    """
    first = _first(settings)
    for i, setting in enumerate(settings):
        if first[i] != i:
            _add(settings[first[i]], setting, luck)
    kept = [setting for i, setting in enumerate(settings) if first[i] == i]
    for setting in kept:
        _mark(setting)
    return kept


def once(rows: Iterable[RunRow], luck: Callable[[RunRow], Any]) -> list[RunRow]:
    """Of runs with the same `luck` one: the first that has finished, else the first."""
    found: dict[Any, RunRow] = {}
    for row in rows:
        before = found.setdefault(luck(row), row)
        if row.finished and not before.finished:
            found[luck(row)] = row
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


def _add(setting: Setting, other: Setting, luck: Callable[[RunRow], Any]) -> None:
    setting.rows = once([*setting.rows, *other.rows], luck)
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
