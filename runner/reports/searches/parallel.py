"""Parallel coordinates: a vertical axis a key and one for the metric, a line a trial, the better the stronger."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from runner.reports.heat import goodness
from runner.reports.searches.scales import Key, Scale, metric_scale
from runner.reports.searches.trials import Trial

STEP, HEIGHT = 150, 320  # pixels between axes, and of the chart
LEFT, RIGHT, TOP, BOTTOM = 66, 66, 34, 16
FAINT, FULL = 0.05, 0.75  # how opaque the worst and the best line are


def parallel(trials: Sequence[Trial], keys: Sequence[Key], metric: str, best: Trial, *, maximize: bool) -> str:
    """The chart of trials that have a value, numbered by their positions; a line leaves out keys a trial has not."""
    values = [trial.reached for trial in trials if trial.reached is not None]
    scales = [*(key.scale(HEIGHT - BOTTOM, TOP) for key in keys), metric_scale(values, metric, HEIGHT - BOTTOM, TOP)]
    width = LEFT + STEP * len(keys) + RIGHT
    lines = []
    for number, trial in enumerate(trials):
        if trial.reached is not None:
            places = [*(key.place(trial.setting) for key in keys), trial.reached]
            share = goodness(trial.reached, values, maximize=maximize)
            lines.append((share, _line(number, places, scales, share, first=trial is best)))
    said = f"trials by {', '.join(key.name for key in keys)} and {metric}"
    return "".join(
        [
            f'<svg class="chart parallel" viewBox="0 0 {width} {HEIGHT}" style="max-width:{width * 1.1:.0f}px" '
            'role="img" tabindex="0" '
            f'aria-label="{escape(said, quote=True)}">',
            *(line for _, line in sorted(lines)),
            *(_axis(scale, LEFT + STEP * i) for i, scale in enumerate(scales)),
            "</svg>",
        ]
    )


def _line(number: int, places: Sequence[float | None], scales: Sequence[Scale], share: float, *, first: bool) -> str:
    points = [
        f"{LEFT + STEP * i},{scale(place):.1f}"
        for i, (place, scale) in enumerate(zip(places, scales, strict=True))
        if place is not None
    ]
    kind = ' class="best"' if first else f' stroke-opacity="{FAINT + (FULL - FAINT) * share**2:.2f}"'
    return f'<polyline{kind} points="{" ".join(points)}" data-t="{number}"/>'


def _axis(scale: Scale, x: float) -> str:
    """A vertical axis: its name above, the labels on its left."""
    log = " (log)" if scale.axis.log else ""
    parts = [
        f'<line class="axis" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>',
        f'<text class="title" x="{x}" y="18" text-anchor="middle">{escape(scale.name + log)}</text>',
    ]
    parts += [
        f'<text class="tick" x="{x - 6}" y="{scale(place) + 4:.1f}" text-anchor="end">{escape(label)}</text>'
        for place, label in scale.labels
    ]
    return "".join(parts)
