"""Trials as dots between two axes, in SVG: each says what it is where the pointer is (`script.py`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from runner.reports.searches.scales import Scale
from runner.reports.svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH

BEST = "#e08a00"  # as the best cell of a heat map
RADIUS, LARGER = 3.2, 5.5
FAINT, FULL = 0.3, 0.9  # how opaque the first and the last trial are
FRAME = (LEFT + 6, WIDTH - RIGHT - 6, HEIGHT - BOTTOM, TOP)  # pixels: left, right, bottom, top


@dataclass(frozen=True)
class Dot:
    """One trial, by its position among those that the page knows in words."""

    x: float
    y: float
    trial: int
    share: float = 1.0  # of the trials that came before
    kind: str = ""  # "", best, pruned


@dataclass
class Cloud:
    """Dots under a title, above what lies behind them, such as a line or the cells of a contour."""

    title: str
    across: Scale
    up: Scale
    dots: list[Dot]
    behind: list[str] = field(default_factory=list)
    ink: str = ""  # the class of dots on a coloured ground


def cloud(drawn: Cloud) -> str:
    """The chart."""
    said = f"{drawn.title}: {drawn.up.name} over {drawn.across.name}, {len(drawn.dots)} trials"
    parts = [
        f'<svg class="chart cloud {drawn.ink}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" tabindex="0" '
        f'aria-label="{escape(said, quote=True)}">',
        f'<text class="title" x="{LEFT}" y="16">{escape(drawn.title)}</text>',
        *grid(drawn.across, drawn.up),
        *drawn.behind,
        *(_dot(dot, drawn) for dot in sorted(drawn.dots, key=lambda each: each.kind == "best")),
    ]
    return "".join([*parts, "</svg>"])


def _dot(dot: Dot, drawn: Cloud) -> str:
    x, y = drawn.across(dot.x), drawn.up(dot.y)
    kind = f' class="{dot.kind}"' if dot.kind else ""
    opaque = "" if dot.kind else f' fill-opacity="{FAINT + (FULL - FAINT) * dot.share:.2f}"'
    return (
        f'<circle{kind} cx="{x:.1f}" cy="{y:.1f}" r="{LARGER if dot.kind == "best" else RADIUS}"{opaque} '
        f'data-t="{dot.trial}"/>'
    )


def grid(across: Scale, up: Scale) -> list[str]:
    """Lines and labels of both axes."""
    _, right, bottom, top = FRAME
    found = []
    for place, label in up.labels:
        y = up(place)
        found.append(f'<line class="grid" x1="{LEFT}" x2="{right + 6}" y1="{y:.1f}" y2="{y:.1f}"/>')
        found.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
    for place, label in _apart(across):
        x = across(place)
        found.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>')
        found.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{escape(label)}</text>')
    found.append(f'<line class="axis" x1="{LEFT}" x2="{right + 6}" y1="{bottom}" y2="{bottom}"/>')
    middle = (LEFT + right) / 2
    found.append(
        f'<text class="tick" x="{middle:.0f}" y="{HEIGHT - 4}" text-anchor="middle">{escape(across.said)}</text>'
    )
    return found


def _apart(across: Scale) -> list[tuple[float, str]]:
    """The labels that do not lie on the one before, by their lengths in letters of six pixels."""
    found: list[tuple[float, str]] = []
    free = -math.inf
    for place, label in across.labels:
        half = 3 * len(label) + 2
        if across(place) - half >= free:
            found.append((place, label))
            free = across(place) + half
    return found


def steps(points: Sequence[tuple[float, float]], across: Scale, up: Scale, end: float) -> str:
    """A line that keeps each value until the next one, and the last until `end`."""
    drawn = []
    for (x, y), (after, _) in zip(points, [*points[1:], (end, 0.0)], strict=True):
        drawn += [f"{across(x):.1f},{up(y):.1f}", f"{across(after):.1f},{up(y):.1f}"]
    return f'<polyline class="line steps" points="{" ".join(drawn)}"/>'
