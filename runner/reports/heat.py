"""A heat map over two keys: what the best setting with these two values reaches; a third has a panel for each value."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

from runner.config.suggest import closest
from runner.errors import ConfigError
from runner.records.names import short_keys, spelled
from runner.reports import facets
from runner.reports.decimals import digits
from runner.reports.facets import order
from runner.reports.sections import Section, label
from runner.reports.settings_table import DIVERGED, Setting
from runner.reports.statistics import Spread

RAMP = ((239, 243, 255), (189, 215, 231), (107, 174, 214), (49, 130, 189), (8, 81, 156), (8, 48, 107))
MOST = 40  # values of a key
EMPTY = 4  # cells a setting, from which a map is mostly empty
WIDE, FEWER = 10, 3  # columns from which cells are small, and how many decimals these have
DECADE = 10  # a ratio of values from which colours follow their logarithm


@dataclass
class Cell:
    """The best setting of those with the two values; None: all diverged or none finished."""

    settings: list[Setting]
    best: Setting | None
    spread: Spread | None


def choose_keys(section: Section, asked: str | None, by: str | None = None) -> tuple[str, ...] | None:
    """The keys of the map: down, across and, where there is one, of its panels. Those asked for ("lr,dropout" or
    "lr,dropout,optimizer"), else the two with the most values and `by` or a third; None if there are no two that vary,
    or hardly any settings share a value.

    Raises ConfigError for a key that does not vary.
    """
    if asked is None:
        return _usual(section, by)
    short = short_keys(section.varied)
    names = {name: key for key in section.varied for name in (short[key], key)}
    given = [name.strip() for name in asked.split(",")]
    wrong = [name for name in given if name not in names]
    found = [names[name] for name in given if name in names]
    if wrong or len(given) not in (2, 3) or len(set(found)) < len(given):
        near = closest(wrong[0], list(names)) if wrong else None
        hint = f"; did you mean {near}?" if near else ""
        choices = ", ".join(short.values()) or "none"
        raise ConfigError(
            f"--heat {asked}: must be two keys that vary, such as --heat lr,dropout, or three, of which the last has a "
            f"panel for each of its values{hint}; vary: {choices}"
        )
    return tuple(found)


def _usual(section: Section, by: str | None) -> tuple[str, ...] | None:
    counts = {key: facets.combinations(section, [key]) for key in section.varied}
    panels = next((key for key in counts if by in (key, key.rpartition(".")[2])), None)
    usable = [key for key in counts if counts[key] <= MOST and key != panels]
    usable.sort(key=lambda key: (not _numeric(section, key), -counts[key]))
    if len(usable) < 2:
        return (usable[0], panels) if usable and panels else None
    if math.prod(counts[key] for key in usable[:2]) > EMPTY * len(section.settings):
        return None  # drawn values fill few of the cells
    axes, others = usable[:2], [key for key in usable[2:] if counts[key] <= facets.PANELS]
    alone = facets.combinations(section, axes)  # keys that the axes settle need no panels
    others = [key for key in others if facets.combinations(section, [*axes, key]) > alone]
    panels = panels or max(others, key=counts.__getitem__, default=None)
    return (*axes, panels) if panels else tuple(axes)


def _numeric(section: Section, key: str) -> bool:
    return all(order(s.keys.get(key, ""))[0] == 0 for s in section.settings)


def heat_map(section: Section, keys: tuple[str, ...]) -> str:
    """HTML tables: the first key down, the second across, of a third a table a value; dark is good in all alike."""
    cells = _cells(section, keys)
    values = [cell.spread.mean for cell in cells.values() if cell.spread]
    if not values:
        return ""
    shown = _Shown(section, keys, cells, {id(setting): i for i, setting in enumerate(section.settings)}, values)
    panels = sorted({at[2:] for at in cells}, key=lambda at: [order(value) for value in at])
    short = short_keys(section.varied)
    title = f"{section.metric} by {' and '.join(short[key] for key in keys[:2])}"
    title += f", a panel for each {short[keys[2]]}" if keys[2:] else ""
    best = facets.best_over(section, keys)
    title += f", best over {best}" if best else ""
    caption = "Darker is better; the better half of the cells has the darker half of the colours. Outlined: the best."
    caption += " The panels share their colours." if len(panels) > 1 else ""
    tied = not shown.dense and any(section.not_told_apart(shown.position[id(c.best)]) for c in cells.values() if c.best)
    caption += " ~ not told apart from it." if tied else ""
    tables = "".join(_table(shown, panel) for panel in panels)
    return (
        f'<figure><h3>{escape(title)}</h3><div class="facets">{tables}</div><figcaption>{caption}</figcaption></figure>'
    )


@dataclass
class _Shown:
    """What all cells of a map share."""

    section: Section
    keys: tuple[str, ...]
    cells: Mapping[tuple[str, ...], Cell]
    position: Mapping[int, int]  # id of a setting -> its rank
    values: Sequence[float]

    @cached_property
    def places(self) -> int:
        found = digits([cell.spread for cell in self.cells.values()])
        return min(found, FEWER) if self.dense else found

    @cached_property
    def dense(self) -> bool:
        """Whether its columns are so many that cells are small."""
        return len(self.along(1)) > WIDE

    def along(self, i: int) -> list[str]:
        """The values of a key in order."""
        return sorted({at[i] for at in self.cells}, key=order)


def _cells(section: Section, keys: Sequence[str]) -> dict[tuple[str, ...], Cell]:
    """Values of the keys -> the settings that have them; in each the best first, as they are ranked."""
    found: dict[tuple[str, ...], list[Setting]] = {}
    for setting in section.settings:
        found.setdefault(facets.values(setting, keys), []).append(setting)
    return {at: _cell(section, here) for at, here in found.items()}


def _cell(section: Section, here: list[Setting]) -> Cell:
    best = next((s for s in here if s.tier < DIVERGED and s.spread(section.metric)), None)
    return Cell(here, best, best.spread(section.metric) if best else None)


def _table(shown: _Shown, panel: tuple[str, ...]) -> str:
    short = short_keys(shown.section.varied)
    down, across = shown.along(0), shown.along(1)
    head = "".join(f'<th scope="col">{escape(spelled(value) or "-")}</th>' for value in across)
    rows = [
        f'<tr><th scope="row">{escape(spelled(a) or "-")}</th>'
        + "".join(_td(shown, shown.cells.get((a, b, *panel), Cell([], None, None))) for b in across)
        + "</tr>"
        for a in down
    ]
    corner = f"{short[shown.keys[0]]} \\ {short[shown.keys[1]]}"
    name = "".join(f"{short[shown.keys[2]]}={spelled(value) or '-'}" for value in panel)
    caption = f"<caption>{escape(name)}</caption>" if name else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="heat map {escape(name, quote=True)}">'
        f'<table class="heat{" dense" * shown.dense}">{caption}'
        f'<thead><tr><th scope="col">{escape(corner)}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _td(shown: _Shown, cell: Cell) -> str:
    if cell.spread is None or cell.best is None:
        text = "diverged" if any(s.count("diverged") for s in cell.settings) else "-" if cell.settings else ""
        return f'<td class="none">{text}</td>'
    section, at = shown.section, shown.position[id(cell.best)]
    colour, ink = colours(goodness(cell.spread.mean, shown.values, maximize=section.maximize))
    number = f"{cell.spread.mean:.{shown.places}f}"
    hint = escape(f"{label(cell.best, section)}: {number}, n = {cell.spread.n}", quote=True)
    kind, tied = ' class="best"' * (at == 0), "~" * (section.not_told_apart(at) and not shown.dense)
    return f'<td{kind} style="background:{colour};color:{ink}" title="{hint}">{number}{tied}</td>'


def goodness(value: float, values: Sequence[float], *, maximize: bool) -> float:
    """From 0, the worst, to 1, the best of the values, their median 0.5, so that some far worse ones do not make all
    the others look alike; by logarithms where they span more than a decade.
    """
    low, high = min(values), max(values)
    if high == low:
        return 1.0
    scale = math.log if low > 0 and high > DECADE * low else float
    at = [scale(each) for each in values]
    worst, best = (min(at), max(at)) if maximize else (max(at), min(at))
    middle = statistics.median(at)
    if (scale(value) - middle) * (best - worst) > 0:
        return 0.5 + 0.5 * (scale(value) - middle) / (best - middle)
    return 0.5 * (scale(value) - worst) / (middle - worst) if middle != worst else 0.5


def colours(share: float) -> tuple[str, str]:
    """(background, text that is read on it) for a share of 0 to 1."""
    at = share * (len(RAMP) - 1)
    i = min(int(at), len(RAMP) - 2)
    mixed = [round(a + (b - a) * (at - i)) for a, b in zip(RAMP[i], RAMP[i + 1], strict=True)]
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in mixed]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    ink = "#000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#fff"  # the larger contrast (WCAG 2)
    return "#{:02x}{:02x}{:02x}".format(*mixed), ink
