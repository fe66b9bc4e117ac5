"""Claims about steps in a valley of curvatures 1 and 100, and about the first steps of rules."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, line
from runner.claims.rules import Finding, above, below, digits, exact
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VALLEY = (
    "dataset=quadratic", "dataset.hessian=[[1,0],[0,100]]", "dataset.optimum=[0,0]", "model.hidden=[]",
    "early_stopping=none", "trainer.dtype=float64",
)  # fmt: skip
FAR = (*VALLEY, "dataset.start=[-10,1]")


@claim("momentum_rings", "001:206-330")
class MomentumRings(Claim):
    """Momentum rings across a valley; Nesterov's look ahead damps it.

    Curvatures 1 and 100, rate 0.01, momentum 0.9, 100 steps from (-10, 1). Nesterov's point theta lies a plain gradient
    step behind the look-ahead point, which is the one that is kept here.
    """

    source = "Sutskever, Martens, Dahl & Hinton 2013, section 2.1"
    published = "a drawing, without a number"
    expected = "the steep coordinate changes sign 35 and 1 times; the distance left is .0264 and .00435"
    caption = "The way of both over the contours of the loss, and the steep coordinate over the steps: only one rings."

    def answer(self, runs: Runs) -> list[Finding]:
        """Changes of sign, an exact 0 being a sign of its own, and distances."""
        heavy, ahead = _rings()
        return [
            digits("changes of sign, momentum", _changes(heavy[:, 1]), 35, 0),
            digits("changes of sign, Nesterov", _changes(ahead[:, 1]), 1, 0),
            digits("distance left, momentum", _length(heavy[-1]), 0.0264, 4),
            digits("distance left, Nesterov", _length(ahead[-1]), 0.00435, 5),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Ways on contours; the steep coordinate over the steps."""
        from runner.claims.pictures import curves, panels

        heavy, ahead = _rings()
        figure, axes = panels(2)
        ways_on_contours(axes[0], {"momentum": heavy, "Nesterov": ahead})
        steep = {"momentum": heavy[:, 1], "Nesterov": ahead[:, 1]}
        curves(axes[1], steep, title="across the valley", xlabel="step", ylabel="steep coordinate")
        return figure


@claim("nesterov_limit", "001:287, 003:1034")
class NesterovLimit(Claim):
    """Nesterov's momentum diverges at rates at which plain momentum still comes down.

    Stable are rate x curvature < 2 (1 + mu) / (1 + 2 mu) with Nesterov, and < 2 (1 + mu) with momentum.
    """

    source = "O'Donoghue & Candes 2015; the bounds follow from the characteristic polynomial"
    expected = "rate .015, momentum .95, curvature 100: momentum ends .660 from the minimum, Nesterov above 1e12"
    caption = "Distance to the minimum over the steps, on a logarithmic axis: one falls, the other explodes."

    def answer(self, runs: Runs) -> list[Finding]:
        """Both distances after 100 steps."""
        heavy, ahead = (_length(way[-1]) for way in self.ways().values())
        return [digits("distance left, momentum", heavy, 0.660, 3), above("distance, Nesterov", exact(ahead), 1e12)]

    def ways(self) -> dict[str, Any]:
        """Rule -> its points."""
        return {name: _way(name, 0.015, 0.95) for name in ("momentum", "nesterov")}

    def figure(self, runs: Runs) -> Figure:
        """Both distances over the steps."""
        return _distances(self.ways(), "rate 0.015, momentum 0.95")


@claim("conditioning", "001:121, 002:43")
class Conditioning(Claim):
    """Gradient descent needs steps in proportion to the condition number; momentum, to its square root.

    The best rates: (k - 1)/(k + 1) a step for descent, (root k - 1)/(root k + 1) for heavy ball; here k = 100.
    """

    source = "Polyak 1964"
    published = "the formulas: .980198 and .818182"
    expected = "the distance falls by the factor .980198 a step with descent, .818182 with heavy ball"
    caption = "Distance to the minimum over the steps at each rule's best rate."

    def answer(self, runs: Runs) -> list[Finding]:
        """Factor of descent from late steps; heavy ball's by the roots of its recursion x'' = a x' + b x."""
        import numpy as np

        plain, heavy = self.ways().values()
        rate = (_length(plain[400]) / _length(plain[300])) ** 0.01
        x = heavy[:31, 0]
        a, b = np.linalg.lstsq(np.stack([x[1:-1], x[:-2]], 1), x[2:])[0]
        root = float(np.abs(np.roots([1, -a, -b])).max())
        return [digits("factor a step, descent", rate, 0.980198, 6), digits("heavy ball", root, 0.818182, 5)]

    def ways(self) -> dict[str, Any]:
        """Descent and heavy ball, each at its best rate, from (1, 1)."""
        return {
            "gradient descent": _way("sgd", 2 / 101, 0, 400, "[1,1]"),
            "heavy ball": _way("momentum", (2 / 11) ** 2, (9 / 11) ** 2, 400, "[1,1]"),
        }

    def figure(self, runs: Runs) -> Figure:
        """Both distances over the steps."""
        return _distances({name: way[:151] for name, way in self.ways().items()}, "condition number 100")


STRAIGHT = {
    "sgd": ("optimizer=sgd", "optimizer.lr=0.0195"),
    "adagrad": ("optimizer=adagrad", "optimizer.lr=0.5"),
    "rmsprop": ("optimizer=rmsprop", "optimizer.lr=0.1"),
    "adam": ("optimizer=adam", "optimizer.lr=0.1"),
}


@claim("trajectories", "001:340-389, 004:100")
class Trajectories(Claim):
    """In a valley plain gradient steps zigzag; rules with a rate for each coordinate walk straight.

    Curvatures 1 and 100, from (-10, 1). The length of the way, as a multiple of the straight line to where it ends.
    """

    source = "Duchi, Hazan & Singer 2011; Kingma & Ba 2015"
    published = "drawings, without a number"
    expected = (
        "200 steps: the way of gradient descent is more than twice as long as the straight line, others below 1.5"
    )
    caption = "Ways over the contours of the loss, from the dot: descent jumps from slope to slope, the others do not."

    def answer(self, runs: Runs) -> list[Finding]:
        """Detour of each."""
        import numpy as np

        found = {}
        for name, way in self.ways().items():
            length = np.linalg.norm(np.diff(way, axis=0), axis=1).sum()
            found[name] = exact(float(length / np.linalg.norm(way[-1] - way[0])))
        plain = found.pop("sgd")
        return [
            above("way / straight line, gradient descent", plain, 2),
            *(below(f"way / straight line, {name}", each, 1.5) for name, each in found.items()),
        ]

    def ways(self) -> dict[str, Any]:
        """Rule -> its points."""
        from runner.claims.trace import walk

        return {name: walk((*FAR, *words), 200)[:, 0] for name, words in STRAIGHT.items()}

    def figure(self, runs: Runs) -> Figure:
        """All ways on the contours, a panel each."""
        from runner.claims.pictures import panels

        ways = self.ways()
        figure, axes = panels(len(ways), 2)
        for place, (name, way) in enumerate(ways.items()):
            ways_on_contours(axes[place], {name: way}, colour=place)
        return figure


@claim("velocity", "003:1023, 004:91")
class Velocity(Exact):
    """Momentum as a velocity and as a sum of gradients differ as soon as the rate changes.

    v <- mu v - rate g carries old steps on as they were; m <- mu m + g takes the new rate for all. Gradient 1.
    """

    source = "Sutskever et al. 2013; PyTorch's documentation of SGD"
    expected = "rates 1, 1, .1, .1, momentum .9: -6.439 as a velocity, -3.5149 otherwise; equal at a constant rate"
    caption = "The weight over four steps of a constant gradient; the rate falls to a tenth after the second."
    xlabel = "form of momentum"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Where four steps end."""
        ways, equal = self.ways((1, 1, 0.1, 0.1)), self.ways((0.1,) * 4)
        gap = abs(float(equal["velocity"][-1] - equal["sum"][-1]))
        return {
            "w, velocity": (float(ways["velocity"][-1]), -6.439, 4),
            "w, sum of gradients": (float(ways["sum"][-1]), -3.5149, 4),
            "gap at a constant rate": (gap, 0.0, 12),
        }

    def ways(self, rates: tuple[float, ...]) -> dict[str, Any]:
        """Form -> the weight after each step."""
        import torch

        from runner.claims.trace import descend

        forms = {"velocity": True, "sum": False}
        words = {name: {"optimizer.momentum": 0.9, "optimizer.velocity": form} for name, form in forms.items()}
        return {name: descend(each, [0.0], torch.ones_like, rates)[:, 0] for name, each in words.items()}

    def figure(self, runs: Runs) -> Figure:
        """Both over the steps."""
        from runner.claims.pictures import panels

        figure, [axes] = panels()
        line(axes, range(5), self.ways((1, 1, 0.1, 0.1)), title="rates 1, 1, .1, .1", xlabel="step", ylabel="weight")
        return figure


def ways_on_contours(axes: Any, ways: dict[str, Any], colour: int = 0) -> None:
    """Ways over the contours of (x^2 + 100 y^2)/2."""
    import numpy as np

    from runner.claims.pictures import legend
    from runner.figures.draw.canvas import COLOURS, INK, dress

    x, y = np.meshgrid(np.linspace(-11, 5, 160), np.linspace(-1.6, 1.6, 160))
    axes.contour(x, y, (x**2 + 100 * y**2) / 2, levels=[0.5, 2, 8, 20, 50, 100], colors="#BBBBBB", linewidths=1)
    for place, (name, way) in enumerate(ways.items(), colour):
        axes.plot(way[:, 0], way[:, 1], ("-", "--")[place % 2], color=COLOURS[place], linewidth=1.8, label=name)
    axes.plot(-10, 1, "o", color=INK)
    dress(axes, title=", ".join(ways), xlabel="flat coordinate", ylabel="steep coordinate")
    legend(axes, len(ways))


@functools.cache
def _way(optimizer: str, lr: float, momentum: float, steps: int = 100, start: str = "[-10,1]") -> Any:
    from runner.claims.trace import walk

    words = [*VALLEY, f"dataset.start={start}", f"optimizer={optimizer}", f"optimizer.lr={lr}"]
    return walk([*words, *([f"optimizer.momentum={momentum}"] if momentum else [])], steps)[:, 0]


def _rings() -> tuple[Any, Any]:
    """(points of momentum, Nesterov's points theta), from (-10, 1)."""
    import numpy as np

    heavy, ahead = (_way(name, 0.01, 0.9) for name in ("momentum", "nesterov"))
    return heavy, np.concatenate([ahead[:1], ahead[:-1] - 0.01 * ahead[:-1] * [1, 100]])


def _changes(values: Any) -> int:
    """How often the sign changes; 0, within rounding, is a sign of its own."""
    import numpy as np

    signs = np.where(np.abs(values) > 1e-12, np.sign(values), 0)
    return int((signs[1:] != signs[:-1]).sum())


def _length(point: Any) -> float:
    import numpy as np

    return float(np.linalg.norm(point))


def _distances(ways: dict[str, Any], title: str) -> Figure:
    """Distances to the minimum over the steps."""
    from runner.claims.pictures import curves, panels

    figure, [axes] = panels()
    found = {name: [_length(point) for point in way] for name, way in ways.items()}
    curves(axes, found, title=title, xlabel="step", ylabel="distance to the minimum", log="y")
    return figure
