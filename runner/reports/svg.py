"""Small charts as SVG text, to stand inside a page: lines with bands over epochs, and a strip of runs with its mean.

Colours of axes and text come from the page (CSS), so that light and dark both work.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 520, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 28, 36
STRIP_WIDTH, STRIP_HEIGHT, STRIP_EDGE = 160, 18, 5
DECADE = 10  # a ratio from which an axis is logarithmic
START = 0.1  # share of the epochs in which curves may leave the chart


@dataclass
class Line:
    """One curve: y over x, with a band from low to high where there is one."""

    name: str
    colour: str
    x: list[float]
    y: list[float]
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    dashed: bool = False


@dataclass
class Axis:
    """From data to pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        at = math.log10(max(value, self.low)) if self.log else value
        return self.start + (self.end - self.start) * (at - low) / (high - low)

    def ticks(self) -> list[float]:
        """Round numbers within the axis."""
        if self.log:
            found = [m * 10.0**e for e in range(-12, 13) for m in (1, 2, 5)]
            inside = [tick for tick in found if self.low <= tick <= self.high]
            return inside if len(inside) < 7 else [tick for tick in inside if f"{tick:e}"[0] == "1"]
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))
        first = math.ceil(self.low / step - 1e-9)
        return [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def axis(values: Sequence[float], start: float, end: float, log: bool = False) -> Axis:
    """An axis that holds the values with a little room; a single value gets room, too."""
    low, high = min(values), max(values)
    if log:
        return Axis(low / 1.15, high * 1.15, start, end, True)
    room = 0.04 * (high - low) or 0.5 * abs(low) or 0.5
    return Axis(low - room, high + room, start, end)


def chart(lines: Sequence[Line], title: str, across: str, *, log: bool = False) -> str:
    """Curves with their bands. The height is for what comes after the first tenth; what leaves it is cut off.

    With `log` logarithmic where values, all positive, span more than a decade.
    """
    xs = [x for line in lines for x in line.x]
    if not xs:
        return ""
    x = Axis(min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1, LEFT, WIDTH - RIGHT)
    start = min(x.low + START * (x.high - x.low), max(xs))
    ys = [b for line in lines for a, b in zip(line.x, line.y, strict=True) if a >= start]
    log = log and min(ys) > 0 and max(ys) > DECADE * min(ys)
    y = axis(ys, HEIGHT - BOTTOM, TOP, log)
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title, quote=True)}">']
    parts += [f'<text class="title" x="{LEFT}" y="16">{escape(title)}{" (logarithmic)" if log else ""}</text>']
    parts += _grid(x, y, across)
    parts.append(f'<svg x="{LEFT}" y="{TOP - 6}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - BOTTOM - TOP + 7}" ')
    parts.append(f'viewBox="{LEFT} {TOP - 6} {WIDTH - LEFT - RIGHT} {HEIGHT - BOTTOM - TOP + 7}">')  # cuts off
    parts += [_band(line, x, y) for line in lines if line.low]
    parts += [_curve(line, x, y) for line in lines]
    return "".join([*parts, "</svg></svg>"])


def _grid(x: Axis, y: Axis, across: str) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    found = []
    for tick in y.ticks():
        at = f"{y(tick):.1f}"
        found.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at}" y2="{at}"/>')
        found.append(f'<text class="tick" x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.4g}</text>')
    whole = [tick for tick in x.ticks() if abs(tick - round(tick)) < 1e-9]
    found += [
        f'<text class="tick" x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>' for tick in whole
    ]
    found.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    found.append(
        f'<text class="tick" x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">{across}</text>'
    )
    return found


def _points(xs: Sequence[float], ys: Sequence[float], x: Axis, y: Axis) -> list[str]:
    return [f"{x(a):.1f},{y(b):.1f}" for a, b in zip(xs, ys, strict=True) if math.isfinite(b)]


def _curve(line: Line, x: Axis, y: Axis) -> str:
    points = " ".join(_points(line.x, line.y, x, y))
    kind = "line dashed" if line.dashed else "line"
    name = escape(line.name)
    return f'<polyline class="{kind}" stroke="{line.colour}" points="{points}"><title>{name}</title></polyline>'


def _band(line: Line, x: Axis, y: Axis) -> str:
    points = [*_points(line.x, line.low, x, y), *reversed(_points(line.x, line.high, x, y))]
    return f'<polygon class="band" fill="{line.colour}" points="{" ".join(points)}"/>'


def strip(values: Sequence[float], mean: float, half: float | None, low: float, high: float) -> str:
    """The runs of one setting as dots, their mean as a bar and its interval as a line, on a scale from low to high.

    Runs that lie outside are drawn at the edge; a mean outside is an arrow.
    """
    across = Axis(low, high, STRIP_EDGE, STRIP_WIDTH - STRIP_EDGE)
    middle = STRIP_HEIGHT / 2

    def at(value: float) -> str:
        return f"{across(min(max(value, low), high)):.1f}"

    parts = [f'<svg class="strip" width="{STRIP_WIDTH}" height="{STRIP_HEIGHT}" aria-hidden="true">']
    if not low <= mean <= high:
        tip, base = (STRIP_WIDTH, STRIP_WIDTH - 6) if mean > high else (0, 6)
        return f'{parts[0]}<path d="M{base} 4 L{tip} {middle} L{base} {STRIP_HEIGHT - 4} z"/></svg>'
    if half is not None:
        parts.append(f'<line class="half" x1="{at(mean - half)}" x2="{at(mean + half)}" y1="{middle}" y2="{middle}"/>')
    parts += [f'<circle cx="{at(value)}" cy="{middle}" r="2.5"/>' for value in values]
    parts.append(f'<line class="mean" x1="{at(mean)}" x2="{at(mean)}" y1="2" y2="{STRIP_HEIGHT - 2}"/></svg>')
    return "".join(parts)
