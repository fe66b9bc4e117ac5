"""What an ensemble reaches against its size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from runner.figures.draw.canvas import BLUE, RED, canvas, dress, legend, png

COLOURS = {"val": BLUE, "test": RED}
FEW = 60  # members up to which each size is marked


def ensemble_sizes(
    sizes: Mapping[str, Mapping[str, np.ndarray]],
    means: Mapping[str, Mapping[str, float]],
    *,
    title: str = "",
    along: str = "members, in the order of choice",
) -> bytes:
    """A panel a metric: of the first k members together against k, with a dashed line for a member in the mean.

    Args:
        sizes: metric -> split -> values [K].
        means: metric -> split -> of a member in the mean; none where members learn different things.
    """
    figure = canvas()
    panels = figure.subplots(len(sizes), 1, sharex=True, squeeze=False)[:, 0]
    figure.subplots_adjust(left=0.16, hspace=0.14)
    for axes, (metric, by_split) in zip(panels, sizes.items(), strict=True):
        for split, values in by_split.items():
            marker = "o" if len(values) <= FEW else ""
            counts = np.arange(1, len(values) + 1)
            axes.plot(counts, values, color=COLOURS[split], linewidth=1.6, marker=marker, markersize=3, label=split)
            if metric in means:
                axes.axhline(means[metric][split], color=COLOURS[split], linestyle="--", linewidth=1)
        dress(axes, title=title if axes is panels[0] else "", ylabel=metric)
    dress(
        panels[-1],
        title=title if len(panels) == 1 else "",
        ylabel=list(sizes)[-1],
        xlabel=along,
    )
    panels[-1].xaxis.get_major_locator().set_params(integer=True)
    if means:
        panels[0].plot([], [], color="black", linestyle="--", linewidth=1, label="a member in the mean")
    legend(panels[0])
    return png(figure)
