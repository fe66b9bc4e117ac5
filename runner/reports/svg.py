"""Small charts as SVG text, to stand inside a page: lines with bands, over epochs or over the values of a key.

Colours of axes and text come from the page (CSS), so that light and dark both work. Every line carries its numbers,
which the page's script shows where the pointer is (`runner.reports.html_page`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, SMALL, HEIGHT = 470, 340, 290  # SMALL: the width of a chart among many
LEFT, RIGHT, TOP, BOTTOM = 54, 10, 28, 38
STRIP_WIDTH, STRIP_HEIGHT, STRIP_EDGE = 160, 18, 5
DECADE = 10  # a ratio from which an axis is logarithmic
START = 0.1  # share of the epochs in which curves may leave the chart
MARKS = 6  # marks on a curve over epochs
MOST = 16  # values of a key that are labelled
EDGE = 8  # pixels beside the first and the last value of a key
NEAR = 26  # pixels between labels of an axis
LETTER = 8.3  # pixels of a letter of a title
SOLID, DASHED, DOTTED = "", "dashed", "dotted"
SHAPES = (  # which tell lines apart without colours; around 0, 0
    "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z",
    "M-3 -3h6v6h-6z",
    "M0 -4L4 3H-4z",
    "M0 -4.5L4.5 0L0 4.5L-4.5 0z",
    "M0 4L4 -3H-4z",
    "M-4 -1.2h2.8v-2.8h2.4v2.8h2.8v2.4h-2.8v2.8h-2.4v-2.8h-2.8z",
)


@dataclass
class Line:
    """One curve: y over x, with a band from low to high where there is one; `shape` marks its points."""

    name: str
    colour: str
    x: list[float]
    y: list[float]
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    style: str = SOLID
    shape: int | None = None


@dataclass
class Axis:
    """From data to pixels. On a logarithmic one what is not larger than `low` stands at its start."""

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


def across_key(values: Sequence[float], start: float, end: float) -> Axis:
    """The axis of a key: logarithmic where its positive values span a decade and none is negative; 0 is then at the
    left edge, one step below the smallest.
    """
    positive = sorted({value for value in values if value > 0})
    if min(values) < 0 or not positive or positive[-1] < DECADE * positive[0] * (1 - 1e-12):
        return axis(values, start, end)
    room = (positive[-1] / positive[0]) ** 0.04
    step = (positive[-1] / positive[0]) ** (1 / max(len(positive) - 1, 1))
    return Axis(positive[0] / (step if min(values) == 0 else room), positive[-1] * room, start, end, True)


def chart(
    lines: Sequence[Line],
    title: str,
    across: str,
    *,
    log: bool = False,
    key: bool = False,
    kept: float | None = None,
    like: Sequence[Line] = (),
    width: int = WIDTH,
) -> str:
    """Curves with their bands, over epochs or, with `key`, over the values of a key, which are what the axis names.

    Over epochs the height is for what comes after the first tenth; what leaves it is cut off, and the chart says so.
    With `log` logarithmic where values, all positive, span more than a decade. `kept` is an epoch that is marked. The
    axes have room for the lines `like` as well, so that charts of several panels share them.
    """
    xs = [x for line in (*lines, *like) for x in line.x]
    if not xs:
        return ""
    x = _across(xs, width, key=key)
    start = min(xs) if key else min(x.low + START * (x.high - x.low), max(xs))
    pairs = [pair for line in (*lines, *like) for pair in zip(line.x, line.y, strict=True)]
    ys = [b for a, b in pairs if a >= start]
    log = log and min(ys) > 0 and max(ys) > DECADE * min(ys)
    y = axis(ys, HEIGHT - BOTTOM, TOP, log)
    said = title + (" (logarithmic)" if log else "")
    said += ", first epochs cut off" if any(not y.low <= b <= y.high for _, b in pairs) else ""
    parts = [
        f'<svg class="chart" viewBox="0 0 {width} {HEIGHT}" role="img" tabindex="0" data-across="{escape(across)}"'
    ]
    parts.append(f' aria-label="{escape(_in_words(lines, title, across), quote=True)}">')
    parts.append(_title(said, width))
    parts += _grid(
        x, y, width - RIGHT, across, _labels(x, xs) if key else [t for t in x.ticks() if abs(t - round(t)) < 1e-9]
    )
    inner, high = width - LEFT - RIGHT, HEIGHT - BOTTOM - TOP + 7
    parts.append(f'<svg x="{LEFT}" y="{TOP - 6}" width="{inner}" height="{high}" ')
    parts.append(f'viewBox="{LEFT} {TOP - 6} {inner} {high}">')  # cuts off
    if kept is not None:
        at = f'x1="{x(kept):.1f}" x2="{x(kept):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"'
        parts.append(f'<line class="kept" {at}><title>kept: epoch {kept:g}</title></line>')
    parts += [_band(line, x, y) for line in lines if line.low]
    parts += [_curve(line, x, y) for line in lines]
    parts += [_marks(line, x, y, every=key) for line in lines if line.shape is not None]
    return "".join([*parts, "</svg></svg>"])


def _title(said: str, width: int) -> str:
    """Above the axes; a long one begins at the edge, and a longer one is set narrower."""
    long = len(said) * LETTER
    start = LEFT if long < width - LEFT else 2
    narrower = f' textLength="{width - 4}" lengthAdjust="spacingAndGlyphs"' if long > width - 4 else ""
    return f'<text class="title" x="{start}" y="16"{narrower}>{escape(said)}</text>'


def _across(xs: Sequence[float], width: int, *, key: bool) -> Axis:
    """From left to right."""
    if key:
        return across_key(xs, LEFT + EDGE, width - RIGHT - EDGE)  # room for marks
    return Axis(min(xs), max(xs) if max(xs) > min(xs) else min(xs) + 1, LEFT, width - RIGHT)


def _labels(x: Axis, xs: Sequence[float]) -> list[float]:
    """The values of a key, but for those that would lie on the label of one before; round numbers if there are many."""
    found: list[float] = []
    if len(set(xs)) > MOST:
        return x.ticks()
    for value in sorted(set(xs)):
        if not found or x(value) - x(found[-1]) >= NEAR:
            found.append(value)
    return found


def _in_words(lines: Sequence[Line], title: str, across: str) -> str:
    """What a chart shows, for who does not see it."""
    ends = [f"{line.name} ends at {line.y[-1]:.4g}" for line in lines if line.y]
    return f"{title} over {across}: {'; '.join(ends)}"


def _grid(x: Axis, y: Axis, right: int, across: str, labelled: Sequence[float]) -> list[str]:
    bottom = HEIGHT - BOTTOM
    found = []
    for tick in y.ticks():
        at = f"{y(tick):.1f}"
        found.append(f'<line class="grid" x1="{LEFT}" x2="{right}" y1="{at}" y2="{at}"/>')
        found.append(f'<text class="tick" x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:.4g}</text>')
    found += [
        f'<text class="tick" x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        for tick in labelled
    ]
    found.append(f'<line class="axis" x1="{LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    said = escape(across) + (" (logarithmic)" if x.log else "")
    found.append(f'<text class="tick" x="{(LEFT + right) / 2:.0f}" y="{HEIGHT - 4}" text-anchor="middle">{said}</text>')
    return found


def _points(xs: Sequence[float], ys: Sequence[float], x: Axis, y: Axis) -> list[str]:
    return [f"{x(a):.1f},{y(b):.1f}" for a, b in zip(xs, ys, strict=True) if math.isfinite(b)]


def _curve(line: Line, x: Axis, y: Axis) -> str:
    points = " ".join(_points(line.x, line.y, x, y))
    numbers = " ".join(f"{a:.6g},{b:.5g}" for a, b in zip(line.x, line.y, strict=True) if math.isfinite(b))
    return (
        f'<polyline class="line {line.style}" stroke="{line.colour}" points="{points}" '
        f'data-name="{escape(line.name, quote=True)}" data-v="{numbers}"/>'
    )


def _marks(line: Line, x: Axis, y: Axis, *, every: bool) -> str:
    """The shape of a line at its points, or at a few of many."""
    count = len(line.x)
    chosen = range(count) if every else {round(i * (count - 1) / MARKS) for i in range(1, MARKS + 1)}
    places = [(x(line.x[i]), y(line.y[i])) for i in chosen if math.isfinite(line.y[i])]
    return "".join(
        f'<path fill="{line.colour}" d="{SHAPES[line.shape or 0]}" transform="translate({a:.1f} {b:.1f})"/>'
        for a, b in places
    )


def swatch(colour: str, shape: int) -> str:
    """A piece of a line with its mark, for a legend."""
    return (
        f'<svg class="swatch" width="22" height="12" viewBox="-11 -6 22 12" aria-hidden="true">'
        f'<path stroke="{colour}" stroke-width="2" d="M-11 0H11"/><path fill="{colour}" d="{SHAPES[shape]}"/></svg>'
    )


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
