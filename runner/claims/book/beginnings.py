"""Claims about first weights: symmetry, signals and gradients through depth; and about first steps."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from runner.claims.book.quadratic import BASE
from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, line
from runner.claims.rules import Finding, above, below, mean, none, published, within
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEDS = range(12)


@claim("symmetry", "001:478-484")
class Symmetry(Claim):
    """Units that begin with equal weights stay equal; random weights break the symmetry.

    A hidden layer that stays symmetric is one unit, however wide it is.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 8.4"
    expected = (
        "after 20 epochs with model.init=constant no unit differs from the first by more than 1e-5; with random first "
        "weights all do, and the training accuracy is higher by more than .3"
    )
    caption = "Weights of the hidden layer after training, a row a unit: equal rows from equal first weights."
    sweep = (
        "dataset=digits", "model.hidden=[16]", "model.activation=sigmoid", "model.init=constant,torch",
        "optimizer.lr=0.01", "trainer.epochs=20", "early_stopping=none", "seed=0,1,2,3,4",
    )  # fmt: skip
    quick = ("seed=0,1,2",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Units that differ from the first, and accuracies."""
        import numpy as np

        from runner.claims.runs import at_end

        parts = runs.by("model.init")
        differ = {}
        for name, part in parts.items():
            gaps = [np.abs(each.weights() - each.weights()[:1]).max(1)[1:] for each in part]
            differ[name] = np.concatenate(gaps) > 1e-5
        gain = parts["torch"].minus(parts["constant"], at_end("train/accuracy"))
        return [
            none("units that differ, constant", int(differ["constant"].sum()), differ["constant"].size, "units"),
            none("units that do not, random", int((~differ["torch"]).sum()), differ["torch"].size, "units"),
            above("training accuracy, random minus constant", gain, 0.3),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Weights as images."""
        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import dress

        figure, axes = panels(2)
        for ax, (name, part) in zip(axes, runs.by("model.init").items(), strict=True):
            shown = ax.imshow(part[0].weights(), cmap="cividis", aspect="auto", interpolation="nearest")
            figure.colorbar(shown, ax=ax, label="weight")
            dress(ax, title=f"model.init={name}", xlabel="pixel", ylabel="hidden unit")
            ax.grid(visible=False)
        return figure


@functools.cache
def signals(activation: str, init: str, seed: int, width: int = 512, depth: int = 30) -> list[float]:
    """RMS of the activations of each layer for standard normal inputs; biases are 0."""
    import torch

    from runner.claims.trace import first_weights

    act = getattr(torch, activation)
    h = torch.randn(64, width, generator=torch.Generator().manual_seed(seed))
    found = []
    for weights in first_weights((width,) * (depth + 1), init, seed):
        h = act(h @ weights.T)
        found.append(float(h.double().square().mean().sqrt()))
    return found


DEPTHS = {("relu", "torch"): (0.41, 2e-12), ("relu", "glorot"): (0.71, 4e-5), ("relu", "he"): (1.0, 0.7),
          ("tanh", "torch"): (0.46, 5e-8), ("tanh", "glorot"): (0.63, 0.13)}  # fmt: skip


@claim("signals_through_depth", "001:487-506, 004:30-52")
class SignalsThroughDepth(Claim):
    """Through 30 layers signals die out but with He's variance for ReLU, and last longest with Glorot's for tanh.

    Root mean square of the activations of 512 units, for standard normal inputs. A ReLU layer multiplies the mean
    square by variance x m / 2: 1/6 for U(+-1/sqrt m), 1/2 for Glorot, 1 for He.
    """

    source = "He et al. 2015, section 2.2; specification A8 of the course"
    published = (
        "of one network each, layers 1 -> 30: relu .41 -> 2e-12, .71 -> 4e-5, 1.0 -> .70; tanh .46 -> 5e-8, .63 -> .13"
    )
    expected = (
        "first layer within 5% of these; last layer within a factor 2, as a single network differs from the mean by "
        "a random factor (the logarithm of its RMS has a deviation of about .25)"
    )
    caption = "RMS of activations by layer on a logarithmic axis: straight lines whose slope the variance decides."

    def answer(self, runs: Runs) -> list[Finding]:
        """First and last layers, by geometric means."""
        import math

        found = []
        for (activation, init), (first, last) in DEPTHS.items():
            ways = self.ways(activation, init)
            over = f"{len(ways)} seeds"
            logs = mean([math.log10(way[-1] / last) for way in ways], over)
            said = f"{activation}, {init}"
            found += [
                within(f"RMS of layer 1, {said}", mean([way[0] for way in ways], over), 0.95 * first, 1.05 * first),
                within(f"log10 of RMS / {last:g} in layer 30, {said}", logs, -math.log10(2), math.log10(2)),
            ]
        return found

    def ways(self, activation: str, init: str) -> list[list[float]]:
        """RMS by layer of each seed."""
        return [signals(activation, init, seed) for seed in SEEDS]

    def figure(self, runs: Runs) -> Figure:
        """RMS over layers."""
        from runner.claims.pictures import lines, panels

        figure, axes = panels(2, share=True)
        for ax, name in zip(axes, ("relu", "tanh"), strict=True):
            found = {init: list(zip(*self.ways(name, init), strict=True)) for act, init in DEPTHS if act == name}
            lines(ax, range(1, 31), found, title=name, xlabel="layer", ylabel="RMS of activations", log="y")
        axes[1].set_ylabel("")
        return figure


@functools.cache
def jacobians(init: str, seed: int) -> list[float]:
    """Of the layers of one network, at one input."""
    import torch

    from runner.claims.trace import first_weights

    h, found = torch.randn(1000, generator=torch.Generator().manual_seed(seed)), []
    first, *others = first_weights((1000,) * 6, init, seed)
    h = torch.tanh(first @ h)
    for weights in others:
        found.append(float(torch.linalg.svdvals(weights * (1 - h**2)).mean()))
        h = torch.tanh(weights @ h)
    return found


@claim("jacobians", "001:506")
class Jacobians(Claim):
    """Glorot's normalized weights keep the singular values of layers near 1; U(+-1/sqrt m) makes them smaller.

    Mean singular value of the Jacobians between the layers of 5 x 1,000 tanh, for standard normal inputs.
    """

    source = "Glorot & Bengio 2010, section 4.2.1"
    published = ".8 with normalized weights, .5 with standard ones, on their images"
    comparable = False
    expected = "the normalized one is larger by more than .1 (published: by .3); the levels depend on the inputs"
    caption = "Mean singular value of each layer's Jacobian for both ways to draw weights; dashes: published means."

    def answer(self, runs: Runs) -> list[Finding]:
        """Means over layers, and their difference."""
        normal, standard = self.values()
        pairs = [a - b for a, b in zip(map(_middle, normal), map(_middle, standard), strict=True)]
        over = f"{len(pairs)} seeds"
        return [
            above("mean singular value, normalized minus standard", mean(pairs, over), 0.1),
            published("normalized", mean([_middle(each) for each in normal], over), 0.8, comparable=False),
            published("standard", mean([_middle(each) for each in standard], over), 0.5, comparable=False),
        ]

    def values(self) -> tuple[list[list[float]], list[list[float]]]:
        """Of each seed the mean singular value of each Jacobian: normalized, standard."""
        normal, standard = ([jacobians(init, seed) for seed in range(3)] for init in ("glorot", "torch"))
        return normal, standard

    def figure(self, runs: Runs) -> Figure:
        """By layer."""
        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        found = dict(zip(("normalized", "standard"), self.values(), strict=True))
        series = {name: list(zip(*values, strict=True)) for name, values in found.items()}
        words = {"xlabel": "between layers n and n + 1", "ylabel": "mean singular value"}
        lines(axes, range(1, 5), series, title="5 layers of 1,000 tanh", **words)
        for value in (0.8, 0.5):
            axes.axhline(value, color="black", linestyle="--", linewidth=1)
        axes.set_xticks(range(1, 5))
        return figure


def _middle(values: list[float]) -> float:
    return sum(values) / len(values)


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
        last = _middle(list(series["sigmoid, glorot"][-1]))
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

    Its sum estimates the trace with variance 2 sum of H_ij^2 over i != j. H = [[2,-1,0],[-1,2,-1],[0,-1,2]].
    """

    source = "Hutchinson 1989; Liu et al. 2023"
    expected = "over all eight signs: diagonal (2, 2, 2), trace 6, variance 8"
    caption = "Mean estimates and the variance of the trace over all signs (dots), and the true values (bars)."
    xlabel = "quantity"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Moments over all signs."""
        import itertools

        import numpy as np

        from runner.claims.trace import HESSIAN

        u = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
        found = u * (u @ HESSIAN)
        diagonal = {f"H{i}{i}": (float(found[:, i - 1].mean()), 2.0, 9) for i in (1, 2, 3)}
        total = found.sum(1)
        return {**diagonal, "trace": (float(total.mean()), 6.0, 9), "its variance": (float(total.var()), 8.0, 9)}
