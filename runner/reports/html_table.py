"""The table of settings on a report's page: sorted by a click or a key, filtered, readable on a narrow screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from runner.records.names import short_keys
from runner.reports.decimals import digits
from runner.reports.heat import order
from runner.reports.html_curves import COLOURS, top_settings
from runner.reports.report_text import said_left
from runner.reports.sections import Section, label, source_of
from runner.reports.settings_table import Setting
from runner.reports.statistics import Spread
from runner.reports.svg import strip, swatch

STRIPS = 300  # settings whose runs are drawn in the table
SHOWN = 500  # settings that are laid out at once; the rest when it is asked for
BETTER = 5  # settings at least that the strips have room for
SEARCH = 12  # settings from which the table can be searched


@dataclass
class Column:
    """Cells (value to sort by, "" sorts last; HTML) under a name. `extra` ones go where the page is narrow or paper."""

    name: str
    cells: list[tuple[str, str]] = field(default_factory=list)
    words: bool = False
    extra: bool = False

    @property
    def kind(self) -> str:
        """Its class, as an attribute."""
        found = " ".join(name for name, has in (("words", self.words), ("extra", self.extra)) if has)
        return f' class="{found}"' if found else ""


def table(section: Section) -> str:
    """All settings, best first."""
    several = len(section.settings) > 1
    columns = [each for each in _columns(section) if any(cell for _, cell in each.cells)]
    head = "".join(
        f'<th scope="col"{each.kind}><button type="button">{escape(each.name) or "rank"}</button></th>'
        for each in columns
    )
    rows = [_row(section, i, columns) for i in range(len(section.settings))]
    rest = "".join(rows[SHOWN:])
    more = f'<p><button type="button" class="more">show all {len(rows):,} settings</button></p>' if rest else ""
    search = (
        '<p><label>Filter <input type="search" placeholder="lr=0.01 dropout=0.2"></label></p>'
        if len(rows) >= SEARCH
        else ""
    )
    said = "Settings, best first: means over their runs. " if several else "Of the weights that were kept."
    said += "~ not told apart from the best. " if any(map(section.not_told_apart, range(len(rows)))) else ""
    said += "The head of a column sorts. " if several else ""
    return (
        f"<h3>{'Settings' if several else 'Metrics'}</h3>{search}"
        f'<div class="wide" tabindex="0" role="region" aria-label="table of settings"><table class="settings">'
        f"<caption><span>{said}</span></caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows[:SHOWN])}</tbody></table><template>{rest}</template></div>{more}"
    )


def _columns(section: Section) -> list[Column]:
    """What is asked for first stands first."""
    settings, short = section.settings, short_keys(section.varied)
    shown = [section.metric, *section.beside]
    spreads = {metric: [setting.spread(metric) for setting in settings] for metric in shown}
    places = {metric: digits(found) for metric, found in spreads.items()}
    first, precise = spreads[section.metric], places[section.metric]
    found = [_ranks(section)] if len(settings) > 1 else []
    found += [_keys(short[key], [s.keys.get(key, "") for s in settings], settings, key) for key in section.varied]
    if len(section.sources) > 1:
        names = [source_of(setting, section) for setting in settings]
        found.append(Column("sweep", [(escape(name), escape(name)) for name in names], words=True))
    found.append(_numbers(section.metric, [s.mean if s else None for s in first], precise))
    halves = [s.half if s else None for s in first]
    found += [_numbers("± 95%", halves, precise, "± ")] if any(halves) else []
    for metric in shown[1:]:
        found.append(_numbers(metric, [s.mean if s else None for s in spreads[metric]], places[metric]))
    if any(len(setting.rows) > 1 for setting in settings):
        found.append(Column("runs", [_runs(setting) for setting in settings]))
    left = [setting.left(section.metric) for setting in settings]
    if any(left):
        cells = [(str(each.epochs) if each else "", escape(said_left(each))) for each in left]
        found.append(Column("pruned after", cells))
    if section.sizes:
        found.append(Column("parameters", [(size, escape(size or "-")) for size in section.sizes], extra=True))
    deviations = [s.sd if s else None for s in first]
    if any(sd is not None for sd in deviations):
        found.append(_numbers("sd", deviations, precise, extra=True))
        found.append(_strips(section, first))
    return found


def _ranks(section: Section) -> Column:
    """Rank, whether a setting may be the best, and the mark of its curve."""
    marks = {id(setting): i for i, setting in enumerate(top_settings(section))}
    cells = []
    for i, setting in enumerate(section.settings):
        mark = marks.get(id(setting))
        drawn = "" if mark is None else swatch(COLOURS[mark], mark)
        cells.append((str(i + 1), f"{drawn}{i + 1}{'~' if section.not_told_apart(i) else ''}"))
    return Column("", cells)


def _keys(name: str, values: Sequence[str], settings: Sequence[Setting], key: str) -> Column:
    """The values of a key, which sort as numbers, lists by their numbers."""
    place = {value: i for i, value in enumerate(sorted(set(values) - {""}, key=order))}
    cells = [
        (str(place[value]) if value else "", escape(setting.shown(key) or "-"))
        for value, setting in zip(values, settings, strict=True)
    ]
    return Column(name, cells, words=any(order(value)[0] > 1 for value in place))


def _numbers(
    name: str, values: Sequence[float | None], places: int, before: str = "", *, extra: bool = False
) -> Column:
    lacks = "" if before else "-"
    cells = [("", lacks) if v is None else (f"{v:.8g}", f"{before}{v:.{places}f}") for v in values]
    return Column(name, cells, extra=extra)


def _runs(setting: Setting) -> tuple[str, str]:
    done, total = len(setting.finished), len(setting.rows)
    return str(done), str(done) if done == total else f"{done}/{total}"


def _strips(section: Section, spreads: Sequence[Spread | None]) -> Column:
    """The runs of each setting as dots."""
    scale, cells = _scale(spreads), []
    for i, (setting, found) in enumerate(zip(section.settings, spreads, strict=True)):
        values = list(setting.values(section.metric).values())
        drawn = strip(values, found.mean, found.half, *scale) if found and i < STRIPS else ""
        cells.append((f"{found.mean:.8g}" if found else "", drawn))
    return Column("each run, mean, 95%", cells, extra=True)


def _scale(spreads: Sequence[Spread | None]) -> tuple[float, float]:
    """From where to where the strips go: what the better half of the settings spans."""
    found = [spread for spread in spreads if spread]
    better = found[: max(BETTER, (len(found) + 1) // 2)]
    ends = [spread.mean + sign * (spread.sd or 0.0) * 1.5 for spread in better for sign in (-1, 1)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _row(section: Section, i: int, columns: Sequence[Column]) -> str:
    setting = section.settings[i]
    parts = [f'<td{column.kind} data-v="{column.cells[i][0]}">{column.cells[i][1]}</td>' for column in columns]
    words = escape(label(setting, section).lower(), quote=True)
    first = i == 0 and len(section.settings) > 1
    kind = ' class="first"' if first else ' class="lacks"' if len(setting.finished) < len(setting.rows) else ""
    return f'<tr data-words="{words}"{kind}>{"".join(parts)}</tr>'
