"""A report as one page of HTML that needs nothing else: the answer, curves with bands, a heat map, a sortable table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from runner.errors import ConfigError
from runner.records.console import shown_path
from runner.records.names import short_keys
from runner.reports.answer import answer, trouble
from runner.reports.bands import curves_of, line
from runner.reports.decimals import digits
from runner.reports.heat import choose_keys, heat_map
from runner.reports.html_page import SCRIPT, STYLE
from runner.reports.next_steps import next_commands, suggested_for
from runner.reports.report_text import heading
from runner.reports.sections import Section, direction, label, source_of
from runner.reports.settings_table import Setting
from runner.reports.statistics import Spread
from runner.reports.svg import chart, strip

COLOURS = ("#1f77b4", "#e07b00", "#2a9d5c", "#c8508f", "#8a63c9", "#b08900")  # told apart in light and dark
STRIPS = 300  # settings whose runs are drawn in the table
LACKING = 5  # runs without curves that are named
BETTER = 5  # settings at least that the strips have room for
SEARCH = 12  # settings from which the table can be searched


def page(sections: Sequence[Section], title: str, heat: str | None = None) -> str:
    """The page. `heat` names two keys; ConfigError if they vary in none of the sections, see `heat.choose_keys`."""
    keys = _heat_keys(sections, heat)
    parts = [_section(section, pair) for section, pair in zip(sections, keys, strict=True)]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n"
        f"{''.join(parts)}<script>{SCRIPT}</script></body></html>\n"
    )


def _heat_keys(sections: Sequence[Section], heat: str | None) -> list[tuple[str, str] | None]:
    keys: list[tuple[str, str] | None] = []
    problems = []
    for section in sections:
        try:
            keys.append(choose_keys(section, heat))
        except ConfigError as error:
            keys.append(None)
            problems.append(error)
    if problems and len(problems) == len(sections):
        raise problems[0]
    return keys


def _section(section: Section, keys: tuple[str, str] | None) -> str:
    first, *rest = heading(section)
    parts = [f"<h2>{escape(section.title)}</h2>" if section.title else ""]
    parts += [f'<p class="dim">{escape(each.removeprefix(f"{section.title}: "))}</p>' for each in (first, *rest)]
    parts += [f'<p class="answer">{escape(answer(section))}</p>', _curves(section)]
    parts += [heat_map(section, keys) if keys else ""]
    parts += [
        _table(section),
        _lines("Diverged, failed, damaged, not ended", trouble(section)),
        _lines(f"Next{suggested_for(section)}", next_commands(section)),
    ]
    return f"<section>{''.join(parts)}</section>\n"


def _lines(title: str, lines: Sequence[str]) -> str:
    return f"<h3>{title}</h3><pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def top_settings(section: Section) -> list[Setting]:
    """Those whose curves are drawn, best first."""
    return [setting for setting in section.settings if setting.finished][: len(COLOURS)]


def _curves(section: Section) -> str:
    """What is monitored, and what people ask for, over the epochs: validation with a band, training dashed."""
    top = top_settings(section)
    found = [(setting, colour, *curves_of(setting)) for setting, colour in zip(top, COLOURS, strict=False)]
    problems = [problem for *_, each in found for problem in each]
    lacks = "".join(f'<p class="dim">note: no curve of a run: {escape(problem)}</p>' for problem in problems[:LACKING])
    read = [(setting, colour, curves) for setting, colour, curves, _ in found if curves]
    if not read:
        return lacks
    headline = next((m for m in section.beside if m.startswith("val/")), None)
    names = [each for each in (section.metric, headline) if each]
    charts = []
    for metric in dict.fromkeys("val/" + name.partition("/")[2] for name in names):
        other = "train/" + metric.partition("/")[2]
        drawn = [line(c, metric, label(s, section), colour) for s, colour, c in read]
        drawn += [line(c, other, f"{label(s, section)}, training", colour, dashed=True) for s, colour, c in read]
        charts.append(
            chart([each for each in drawn if each], metric, "epoch", log=direction(metric, section.settings) is False)
        )
    legend = "".join(
        f'<li><span class="swatch" style="background:{colour}"></span>{escape(label(setting, section))}</li>'
        for setting, colour, _ in read
    )
    several = any(len(curves) > 1 for _, _, curves in read)
    band = "mean and standard deviation over runs; " if several else ""
    which = "the best settings" if len(section.settings) > len(read) else "all settings" if len(read) > 1 else "curves"
    return (
        f'<h3>{which.capitalize()} over the epochs</h3><ul class="legend">{legend}</ul>'
        f'<div class="charts">{"".join(charts)}</div>'
        f'<p class="dim">Solid: {band}validation. Dashed: training. A line ends where fewer than half of the runs '
        f"still train.</p>{lacks}"
    )


def _table(section: Section) -> str:
    short = short_keys(section.varied)
    several = len(section.sources) > 1
    shown = [section.metric, *section.beside]
    spreads = {metric: [setting.spread(metric) for setting in section.settings] for metric in shown}
    places = {metric: digits(found) for metric, found in spreads.items()}
    names = ["", *(short[key] for key in section.varied), *(["sweep"] if several else [])]
    names += ["parameters"] if section.sizes else []
    names += [section.metric, "± 95%", "each run, mean, 95%", "sd", "runs", *section.beside]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    scale = _scale(spreads[section.metric])
    marks = {id(setting): colour for setting, colour in zip(top_settings(section), COLOURS, strict=False)}
    rows = [
        _row(section, i, [spreads[metric][i] for metric in shown], [places[metric] for metric in shown], scale, marks)
        for i in range(len(section.settings))
    ]
    search = '<p><input type="search" placeholder="filter: lr=0.01 dropout=0.2"></p>' if len(rows) >= SEARCH else ""
    tied = '<p class="dim">~ not told apart from the best. A click on a column sorts.</p>'
    return (
        f'<h3>Settings</h3>{search}<div class="wide"><table class="settings"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{tied}"
    )


def _scale(spreads: Sequence[Spread | None]) -> tuple[float, float]:
    """From where to where the strips go: what the better half of the settings spans."""
    found = [spread for spread in spreads if spread]
    better = found[: max(BETTER, (len(found) + 1) // 2)]
    ends = [spread.mean + sign * (spread.sd or 0.0) * 1.5 for spread in better for sign in (-1, 1)]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _row(
    section: Section,
    i: int,
    spreads: Sequence[Spread | None],
    places: Sequence[int],
    scale: tuple[float, float],
    marks: Mapping[int, str],
) -> str:
    setting, first = section.settings[i], spreads[0]
    tied = section.not_told_apart(i)
    cells = [f'<td data-v="{i + 1}">{i + 1}{"~" if tied else ""}{_swatch(marks.get(id(setting)))}</td>']
    cells += [_key(setting.shown(key)) for key in section.varied]
    if len(section.sources) > 1:
        cells.append(f'<td class="words">{escape(source_of(setting, section))}</td>')
    if section.sizes:
        cells.append(_key(section.sizes[i]))
    cells.append(_number(first.mean if first else None, places[0]))
    cells.append(_number(first.half if first else None, places[0], "± "))
    values = list(setting.values(section.metric).values())
    drawn = strip(values, first.mean, first.half, *scale) if first and i < STRIPS else ""
    cells.append(f'<td data-v="{first.mean if first else ""}">{drawn}</td>')
    cells.append(_number(first.sd if first else None, places[0]))
    done, total = len(setting.finished), len(setting.rows)
    cells.append(f'<td data-v="{done}">{done if done == total else f"{done}/{total}"}</td>')
    cells += [_number(each.mean if each else None, place) for each, place in zip(spreads[1:], places[1:], strict=True)]
    words = escape(label(setting, section).lower(), quote=True)
    kind = ' class="first"' if i == 0 else ' class="lacks"' if done < total else ""
    return f'<tr data-words="{words}"{kind}>{"".join(cells)}</tr>'


def _swatch(colour: str | None) -> str:
    return f' <span class="swatch" style="background:{colour};margin:0 0 0 4px"></span>' if colour else ""


def _key(value: str) -> str:
    try:
        float(value)
    except ValueError:
        return f'<td class="words">{escape(value or "-")}</td>'
    return f'<td data-v="{escape(value)}">{escape(value)}</td>'


def _number(value: float | None, places: int, before: str = "") -> str:
    if value is None:
        return '<td data-v="">-</td>' if not before else '<td data-v=""></td>'
    return f'<td data-v="{value:.8g}">{before}{value:.{places}f}</td>'


def page_title(sections: Sequence[Section]) -> str:
    """The folders a page is about."""
    folders = dict.fromkeys(shown_path(source.folder) for section in sections for source in section.sources)
    return ", ".join(folders)
