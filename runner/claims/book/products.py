"""Claims about products of many factors, differences and scales."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, line
from runner.claims.rules import Finding, above, below, digits, exact
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def chain(a: float, b: float, n: int, sigmoid: bool = False) -> list[float]:
    """Gradient of y = h1 + h2 (or its sigmoid) with respect to two weights a and b that are used n times each.

    That of a linear network of n equal layers diag(a, b), summed over the layers.
    """
    from runner.claims.trace import slopes

    weights = {f"{layer}.weight": [[a, 0.0], [0.0, b]] for layer in range(n)}
    y = a**n + b**n
    slope = 1 / (2 + 2 * math.cosh(y)) if sigmoid else 1.0  # sigma'(y) = 1 / (e^y + 2 + e^-y)
    sizes, linear = (2,) * (n + 1) + (1,), {"activation": "identity", "bias": False}
    found = slopes(sizes, {**weights, f"{n}.weight": [[1.0, 1.0]]}, [[1.0, 1.0]], [[slope]], **linear)
    return [sum(float(found[name][i, i]) for name in weights) for i in (0, 1)]


@claim("vanishing_chain", "001:143-168")
class VanishingChain(Exact):
    """The gradient through n equal factors w is n w^(n-1): below 1 it grows a little and vanishes, above 1 it explodes.

    The lecture's y = sigma(h1 + h2) with factors 1 and 2 goes to 1, but there the gradient vanishes, as sigma' does.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 8.2.5; specification S12 of the course"
    expected = (
        "factor .9: 3.874 at n = 9 and 10, 1.41 at 30, .12 at 60; factors 1, 2: n 2^(n-1) for y = h1 + h2, and with "
        "the sigmoid .0452, .0266, .00148 for n = 1, 2, 3"
    )
    caption = "Size of the gradient over the number of factors, on a logarithmic axis, for four factors."

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """As training works them out."""
        found: dict[str, Number] = {}
        for n, expected, places in ((9, 3.874, 3), (10, 3.874, 3), (30, 1.41, 2), (60, 0.12, 2)):
            found[f"factor .9, n = {n}"] = (chain(0.5, 0.9, n)[1], expected, places)
        found["factor 2, n = 10"] = (chain(1, 2, 10)[1], 5120, 0)
        for n, expected, places in ((1, 0.0452, 4), (2, 0.0266, 4), (3, 0.00148, 5)):
            found[f"factor 2 and sigmoid, n = {n}"] = (chain(1, 2, n, sigmoid=True)[1], expected, places)
        return found

    def figure(self, runs: Runs) -> Figure:
        """Over n."""
        from runner.claims.pictures import panels

        figure, [axes] = panels()
        n = range(1, 61)
        found = {f"factor {w:g}": [chain(w, 0, each)[0] for each in n] for w in (0.5, 0.9, 1.0, 1.1)}
        words = {"xlabel": "factors n", "ylabel": "gradient n w^(n-1)", "log": "y"}
        line(axes, n, found, title="a product of equal factors", **words)
        return figure


@claim("matrix_powers", "003:970-978")
class MatrixPowers(Exact):
    """Powers of a matrix explode along eigenvectors with |lambda| > 1 and vanish along those with |lambda| < 1.

    W = V diag(l) V^-1 gives W^t = V diag(l)^t V^-1. W = [[.5, .3], [0, 1.1]] has one of each.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 8.2.5; specification S12 of the course"
    expected = "W^50 = [[0, 58.695], [0, 117.391]]"
    caption = "Size of each entry of W^t over t, on a logarithmic axis: one vanishes, two explode."
    xlabel = "entry of W^50"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The power as 50 linear layers."""
        found = self.powers()[50]
        expected = {"1, 1": 0.0, "1, 2": 58.695, "2, 1": 0.0, "2, 2": 117.391}
        return {name: (float(value), expected[name], 3) for name, value in zip(expected, found.ravel(), strict=True)}

    def powers(self) -> list[Any]:
        """W^0 to W^50: where a linear network of 50 equal layers sends both unit vectors, layer by layer."""
        import torch

        from runner.claims.trace import network

        weights = {f"{layer}.weight": [[0.5, 0.3], [0.0, 1.1]] for layer in range(50)}
        unit = torch.eye(2).double()[None]
        layers: list[Any] = []
        last = network((2,) * 51, weights, activation="identity", bias=False).forward(unit, activations=layers)
        return [each[0].T.numpy() for each in (unit, *layers, last)]

    def figure(self, runs: Runs) -> Figure:
        """Entries over t."""
        from runner.claims.pictures import curves, panels

        figure, [axes] = panels()
        powers = self.powers()[1:]
        found = {f"entry {i + 1}, {j + 1}": [each[i, j] for each in powers] for i, j in ((0, 0), (0, 1), (1, 1))}
        curves(axes, found, title="W = [[.5, .3], [0, 1.1]]", xlabel="power t", ylabel="entry of W^t", log="y")
        return figure


@claim("difference_check", "002:33-35")
class DifferenceCheck(Claim):
    """Gradients are checked by central differences: their error falls with h^2, that of one-sided ones with h.

    Both rise again for small h, where rounding rules. x^3 at 1; and a network of the product against its own gradient.
    """

    source = "specification S11 of the course"
    expected = (
        "h 1e-5: one-sided 1.0e-5, central 3.2e-11; h 1e-8: 1.3e-9 and 2.4e-9; network: largest relative difference of "
        "central differences below 1e-6"
    )
    caption = "Relative error of both differences over h: slopes 1 and 2 to the right, rounding to the left."

    def answer(self, runs: Runs) -> list[Finding]:
        """Errors of x^3, as `runner diagnose gradients` works them out, and of a network."""
        from runner.diagnose.kinds.gradients import textbook

        found = textbook()
        at = {round(math.log10(h)): place for place, h in enumerate(found["h"])}
        forward, central = ({power: found[kind][at[power]] for power in (-5, -8)} for kind in ("forward", "central"))
        return [
            digits("one-sided, h 1e-5, in 1e-5", forward[-5] * 1e5, 1.0, 1),
            digits("central, h 1e-5, in 1e-11", central[-5] * 1e11, 3.2, 1),
            digits("one-sided, h 1e-8, in 1e-9", forward[-8] * 1e9, 1.3, 1),
            digits("central, h 1e-8, in 1e-9", central[-8] * 1e9, 2.4, 1),
            below("largest relative difference, network", exact(self.network()), 1e-6),
        ]

    def network(self) -> float:
        """Of the gradient that training uses, in all weights of a network of tanh."""
        import torch

        from runner.claims.trace import network

        draw = torch.Generator().manual_seed(0)
        found = network((3, 5, 2), {}, activation="tanh")
        x, g = torch.randn(1, 8, 3, generator=draw).double(), torch.randn(1, 8, 2, generator=draw).double()
        theta = torch.randn(1, found.layout.size, generator=draw, dtype=torch.float64)
        grad = torch.zeros_like(theta)
        tape: list[Any] = []
        found.bind(theta, grad).forward(x, training=True, tape=tape)
        found.backward(tape, g)
        gaps = []
        for i in range(theta.shape[1]):
            ends = [(found.bind(theta + h * torch.eye(theta.shape[1])[i]).forward(x) * g).sum() for h in (1e-6, -1e-6)]
            gaps.append(abs(float((ends[0] - ends[1]) / 2e-6 - grad[0, i])))
        return max(gaps) / float(grad.abs().max())

    def figure(self, runs: Runs) -> Figure:
        """Errors over h."""
        from runner.claims.pictures import panels
        from runner.diagnose.kinds.gradients import textbook

        figure, [axes] = panels()
        curves, names = textbook(), {"one-sided": "forward", "central": "central"}
        found = {name: [max(error, 1e-17) for error in curves[kind]] for name, kind in names.items()}
        line(axes, curves["h"], found, title="x^3 at 1", xlabel="step h", ylabel="relative error", log="xy")
        return figure


@claim("scaled_inputs", "001:548-560, 003:1099-1105")
class ScaledInputs(Claim):
    """Standardized inputs make the loss round: its condition number falls, and gradient descent arrives.

    Linear regression on the columns of wine: eigenvalues of the inputs' covariance around the mean and of the bias.
    """

    source = "LeCun et al. 1998, section 5.3"
    expected = "the condition number falls by more than 1,000; the training accuracy after 100 epochs of SGD is higher"
    caption = "Contours of a squared loss in two weights before and after scaling: a ditch becomes a bowl."
    sweep = (
        "dataset=wine", "dataset.scaling=none,standardize", "model.hidden=[]", "optimizer=sgd",
        "optimizer.lr=1e-6,1e-5,1e-4,1e-3,1e-2,1e-1", "trainer.epochs=100", "early_stopping=none", "seed=0,1,2,3,4",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=30")

    def answer(self, runs: Runs) -> list[Finding]:
        """Condition numbers, and accuracies at the best rate of each."""
        none, scaled = self.conditions()
        rough, smooth = (self.best(runs.where(f"dataset.scaling={each}")) for each in ("none", "standardize"))
        from runner.claims.runs import at_end

        return [
            above("condition number before / after", exact(none / scaled), 1000),
            above("training accuracy, standardized minus not", smooth.minus(rough, at_end("train/accuracy"))),
        ]

    def best(self, runs: Runs) -> Runs:
        """Those of the rate with the lowest mean training loss of runs that all ended well."""
        from runner.claims.runs import at_end

        parts = [part for part in runs.by("optimizer.lr").values() if all(run.row.finished for run in part)]
        return min(parts, key=lambda part: part.mean(at_end("train/loss")).value)

    def covariance(self, scaling: str) -> Any:
        """Mean of x x' over the training rows, with a column of ones."""
        import numpy as np

        from runner.data.prepare import prepare
        from runner.execution.configurations import read

        data = prepare(read(["dataset=wine", f"dataset.scaling={scaling}"]))
        x = np.column_stack([data.x[data.train], np.ones(len(data.train))])
        return x.T @ x / len(x)

    def conditions(self) -> list[float]:
        """Condition numbers of both."""
        import numpy as np

        return [float(np.linalg.cond(self.covariance(each))) for each in ("none", "standardize")]

    def figure(self, runs: Runs) -> Figure:
        """Contours over two weights, of the first and the last column (alcohol and proline)."""
        import numpy as np

        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, dress

        figure, axes = panels(2)
        for ax, scaling in zip(axes, ("none", "standardize"), strict=True):
            h = self.covariance(scaling)[np.ix_([0, 12], [0, 12])]
            reach = 1 / np.sqrt(np.diag(h).min())
            x, y = np.meshgrid(np.linspace(-reach, reach, 150), np.linspace(-reach, reach, 150))
            loss = h[0, 0] * x * x + 2 * h[0, 1] * x * y + h[1, 1] * y * y
            ax.contour(x, y, loss, levels=np.geomspace(loss.max() / 1e4, loss.max(), 9), colors=BLUE, linewidths=1.4)
            name = "as they are" if scaling == "none" else "standardized"
            dress(ax, title=name, xlabel="weight of alcohol", ylabel="weight of proline" if ax is axes[0] else "")
        return figure
