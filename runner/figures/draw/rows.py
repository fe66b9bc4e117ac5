"""Rows of a table as a picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from runner.figures.draw.canvas import BLUE, FAINT, INK, canvas, cut, plain, png

LETTERS = 10  # of a line of a cell
ROOM = 15  # rows and their head
SIZE = 7.5  # of the letters


def rows(names: Sequence[str], cells: Sequence[Sequence[str]], *, marked: int = 0, title: str = "") -> bytes:
    """Cells under the names of their columns, of which the first `marked` are what matters."""
    figure = canvas()
    axes = figure.add_axes((0.03, 0.02, 0.94, 0.88), xlim=(0, len(names)), ylim=(ROOM, 0))
    axes.set_axis_off()
    for column, name in enumerate(names):
        head = "\n".join(cut(each, LETTERS) for each in textwrap.wrap(name, LETTERS)[:2])
        axes.text(column + 0.95, 0.5, plain(head), ha="right", va="center", fontsize=SIZE, color=BLUE)
    for row, values in enumerate(cells, 1):
        axes.axhline(row, color=FAINT, linewidth=0.6)
        for column, value in enumerate(values):
            text = axes.text(
                column + 0.95, row + 0.5, plain(cut(value, LETTERS)), ha="right", va="center", fontsize=SIZE
            )
            text.set(color=INK, weight="bold" if column < marked else "normal")
    figure.suptitle(plain(title), fontsize=10)
    return png(figure)
