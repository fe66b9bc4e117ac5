"""Claims about rules that use curvature: Newton's method, conjugate gradients, BFGS; and about the size of a step."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from runner.claims.book.quadratic import BASE
from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, line, numbered
from runner.claims.rules import Finding, above, below, digits, exact
from runner.claims.runs import Runs, at_end

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOLVERS = {
    "newton": ("optimizer=newton", "optimizer.damping=0"),
    "cg": ("optimizer=cg", "optimizer.curvature=1e-9"),
    "bfgs": ("optimizer=bfgs", "optimizer.curvature=1e-9"),
    "gradient descent": ("optimizer=sgd", "optimizer.lr=0.5"),
}


@functools.cache
def solved() -> dict[str, Any]:
    """Rule -> its points."""
    from runner.claims.trace import walk

    return {name: walk((*BASE, *words), 4)[:, 0] for name, words in SOLVERS.items()}


@claim("newton_one_step", "002:71, 003:1061-1071")
class NewtonOneStep(Claim):
    """On a quadratic Newton's method takes one step to the minimum; CG and BFGS, a step for each weight.

    H = [[2,-1,0],[-1,2,-1],[0,-1,2]], w* = (.81, .91, .13), from 0; line searches are exact.
    """

    source = "Nocedal & Wright 2006, theorems 5.4 and 8.4"
    published = "the theorems"
    expected = (
        "Newton ends at w* after 1 step; CG and BFGS pass (.366372, .454095, -.335411) and "
        "(.763489, .596122, -.126288) and end at w* after 3; gradient descent has more than .1 left after 3"
    )
    caption = "Distance to the minimum over the steps, on a logarithmic axis that ends at 1e-16."

    def answer(self, runs: Runs) -> list[Finding]:
        """Points on the way, and distances."""
        ways = solved()
        found = [digits("distance, Newton, 1 step", self.distance(ways["newton"][1]), 0, 12)]
        passed = ((0.366372, 0.454095, -0.335411), (0.763489, 0.596122, -0.126288))
        for name in ("cg", "bfgs"):
            for step, target in enumerate(passed, 1):
                far = max(abs(a - b) for a, b in zip(ways[name][step], target, strict=True))
                found.append(digits(f"{name}, step {step}, largest difference to the expected", far, 0, 6))
            found.append(digits(f"distance, {name}, 3 steps", self.distance(ways[name][3]), 0, 12))
        left = exact(self.distance(ways["gradient descent"][3]))
        return [*found, above("distance, gradient descent, 3 steps", left, 0.1)]

    def distance(self, point: Any) -> float:
        """To w*."""
        import numpy as np

        return float(np.linalg.norm(point - np.array([0.81, 0.91, 0.13])))

    def figure(self, runs: Runs) -> Figure:
        """Distances over the steps."""
        from runner.claims.pictures import panels

        figure, [axes] = panels()
        found = {name: [max(self.distance(point), 1e-16) for point in way] for name, way in solved().items()}
        line(axes, range(5), found, title="three weights", xlabel="step", ylabel="distance to the minimum", log="y")
        axes.set_xticks(range(5))
        return figure


@claim("damped_newton", "003:1066")
class DampedNewton(Exact):
    """The damping of Newton's method is an L2 penalty for its first step from 0.

    (H + aI)^-1 H w* is the first step with damping a, and the minimum with L2 of strength a.
    """

    source = "Levenberg 1944; Goodfellow, Bengio & Courville 2016, section 8.6.1"
    expected = "damping 2: (.241429, .255714, -.098571), where descent with L2 of strength 2 ends"
    caption = "The three weights after one damped step (dots), and the expected ridge solution (bars)."
    xlabel = "weight"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The step, and the gap to what descent with L2 finds."""
        from runner.claims.trace import walk

        step = walk((*BASE, "optimizer=newton", "optimizer.damping=2"), 1)[1, 0]
        ridge = walk((*BASE, "optimizer=sgd", "optimizer.lr=0.3", "regularizer.l2=2"), 200)[-1, 0]
        gap = float(abs(step - ridge).max())
        return {**numbered(step, (0.241429, 0.255714, -0.098571), 6), "gap to L2": (gap, 0, 9)}


@claim("newton_saddle", "003:957-962, 003:1066")
class NewtonSaddle(Claim):
    """Newton's method walks into a saddle point; with absolute curvatures it leaves it.

    On w1^2 - w2^2/4 from (1, 1) a Newton step ends at the saddle (0, 0); with |curvature|, at (0, 2).
    """

    source = "Dauphin et al. 2014, Figure 1"
    published = "drawings"
    expected = "a plain Newton step ends at (0, 0); the step of optimizer=newton at (0, 2), where the loss is lower"
    caption = "Both steps from the dot over the contours of the loss: one ends on the saddle, the other goes down."

    def answer(self, runs: Runs) -> list[Finding]:
        """Ends of both, and the loss there."""
        plain, ours = self.ends()
        loss = exact(self.loss(ours) - self.loss(plain))
        return [
            digits("plain Newton, distance to the saddle", float((plain**2).sum()) ** 0.5, 0, 12),
            digits("optimizer=newton, w1", float(ours[0]), 0, 9),
            digits("optimizer=newton, w2", float(ours[1]), 2, 9),
            below("loss there minus loss at the saddle", loss),
        ]

    def ends(self) -> tuple[Any, Any]:
        """(of a plain Newton step, of the product's)."""
        import numpy as np

        from runner.claims.trace import descend, quadratic

        curvature, start = np.diag([2.0, -0.5]), np.ones(2)
        plain = start - np.linalg.solve(curvature, curvature @ start)
        words = {"optimizer.name": "newton", "optimizer.damping": 0.0}
        return plain, descend(words, start.tolist(), quadratic(curvature, [0.0, 0.0]), [1.0])[-1]

    def loss(self, w: Any) -> float:
        """w1^2 - w2^2/4."""
        return float(w[0] ** 2 - w[1] ** 2 / 4)

    def figure(self, runs: Runs) -> Figure:
        """Contours and steps."""
        import numpy as np

        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, INK, RED, dress

        figure, [axes] = panels()
        x, y = np.meshgrid(np.linspace(-1.5, 1.5, 120), np.linspace(-2.5, 2.5, 120))
        axes.contour(x, y, x**2 - y**2 / 4, levels=15, cmap="cividis", linewidths=1)
        for end, colour, name in zip(self.ends(), (RED, BLUE), ("plain Newton", "optimizer=newton"), strict=True):
            axes.plot([1, end[0]], [1, end[1]], "-o", color=colour, linewidth=2.2, label=name)
        axes.plot(1, 1, "o", color=INK)
        dress(axes, title="a step from (1, 1)", xlabel="w1", ylabel="w2")
        axes.legend()
        return figure


@claim("step_against_curvature", "003:966, 002:60")
class StepAgainstCurvature(Claim):
    """A step gains rate x g'g and loses rate^2/2 x g'Hg to curvature: beyond 2 g'g / g'Hg the loss rises.

    And beyond 2 / lambda_max steps explode, however many went well before.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 8.2.1"
    published = "the formula"
    expected = (
        "from 0: loss .64570 at the start, .20683 (= .6457 - .516017 x 1.701 / 2) after "
        "the best step .516017, as at the start after one of 1.032035; "
        "after 2,000 steps of rate .58 below 1e-9, of rate .59 above 1e9 (2 / lambda_max = .585786)"
    )
    caption = "Loss after one step over its rate: a parabola; the dots are trained, the line is the formula."
    sweeps = (
        ("one step", (
            *BASE, "optimizer=sgd", "optimizer.lr=0.1,0.2,0.3,0.4,0.516017,0.6,0.7,0.8,0.9,1.032035,1.1",
            "trainer.epochs=1",
        )),
    )  # fmt: skip

    def answer(self, runs: Runs) -> list[Finding]:
        """Losses after one step, and distances after many."""
        import numpy as np

        from runner.claims.trace import OPTIMUM, walk

        loss = {rate: part.mean(at_end("train/loss")).value for rate, part in runs.by("optimizer.lr").items()}
        many = {
            rate: float(np.linalg.norm(walk((*BASE, "optimizer=sgd", f"optimizer.lr={rate}"), 2000)[-1, 0] - OPTIMUM))
            for rate in (0.58, 0.59)
        }
        return [
            digits("loss after a step of .516017", loss["0.516017"], 0.20683, 5),
            digits("loss after a step of 1.032035", loss["1.032035"], 0.64570, 5),
            above("loss after a step of 1.1 minus that at the start", exact(loss["1.1"] - 0.6457)),
            below("distance after 2,000 steps of .58", exact(many[0.58]), 1e-9),
            above("distance after 2,000 steps of .59", exact(many[0.59]), 1e9),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Trained and by formula."""
        import numpy as np

        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, RED, dress

        figure, [axes] = panels()
        parts = runs.by("optimizer.lr")
        losses = [part.mean(at_end("train/loss")).value for part in parts.values()]
        rate = np.linspace(0, 1.15, 100)
        axes.plot(rate, 0.6457 - rate * 1.701 + rate**2 / 2 * 3.2964, color=BLUE, linewidth=2.2, label="formula")
        axes.plot([float(each) for each in parts], losses, "o", color=RED, markersize=9, label="one step of SGD")
        axes.axhline(0.6457, color="black", linestyle="--", linewidth=1.2, label="at the start")
        dress(axes, title="one step from 0", xlabel="rate", ylabel="loss")
        axes.legend()
        return figure


@claim("clipping", "001:177, 003:985-1002")
class Clipping(Claim):
    """Where a step of its own length would explode, one whose gradient is cut to length 1 comes down.

    Curvatures 1 and 100, rate 0.03: more than 2/100, so that plain steps double the steep coordinate each time.
    """

    source = "Pascanu, Mikolov & Bengio 2013"
    published = "drawings"
    expected = "without clipping the distance exceeds 1e9 after 40 steps; with it, it is below 0.1 after 1,000"
    caption = "Distance to the minimum over the steps, on a logarithmic axis; the clipped one falls in a line at first."

    def answer(self, runs: Runs) -> list[Finding]:
        """Both distances."""
        plain, cut = self.ways().values()
        return [
            above("distance without clipping, 40 steps", exact(plain[40]), 1e9),
            below("distance with clip_norm=1, 1,000 steps", exact(cut[1000]), 0.1),
        ]

    def ways(self) -> dict[str, list[float]]:
        """Way -> distances to the minimum."""
        import numpy as np

        from runner.claims.book.momentum import FAR
        from runner.claims.trace import walk

        words = (*FAR, "optimizer=sgd", "optimizer.lr=0.03")
        found = {"plain": (words, 40), "clip_norm=1": ((*words, "optimizer.clip_norm=1"), 1000)}
        return {name: np.linalg.norm(walk(*each)[:, 0], axis=1).tolist() for name, each in found.items()}

    def figure(self, runs: Runs) -> Figure:
        """Distances over the steps."""
        from runner.claims.pictures import curves, panels

        figure, [axes] = panels()
        curves(axes, self.ways(), title="rate 0.03", xlabel="step", ylabel="distance to the minimum", log="y")
        axes.set_ylim(1e-3, 1e12)
        return figure
