"""Claims about what trained networks look like: histograms and boundaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.rules import Finding, falls, rises
from runner.claims.runs import Run, Runs, at_end

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSS, ACCURACY = at_end("train/loss"), at_end("train/accuracy")


def first_deviation(run: Run) -> float:
    """Standard deviation of the weights of the first layer."""
    return float(run.weights().std())


@claim("weight_histograms", "003:401")
class WeightHistograms(Claim):
    """The stronger L2, the narrower the distribution of the weights."""

    source = "Hastie, Tibshirani & Friedman 2009, section 11.5"
    published = "histograms"
    comparable = False
    expected = "the standard deviation of the first layer's weights falls with the strength"
    caption = "Distribution of the weights of the first layer for four strengths of L2, of seed 0."
    sweep = (
        "dataset=digits", "model.hidden=[64]", "regularizer.l2=0,1e-3,1e-2,1e-1", "optimizer=adam",
        "optimizer.lr=3e-3", "trainer.epochs=25", "early_stopping=none", "seed=0,1,2,3,4",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=10")

    def answer(self, runs: Runs) -> list[Finding]:
        """The series."""
        _, table, over, shared = runs.series("regularizer.l2", first_deviation)
        return [falls("standard deviation of the weights, by strength", table, over, shared)]

    def figure(self, runs: Runs) -> Figure:
        """Histograms over one another."""
        import numpy as np

        from runner.claims.pictures import DASHES, legend, panels
        from runner.figures.draw.canvas import COLOURS, dress

        figure, [axes] = panels()
        bins = np.linspace(-0.5, 0.5, 81)
        for place, (value, part) in enumerate(runs.by("regularizer.l2").items()):
            weights = np.clip(part.where("seed=0")[0].weights().ravel(), -0.5, 0.5)
            look = {"color": COLOURS[place], "linestyle": DASHES[place % 4], "linewidth": 2}
            axes.hist(weights, bins, histtype="step", density=True, label=f"L2 {value}", **look)
        axes.set_yscale("log")
        dress(axes, title="first layer, digits", xlabel="weight", ylabel="density")
        legend(axes, 4)
        return figure


GRID = 121


def answers(run: Run) -> Any:
    """Probability of the second class on a grid over the square from -1.3 to 1.3, [GRID, GRID]."""
    import numpy as np

    across = np.linspace(-1.3, 1.3, GRID)
    points = np.stack([each.ravel() for each in np.meshgrid(across, across)], 1)
    loaded = run.load()
    inputs = loaded.transform(points)
    return loaded.probabilities(loaded.outputs(inputs))[:, 1].reshape(GRID, GRID)


def boundary_length(run: Run) -> float:
    """Length of the boundary between both classes on the grid, in widths of the square."""
    likely = answers(run) > 0.5
    crossed = (likely[1:] != likely[:-1]).sum() + (likely[:, 1:] != likely[:, :-1]).sum()
    return float(crossed) / GRID


def boundaries(runs: Runs, key: str) -> Figure:
    """Side by side over the values of a key, of seed 0."""
    from runner.claims.pictures import panels
    from runner.figures.draw.boundary import two_classes
    from runner.figures.draw.canvas import BLUE, INK, RED, dress

    parts = runs.by(key)
    figure, axes = panels(len(parts), share=True)
    for ax, (value, part) in zip(axes, parts.items(), strict=True):
        [run] = part.where("seed=0")
        found, square = answers(run), (-1.3, 1.3, -1.3, 1.3)
        shown = ax.imshow(found, extent=square, origin="lower", cmap=two_classes(), vmin=0, vmax=1)
        ax.contour(found, extent=square, levels=[0.5], colors=INK, linewidths=1.5)
        data = example_rows(run)
        for code, colour, marker in ((0, BLUE, "o"), (1, RED, "^")):
            ax.plot(*data[0][data[1] == code].T, marker, color=colour, markersize=5, markeredgecolor="white", mew=0.5)
        dress(ax, title=f"{key}={value}", xlabel="x1", ylabel="x2" if ax is axes[0] else "")
        ax.grid(visible=False)
    figure.colorbar(shown, ax=axes, label="probability of class 1", shrink=0.8)
    return figure


def example_rows(run: Run) -> tuple[Any, Any]:
    """(points as drawn, classes) of the training rows."""
    import numpy as np

    from runner.data.prepare import prepare

    data = prepare(run.load().settings)
    scale, offset = np.array(data.encoding.scale), np.array(data.encoding.offset)
    return data.x[data.train] * scale + offset, data.y[data.train]


SPIRALS = (
    "dataset=spirals", "dataset.n=400", "dataset.noise=0.06", "optimizer=adam", "optimizer.lr=0.01",
    "early_stopping=none", "seed=0,1,2,3,4",
)  # fmt: skip


@claim("boundaries_width", "003:371")
class BoundariesWidth(Claim):
    """More hidden units bend the boundary more, and fit the training rows better."""

    source = "Stanford CS231n, neural networks part 1"
    published = "three pictures of 3, 6 and 20 units"
    comparable = False
    expected = "training accuracy and the length of the boundary rise from 3 to 6 to 20 units"
    caption = "What networks of 3, 6 and 20 hidden units say over the plane, with the training rows, of seed 0."
    sweep = (*SPIRALS, "model.hidden=[3],[6],[20]", "model.activation=tanh", "trainer.epochs=200")
    quick = ("seed=0,1,2", "trainer.epochs=80")

    def answer(self, runs: Runs) -> list[Finding]:
        """Both series."""
        found = []
        for said, metric in (("training accuracy", ACCURACY), ("length of the boundary", boundary_length)):
            _, table, over, shared = runs.series("model.hidden", metric)
            found.append(rises(f"{said}, by units", table, over, shared))
        return found

    def figure(self, runs: Runs) -> Figure:
        """Side by side."""
        return boundaries(runs, "model.hidden")


@claim("boundaries_l2", "003:379, 003:505-513")
class BoundariesL2(Claim):
    """The stronger L2, the smoother the boundary of the same 20 units."""

    source = "Stanford CS231n, neural networks part 1"
    published = "three pictures of strengths .001, .01 and .1"
    comparable = False
    expected = "the length of the boundary and the training accuracy fall from strength .001 to .01 to .1"
    caption = "What 20 hidden units say over the plane for three strengths of L2, with the training rows, of seed 0."
    sweep = (
        *SPIRALS, "model.hidden=[20]", "model.activation=tanh", "trainer.epochs=200", "regularizer.l2=0.001,0.01,0.1",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=80")

    def answer(self, runs: Runs) -> list[Finding]:
        """Both series."""
        found = []
        for said, metric in (("length of the boundary", boundary_length), ("training accuracy", ACCURACY)):
            _, table, over, shared = runs.series("regularizer.l2", metric)
            found.append(falls(f"{said}, by strength", table, over, shared))
        return found

    def figure(self, runs: Runs) -> Figure:
        """Side by side."""
        return boundaries(runs, "regularizer.l2")
