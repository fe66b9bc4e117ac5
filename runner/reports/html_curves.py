"""The charts of a report's page: metrics over the epochs, and over a key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from html import escape

from runner.errors import RunError
from runner.records.summary import read_summary
from runner.reports.bands import curves_of, line
from runner.reports.over import Group, Over
from runner.reports.pictures import single
from runner.reports.sections import Section, direction, label
from runner.reports.settings_table import Setting
from runner.reports.svg import DASHED, DOTTED, SMALL, SOLID, WIDTH, Line, chart, swatch

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#a67c00", "#4aa3d8")  # after Okabe and Ito: colour-blind safe
LACKING = 5  # runs without curves that are named
WORDS = {"val": "validation", "train": "training", "test": "test"}
STYLES = {"val": SOLID, "train": DASHED, "test": DOTTED}


def top_settings(section: Section) -> list[Setting]:
    """Those whose curves are drawn, best first."""
    return [setting for setting in section.settings if setting.finished][: len(COLOURS)]


def over_epochs(section: Section) -> str:
    """What is monitored, and what people ask for: validation with a band, training dashed."""
    top = top_settings(section)
    found = [(setting, i, *curves_of(setting)) for i, setting in enumerate(top)]
    problems = [problem for *_, each in found for problem in each]
    lacks = "".join(f'<p class="dim">note: no curve of a run: {escape(problem)}</p>' for problem in problems[:LACKING])
    read = [(setting, i, curves) for setting, i, curves, _ in found if curves]
    if not read:
        return lacks
    headline = next((m for m in section.beside if m.startswith("val/")), None)
    names = [each for each in (section.metric, headline) if each]
    charts, kept = [], _kept(section)
    for metric in dict.fromkeys(f"val/{name.partition('/')[2]}" if "/" in name else name for name in names):
        other = f"train/{metric.partition('/')[2]}"
        drawn = [line(c, metric, _named(s, section, "validation"), COLOURS[i], shape=i) for s, i, c in read]
        drawn += [line(c, other, _named(s, section, "training"), COLOURS[i], style=DASHED) for s, i, c in read]
        lower = direction(metric, section.settings) is False
        charts.append(chart([each for each in drawn if each], metric, "epoch", log=lower, kept=kept))
    several = any(len(curves) > 1 for _, _, curves in read)
    band = "mean and standard deviation over runs, " if several else ""
    which = "The best settings" if len(section.settings) > len(read) else "All settings" if len(read) > 1 else "Curves"
    ends = " A line ends where fewer than half of the runs still train." if several else ""
    said = f"Solid: {band}validation. Dashed: training.{ends} Where they part, the network learns examples by heart."
    said += "" if kept is None else f" The dotted line is the epoch that was kept, {kept:g}."
    legend = [(label(setting, section), i) for setting, i, _ in read] if len(section.settings) > 1 else []
    return framed(f"{which} over the epochs", legend, [charts], said) + lacks


def _kept(section: Section) -> float | None:
    """The epoch whose weights a single run has kept."""
    row = single(section)
    try:
        found = read_summary(row.folder).get("kept_epoch") if row else None
    except RunError:
        return None
    return None if found is None else float(found)


def _named(setting: Setting, section: Section, split: str) -> str:
    return f"{label(setting, section)}, {split}" if len(section.settings) > 1 else split


def over_key(drawn: Over) -> str:
    """The means of the table over the values of a key: validation, training, test, a colour a value of a second key, a
    panel a value of a third.
    """
    colours = drawn.colours[: len(COLOURS)]
    groups = [group for group in drawn.groups if group.name in colours]
    charts = [_panels(drawn, groups, metric) for metric in drawn.metrics]
    legend = [(name, i) for i, name in enumerate(colours)] if len(colours) > 1 else []
    return framed(f"{' and '.join(drawn.metrics)} over {drawn.name}", legend, charts, _caption(drawn, groups))


def _panels(drawn: Over, groups: Sequence[Group], metric: str) -> list[str]:
    """Charts of a metric with the same axes, one a panel."""
    lines: dict[str, list[Line]] = {panel: [] for panel in drawn.panels}
    for group in groups:
        for split, name in drawn.recorded(metric).items():
            lines[group.panel] += _over_line(group, split, name, drawn.colours.index(group.name))
    log = direction(f"val/{metric}", drawn.section.settings) is False
    like = [line for panel in lines.values() for line in panel]
    titles = {panel: f"{metric}, {panel}" if panel else metric for panel in lines}
    draw = partial(chart, across=drawn.name, log=log, key=True, like=like, width=WIDTH if len(lines) < 3 else SMALL)
    return [draw(each, titles[panel]) for panel, each in lines.items()]


def _caption(drawn: Over, groups: Sequence[Group]) -> str:
    """What lines, points and bands are, and what is not drawn."""
    recorded = {name: split for metric in drawn.metrics for split, name in drawn.recorded(metric).items()}
    words = {"val": "solid: validation", "train": "dashed: training", "test": "dotted: test"}
    with_splits = any("/" in name for name in recorded)
    said = ", ".join(each for split, each in words.items() if with_splits and split in recorded.values()).capitalize()
    said += ". " * bool(said) + "Each point is the mean of a setting"
    said += f", the best over {drawn.best_over} by {drawn.section.metric}" if drawn.best_over else ""
    said += "; the band is one standard deviation over its runs" if _several(groups) else ""
    said += ". Panels share their axes" if len(drawn.panels) > 1 else ""
    if len(drawn.colours) > len(COLOURS):
        said += f". Drawn are the best {len(COLOURS)} of {len(drawn.colours)} settings of the other keys"
    said += f". Not drawn, as they are no numbers: {', '.join(drawn.left_out)}" if drawn.left_out else ""
    return f"{said}."


def _over_line(group: Group, split: str, metric: str, i: int) -> list[Line]:
    """The curve of a group; none if it has no such metric. Validation has a band and marks."""
    points = group.curve(metric)
    if not points:
        return []
    name = ", ".join(filter(None, [group.name, WORDS[split] if "/" in metric else metric]))
    made = Line(name, COLOURS[i], [x for x, _ in points], [s.mean for _, s in points], style=STYLES[split])
    made.shape = i if split == "val" or len(points) == 1 else None
    if split == "val" and any(s.sd for _, s in points):
        made.low = [s.mean - (s.sd or 0.0) for _, s in points]
        made.high = [s.mean + (s.sd or 0.0) for _, s in points]
    return [made]


def _several(groups: Sequence[Group]) -> bool:
    return any(len(setting.finished) > 1 for group in groups for setting in group.settings.values())


def framed(title: str, legend: Sequence[tuple[str, int]], charts: Sequence[Sequence[str]], caption: str) -> str:
    """Charts that share a legend, with what to see in them: a row each list, which is a metric in several panels, or
    several metrics.
    """
    items = "".join(f"<li>{swatch(COLOURS[i], i)}{escape(name)}</li>" for name, i in legend)
    listed = f'<ul class="legend">{items}</ul>' if items else ""
    if all(len(row) == 1 for row in charts):
        charts = [[each for row in charts for each in row]]
    rows = "".join(f'<div class="charts">{"".join(map(_plot, row))}</div>' for row in charts)
    return f"<figure><h3>{escape(title)}</h3>{listed}{rows}<figcaption>{escape(caption)}</figcaption></figure>"


def _plot(drawn: str) -> str:
    return f'<div class="plot">{drawn}</div>' if drawn else ""
