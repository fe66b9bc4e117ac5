"""Claims about the surface of the loss of whole networks, on lines and planes through their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.rules import Finding, above, below, mean
from runner.claims.runs import Run, Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from runner.diagnose.landscape import Landscape

POINTS = 25  # on a line


@claim("ways_between_minima", "001:85-110")
class WaysBetweenMinima(Claim):
    """On the straight line from first weights to trained ones the loss falls; between two minima it rises.

    Training meets no obstacle on the whole, but networks from different first weights end in different valleys, whose
    loss is the same.
    """

    source = "Goodfellow, Vinyals & Saxe 2015, Figure 1; Garipov et al. 2018, Figure 1"
    published = "curves of networks on MNIST that fall without a bump; a plane through three minima of a ResNet"
    comparable = False
    expected = (
        "from first to last weights the loss nowhere rises by more than .05 above what it was before; half way between "
        "the ends of two seeds it exceeds the higher end by more than .1"
    )
    caption = (
        "Loss on the plane through the ends of two trainings and the beginning of the first (left): two valleys. "
        "Right: along the straight lines from beginning to end, and from one end to another; mean and 95% interval."
    )
    sweep = (
        "dataset=digits", "model.hidden=[64]", "optimizer=momentum", "optimizer.lr=0.05", "trainer.epochs=30",
        "early_stopping=none", "seed=range(12)",
    )  # fmt: skip
    quick = ("seed=range(6)", "trainer.epochs=10")

    def answer(self, runs: Runs) -> list[Finding]:
        """The largest rise on the way, and the pass between two ends."""
        ways, passes = lines(runs)
        rises = [max(value - min(way[: i + 1]) for i, value in enumerate(way)) for way in ways]
        heights = [max(each) - max(each[0], each[-1]) for each in passes]
        return [
            below("largest rise of the loss from beginning to end", mean(rises, f"{len(ways)} seeds"), 0.05),
            above("loss between two ends above the higher one", mean(heights, f"{len(passes)} pairs of seeds"), 0.1),
        ]

    def figure(self, runs: Runs) -> Figure:
        """The plane, and both kinds of lines."""
        import numpy as np

        from runner.claims.pictures import lines as draw_lines
        from runner.claims.pictures import panels
        from runner.diagnose.contours import Plane, draw_on
        from runner.figures.draw.canvas import RED, dress

        figure, [left, right] = panels(2, size=(12.0, 4.8))
        first, second = (landscape(run) for run in runs[:2])
        origin, start, other = first.start, landscape(runs[0], initial=True).start, second.start
        u = other - origin
        v = (start - origin) - ((start - origin) @ u) / (u @ u) * u
        plane = Plane(origin, u, v)
        at = [((point - origin) @ u / (u @ u), (point - origin) @ v / (v @ v)) for point in (origin, other, start)]
        a, b = np.linspace(-0.4, 1.4, 31), np.linspace(-0.5, 1.3, 31)
        draw_on(figure, left, a, b, plane.values(first, a, b, lambda *_: None))
        for (x, y), name in zip(at, ("end 1", "end 2", "beginning"), strict=True):
            left.plot(x, y, "o", color=RED, markersize=8)
            left.annotate(name, (x, y), xytext=(6, 6), textcoords="offset points")
        dress(left, title="a plane through three points", xlabel="from end 1 to end 2", ylabel="across")
        ways, passes = lines(runs)
        series = {name: list(zip(*found, strict=True)) for name, found in
                  (("from beginning to end", ways), ("from end to end", passes))}  # fmt: skip
        x = np.linspace(0, 1, POINTS).tolist()
        draw_lines(
            right, x, series, title="on straight lines", xlabel="share of the way", ylabel="training loss (nats)"
        )
        return figure


def landscape(run: Run, *, initial: bool = False) -> Landscape:
    """The objective around the weights that a run has kept, or around its first."""
    from runner.diagnose.landscape import Landscape
    from runner.diagnose.subject import Case

    return Landscape(Case(run.folder.name, run.load().settings).ended(run.folder), initial=initial)


def lines(runs: Runs) -> tuple[list[list[float]], list[list[float]]]:
    """The loss at points of the way from beginning to end of each run, and from end to end of each two runs."""
    lands = [landscape(run) for run in runs]
    starts = [landscape(run, initial=True).start for run in runs]
    ways = [along(land, start, land.start) for land, start in zip(lands, starts, strict=True)]
    pairs = zip(lands[::2], lands[1::2], strict=False)
    return ways, [along(one, one.start, other.start) for one, other in pairs]


def along(land: Landscape, start: Any, end: Any) -> list[float]:
    """The loss at evenly spaced points of a straight line."""
    import numpy as np

    share = np.linspace(0, 1, POINTS)[:, None]
    return [float(value) for value in land.values(start + share * (end - start))]
