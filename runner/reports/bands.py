"""Curves of a setting: over its runs, mean and standard deviation of a metric at each epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence

from runner.errors import RunError
from runner.records.read import curve
from runner.records.run_folder import METRICS, is_ensemble
from runner.reports.settings_table import Setting
from runner.reports.statistics import spread
from runner.reports.svg import SOLID, Line

POINTS = 200  # of a curve at most


def curves_of(setting: Setting) -> tuple[list[dict[str, list]], list[str]]:
    """metrics.csv of each finished run of a setting, by column, and what is wrong with those that cannot be read."""
    found, problems = [], []
    for row in setting.finished:
        if is_ensemble(row.folder) and not (row.folder / METRICS).exists():  # whose members have curves
            continue
        try:
            found.append(curve(row.folder))
        except RunError as error:
            problems.append(str(error))
    return found, problems


def line(
    curves: Sequence[dict[str, list]],
    metric: str,
    name: str,
    colour: str,
    *,
    style: str = SOLID,
    shape: int | None = None,
) -> Line | None:
    """The mean over runs with a band of one standard deviation, as long as at least half of the runs train.

    Only solid lines have a band. None if no run has the metric.
    """
    found = [(each["epoch"], each[metric]) for each in curves if metric in each and "epoch" in each]
    by_epoch: dict[int, list[float]] = {}
    for epochs, values in found:
        for epoch, value in zip(epochs, values, strict=True):
            if math.isfinite(value):
                by_epoch.setdefault(epoch, []).append(value)
    kept = [epoch for epoch in sorted(by_epoch) if 2 * len(by_epoch[epoch]) >= len(found)]
    if not kept:
        return None
    kept = thinned(kept)
    spreads = [s for epoch in kept if (s := spread(by_epoch[epoch]))]
    made = Line(name, colour, [float(e) for e in kept], [s.mean for s in spreads], style=style, shape=shape)
    if style == SOLID and len(found) > 1:
        made.low = [s.mean - (s.sd or 0.0) for s in spreads]
        made.high = [s.mean + (s.sd or 0.0) for s in spreads]
    return made


def thinned(epochs: list[int]) -> list[int]:
    """At most POINTS of them, first and last kept."""
    if len(epochs) <= POINTS:
        return epochs
    return [epochs[round(i * (len(epochs) - 1) / (POINTS - 1))] for i in range(POINTS)]
