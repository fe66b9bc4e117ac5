"""Claims about the surface of the loss: critical points, conditioning, exploding and vanishing products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, line, numbered
from runner.claims.rules import Finding, above, below, digits, exact
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@claim("saddle", "001:89-112, 003:957-962")
class Saddle(Exact):
    """A critical point of a network need not be a minimum: at 0, (1 - w1 w2)^2/2 has curvatures of both signs.

    Its minima are the points with w1 w2 = 1, in a valley whose other curvature is 0.
    """

    source = "specification S12 of the course"
    expected = "curvatures (-1, 1) at (0, 0), (0, 2) at (1, 1), (0, 4.25) at (2, .5)"
    caption = "Contours of the loss: the saddle between two curved valleys of minima."
    xlabel = "point"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Eigenvalues of the Hessian, which autograd takes of the product's network."""
        found: dict[str, Number] = {}
        for point, expected in (((0.0, 0.0), (-1, 1)), ((1.0, 1.0), (0, 2)), ((2.0, 0.5), (0, 4.25))):
            found |= numbered(self.curvatures(point), expected, 6, f"curvature {{}} at {point[0]:g}, {point[1]:g}")
        return found

    def curvatures(self, point: tuple[float, float]) -> list[float]:
        """Of half the squared error of a network of one hidden unit without an activation, for x = y = 1."""
        import torch

        from runner.claims.trace import network

        def loss(theta: Any) -> Any:
            found = network((1, 1, 1), {}, activation="identity", bias=False)
            return (1 - found.bind(theta[None]).forward(torch.ones(1, 1, 1).double())).square().sum() / 2

        hessian = torch.autograd.functional.hessian(loss, torch.tensor(point, dtype=torch.float64))
        return torch.linalg.eigvalsh(hessian).tolist()

    def figure(self, runs: Runs) -> Figure:
        """Contours."""
        import numpy as np

        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import RED, dress

        figure, [axes] = panels()
        x, y = np.meshgrid(np.linspace(-2.5, 2.5, 200), np.linspace(-2.5, 2.5, 200))
        shown = axes.contourf(x, y, np.log10((1 - x * y) ** 2 / 2 + 1e-3), levels=20, cmap="cividis")
        figure.colorbar(shown, ax=axes, label="log10 of the loss")
        axes.plot([0, 1, 2], [0, 1, 0.5], "o", color=RED, markersize=8)
        dress(axes, title="(1 - w1 w2)^2 / 2", xlabel="w1", ylabel="w2")
        return figure


@claim("softmax_curvature", "001:89, 003:959")
class SoftmaxCurvature(Exact):
    """Softmax regression has no direction of negative curvature, and flat ones: a constant added to all scores.

    The 15 eigenvalues of the Hessian at 0 on all 150 standardized irises, biases included.
    """

    source = "specification S12 of the course"
    expected = ".972833, .333333, .304677, .048919, .006905, each twice, five times 0; trace 3.333333"
    caption = "Eigenvalues in order (dots: found by autograd, bars: expected)."
    xlabel = "eigenvalue"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Eigenvalues, by the product's network."""
        values = self.spectrum()
        expected = [each for value in (0.972833, 0.333333, 0.304677, 0.048919, 0.006905) for each in (value, value)]
        return {**numbered(values, [*expected, *[0.0] * 5], 6, "{}"), "trace": (sum(values), 3.333333, 6)}

    def spectrum(self) -> list[float]:
        """From the largest on."""
        import torch

        from runner.claims.trace import network
        from runner.data.prepare import prepare
        from runner.execution.configurations import read

        words = ["dataset=iris", "dataset.val_fraction=0", "dataset.test_fraction=0", "early_stopping=none"]
        data = prepare(read(words))
        x, y = torch.from_numpy(data.x[data.train]).double()[None], torch.from_numpy(data.y[data.train])
        found = network((4, 3), {})

        def loss(theta: Any) -> Any:
            return torch.nn.functional.cross_entropy(found.bind(theta[None]).forward(x)[0], y)

        hessian = torch.autograd.functional.hessian(loss, torch.zeros(15, dtype=torch.float64))
        return sorted(torch.linalg.eigvalsh(hessian).tolist(), reverse=True)


@claim("separable_norm", "001:135")
class SeparableNorm(Claim):
    """Where classes can be separated, cross entropy has no minimum: weights grow like the logarithm of the steps.

    Two examples at +1 and -1, one weight, rate 1, from 0: w - ln t goes to 0. With L2 there is a minimum.
    """

    source = "Soudry et al. 2018; specification S12 of the course"
    published = "the limit"
    expected = "w - ln t is -.0393, -.0159, -.0027, -.0004 after 10, 100, 1,000, 10,000 steps; with L2 of .1 w settles"
    caption = "The weight over the steps, on a logarithmic axis: a straight line without a penalty, a level with one."

    def answer(self, runs: Runs) -> list[Finding]:
        """Distances to ln t; the last thousand steps with L2."""
        import math

        free, held = self.ways()
        expected = {10: -0.0393, 100: -0.0159, 1000: -0.0027, 10000: -0.0004}
        moved = exact(abs(float(held[2000] - held[1000])))
        return [
            *(digits(f"w - ln {t:,}", float(free[t]) - math.log(t), value, 4) for t, value in expected.items()),
            below("change of w from step 1,000 to 2,000, L2", moved, 1e-9),
        ]

    def ways(self) -> tuple[Any, Any]:
        """The weight over the steps, without and with L2: logistic regression by the product's rule."""
        import torch

        from runner.claims.trace import descend

        def gradient(strength: float) -> Any:
            return lambda w: strength * w - torch.sigmoid(-w)

        free = descend({}, [0.0], gradient(0.0), [1.0] * 10000)[:, 0]
        return free, descend({}, [0.0], gradient(0.1), [1.0] * 2000)[:, 0]

    def figure(self, runs: Runs) -> Figure:
        """Both over the steps."""
        import numpy as np

        from runner.claims.pictures import legend, panels
        from runner.figures.draw.canvas import BLUE, RED, dress

        figure, [axes] = panels()
        for way, colour, name in zip(self.ways(), (BLUE, RED), ("no penalty", "L2 of 0.1"), strict=True):
            axes.plot(np.arange(1, len(way)), way[1:], color=colour, linewidth=2.2, label=name)
        axes.set_xscale("log")
        dress(axes, title="a separable pair", xlabel="step", ylabel="weight")
        legend(axes, 2)
        return figure


def chain(a: float, b: float, n: int, sigmoid: bool = False) -> list[float]:
    """Gradient of y = h1 + h2 (or its sigmoid) with respect to two weights a and b that are used n times each."""
    import torch

    w = torch.tensor([a, b], dtype=torch.float64, requires_grad=True)
    h = torch.ones(2, dtype=torch.float64)
    for _ in range(n):
        h = w * h
    y = h.sum().sigmoid() if sigmoid else h.sum()
    return torch.autograd.grad(y, w)[0].tolist()


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
        """By autograd."""
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
        """The power by 50 products."""
        found = self.powers()[50]
        expected = {"1, 1": 0.0, "1, 2": 58.695, "2, 1": 0.0, "2, 2": 117.391}
        return {name: (float(value), expected[name], 3) for name, value in zip(expected, found.ravel(), strict=True)}

    def powers(self) -> list[Any]:
        """W^0 to W^50."""
        import numpy as np

        found = [np.eye(2)]
        for _ in range(50):
            found.append(found[-1] @ np.array([[0.5, 0.3], [0.0, 1.1]]))
        return found

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
        """Errors of x^3 and of a network."""
        one, two = self.errors(1e-5)
        return [
            digits("one-sided, h 1e-5, in 1e-5", one * 1e5, 1.0, 1),
            digits("central, h 1e-5, in 1e-11", two * 1e11, 3.2, 1),
            digits("one-sided, h 1e-8, in 1e-9", self.errors(1e-8)[0] * 1e9, 1.3, 1),
            digits("central, h 1e-8, in 1e-9", self.errors(1e-8)[1] * 1e9, 2.4, 1),
            below("largest relative difference, network", exact(self.network()), 1e-6),
        ]

    def errors(self, h: float) -> tuple[float, float]:
        """Relative errors at x = 1, whose derivative is 3."""
        one, two = ((1 + h) ** 3 - 1) / h, ((1 + h) ** 3 - (1 - h) ** 3) / (2 * h)
        return abs(one - 3) / 3, abs(two - 3) / 3

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
        import numpy as np

        from runner.claims.pictures import panels

        figure, [axes] = panels()
        steps = np.logspace(-12, -1, 45).tolist()
        pairs = [self.errors(h) for h in steps]
        found = {name: [max(pair[i], 1e-17) for pair in pairs] for i, name in enumerate(("one-sided", "central"))}
        line(axes, steps, found, title="x^3 at 1", xlabel="step h", ylabel="relative error", log="xy")
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
