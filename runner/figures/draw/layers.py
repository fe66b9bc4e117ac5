"""What becomes of signals and gradients on their way through the layers, and how the weights are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import NullLocator

from runner.figures.draw.canvas import BLUE, FAINT, INK, RED, canvas, dress, legend, logarithmic, plain, png
from runner.records.buckets import buckets

FEWEST_BINS, MOST_BINS = 8, 40
COLUMNS = 3
MAX_LAYERS = 12  # drawn; of more, evenly picked ones


def rms_by_layer(rms: Mapping[str, Mapping[str, Sequence[float]]], *, title: str = "") -> bytes:
    """Two rows: root mean square of the activations and of the weights' gradients, by layer from the input on.

    Args:
        rms: "initial" and "kept" -> {"activation": [hidden layers], "gradient": [layers]}.
    """
    figure = canvas()
    rows = figure.subplots(2, 1, sharex=True)
    figure.subplots_adjust(hspace=0.12)
    styles = {"initial": {"color": BLUE, "marker": "o"}, "kept": {"color": RED, "marker": "s"}}
    for axes, kind in zip(rows, ("activation", "gradient"), strict=True):
        found = [np.array(values[kind], dtype=np.float64) for values in rms.values()]
        for (when, style), values in zip(styles.items(), found, strict=True):
            axes.plot(
                np.arange(1, len(values) + 1), values, markersize=5, linewidth=1.6, label=f"{when} weights", **style
            )
        everything = np.concatenate(found)
        _decades(axes, everything)
    dress(rows[0], title=title, ylabel="activations, RMS")
    dress(rows[1], xlabel="layer (1 = next to the input)", ylabel="weight gradients, RMS")
    layers = max(len(values["gradient"]) for values in rms.values())
    rows[1].set_xticks(np.unique(np.linspace(1, layers, min(layers, 15)).astype(int)))
    rows[1].set_xlim(0.6, layers + 0.4)
    legend(rows[0])
    return png(figure)


def _decades(axes, values: np.ndarray) -> None:
    """A logarithmic y-axis from one decade to another, so that two are labelled; a linear one if a value is zero."""
    if not len(values) or not (values > 0).all():
        return
    low, high = np.log10([values.min(), values.max()])
    logarithmic(axes)
    axes.set_ylim(10.0 ** np.floor(low - 0.05), 10.0 ** np.ceil(high + 0.05))
    axes.yaxis.set_minor_locator(NullLocator())


def percentiles_by_step(steps: np.ndarray, values: np.ndarray, which: Sequence[int], *, title: str = "") -> bytes:
    """A small panel for each layer: how the percentiles `which` of what enters it move.

    Args:
        steps: [T].
        values: [T, layers, percentiles].
    """
    layers = _some_layers(range(values.shape[1]))
    figure, grid = _panels(len(layers))
    for axes, layer in zip(grid.flat, layers, strict=False):
        lines = values[:, layer].T
        for percentile, line in zip(which, lines, strict=True):
            axes.plot(steps, line, color=BLUE, linewidth=1.6 if percentile == 50 else 0.9)
        axes.fill_between(steps, lines.min(0), lines.max(0), color=BLUE, alpha=0.15, linewidth=0)
        axes.set_title(f"layer {layer + 1}", fontsize=8)
        axes.tick_params(labelsize=7, color=FAINT)
        axes.spines[["top", "right"]].set_visible(False)
        axes.locator_params(nbins=4)
    figure.suptitle(plain(title), fontsize=10)
    figure.supxlabel(f"step (percentiles {', '.join(map(str, which))})", fontsize=10)
    return png(figure)


def _some_layers(layers: Sequence) -> list:
    """All of them or, of many, evenly picked ones."""
    return [layers[i] for i in np.unique(np.linspace(0, len(layers) - 1, min(len(layers), MAX_LAYERS)).astype(int))]


def _panels(count: int):
    """(a figure, its grid of so many small axes)."""
    columns = min(COLUMNS, count)
    figure = canvas()
    grid = figure.subplots(-(-count // columns), columns, squeeze=False)
    figure.subplots_adjust(left=0.08, right=0.97, bottom=0.11, top=0.84, wspace=0.22, hspace=0.75)
    for axes in grid.flat[count:]:
        axes.set_visible(False)
    return figure, grid


def weight_histograms(weights: Mapping[str, np.ndarray], *, title: str = "") -> bytes:
    """A small histogram of each layer's weights, in its own units, with mean and standard deviation."""
    names = _some_layers(list(weights))
    figure, grid = _panels(len(names))
    for axes, name in zip(grid.flat, names, strict=False):
        _histogram(axes, name, np.asarray(weights[name], dtype=np.float64).ravel(), small=len(names) > 1)
    figure.suptitle(plain(title), fontsize=10)
    figure.supxlabel("weight", fontsize=10)
    return png(figure)


def _histogram(axes, name: str, values: np.ndarray, *, small: bool) -> None:
    values = values[np.isfinite(values)]
    size = 7 if small else 9
    if len(values):
        counts, edges = buckets(values, int(np.clip(len(values) // 8, FEWEST_BINS, MOST_BINS)))
        axes.stairs(counts, edges, fill=True, color=BLUE)
        axes.axvline(0, color=INK, linewidth=0.8)
        name += f"\nmean {values.mean():.2g}, sd {values.std():.2g}"
    axes.set_title(plain(name), fontsize=size)
    axes.tick_params(labelsize=size, color=FAINT)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.locator_params(axis="x", nbins=4)
