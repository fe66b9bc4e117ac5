"""The Pareto front of a search for several things: the settings that no other betters in one without being worse in
another.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from runner.config.suggest import closest
from runner.errors import ConfigError
from runner.records.names import plural
from runner.reports.decimals import decimals
from runner.reports.report_text import Column, plain
from runner.reports.searches.cloud import FRAME, Cloud, Dot, cloud, steps
from runner.reports.searches.scales import metric_scale
from runner.reports.searches.sweeper import objectives
from runner.reports.searches.trials import Trial, trials_of
from runner.reports.sections import Section, direction, label
from runner.reports.settings_table import COMPLETE, Setting
from runner.reports.statistics import spread

COUNTED = ("parameters", "epochs", "seconds")  # numbers of a run that are better small, besides its metrics
DOTS = 400  # settings that are drawn, those of the front among them
ROWS = 20  # of the table


@dataclass(frozen=True)
class Point:
    """A setting with its value of each objective."""

    trial: Trial
    values: tuple[float, ...]


@dataclass(frozen=True)
class Front:
    """The points of all complete settings, and those on the front, by the second objective from its best on."""

    names: tuple[str, ...]
    maximize: tuple[bool, ...]
    points: list[Point]
    members: list[Point]


def asked(text: str) -> tuple[str, str]:
    """The two names of --pareto. ConfigError for anything else."""
    names = tuple(name.strip() for name in text.split(","))
    if len(names) != 2 or names[0] == names[1] or not all(names):
        raise ConfigError(f"--pareto {text}: must be two things to be good at, such as --pareto val/loss,parameters")
    return names[0], names[1]


def front_of(section: Section, names: Sequence[str] = ()) -> Front | None:
    """The front of `names`, or of what the sweep went after; None if that is one thing, or no setting is complete.

    ConfigError for a name that is not known of any run.
    """
    wanted = tuple(names) or objectives(section.sources)
    if len(wanted) < 2:
        return None
    known = [*section.metrics, *COUNTED]
    for name in wanted:
        if name not in known:
            near = closest(name, known)
            hint = f"did you mean {near}? " if near else ""
            raise ConfigError(f"--pareto {name}: no run recorded it; {hint}There are: {', '.join(known)}")
    maximize = tuple(name not in COUNTED and bool(direction(name, section.settings)) for name in wanted)
    trials = [trial for trial in trials_of(section) if trial.setting.tier == COMPLETE]
    points = [Point(trial, found) for trial in trials if (found := _values(trial.setting, wanted))]
    if not points:
        return None
    members = [point for point in points if not any(_betters(other, point, maximize) for other in points)]
    members.sort(key=lambda point: _cost(point.values[1], maximize[1]))
    return Front(wanted, maximize, points, members)


def _values(setting: Setting, names: Sequence[str]) -> tuple[float, ...] | None:
    """The mean over its runs of each; None if one of them is lacking."""
    found = [_value(setting, name) for name in names]
    known = [value for value in found if value is not None and math.isfinite(value)]
    return tuple(known) if len(known) == len(names) else None


def _value(setting: Setting, name: str) -> float | None:
    if name in COUNTED:
        texts = [str(row.made) if name == "epochs" else getattr(row, name) for row in setting.finished]
        mean = spread([float(text) for text in texts if text])
    else:
        mean = setting.spread(name)
    return mean.mean if mean else None


def _cost(value: float, maximize: bool) -> float:
    return -value if maximize else value


def _betters(other: Point, point: Point, maximize: Sequence[bool]) -> bool:
    """Whether another point is as good in everything and better in something."""
    pairs = [
        (_cost(a, larger), _cost(b, larger)) for a, b, larger in zip(other.values, point.values, maximize, strict=True)
    ]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _said(front: Front) -> str:
    names = f"{', '.join(front.names[:-1])} and {front.names[-1]}"
    verb = "is" if len(front.members) == 1 else "are"
    return (
        f"Pareto front of {names}: {len(front.members)} of {plural(len(front.points), 'setting')} {verb} on it, that "
        "no other betters in one without being worse in another."
    )


def front_lines(section: Section, names: Sequence[str] = ()) -> list[str]:
    """The members of the front as a table in text; [] if there is none."""
    front = front_of(section, names)
    if front is None:
        return []
    table = plain(_columns(front, section, ROWS))
    more = len(front.members) - ROWS
    return [_said(front), *(f"  {line}" for line in table), *([f"  and {more} more"] if more > 0 else [])]


def _columns(front: Front, section: Section, most: int) -> list[Column]:
    shown = front.members[:most]
    columns = [Column("trial", [str(point.trial.number) for point in shown])]
    for i, name in enumerate(front.names):
        smallest = min(abs(point.values[i]) for point in front.points)
        places = 0 if name in COUNTED[:2] else min(decimals(smallest, 4), 8)
        columns.append(Column(name, [f"{point.values[i]:.{max(places, 0)}f}" for point in shown]))
    return [*columns, Column("setting", [label(point.trial.setting, section) for point in shown], number=False)]


def front_part(section: Section, names: Sequence[str] = ()) -> str:
    """The figure of the first two objectives and the table of the members; "" if there is no front."""
    front = front_of(section, names)
    if front is None:
        return ""
    shown = drawn(front)
    words = [
        [f"trial {p.trial.number}", *_valued(front, p), *label(p.trial.setting, section).split(" ")] for p in shown
    ]
    said = f"{_said(front)} Orange: the front; a dot is a setting, the mean over its runs."
    table = escape("\n".join(plain(_columns(front, section, ROWS))))
    return (
        f'<div data-trials="{escape(json.dumps(words), quote=True)}"><figure><h3>Pareto front</h3>'
        f'<div class="charts"><div class="plot">{_chart(front, shown)}</div></div>'
        f"<figcaption>{escape(said)}</figcaption></figure><pre>{table}</pre></div>"
    )


def _valued(front: Front, point: Point) -> list[str]:
    return [f"{name}: {value:.4g}" for name, value in zip(front.names, point.values, strict=True)]


def drawn(front: Front) -> list[Point]:
    """The points that are drawn: of many, the front and some of the others evenly picked."""
    members = {point.trial.number for point in front.members}
    others = [point for point in front.points if point.trial.number not in members]
    step = max(1, math.ceil(len(others) / max(DOTS - len(members), 1)))
    return sorted([*front.members[:DOTS], *others[::step]], key=lambda point: point.trial.number)


def _chart(front: Front, shown: Sequence[Point]) -> str:
    left, right, bottom, top = FRAME
    across = metric_scale([point.values[1] for point in shown], front.names[1], left, right)
    up = metric_scale([point.values[0] for point in shown], front.names[0], bottom, top)
    members = {point.trial.number for point in front.members}
    dots = [
        Dot(point.values[1], point.values[0], i, kind="best" if point.trial.number in members else "")
        for i, point in enumerate(shown)
    ]
    worst = (min if front.maximize[1] else max)(point.values[1] for point in shown)
    line = steps([(point.values[1], point.values[0]) for point in front.members], across, up, worst)
    return cloud(Cloud(f"{up.said} against {front.names[1]}", across, up, dots, [line]))
