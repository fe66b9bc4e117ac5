"""Which class is taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from runner.figures.draw.canvas import cut, fitted_axes, plain, png

MAX_CELLS_WITH_TEXT = 20
MAX_LETTERS = 40  # of all class names, side by side


def confusion_matrix(cm: np.ndarray, labels: Sequence[Any] | None = None, *, title: str = "") -> bytes:
    """Counts [C, C] of true class (rows) against predicted class (columns), coloured by the share of the true class."""
    cm = np.asarray(cm)
    names = [str(label) for label in (range(len(cm)) if labels is None else labels)]
    share = cm / np.maximum(cm.sum(axis=1, keepdims=True), 1)
    figure, axes = fitted_axes(title)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ticks = np.arange(len(cm)) if len(cm) <= MAX_CELLS_WITH_TEXT else np.arange(0, len(cm), -(-len(cm) // 20))
    slanted = max(min(len(name), 14) for name in names) * len(ticks) > MAX_LETTERS
    axes.set_xticks(
        ticks, [plain(cut(names[i])) for i in ticks], rotation=45 * slanted, ha="right" if slanted else "center"
    )
    axes.set_yticks(ticks, [plain(cut(names[i])) for i in ticks])
    axes.set(xlabel="predicted", ylabel="true")
    if len(cm) <= MAX_CELLS_WITH_TEXT:
        size = max(7, 13 - len(cm) // 2)
        for row, column in np.ndindex(cm.shape):
            if cm[row, column]:
                dark = "white" if share[row, column] > 0.5 else "black"
                cell = axes.text(column, row, f"{cm[row, column]:d}", ha="center", va="center", fontsize=size)
                cell.set(color=dark, in_layout=False)  # a cell asks for no room around the matrix
    return png(figure)
