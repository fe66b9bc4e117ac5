"""What happened over the epochs: losses and the learning rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runner.figures.draw.canvas import BLUE, GREEN, INK, RED, canvas, dress, legend, log_if_wide, png


def learning_curves(
    epochs: np.ndarray, metrics: Mapping[str, Mapping[str, np.ndarray]], best: int, *, title: str = ""
) -> bytes:
    """A panel a metric ("loss"): against epoch for each split ("train", "val"), the epoch whose weights are kept
    marked.
    """
    figure = canvas()
    panels = figure.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0]
    figure.subplots_adjust(hspace=0.12)
    for axes, (metric, by_split) in zip(panels, metrics.items(), strict=True):
        for (split, values), (colour, style) in zip(by_split.items(), ((BLUE, "--"), (RED, "-")), strict=False):
            at_best = values[epochs == best]
            axes.plot(epochs, values, style, color=colour, linewidth=1.8, label=split)
            axes.plot([best] * len(at_best), at_best, "o", color=colour, markersize=5)
        axes.axvline(best, color=INK, linestyle=":", linewidth=1.2, label=f"kept: epoch {best}")
        dress(axes, title=title if axes is panels[0] else "", ylabel=metric)
        if metric == "loss":
            log_if_wide(axes, np.concatenate(list(by_split.values())))
    panels[-1].set_xlabel("epoch")
    legend(panels[0])
    return png(figure)


def learning_rate(
    steps: np.ndarray, rates: np.ndarray, steps_per_epoch: int, *, warmup: int = 0, title: str = ""
) -> bytes:
    """The rate of every step against time in epochs; the steps of the warm-up are shaded."""
    figure = canvas()
    axes = figure.add_subplot()
    if warmup:
        axes.axvspan(
            0, min(warmup, steps[-1] + 1) / steps_per_epoch, color=GREEN, alpha=0.18, linewidth=0, label="warm-up"
        )
    axes.step((steps + 1) / steps_per_epoch, rates, where="pre", color=BLUE, linewidth=1.8, label="rate of each step")
    dress(axes, title=title, xlabel=f"epoch ({steps_per_epoch:,} steps each)", ylabel="learning rate")
    log_if_wide(axes, rates, usual=float(np.median(rates)))
    if axes.get_yscale() == "linear":
        axes.set_ylim(0, 1.06 * max(float(rates.max()), 1e-30))
        axes.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)
    legend(axes)
    return png(figure)
