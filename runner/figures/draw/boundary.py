"""What a network says all over a plane of two inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb

from runner.figures.draw.canvas import COLOURS, INK, cut, fitted_axes, plain, png, some

GRID = 200  # points along each side


def decision_boundary(
    predict: Callable[[np.ndarray], np.ndarray],
    x2: np.ndarray,
    y: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    names: Sequence[str] = ("x1", "x2"),
    target: str = "",
    title: str = "",
) -> bytes:
    """What a network says all over a plane of two inputs, with the examples on top.

    Args:
        predict: maps points [n, 2] to class probabilities [n, C] (strength of colour = confidence), to class codes
            [n] (integers) or to a regression's outputs [n] (drawn as levels).
        x2: examples [n, 2]; at most 2,000, evenly picked, are drawn.
        y: their class codes or targets [n].
        target: what the levels of a regression are.
    """
    x2, y = np.asarray(x2, dtype=np.float64), np.asarray(y)
    left, right, low, high = extent = limits(x2)
    across, up = np.meshgrid(np.linspace(left, right, GRID), np.linspace(low, high, GRID))
    answer = np.asarray(predict(np.stack([across.ravel(), up.ravel()], axis=1)))
    figure, axes = fitted_axes(title)
    shown = some(len(x2))
    if answer.ndim == 1 and answer.dtype.kind == "f":
        _surface(figure, axes, answer.reshape(GRID, GRID), extent, x2[shown], y[shown], target)
    else:
        classes = int(max(answer.shape[1] if answer.ndim == 2 else answer.max() + 1, y.max() + 1))
        axes.imshow(tint(answer, classes).reshape(GRID, GRID, 3), origin="lower", extent=extent, aspect="auto")
        boundaries(axes, across, up, answer, classes)
        _points(axes, x2[shown], y[shown], classes, labels)
    axes.set(xlabel=plain(names[0]), ylabel=plain(names[1]))
    return png(figure)


def limits(x2: np.ndarray) -> tuple[float, float, float, float]:
    """Left, right, bottom, top with a margin of a tenth."""
    low, high = x2.min(axis=0), x2.max(axis=0)
    margin = np.maximum(0.1 * (high - low), 1e-3)
    return float(low[0] - margin[0]), float(high[0] + margin[0]), float(low[1] - margin[1]), float(high[1] + margin[1])


def palette(classes: int) -> np.ndarray:
    """A colour [C, 3] a class; they repeat."""
    rgb = [tuple(int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)) for c in COLOURS]
    return np.array([rgb[i % len(rgb)] for i in range(classes)])


def tint(answer: np.ndarray, classes: int) -> np.ndarray:
    """Class colours [n, 3] mixed by probability and lightened."""
    weights = answer if answer.ndim == 2 else np.eye(classes)[answer.astype(int)]
    mixed = np.nan_to_num(weights) @ palette(classes)[: weights.shape[1]]
    return np.clip(0.45 + 0.55 * mixed, 0, 1)


def pixels(answer: np.ndarray, side: int) -> np.ndarray:
    """The plane [side, side, 3] as colours alone, dark where the likeliest class changes, of probabilities
    [side side, C].
    """
    classes = max(answer.shape[1], 2)
    likely, found = answer.argmax(1).reshape(side, side), tint(answer, classes).reshape(side, side, 3)
    edge = np.zeros((side, side), bool)
    edge[1:] |= likely[1:] != likely[:-1]
    edge[:, 1:] |= likely[:, 1:] != likely[:, :-1]
    found[edge] = to_rgb(INK)
    return found


def two_classes() -> Colormap:
    """From the first class's tint to the second's, for the probability of the second."""
    return LinearSegmentedColormap.from_list("two classes", tint(np.eye(2), 2))


def boundaries(axes, across: np.ndarray, up: np.ndarray, answer: np.ndarray, classes: int) -> None:
    """A line wherever the winning class changes: the margin of each class over the best other one is zero there."""
    scores = np.nan_to_num(answer) if answer.ndim == 2 else np.eye(classes)[answer.astype(int)]
    for code in range(scores.shape[1] if scores.shape[1] > 1 else 0):
        margin = scores[:, code] - np.delete(scores, code, axis=1).max(axis=1)
        if margin.min() < 0 < margin.max():
            axes.contour(across, up, margin.reshape(across.shape), levels=[0.0], colors=INK, linewidths=0.8)


def _points(axes, x2: np.ndarray, y: np.ndarray, classes: int, labels: Sequence[str] | None) -> None:
    for code in range(classes):
        mine = x2[y == code]
        label = plain(cut(str(labels[code] if labels is not None else code)))
        axes.scatter(*mine.T, s=12, color=palette(classes)[code], edgecolors="white", linewidths=0.4, label=label)
    if classes <= 10:
        axes.legend(loc="best", fontsize=8, framealpha=0.8)


def _surface(figure, axes, levels: np.ndarray, extent, x2: np.ndarray, y: np.ndarray, target: str) -> None:
    everything = np.concatenate([levels[np.isfinite(levels)], y[np.isfinite(y)]])
    low, high = (float(everything.min()), float(everything.max())) if everything.size else (0.0, 1.0)
    axes.imshow(levels, origin="lower", extent=extent, aspect="auto", cmap="viridis", vmin=low, vmax=high)
    dots = axes.scatter(*x2.T, c=y, s=14, cmap="viridis", vmin=low, vmax=high, edgecolors="white", linewidths=0.5)
    figure.colorbar(dots, ax=axes, label=plain(target))
