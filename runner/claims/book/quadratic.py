"""Exact claims on a quadratic loss, whose answers are known to all digits (dataset=quadratic, docs/quadratic.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.rules import Finding, digits, none
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BASE = ("dataset=quadratic", "model.hidden=[]", "early_stopping=none", "trainer.dtype=float64")
OPTIMUM = (0.81, 0.91, 0.13)


@claim("l2_eigen", "003:343-397")
class L2Eigen(Claim):
    """L2 shrinks the optimum along each eigenvector of the Hessian by lambda / (lambda + a), most where it is flat.

    On 1/2 (w - w*)' H (w - w*) + a/2 |w|^2 the minimum is (H + aI)^-1 H w*.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 7.1.1"
    published = "the formula"
    expected = "alpha 2: w = (.2414, .2557, -.0986), norm .3652; factors .2265, .5, .6306"
    caption = (
        "Each dot is a coordinate of the solution along an eigenvector of H, as a share of the optimum's; the line is "
        "lambda / (lambda + 2). The flat direction (left) loses most."
    )
    sweep = (*BASE, "optimizer=sgd", "optimizer.lr=0.3", "regularizer.l2=0,2", "trainer.epochs=400")

    def answer(self, runs: Runs) -> list[Finding]:
        """The minimum, its norm, and the factor of each eigenvector."""
        [with_l2] = runs.where("regularizer.l2=2")
        w = with_l2.weights()[0]
        found = [digits(f"w{i}", v, e, 4) for i, (v, e) in enumerate(zip(w, (0.2414, 0.2557, -0.0986), strict=True), 1)]
        found.append(digits("norm of w", float((w**2).sum()) ** 0.5, 0.3652, 4))
        factors = _factors(runs)[1]
        return found + [
            digits(f"factor along eigenvector {i}", v, e, 4)
            for i, (v, e) in enumerate(zip(factors, (0.2265, 0.5, 0.6306), strict=True), 1)
        ]

    def figure(self, runs: Runs) -> Figure:
        """Measured factors over the eigenvalues, with the formula."""
        import numpy as np

        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, RED, dress

        values, factors = _factors(runs)
        figure, [axes] = panels()
        across = np.linspace(0.3, 4, 200)
        axes.plot(across, across / (across + 2), color=BLUE, linewidth=2.2, label="lambda / (lambda + 2)")
        axes.plot(values, factors, "o", color=RED, markersize=10, label="trained with regularizer.l2=2")
        dress(
            axes,
            title="L2 shrinks flat directions most",
            xlabel="eigenvalue lambda of the Hessian",
            ylabel="share of the optimum that is left",
        )
        axes.set_ylim(0, 1)
        axes.legend()
        return figure


@claim("soft_threshold", "003:455-474")
class SoftThreshold(Claim):
    """L1 moves every weight towards 0 by alpha / lambda and stops it there, where the Hessian is diagonal.

    Where it is not, the formula fails: on H = [[2,-1,0],[-1,2,-1],[0,-1,2]] the minimum is (.2667, .3233, 0).
    """

    source = "Goodfellow, Bengio & Courville 2016, section 7.1.2"
    published = "the formula"
    expected = "H = diag(1, 2, 4), alpha .5: w = (.31, .66, .005); on the other H (.2667, .3233, 0), an exact 0"
    caption = (
        "Left: with a diagonal Hessian the trained weights (dots) lie on the soft threshold (bars). Right: with "
        "correlated inputs they do not, and the third is exactly 0."
    )
    sweeps = (
        ("diagonal", (
            *BASE, "dataset.hessian=[[1,0,0],[0,2,0],[0,0,4]]", "optimizer=sgd", "optimizer.lr=0.2",
            "optimizer.proximal=true", "regularizer.l1=0.5", "trainer.epochs=300",
        )),
        ("full", (
            *BASE, "optimizer=sgd", "optimizer.lr=0.2", "optimizer.proximal=true", "regularizer.l1=0.5",
            "trainer.epochs=400",
        )),
    )  # fmt: skip

    def answer(self, runs: Runs) -> list[Finding]:
        """Both minima; the last weight of the second is 0 and not just small."""
        diagonal, full = (runs.of(name)[0].weights()[0] for name in ("diagonal", "full"))
        expected = {"diagonal": (diagonal, (0.31, 0.66, 0.005)), "full": (full[:2], (0.2667, 0.3233))}
        found = [
            digits(f"w{i}, {name} H", value, target, 4)
            for name, (weights, targets) in expected.items()
            for i, (value, target) in enumerate(zip(weights, targets, strict=True), 1)
        ]
        return [*found, none("third weights other than 0, full H", int(full[2] != 0), 1, "weight")]

    def figure(self, runs: Runs) -> Figure:
        """Weights and formula, for both Hessians."""
        import numpy as np

        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, RED, dress

        figure, both = panels(2, share=True)
        for axes, name, curvature in zip(both, ("diagonal", "full"), ((1, 2, 4), (2, 2, 2)), strict=True):
            soft = np.maximum(np.array(OPTIMUM) - 0.5 / np.array(curvature), 0)
            axes.bar((1, 2, 3), soft, color=BLUE, alpha=0.35, label="soft threshold")
            axes.plot((1, 2, 3), runs.of(name)[0].weights()[0], "o", color=RED, markersize=10, label="trained")
            axes.plot((1, 2, 3), OPTIMUM, "_", color="black", markersize=26, markeredgewidth=2, label="without L1")
            dress(axes, title=f"{name} Hessian", xlabel="weight", ylabel="value" if name == "diagonal" else "")
            axes.set_xticks((1, 2, 3))
        both[0].legend()
        return figure


@claim("early_stopping_is_l2", "003:855-905")
class EarlyStoppingIsL2(Claim):
    """Stopping gradient descent after tau steps from 0 is like L2 of strength 1 / (tau eta), while both are strong.

    The gap between both weights, as a share of the ridge point's norm, grows with tau.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 7.8; Bishop 1995"
    published = "equal in the first order of eta lambda, without a number"
    expected = "relative gap 2.1% after 1 step (alpha 100), 9.5% after 10 (alpha 10), 24.5% after 100 (alpha 1)"
    caption = (
        "Norm of the weights after tau steps of gradient descent, and of the ridge solution for alpha = 1 / (tau eta). "
        "They start together and part as the steps go on."
    )
    sweep = (*BASE, "optimizer=sgd", "optimizer.lr=0.01", "trainer.epochs=1,3,10,30,100,300,1000")

    def answer(self, runs: Runs) -> list[Finding]:
        """The gaps at 1, 10 and 100 steps."""
        return [
            digits(f"gap after {steps} steps, in %", 100 * _gap(runs, steps)[0], expected, 1)
            for steps, expected in ((1, 2.1), (10, 9.5), (100, 24.5))
        ]

    def figure(self, runs: Runs) -> Figure:
        """Both norms over the number of steps."""
        from runner.claims.pictures import lines, panels

        steps = [int(float(each)) for each in runs.by("trainer.epochs")]
        pairs = [_gap(runs, each)[1:] for each in steps]
        figure, [axes] = panels()
        names = ("stopped after tau steps", "L2 of 1 / (tau eta)")
        lines(
            axes,
            steps,
            {name: [[pair[i]] for pair in pairs] for i, name in enumerate(names)},
            title="Early stopping beside L2",
            xlabel="steps tau (eta = 0.01)",
            ylabel="norm of the weights",
            log="x",
        )
        return figure


def _hessian() -> Any:
    import numpy as np

    return np.array([[2.0, -1, 0], [-1, 2, -1], [0, -1, 2]])


def _factors(runs: Runs) -> tuple[Any, Any]:
    """(eigenvalues, share of the optimum that is left along each eigenvector) with L2 of strength 2."""
    import numpy as np

    values, vectors = np.linalg.eigh(_hessian())
    with_l2, without = (runs.where(f"regularizer.l2={a}")[0].weights()[0] for a in (2, 0))
    return values, (vectors.T @ with_l2) / (vectors.T @ without)


def _gap(runs: Runs, steps: int) -> tuple[float, float, float]:
    """(relative distance of the stopped weights from the ridge point of 1 / (steps eta), both norms)."""
    import numpy as np

    h, norm = _hessian(), np.linalg.norm
    stopped = runs.where(f"trainer.epochs={steps}")[0].weights()[0]
    ridge = np.linalg.solve(h + np.eye(3) / (steps * 0.01), h @ np.array(OPTIMUM))
    return float(norm(stopped - ridge) / norm(ridge)), float(norm(stopped)), float(norm(ridge))
