"""Claims about gradients through depth and first steps."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any

from runner.claims.book.quadratic import BASE
from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, line
from runner.claims.rules import Finding, above, below, mean
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEDS = range(12)

KINDS = {"sigmoid, glorot": ("sigmoid", "glorot"), "tanh, glorot": ("tanh", "glorot"), "relu, he": ("relu", "he")}


@claim("relu_or_sigmoid", "003:996-1001")
class ReluOrSigmoid(Claim):
    """Through sigmoid layers the gradient shrinks by more than 4 a layer; with ReLU and He's weights it does not.

    dC/db1 is a product of w sigma'(z) over the layers, and sigma' is at most 1/4. Ten layers of 64.
    """

    source = "Nielsen 2015, chapter 5; Glorot, Bordes & Bengio 2011"
    published = "the bound 1/4 a layer"
    expected = "RMS gradient of the first hidden layer over that of the last: below 4^-9 for sigmoid, above .1 for ReLU"
    caption = "RMS of the gradient that reaches each layer, on a logarithmic axis; the dashes fall by 4 a layer."

    def answer(self, runs: Runs) -> list[Finding]:
        """First over last."""
        ratios = {name: [each[0] / each[-1] for each in self.gradients(*kind)] for name, kind in KINDS.items()}
        over = f"{len(SEEDS)} seeds"
        return [
            below("first / last, sigmoid", mean(ratios["sigmoid, glorot"], over), 4.0**-9),
            above("first / last, ReLU", mean(ratios["relu, he"], over), 0.1),
            above("first / last, tanh minus sigmoid", mean(ratios["tanh, glorot"], over)),
        ]

    def gradients(self, activation: str, init: str) -> list[list[float]]:
        """Of each seed the RMS of the gradient with respect to the units of each of ten layers, before activation."""
        import torch

        from runner.claims.trace import first_weights

        act, found = getattr(torch, activation), []
        for seed in SEEDS:
            draw = torch.Generator().manual_seed(seed)
            h, units = torch.randn(32, 64, generator=draw), []
            weights = first_weights((64,) * 11 + (10,), init, seed)
            for each in weights[:-1]:
                units.append((h @ each.T).requires_grad_())
                h = act(units[-1])
            classes = torch.randint(10, (32,), generator=draw)
            loss = torch.nn.functional.cross_entropy(h @ weights[-1].T, classes)
            found.append([float(g.square().mean().sqrt()) for g in torch.autograd.grad(loss, units)])
        return found

    def figure(self, runs: Runs) -> Figure:
        """By layer."""
        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        series = {name: list(zip(*self.gradients(*kind), strict=True)) for name, kind in KINDS.items()}
        lines(
            axes, range(1, 11), series, title="10 layers of 64", xlabel="layer", ylabel="RMS of the gradient", log="y"
        )
        last = fmean(list(series["sigmoid, glorot"][-1]))
        axes.plot(range(1, 11), [last * 4.0 ** (layer - 10) for layer in range(1, 11)], "k--", linewidth=1)
        return figure


FROM_ONE = (
    *BASE, "dataset.optimum=[0]", "dataset.start=[1]", "optimizer=adam", "optimizer.lr=0.001", "trainer.epochs=1",
)  # fmt: skip


@claim("adam_first_step", "001:437-446, 002:52")
class AdamFirstStep(Exact):
    """Adam's first step is the rate times the gradient's sign; without bias correction, three times that.

    eta g/(|g| + eps); without correction eta (1 - beta1) g / (sqrt(1 - beta2) |g| + eps), 3.1623 for large g.
    """

    source = "Kingma & Ba 2015, section 2.1"
    expected = "gradient 1e-6: .990 rates, as eps is 1e-8; gradient 1: 1.000, and 3.1623 without correction"
    caption = "Length of the first step in units of the rate (dots), and the formula (bars)."
    xlabel = "gradient"
    ylabel = "first step / rate"
    sweeps = (
        ("gradient 1e-6", (*FROM_ONE, "dataset.hessian=[[1e-6]]")),
        ("gradient 1", (*FROM_ONE, "dataset.hessian=[[1]]")),
        ("gradient 1, not corrected", (*FROM_ONE, "dataset.hessian=[[1]]", "optimizer.bias_correction=false")),
    )

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Steps of three runs."""
        expected = {"gradient 1e-6": (0.990, 3), "gradient 1": (1.0, 3), "gradient 1, not corrected": (3.1623, 4)}
        weights = {name: float(runs.of(name)[0].weights()[0, 0]) for name in expected}
        return {name: ((1 - weights[name]) / 0.001, *target) for name, target in expected.items()}


@claim("adagrad_slows", "001:395-428")
class AdagradSlows(Exact):
    """Under a constant gradient AdaGrad's steps shrink like 1/sqrt t; RMSProp's settle at the rate."""

    source = "Duchi, Hazan & Singer 2011; Tieleman & Hinton 2012"
    expected = "AdaGrad's steps 1, 2 and 100: 1, .7071 and .1 rates; RMSProp's step 2,000: 1.000 rates"
    caption = "Length of each step in units of the rate, over the steps, on logarithmic axes."
    xlabel = "step"
    ylabel = "step / rate"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Steps of both."""
        grad, rms = self.steps("adagrad", 100), self.steps("rmsprop", 2000)
        return {
            "AdaGrad, step 1": (grad[0], 1.0, 4),
            "AdaGrad, step 2": (grad[1], 0.7071, 4),
            "AdaGrad, step 100": (grad[99], 0.1, 4),
            "RMSProp, step 2,000": (rms[-1], 1.0, 3),
        }

    def steps(self, name: str, count: int) -> Any:
        """Lengths in units of the rate."""
        import numpy as np
        import torch

        from runner.claims.trace import descend

        return -np.diff(descend({"optimizer.name": name}, [0.0], torch.ones_like, [0.01] * count)[:, 0]) / 0.01

    def figure(self, runs: Runs) -> Figure:
        """Both over the steps."""
        from runner.claims.pictures import panels

        figure, [axes] = panels()
        found = {name: self.steps(name.lower(), 500) for name in ("AdaGrad", "RMSProp")}
        line(axes, range(1, 501), found, title="a constant gradient", xlabel="step", ylabel="step / rate", log="xy")
        return figure


@claim("hutchinson", "003:1073")
class Hutchinson(Exact):
    """Sophia's estimate of the Hessian's diagonal, u * Hu with random signs u, is right on average.

    Its sum estimates the trace with variance 2 sum of H_ij^2 over i != j. H = [[2,-1,0],[-1,2,-1],[0,-1,2]], by the
    products with it that `runner diagnose hessian` takes.
    """

    source = "Hutchinson 1989; Liu et al. 2023"
    expected = "over all eight signs: diagonal (2, 2, 2), trace 6, variance 8"
    caption = "Mean estimates and the variance of the trace over all signs (dots), and the true values (bars)."
    xlabel = "quantity"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Moments over all signs."""
        import itertools

        import numpy as np

        from runner.claims.trace import landscape
        from runner.diagnose.kinds.hessian import signed

        land = landscape(["dataset=quadratic", "model.hidden=[]", "model.bias=false"])
        signs = itertools.product((-1.0, 1.0), repeat=3)
        found = np.array([signed(land.curvature(land.start), np.array(u)) for u in signs])
        diagonal = {f"H{i}{i}": (float(found[:, i - 1].mean()), 2.0, 9) for i in (1, 2, 3)}
        total = found.sum(1)
        return {**diagonal, "trace": (float(total.mean()), 6.0, 9), "its variance": (float(total.var()), 8.0, 9)}
