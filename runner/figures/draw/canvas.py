"""What all figures share: size, colours, axes, and PNG bytes without pyplot, so no window and no global state."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

COLOURS = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#CCBB44",
    "#66CCEE",
    "#AA3377",
    "#BBBBBB",
)  # Paul Tol's bright, colour-blind safe
BLUE, RED, GREEN, *_, GREY = COLOURS
INK, FAINT = "#333333", "#DDDDDD"
SIZE, DPI = (5.2, 4.4), 200  # of a projector, not blurred
MARGINS = {"left": 0.14, "right": 0.965, "bottom": 0.125, "top": 0.9}  # fixed: finding them costs as much as drawing
MAX_POINTS = 2000
NARROW = 50.0  # a ratio up to which a logarithmic axis has labels at 2 and 5 as well
WIDE = 30.0  # times as large: too small to be seen on a linear axis


def canvas(*, fitted: bool = False, size: tuple[float, float] = SIZE) -> Figure:
    """An empty figure of 1,040 x 880 pixels; `fitted` makes room for labels of any length, at twice the time."""
    figure = Figure(figsize=size, dpi=DPI, layout="constrained" if fitted else None)
    FigureCanvasAgg(figure)
    if not fitted:
        figure.subplots_adjust(**MARGINS)
    return figure


def fitted_axes(title: str) -> tuple[Figure, Any]:
    """A figure with one pair of axes, whatever its labels need."""
    figure = canvas(fitted=True)
    axes = figure.add_subplot()
    entitle(axes, title)
    return figure, axes


def entitle(axes, title: str) -> None:
    """A title right above the axes; to search for a place takes a tenth of the time of drawing."""
    axes.set_title(plain(title), fontsize=10, y=1.0)


def dress(axes, *, title: str = "", xlabel: str = "", ylabel: str = "") -> None:
    """Title, labels and a faint grid; no frame where there is nothing to read off."""
    entitle(axes, title)
    axes.set(xlabel=plain(xlabel), ylabel=plain(ylabel))
    lighten(axes)


def lighten(axes) -> None:
    """A faint grid; no frame where there is nothing to read off."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)


def log_if_wide(axes, values: np.ndarray, usual: float | None = None) -> None:
    """A logarithmic y-axis if all values are positive and the usual one (by default the smallest) is lost next to the
    largest.
    """
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() > WIDE * (values.min() if usual is None else usual):
        logarithmic(axes)


def logarithmic(axes, which: str = "y") -> None:
    """The axes in `which` ("", "x", "xy") logarithmic, with plain numbers as labels, 0.001: powers of ten take half as
    long as all the rest.
    """
    for name in which:
        getattr(axes, f"set_{name}scale")("log")
        axis = getattr(axes, f"{name}axis")
        low, high = axis.get_data_interval()
        if 0 < low < high < NARROW * low:
            axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(lambda value, place: f"{value:g}")
        axis.set_minor_formatter(NullFormatter())


def legend(axes, **where) -> None:
    """A small legend, if there is anything to explain."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, framealpha=0.85, **({"loc": "best"} | where))


def png(figure: Figure) -> bytes:
    """The figure; equal figures give equal bytes."""
    buffer = io.BytesIO()
    agg: Any = figure.canvas
    agg.print_png(buffer, metadata={"Software": None})  # savefig would draw one with a fitted layout twice
    return buffer.getvalue()


def plain(words: str) -> str:
    """Text that is not taken for a formula."""
    return str(words).replace("$", r"\$")


def cut_lines(text: str, letters: int) -> str:
    """Lines of a caption, each cut to so many letters."""
    return "\n".join(plain(cut(line, letters)) for line in text.split("\n"))


def cut(name: str, length: int = 14) -> str:
    """The name, its end left out if it is long."""
    return name if len(name) <= length else name[: length - 2] + ".."


def some(count: int, most: int = MAX_POINTS) -> np.ndarray:
    """Positions of at most `most` of `count` examples, evenly picked."""
    return np.linspace(0, count - 1, min(count, most)).astype(int)
