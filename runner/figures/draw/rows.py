"""Rows of a table as a picture."""

from __future__ import annotations

from collections.abc import Sequence

from runner.figures.draw.canvas import BLUE, FAINT, canvas, cut, plain, png

LONGEST = 11  # letters of a cell
SIZE = 8  # of the letters


def rows(names: Sequence[str], cells: Sequence[Sequence[str]], *, marked: int = 0, title: str = "") -> bytes:
    """Cells under the names of their columns, of which the first `marked` are what matters."""
    figure = canvas()
    axes = figure.add_subplot()
    axes.set_axis_off()
    figure.subplots_adjust(left=0.02, right=0.98, bottom=0.02, top=0.9)
    text = [[plain(cut(cell, LONGEST)) for cell in row] for row in cells]
    table = axes.table(text, colLabels=[plain(cut(name, LONGEST)) for name in names], loc="upper center")
    table.auto_set_font_size(False)
    table.set_fontsize(SIZE)
    table.scale(1, 1.35)
    for (row, column), cell in table.get_celld().items():
        cell.set(edgecolor=FAINT)
        weight = "bold" if row == 0 or column < marked else "normal"
        cell.get_text().set(weight=weight, color=BLUE if row == 0 else "black")
    figure.suptitle(plain(title), fontsize=10)
    return png(figure)
