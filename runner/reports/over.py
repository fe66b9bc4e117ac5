"""A metric over a key: the means of a report's table against the values of one numeric key.

This is the figure of learning curves, of error against capacity, of double descent and of a penalty's strength:
validation solid with a band of one standard deviation, training dashed, test dotted, a colour for each value of a
second key and a panel for each of a third; over further keys it shows the best setting (`runner.reports.facets`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from runner.config.suggest import closest
from runner.errors import ConfigError
from runner.records.names import short_keys
from runner.reports import facets
from runner.reports.decimals import digits
from runner.reports.report_text import Column
from runner.reports.runs import RunSource
from runner.reports.sections import HEADLINES, Section, make_sections
from runner.reports.settings_table import Setting
from runner.reports.statistics import Spread

SPLITS = ("val", "train", "test")
LEAST = 2  # values from which there is something to draw
ABSENT = ("", "null")  # values that have no place on an axis


@dataclass
class Group:
    """Settings that differ in the key only, by its value: those of one colour in one panel."""

    name: str  # the value of the key of the colours; "" if no other key varies
    settings: dict[float, Setting]
    panel: str = ""  # that of the key of the panels; "" if there are none

    def curve(self, metric: str) -> list[tuple[float, Spread]]:
        """(value of the key, what the runs reached there), from the smallest on."""
        found = [(x, self.settings[x].spread(metric)) for x in sorted(self.settings)]
        return [(x, spread) for x, spread in found if spread]


@dataclass
class Over:
    """What is drawn of a section: groups of settings, the one with the best setting first, and of which metrics."""

    section: Section
    key: str
    name: str  # as it is shown: lr, or hidden: width
    groups: list[Group]
    metrics: list[str]  # loss, accuracy: without their splits
    left_out: list[str]  # values of the key that are no numbers
    panels: list[str]  # in the order of their values; [""] if there are none
    best_over: str  # keys over whose values each point is the best, in words

    @property
    def colours(self) -> list[str]:
        """Names of the groups, that of the best setting first."""
        return list(dict.fromkeys(group.name for group in self.groups))

    def recorded(self, metric: str) -> dict[str, str]:
        """Split -> what it is called there, validation first; of a column without splits, such as sparsity, as of
        validation.
        """
        if metric in self.section.metrics:
            return {SPLITS[0]: metric}
        return {split: f"{split}/{metric}" for split in SPLITS if f"{split}/{metric}" in self.section.metrics}


def choose(sections: Sequence[Section], asked: str | None, by: str | None = None) -> list[Over | None]:
    """What is drawn of each section: over the key asked for, or "KEY,COLOURS,PANELS"; with "" over the only numeric key
    that varies, with None likewise, but nothing if there are several. `by` is the key of the colours.

    Raises ConfigError for a key that has no numbers in any section, or if there are several and none was named.
    """
    found: list[Over | None] = []
    problems = []
    for section in sections:
        try:
            found.append(_choose(section, asked, by))
        except ConfigError as error:
            found.append(None)
            problems.append(error)
    if problems and len(problems) == len(sections):
        raise problems[0]
    return found


def across_conditions(
    sources: Sequence[RunSource], sections: Sequence[Section], where: Sequence[str] = (), by: str | None = None
) -> list[Over]:
    """What is drawn where the only key with numbers is a condition, which parts these sections, such as train_size: the
    same settings in sections that it does not part. Nothing in all other cases.
    """
    settings = [setting for section in sections for setting in section.settings]
    keys = dict.fromkeys(key for setting in settings for key in setting.keys)
    values = {key: list(dict.fromkeys(setting.keys.get(key, "") for setting in settings)) for key in keys}
    usable = [key for key, found in values.items() if len(found) > 1 and places(found)]
    if len(usable) != 1 or any(usable[0] in section.varied for section in sections):
        return []
    whole = make_sections(sources, sections[0].metric, where=where, across=usable[0])
    return [each for each in choose(whole, short_keys(usable)[usable[0]], by) if each]


def _choose(section: Section, asked: str | None, by: str | None) -> Over | None:
    usable = {key: at for key in section.varied if (at := places(_values(section, key)))}
    short = short_keys(section.varied)
    names = ", ".join(short[key] for key in usable)
    if not asked:
        if len(usable) == 1:
            [(key, at)] = usable.items()
            return over(section, key, at, _by(section, by))
        if asked is None:
            return None
        if not usable:
            raise ConfigError(f"--over: no key with numbers varies here; vary: {_listed(short.values())}")
        example = short[next(iter(usable))]
        raise ConfigError(f"--over: several keys with numbers vary ({names}); name one: --over {example}")
    key, *others = _named(section, asked)
    if len(others) > 2 or key in others or len(set(others)) < len(others):
        raise ConfigError(f"--over {asked}: must be up to three different keys: of the axis, the colours, the panels")
    if key not in usable:
        found = _listed(dict.fromkeys(s.shown(key) or "-" for s in section.settings))
        more = f"; numbers have: {names}" if names else ""
        name = asked.partition(",")[0]
        raise ConfigError(f"--over {name}: an axis needs two numbers or more, and its values are {found}{more}")
    return over(section, key, usable[key], others or _by(section, by))


def _named(section: Section, asked: str) -> list[str]:
    """The keys, in full, that were asked for with commas between; ConfigError for one that does not vary."""
    short = short_keys(section.varied)
    by_name = {name: key for key in section.varied for name in (short[key], key)}
    names = [name.strip() for name in asked.split(",")]
    wrong = next((name for name in names if name not in by_name), None)
    if wrong is not None:
        near = closest(wrong, list(by_name))
        hint = f"; did you mean {near}?" if near else ""
        raise ConfigError(f"--over {wrong}: no key that varies here (these do: {_listed(short.values())}){hint}")
    return [by_name[name] for name in names]


def _by(section: Section, by: str | None) -> list[str]:
    """The key that --by names, for the colours; none if it was not given or does not vary here."""
    short = short_keys(section.varied)
    return [key for key in section.varied if by in (key, short[key])]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _values(section: Section, key: str) -> list[str]:
    return list(dict.fromkeys(setting.keys.get(key, "") for setting in section.settings))


def places(values: Collection[str]) -> dict[str, float]:
    """Where each value stands on an axis: a number where it says. Lists of equal widths, as many in each, stand at
    their width; those of one width at their number. {} if some value is a word, or there is only one place.
    """
    found = [value for value in values if value not in ABSENT]
    try:
        at = _of_lists(found) if any(value.startswith("[") for value in found) else {v: _number(v) for v in found}
    except ValueError:
        return {}
    return at if len(set(at.values())) >= LEAST else {}


def _number(value: str) -> float:
    """ValueError for words, also true and inf; a mark such as "(no effect)" is not part of it."""
    found = float(value.partition(" ")[0])
    if not math.isfinite(found):
        raise ValueError(value)
    return found


def _of_lists(values: Sequence[str]) -> dict[str, float]:
    widths = {value: [float(each) for each in value.strip("[]").split(",") if each] for value in values}
    if any(len(set(each)) > 1 for each in widths.values()):
        return {}
    if not _by_depth(values):
        return {value: each[0] for value, each in widths.items() if each}
    one_width = len({each[0] for each in widths.values() if each}) == 1
    return {value: float(len(each)) for value, each in widths.items()} if one_width else {}


def _by_depth(values: Iterable[str]) -> bool:
    """Whether lists, without the empty one, differ in their lengths."""
    return len({value.count(",") for value in values if value != "[]"}) > 1


def over(section: Section, key: str, at: Mapping[str, float], others: Sequence[str] = ()) -> Over:
    """The settings of a section over one of its keys, whose values stand at `at`. `others` are the keys of the colours
    and of the panels, by default those that have few values.
    """
    colours, panels = facets.colours_and_panels(section, key)
    if others and others[0] != key:
        colours, panels = [others[0]], [*others[1:]]
    groups: dict[tuple[str, ...], Group] = {}
    for setting in section.settings:  # the best first, which is the one that is kept of those at one place
        value = setting.keys.get(key, "")
        if value in at:
            colour, panel = (facets.words(setting, section, keys) for keys in (colours, panels))
            group = groups.setdefault((colour, panel), Group(colour, {}, panel))
            group.settings.setdefault(at[value], setting)
    drawn = [group for group in groups.values() if any(setting.finished for setting in group.settings.values())]
    left_out = [value or "-" for value in _values(section, key) if value not in at]
    shown = [each for each in facets.names(section, panels) if any(group.panel == each for group in drawn)]
    best = facets.best_over(section, [key, *colours, *panels])
    name, metrics = _name(short_keys(section.varied)[key], at), _metrics(section)
    return Over(section, key, name, drawn, metrics, left_out, shown, best)


def _name(short: str, values: Collection[str]) -> str:
    """What the axis says: of lists, whether it is their width or their length."""
    if not any(value.startswith("[") for value in values):
        return short
    return f"{short}: {'layers' if _by_depth(values) else 'units a layer'}"


def _metrics(section: Section) -> list[str]:
    """What ranks, then what people ask for."""
    ranking = section.metric.partition("/")[2] or section.metric
    headline = [h for h in HEADLINES if f"val/{h}" in section.metrics or f"test/{h}" in section.metrics]
    return list(dict.fromkeys([ranking, *headline[:1]]))


def columns(drawn: Over) -> list[Column]:
    """The points as a table, a row a value of the key and setting of the others, in the order of the axis."""
    groups = sorted(drawn.groups, key=lambda each: (drawn.panels.index(each.panel), drawn.colours.index(each.name)))
    rows = [(group.settings[x], x) for group in groups for x in sorted(group.settings)]
    found = [Column(drawn.name, [f"{x:g}" for _, x in rows], key=True)]
    others = [key for key in drawn.section.varied if key != drawn.key]
    if others:
        cells = [facets.words(setting, drawn.section, others) for setting, _ in rows]
        found.append(Column("others", cells, number=False))
    for metric in drawn.metrics:
        for name in drawn.recorded(metric).values():
            spreads = [setting.spread(name) for setting, _ in rows]
            places_shown = digits(spreads)
            found.append(Column(name, [f"{s.mean:.{places_shown}f}" if s else "-" for s in spreads]))
    return found
