"""Figures of claims: what most of them need, as SVG that a page holds and a slide takes.

Drawn large enough for a projector of 1,024 x 768, in colours that the colour-blind tell apart; what is told by a colour
is told by a marker or a dash as well. Equal figures give equal text.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from runner.claims.rules import Estimate, mean
from runner.figures.draw.canvas import COLOURS, FAINT, INK, dress, logarithmic, plain, some

SIZE = (8.0, 4.6)  # inches
PANEL, WIDEST = 4.0, 10.0  # width of each of several panels, and of all
DECADE = 10.0
NEAR = 0.08  # of a logarithmic axis, below which two labels would touch
TICKS = 9  # values of a logarithmic axis that are labelled one by one
MARKERS, DASHES = "osD^vP*X", ("-", "--", "-.", ":")
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "font.size": 12, "axes.titlesize": 13, "axes.labelsize": 12, "legend.fontsize": 10.5,
    "xtick.labelsize": 11, "ytick.labelsize": 11, "path.simplify": True,
}  # fmt: skip


def panels(count: int = 1, rows: int = 1, *, size: tuple[float, float] | None = None, share: bool = False) -> Any:
    """(figure, list of axes): `count` panels in so many rows; `share`: with the same y-axis."""
    columns = -(-count // rows)
    width, height = size or (SIZE if count == 1 else (min(PANEL * columns, WIDEST) + 0.6, 0.9 + 3.5 * rows))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns, squeeze=False, sharey=share).ravel()
    for empty in axes[count:]:
        empty.set_visible(False)
    return figure, list(axes[:count])


def svg(figure: Figure, salt: str) -> str:
    """The figure as an <svg> element; `salt` keeps its ids apart from those of other figures on a page."""
    text = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": salt}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    body = text.getvalue()
    body = body[body.index("<svg") :]
    return re.sub(r'<svg ([^>]*?)width="[^"]*"', r"<svg \1", re.sub(r'<svg ([^>]*?)height="[^"]*"', r"<svg \1", body))


def lines(
    axes: Any, x: Sequence[float], series: Mapping[str, Sequence[Sequence[float]]], *, title: str = "",
    xlabel: str = "", ylabel: str = "", log: str = "",
) -> None:  # fmt: skip
    """The mean of repetitions over x, with its 95% interval as a band; `series[name][i]` are those at x[i]. Names that
    begin with "train" are dashed.

    `log` names the axes that are logarithmic, such as "xy"; "auto" takes x so where it spans a decade.
    """
    for place, (name, values) in enumerate(series.items()):
        found = [mean(list(each), "") for each in values]
        middle = [each.value for each in found]
        colour = COLOURS[place % len(COLOURS)]
        marker = MARKERS[place % len(MARKERS)] if len(x) <= 30 else ""
        dash = DASHES[1 if name.startswith("train") else place // len(COLOURS) % len(DASHES)]
        axes.plot(x, middle, dash, color=colour, marker=marker, markersize=6, linewidth=2.2, label=plain(name))
        bounds = [(e.low, e.high) if e.low is not None else (e.value, e.value) for e in found]
        axes.fill_between(x, *zip(*bounds, strict=True), color=colour, alpha=0.18, linewidth=0)
    dress(axes, title=title, xlabel=xlabel, ylabel=ylabel)
    wide = min(x) > 0 and max(x) >= DECADE * min(x)
    logarithmic(axes, ("x" if wide else "") if log == "auto" else log)
    if "log" in axes.get_xscale() and len(x) <= TICKS:
        axes.set_xticks(_apart(x))
    legend(axes, len(series))


def _apart(x: Sequence[float]) -> list[float]:
    """Values of a logarithmic axis whose labels do not lie on one another."""
    found: list[float] = []
    for value in sorted(set(x)):
        if not found or np.log(value / found[-1]) >= NEAR * np.log(max(x) / min(x)):
            found.append(value)
    return found


def over_places(
    axes: Any, places: Sequence[str], series: Mapping[str, Sequence[Sequence[float]]], *, title: str = "",
    xlabel: str = "", ylabel: str = "", log: str = "",
) -> None:  # fmt: skip
    """`lines` over names or settings that are no numbers, side by side in equal steps."""
    lines(axes, range(len(places)), series, title=title, xlabel=xlabel, ylabel=ylabel, log=log)
    axes.set_xticks(range(len(places)), [plain(each) for each in places])


def intervals(
    axes: Any, found: Mapping[str, Estimate], *, title: str = "", xlabel: str = "", zero: float | None = None,
    log: bool = False,
) -> None:  # fmt: skip
    """Estimates below one another: a dot with its 95% interval; `zero` is the value that they are compared with."""
    rows = range(len(found), 0, -1)
    for row, each in zip(rows, found.values(), strict=True):
        if each.low is not None and each.high is not None:
            axes.plot([each.low, each.high], [row, row], color=COLOURS[0], linewidth=3, solid_capstyle="round")
        axes.plot([each.value], [row], "o", color=INK, markersize=7)
    if zero is not None:
        axes.axvline(zero, color=INK, linestyle="--", linewidth=1.2)
    dress(axes, title=title, xlabel=xlabel)
    axes.set_yticks(list(rows), [plain(name) for name in found])
    axes.set_ylim(0.4, len(found) + 0.6)
    logarithmic(axes, "x" if log else "")


def curves(
    axes: Any, found: Mapping[str, Sequence[float]], *, title: str = "", xlabel: str = "epoch", ylabel: str = "",
    log: str = "",
) -> None:  # fmt: skip
    """One line a name over 0, 1, 2, ...; long ones are thinned out evenly."""
    for place, (name, values) in enumerate(found.items()):
        at = some(len(values))
        axes.plot(
            at, np.asarray(values, float)[at], DASHES[place % len(DASHES)], color=COLOURS[place % len(COLOURS)],
            linewidth=2.2, label=plain(name),
        )  # fmt: skip
    dress(axes, title=title, xlabel=xlabel, ylabel=ylabel)
    logarithmic(axes, log)
    legend(axes, len(found))


def heat(
    figure: Figure, axes: Any, values: np.ndarray, rows: Sequence[str], columns: Sequence[str], *, title: str = "",
    xlabel: str = "", ylabel: str = "", best: str = "max", places: int = 2,
) -> None:  # fmt: skip
    """Numbers in cells, coloured by rank so that outliers do not flatten the scale; the best has a frame. NaN: "-"."""
    ranks = np.full(values.shape, np.nan)
    finite = np.isfinite(values)
    order = np.argsort(np.argsort(values[finite] if best == "max" else -values[finite]))
    ranks[finite] = order / max(1, finite.sum() - 1)
    axes.imshow(ranks, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        dark = np.isfinite(ranks[i, j]) and ranks[i, j] < 0.55
        said = f"{value:.{places}f}" if np.isfinite(value) else "-"
        axes.text(j, i, said, ha="center", va="center", fontsize=9.5, color="white" if dark else "black")
    if finite.any():
        i, j = np.unravel_index(np.nanargmax(ranks), ranks.shape)
        axes.add_patch(matplotlib.patches.Rectangle((j - 0.48, i - 0.46), 0.96, 0.92, fill=False, ec="red", lw=2.2))
    dress(axes, title=title, xlabel=xlabel, ylabel=ylabel)
    axes.grid(visible=False)
    axes.set_xticks(range(len(columns)), [plain(each) for each in columns])
    axes.set_yticks(range(len(rows)), [plain(each) for each in rows])


def over_epochs(axes: Any, found: Mapping[str, Sequence[Sequence[float]]], **words: str) -> None:
    """`lines` over the epochs, from 0 to the last that all have; `found` is made by `Runs.epochs`."""
    many = min(map(len, found.values()))
    lines(axes, range(many), {name: table[:many] for name, table in found.items()}, xlabel="epoch", **words)


def legend(axes: Any, count: int) -> None:
    """Names of lines, where there are several."""
    if count > 1:
        axes.legend(framealpha=0.9, edgecolor=FAINT, ncols=2 if count > 6 else 1)
