"""Claims about penalties and bounds of weights, in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.claims.book.quadratic import BASE
from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, numbered
from runner.claims.rules import Finding, above, below, digits, exact, none
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DIAGONAL = "dataset.hessian=[[1,0,0],[0,2,0],[0,0,4]]"
SGD = (*BASE, "optimizer=sgd", "optimizer.lr=0.2")


@claim("ball_is_penalty", "001:802-809, 003:545")
class BallIsPenalty(Exact):
    """A bound on the norm of the weights, kept by projection, ends where a penalty of some strength ends.

    Radius .365231 of the L2 ball belongs to L2 of strength 2; radius .975 of the L1 ball to L1 of strength .5.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 7.2; the conditions of Karush, Kuhn and Tucker"
    expected = "L2 ball: (.241429, .255714, -.098571); L1 ball with curvatures 1, 2, 4: (.31, .66, .005)"
    caption = "Weights after projected descent (dots) and the expected solutions of the penalties (bars)."
    xlabel = "weight and ball"
    sweeps = (
        ("l2", (*SGD, "regularizer.l2_ball=0.36523110", "trainer.epochs=400")),
        ("l1", (*SGD, DIAGONAL, "regularizer.l1_ball=0.975", "trainer.epochs=400")),
    )

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Both solutions."""
        l2, l1 = (runs.of(name)[0].weights()[0] for name in ("l2", "l1"))
        return {
            **numbered(l2, (0.241429, 0.255714, -0.098571), 5, "w{}, L2 ball"),
            **numbered(l1, (0.31, 0.66, 0.005), 5, "w{}, L1 ball"),
        }


@claim("lagrangian", "001:808")
class Lagrangian(Claim):
    """A Lagrange multiplier that rises while the bound is broken finds the strength of the penalty by itself.

    The budget 1/2 |w|^2 = .0666968 is that of the ridge solution of strength 2.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 4.4"
    expected = "weights (.2414, .2557, -.0986), and a gradient of -2 w, so that the multiplier is 2"
    caption = "Weights over the steps; dashed lines: the ridge solution of strength 2, which nobody asked for by name."

    def answer(self, runs: Runs) -> list[Finding]:
        """Weights, and the strength that holds the gradient in balance."""
        from runner.claims.trace import HESSIAN, OPTIMUM

        w = self.way()[-1]
        gradient = HESSIAN @ (w - OPTIMUM)
        strength = float(-(gradient @ w) / (w @ w))
        found = numbered(w, (0.2414, 0.2557, -0.0986), 4)
        return [*(digits(name, *each) for name, each in found.items()), digits("multiplier", strength, 2, 3)]

    def way(self) -> Any:
        """Weights over the steps."""
        from runner.claims.trace import walk

        budget = ("regularizer.lagrangian.budget=0.06669684", "regularizer.lagrangian.rate=0.5")
        return walk((*SGD, *budget), 1000)[:, 0]

    def figure(self, runs: Runs) -> Figure:
        """Weights over the steps."""
        from runner.claims.pictures import curves, panels

        way = self.way()[:201]
        figure, [axes] = panels()
        curves(axes, {f"w{i + 1}": way[:, i] for i in range(3)}, title="a budget", xlabel="step", ylabel="weight")
        for value in (0.241429, 0.255714, -0.098571):
            axes.axhline(value, color="black", linestyle="--", linewidth=1)
        return figure


CORNER = (
    *BASE, "dataset.hessian=[[2,0.5],[0.5,1]]", "dataset.optimum=[1.2,0.35]", "optimizer=sgd", "optimizer.lr=0.2",
    "trainer.epochs=600",
)  # fmt: skip


@claim("ellipses_and_balls", "003:552")
class EllipsesAndBalls(Claim):
    """Ellipses of the loss meet the L1 ball in a corner, where a weight is 0; the L2 ball has no corner.

    H = [[2, .5], [.5, 1]], w* = (1.2, .35), radius .6 of both balls.
    """

    source = "Tibshirani 1996, Figure 2"
    published = "the drawing"
    expected = "L1 ball: (.6, 0), the second exactly 0; L2 ball: both weights other than 0, the norm .6"
    caption = "Ellipses of equal loss around its minimum (cross), both balls, and the dot where training ends."
    sweeps = (
        ("L1 ball", (*CORNER, "regularizer.l1_ball=0.6")),
        ("L2 ball", (*CORNER, "regularizer.l2_ball=0.6")),
    )

    def answer(self, runs: Runs) -> list[Finding]:
        """Both ends."""
        l1, l2 = (runs.of(name)[0].weights()[0] for name, _ in self.sweeps)
        return [
            digits("w1, L1 ball", float(l1[0]), 0.6, 9),
            none("second weights other than 0, L1 ball", int(l1[1] != 0), 1, "weight"),
            above("size of w2, L2 ball", exact(abs(float(l2[1]))), 1e-3),
            digits("norm, L2 ball", float((l2**2).sum()) ** 0.5, 0.6, 9),
        ]

    def figure(self, runs: Runs) -> Figure:
        """The drawing, with the ends of training."""
        import numpy as np

        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, RED, dress

        x, y = np.meshgrid(np.linspace(-0.8, 2, 150), np.linspace(-0.9, 1.3, 150))
        a, b = x - 1.2, y - 0.35
        loss = (2 * a * a + a * b + b * b) / 2
        figure, axes = panels(2, share=True)
        for ax, (name, _) in zip(axes, self.sweeps, strict=True):
            w = runs.of(name)[0].weights()[0]
            here = loss[np.abs(y[:, 0] - w[1]).argmin(), np.abs(x[0] - w[0]).argmin()]
            ax.contour(x, y, loss, levels=[here / 4, here / 2, here, 2 * here], colors="#888888", linewidths=1.2)
            size = abs(x) + abs(y) if name[:2] == "L1" else np.hypot(x, y)
            ax.contourf(x, y, size, levels=[0, 0.6], colors=[BLUE], alpha=0.35)
            ax.plot(*w, "o", color=RED, markersize=9)
            ax.plot(1.2, 0.35, "x", color="black", markersize=9)
            ax.set_aspect("equal")
            dress(ax, title=name, xlabel="w1", ylabel="w2" if ax is axes[0] else "")
        return figure


@claim("penalty_conditions", "002:19, 002:79-81")
class PenaltyConditions(Exact):
    """An L2 penalty improves the condition number to (lambda_max + a)/(lambda_min + a): steps go down faster."""

    source = "specification S12 of the course"
    expected = "condition numbers 5.8284, 5.1244, 2.0938 for strengths 0, .1, 2; factors a step (k - 1)/(k + 1)"
    caption = "Distance to the minimum over the steps at the best rate of each strength: the stronger, the steeper."

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Condition numbers, and the factors of late steps that follow from them."""
        import numpy as np

        found: dict[str, Number] = {}
        for (strength, far), expected in zip(self.ways().items(), (5.8284, 5.1244, 2.0938), strict=True):
            rate = float((far[20] / far[10]) ** 0.1)  # later steps have come to rounding
            condition = (1 + rate) / (1 - rate)
            found[f"condition number by the steps, strength {strength:g}"] = (condition, expected, 2)
            values = np.linalg.eigvalsh(self.hessian(strength))
            found[f"condition number of H + aI, strength {strength:g}"] = (values[-1] / values[0], expected, 4)
        return found

    def hessian(self, strength: float) -> Any:
        """That of the objective, of which L2 of strength a makes H + aI."""
        from runner.claims.trace import landscape

        land = landscape(["dataset=quadratic", "model.hidden=[]", "model.bias=false", f"regularizer.l2={strength}"])
        return land.hessian(land.start)

    def ways(self) -> dict[float, Any]:
        """Strength -> distances to its minimum."""
        import numpy as np

        from runner.claims.trace import HESSIAN, OPTIMUM, walk

        found = {}
        for strength in (0.0, 0.1, 2.0):
            h = self.hessian(strength)
            values = np.linalg.eigvalsh(h)
            words = (f"optimizer.lr={2 / (values[0] + values[-1])}", f"regularizer.l2={strength}")
            way = walk((*BASE, "optimizer=sgd", *words), 30)[:, 0]
            found[strength] = np.linalg.norm(way - np.linalg.solve(h, HESSIAN @ OPTIMUM), axis=1)
        return found

    def figure(self, runs: Runs) -> Figure:
        """Distances over the steps."""
        from runner.claims.pictures import curves, panels

        figure, [axes] = panels()
        found = {f"strength {strength:g}": far for strength, far in self.ways().items()}
        words = {"xlabel": "step", "ylabel": "distance to the minimum", "log": "y"}
        curves(axes, found, title="the best rate of each", **words)
        return figure


WINE = (
    "dataset=wine", "model.hidden=[8]", "optimizer.lr=0.01", "trainer.epochs=20", "early_stopping=none",
    "trainer.dtype=float64",
)  # fmt: skip


@claim("decay_is_l2", "000:209, 001:763, 003:329")
class DecayIsL2(Claim):
    """With plain SGD weight decay and L2 are one and the same; with Adam they are not.

    Decay beside Adam's step is AdamW.
    """

    source = "Loshchilov & Hutter 2019, proposition 1"
    published = "the proposition"
    expected = "SGD: weights differ by less than 1e-12; Adam: by more than 0.01"
    caption = "Weights with L2 over those with decay, of the same seed: on the diagonal for SGD, scattered for Adam."
    sweeps = (
        ("sgd, L2", (*WINE, "optimizer=sgd", "regularizer.l2=0.1")),
        ("sgd, decay", (*WINE, "optimizer=sgd", "optimizer.weight_decay=0.1")),
        ("adam, L2", (*WINE, "optimizer=adam", "regularizer.l2=0.1")),
        ("adam, decay", (*WINE, "optimizer=adamw", "optimizer.weight_decay=0.1")),
    )

    def answer(self, runs: Runs) -> list[Finding]:
        """Largest differences."""
        sgd, adam = (exact(float(abs(a - b).max())) for a, b in (self.pair(runs, name) for name in ("sgd", "adam")))
        return [below("largest difference, SGD", sgd, 1e-12), above("largest difference, Adam", adam, 0.01)]

    def pair(self, runs: Runs, name: str) -> tuple[Any, Any]:
        """(weights with L2, weights with decay)."""
        return runs.of(f"{name}, L2")[0].weights(), runs.of(f"{name}, decay")[0].weights()

    def figure(self, runs: Runs) -> Figure:
        """Weights over weights."""
        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, dress

        figure, axes = panels(2)
        for ax, name in zip(axes, ("sgd", "adam"), strict=True):
            l2, decay = self.pair(runs, name)
            ends = [min(l2.min(), decay.min()), max(l2.max(), decay.max())]
            ax.plot(ends, ends, color="#BBBBBB", linewidth=1.2)
            ax.plot(decay.ravel(), l2.ravel(), "o", color=BLUE, markersize=4, alpha=0.7)
            dress(ax, title=name, xlabel="weight with decay 0.1", ylabel="weight with L2 of 0.1")
        return figure


@claim("decay_with_momentum", "000:201-209")
class DecayWithMomentum(Exact):
    """With momentum weight decay shrinks weights by lambda/(1 - mu) a step in the long run, not by lambda.

    The decay goes through the velocity: w falls by the larger root of r^2 - (1 + mu - eta lambda) r + mu = 0.
    """

    source = "specification of the course; the root of a recursion of two terms"
    expected = "rate .01, decay .1, momentum .9: .988873 a step in the long run, .999 without momentum"
    caption = "A weight without any loss over the steps: with momentum it decays about ten times as fast."

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Factors of late steps."""
        plain, heavy = self.ways().values()
        return {
            "factor a step, no momentum": (float(plain[200] / plain[199]), 0.999, 6),
            "factor a step, momentum .9": (float(heavy[200] / heavy[199]), 0.988873, 6),
        }

    def ways(self) -> dict[str, Any]:
        """Momentum -> the weight over the steps."""
        from runner.claims.trace import walk

        flat = ("dataset.hessian=[[1e-9]]", "dataset.optimum=[0]", "dataset.start=[1]")
        words = (*BASE, *flat, "optimizer=sgd", "optimizer.lr=0.01", "optimizer.weight_decay=0.1")
        return {f"momentum {mu:g}": walk((*words, f"optimizer.momentum={mu}"), 200)[:, 0, 0] for mu in (0.0, 0.9)}

    def figure(self, runs: Runs) -> Figure:
        """Weights over the steps."""
        from runner.claims.pictures import curves, panels

        figure, [axes] = panels()
        curves(axes, self.ways(), title="decay alone", xlabel="step", ylabel="weight")
        return figure


@claim("adamw_old_weights", "002:53, 000:243")
class AdamWOldWeights(Exact):
    """AdamW takes its decay of the weights before the step, beside it and not after it.

    w 1, rate .1, decay .1, a step of .1: 1 - .01 - .1 = .89; decayed after the step it would be .891.
    """

    source = "Loshchilov & Hutter 2019, algorithm 2"
    expected = ".89"
    caption = "The weight after one step: as algorithm 2 has it (bar), as trained (dot)."
    xlabel = "step"
    sweep = (
        *BASE, "dataset.hessian=[[1]]", "dataset.optimum=[0]", "dataset.start=[1]", "optimizer=adamw",
        "optimizer.lr=0.1", "optimizer.weight_decay=0.1", "trainer.epochs=1",
    )  # fmt: skip

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The weight, and what decay after the step would have left."""
        w = float(runs[0].weights()[0, 0])
        return {"w after one step": (w, 0.89, 6), "what decay after it would add": (0.9 * 0.99 - w, 0.001, 6)}
