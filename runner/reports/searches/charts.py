"""The charts of a search: its progress, what its keys matter, a slice a key, the two keys that matter most together."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from runner.reports.searches.cloud import FRAME, Cloud, Dot, cloud, steps
from runner.reports.searches.contour import cells
from runner.reports.searches.importance import Importance
from runner.reports.searches.scales import Key, cut, metric_scale
from runner.reports.searches.scales import counts as count_scale
from runner.reports.searches.trials import Best, Trial, spent
from runner.reports.svg import WIDTH

ROW, NAMES = 26, 130  # pixels of a bar, and of the names beside it


def progress(trials: Sequence[Trial], shown: Sequence[Trial], so_far: Sequence[Best], metric: str) -> str:
    """Every trial and the best so far, against the epochs spent on all trials up to it."""
    left, right, bottom, top = FRAME
    ends, total = {}, 0
    for trial in trials:
        total += trial.epochs
        ends[trial.number] = total
    across = count_scale(spent(trials), "epochs of all trials so far", left, right)
    up = metric_scale([t.reached for t in shown if t.reached is not None], metric, bottom, top)
    dots = _dots(shown, len(trials), so_far[-1].trial, lambda trial: ends[trial.number])
    line = steps([(best.epochs, best.value) for best in so_far], across, up, spent(trials))
    return cloud(Cloud(f"{metric}: best so far", across, up, dots, [line]))


def slice_over(key: Key, shown: Sequence[Trial], trials: int, best: Trial, metric: str) -> str:
    """The metric over one key; "" if no trial has a place there."""
    left, right, bottom, top = FRAME
    dots = _dots(shown, trials, best, lambda trial: key.place(trial.setting))
    if not dots:
        return ""
    up = metric_scale([t.reached for t in shown if t.reached is not None], metric, bottom, top)
    return cloud(Cloud(f"{metric} over {key.name}", key.scale(left, right), up, dots))


def _dots(shown: Sequence[Trial], trials: int, best: Trial, place) -> list[Dot]:
    found = []
    for i, trial in enumerate(shown):
        x = place(trial)
        if x is not None and trial.reached is not None:
            kind = "best" if trial is best else "pruned" if trial.pruned else ""
            found.append(Dot(x, trial.reached, i, trial.number / trials, kind))
    return found


def contour(keys: tuple[Key, Key], shown: Sequence[Trial], best: Trial, metric: str, *, maximize: bool) -> str:
    """The metric over two keys, smoothed between the trials; "" with too few that have both."""
    left, right, bottom, top = FRAME
    across, up = keys[0].scale(left, right), keys[1].scale(bottom, top)
    found = []
    for i, trial in enumerate(shown):
        x, y = keys[0].place(trial.setting), keys[1].place(trial.setting)
        if x is not None and y is not None and trial.reached is not None:
            found.append((Dot(x, y, i, kind="best" if trial is best else ""), trial.reached))
    if len(found) < 3:
        return ""
    pixels = [(across(dot.x), up(dot.y)) for dot, _ in found]
    ground = cells(pixels, [value for _, value in found], maximize=maximize)
    title = f"{up.said} against {keys[0].name}; colour: {metric}"
    return cloud(Cloud(title, across, up, [dot for dot, _ in found], ground, ink="ground"))


def bars(found: Sequence[Importance]) -> str:
    """The share of each key as a bar with its interval; grey where chance alone gives as much."""
    height = ROW * len(found) + 34
    room = WIDTH - NAMES - 60

    def at(share: float) -> float:
        return NAMES + room * min(share, 1.0)

    said = "; ".join(f"{each.key.name} {each.share:.0%}" for each in found)
    parts = [
        f'<svg class="chart bars" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(f"importance of keys: {said}", quote=True)}">'
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = f"{at(share):.1f}"
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="4" y2="{height - 30}"/>')
        parts.append(f'<text class="tick" x="{x}" y="{height - 14}" text-anchor="middle">{share:.0%}</text>')
    for i, each in enumerate(found):
        parts += _bar(each, 6 + ROW * i, at(0), at(each.share), (at(each.low), at(each.high)))
    return "".join([*parts, "</svg>"])


def _bar(each: Importance, y: float, start: float, end: float, interval: tuple[float, float]) -> list[str]:
    kind = "" if each.matters else ' class="chance"'
    low, high = interval
    middle = y + 8
    hint = f"{each.key.name}: {each.share:.1%}, from {each.low:.1%} to {each.high:.1%}; chance gives {each.chance:.1%}"
    return [
        f'<text x="{start - 8:.1f}" y="{middle + 4}" text-anchor="end">{escape(cut(each.key.name))}</text>',
        f'<rect{kind} x="{start:.1f}" y="{y}" width="{max(end - start, 1):.1f}" height="16">'
        f"<title>{escape(hint)}</title></rect>",
        f'<line class="half" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>',
        f'<line class="half" x1="{low:.1f}" x2="{low:.1f}" y1="{middle - 4}" y2="{middle + 4}"/>',
        f'<line class="half" x1="{high:.1f}" x2="{high:.1f}" y1="{middle - 4}" y2="{middle + 4}"/>',
        f'<text class="tick" x="{max(high, end) + 6:.1f}" y="{middle + 4}">{each.share:.0%}</text>',
    ]
