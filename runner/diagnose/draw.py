"""What all pictures of diagnoses share: large type for a projector, a title, a caption that says what to see."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from runner.figures.draw.canvas import BLUE, GREEN, GREY, INK, RED, lighten, plain, png
from runner.figures.draw.canvas import COLOURS as _SEVEN

SIZE, DPI = (8.0, 6.0), 130  # 1,040 x 780 pixels: a projector's 1,024 x 768
COLOURS = (*_SEVEN[:3], _SEVEN[5], _SEVEN[3], _SEVEN[4])
LINE = 100  # letters of a caption's line
TEXT, SMALL = 13, 11  # points

__all__ = ["BLUE", "COLOURS", "GREEN", "GREY", "INK", "RED", "explain", "png", "sheet"]


def sheet(title: str, caption: str, rows: int = 1, columns: int = 1, **kinds: Any) -> tuple[Figure, Any]:
    """A figure and its grid of axes [rows, columns], with room for a caption below."""
    figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    lines = textwrap.wrap(caption, LINE)
    below = (0.055 + 0.03 * len(lines)) if lines else 0.0
    figure.get_layout_engine().set(rect=(0, below, 1, 1 - below))  # type: ignore[union-attr, call-arg]
    figure.suptitle(plain(title), fontsize=TEXT + 2)
    figure.text(0.02, 0.015, plain("\n".join(lines)), fontsize=SMALL, va="bottom", color=INK)
    return figure, figure.subplots(rows, columns, squeeze=False, **kinds)


def explain(axes: Any, xlabel: str, ylabel: str, title: str = "") -> None:
    """Names with units at the axes, a faint grid, and what lines are."""
    axes.set_xlabel(plain(xlabel), fontsize=TEXT)
    axes.set_ylabel(plain(ylabel), fontsize=TEXT)
    if title:
        axes.set_title(plain(title), fontsize=TEXT)
    axes.tick_params(labelsize=SMALL)
    lighten(axes)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=SMALL, framealpha=0.85, loc="best")
