"""A heat map over two keys: what the best setting with these two values reaches."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from runner.config.suggest import closest
from runner.errors import ConfigError
from runner.records.names import short_keys, spelled
from runner.reports.decimals import digits
from runner.reports.sections import Section, label
from runner.reports.settings_table import DIVERGED, Setting
from runner.reports.statistics import Spread

RAMP = ((239, 243, 255), (189, 215, 231), (107, 174, 214), (49, 130, 189), (8, 81, 156), (8, 48, 107))
MOST = 40  # values of a key
EMPTY = 4  # cells a setting, from which a map is mostly empty
WIDE = 10  # columns from which cells are small
DECADE = 10  # a ratio of values from which colours follow their logarithm


@dataclass
class Cell:
    """The best setting of those with the two values; None: all diverged or none finished."""

    settings: list[Setting]
    best: Setting | None
    spread: Spread | None


def choose_keys(section: Section, asked: str | None) -> tuple[str, str] | None:
    """The two keys of the map: those asked for ("lr,dropout"), else the two with the most values; None if there are
    no two that vary, or hardly any settings share a value.

    Raises ConfigError for a key that does not vary.
    """
    counts = {key: len({s.keys.get(key, "") for s in section.settings}) for key in section.varied}
    if asked is None:
        usable = sorted((k for k in counts if counts[k] <= MOST), key=lambda k: (not _numeric(section, k), -counts[k]))
        cells = math.prod(counts[key] for key in usable[:2])  # of which drawn values fill few
        return (usable[0], usable[1]) if len(usable) > 1 and cells <= EMPTY * len(section.settings) else None
    short = short_keys(section.varied)
    names = {name: key for key in section.varied for name in (short[key], key)}
    given = [name.strip() for name in asked.split(",")]
    wrong = [name for name in given if name not in names]
    if len(given) != 2 or wrong or given[0] == given[1]:
        near = closest(wrong[0], list(names)) if wrong else None
        hint = f"; did you mean {near}?" if near else ""
        choices = ", ".join(short.values()) or "none"
        raise ConfigError(
            f"--heat {asked}: must be two keys that vary, such as --heat lr,dropout{hint}; vary: {choices}"
        )
    return names[given[0]], names[given[1]]


def _numeric(section: Section, key: str) -> bool:
    return all(order(s.keys.get(key, ""))[0] == 0 for s in section.settings)


def order(value: str) -> tuple[int, tuple[float, ...], str]:
    """Numbers by size, then lists of numbers by theirs, then words by the alphabet."""
    is_list = value.startswith("[") and value.endswith("]")
    try:
        return int(is_list), tuple(float(each) for each in (value.strip("[]").split(",") if is_list else [value])), ""
    except ValueError:
        return (1, (), value) if value == "[]" else (2, (), value)


def heat_map(section: Section, keys: tuple[str, str]) -> str:
    """An HTML table: the first key down, the second across; dark is good."""
    down, across = ([*sorted({s.keys.get(key, "") for s in section.settings}, key=order)] for key in keys)
    found = {(a, b): _cell(section, keys, a, b) for a in down for b in across}
    values = [cell.spread.mean for cell in found.values() if cell.spread]
    if not values:
        return ""
    places = digits([cell.spread for cell in found.values()])
    short = short_keys(section.varied)
    others = [short[key] for key in section.varied if key not in keys]
    title = f"{section.metric} by {short[keys[0]]} and {short[keys[1]]}"
    title += f", best over {', '.join(others)}" if others else ""
    position = {id(setting): i for i, setting in enumerate(section.settings)}
    head = "".join(f'<th scope="col">{escape(spelled(value) or "-")}</th>' for value in across)
    rows = [
        f'<tr><th scope="row">{escape(spelled(a) or "-")}</th>'
        + "".join(_td(section, found[a, b], position, values, places) for b in across)
        + "</tr>"
        for a in down
    ]
    corner = f"{short[keys[0]]} \\ {short[keys[1]]}"
    caption = "Darker is better; the better half of the cells has the darker half of the colours. Outlined: the best."
    tied = any(section.not_told_apart(position[id(c.best)]) for c in found.values() if c.best)
    caption += " ~ not told apart from it." if tied else ""
    return (
        f'<figure><h3>{escape(title)}</h3><div class="wide" tabindex="0" role="region" aria-label="heat map">'
        f'<table class="heat{" dense" * (len(across) > WIDE)}">'
        f'<thead><tr><th scope="col">{escape(corner)}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        f"<figcaption>{caption}</figcaption></figure>"
    )


def _cell(section: Section, keys: tuple[str, str], a: str, b: str) -> Cell:
    here = [s for s in section.settings if (s.keys.get(keys[0], ""), s.keys.get(keys[1], "")) == (a, b)]
    best = next((s for s in here if s.tier < DIVERGED and s.spread(section.metric)), None)  # they are ranked
    return Cell(here, best, best.spread(section.metric) if best else None)


def _td(section: Section, cell: Cell, position: Mapping[int, int], values: Sequence[float], places: int) -> str:
    if cell.spread is None or cell.best is None:
        text = "diverged" if any(s.count("diverged") for s in cell.settings) else "-" if cell.settings else ""
        return f'<td class="none">{text}</td>'
    share = goodness(cell.spread.mean, values, maximize=section.maximize)
    colour, ink = colours(share)
    shown = f"{cell.spread.mean:.{places}f}"
    hint = escape(f"{label(cell.best, section)}: {shown}, n = {cell.spread.n}", quote=True)
    at = position[id(cell.best)]
    kind, tied = ' class="best"' * (at == 0), "~" * section.not_told_apart(at)
    return f'<td{kind} style="background:{colour};color:{ink}" title="{hint}">{shown}{tied}</td>'


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
