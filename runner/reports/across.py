"""The same settings on several data sets: what `runner.reports.ranks` says of them, and its diagram."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from runner.reports.ranks import Ranks, average_ranks
from runner.reports.sections import Section, label

IDENTITY = ("dataset", "dataset.path", "dataset.openml_name", "dataset.openml_id", "dataset.target")
WIDTH, EDGE, TOP, ROW = 640, 150, 46, 20  # of the diagram, in pixels


def over_data_sets(sections: Sequence[Section]) -> Ranks | None:
    """Average ranks of the settings that all sections have; None unless each section is another data set and they
    share two settings or more.
    """
    sets = {tuple(each.settings[0].keys.get(key, "") for key in IDENTITY) for each in sections}
    if len(sections) < 2 or len(sets) < len(sections) or len({(s.metric, s.maximize) for s in sections}) > 1:
        return None
    found = [_means(section) for section in sections]
    names = [name for name in found[0] if all(name in each for each in found)]
    if len(names) < 2:
        return None
    return average_ranks([[each[name] for name in names] for each in found], names, maximize=sections[0].maximize)


def _means(section: Section) -> dict[str, float]:
    """Setting in words -> its mean."""
    spreads = {label(setting, section): setting.spread(section.metric) for setting in section.settings}
    return {name: spread.mean for name, spread in spreads.items() if spread}


def diagram(found: Ranks) -> str:
    """The critical-difference diagram: average ranks on a line, best on the left; a bar joins those not told apart."""
    k = len(found.names)
    bars = groups(found)
    half = -(-k // 2)
    height = TOP + 14 * len(bars) + ROW * (half + 1)

    def at(rank: float) -> float:
        return EDGE + (WIDTH - 2 * EDGE) * (rank - 1) / max(1, k - 1)

    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(found.text, quote=True)}">',
        f'<line class="axis" x1="{at(1):.1f}" x2="{at(k):.1f}" y1="{TOP}" y2="{TOP}"/>',
    ]
    for place in range(1, k + 1):
        parts.append(f'<line class="axis" x1="{at(place):.1f}" x2="{at(place):.1f}" y1="{TOP - 6}" y2="{TOP}"/>')
        parts.append(f'<text class="tick" x="{at(place):.1f}" y="{TOP - 10}" text-anchor="middle">{place}</text>')
    parts.append(f'<text class="tick" x="{WIDTH / 2}" y="14" text-anchor="middle">average rank, 1 is best</text>')
    for i, (first, last) in enumerate(bars):
        y = TOP + 10 + 14 * i
        ends = f'x1="{at(first) - 4:.1f}" x2="{at(last) + 4:.1f}" y1="{y}" y2="{y}"'
        parts.append(f'<line stroke="currentColor" stroke-width="5" stroke-linecap="round" {ends}/>')
    for i, (name, rank) in enumerate(zip(found.names, found.average, strict=True)):
        left = i < half
        y = TOP + 14 * len(bars) + ROW * ((i if left else k - 1 - i) + 1)
        end, anchor = (EDGE - 8, "end") if left else (WIDTH - EDGE + 8, "start")
        parts.append(f'<path class="axis" fill="none" d="M{at(rank):.1f} {TOP} V{y} H{end}"/>')
        parts.append(f'<text x="{end + (-4 if left else 4)}" y="{y + 4}" text-anchor="{anchor}">{escape(name)}</text>')
    return "".join([*parts, "</svg>"])


def groups(found: Ranks) -> list[tuple[float, float]]:
    """(first, last) average rank of each largest group of settings within the critical difference of one another."""
    bars: list[tuple[float, float]] = []
    for i, first in enumerate(found.average):
        last = max(rank for rank in found.average[i:] if rank - first <= found.difference)
        if last > first and (not bars or last > bars[-1][1]):
            bars.append((first, last))
    return bars
