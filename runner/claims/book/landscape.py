"""Claims about the surface of the loss: critical points, curvature, the lack of a minimum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, numbered
from runner.claims.rules import Finding, below, digits, exact
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
