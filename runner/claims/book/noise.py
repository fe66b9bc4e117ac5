"""Claims about noise of the inputs and dropout as penalties and means."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.claims.book.quadratic import BASE
from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, numbered
from runner.claims.rules import Finding, below, exact, within
from runner.claims.runs import Run, Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOISY = (*BASE, "optimizer=sgd", "optimizer.lr=0.004", "trainer.epochs=1500", "seed=range(16)")
RIDGE = (0.241429, 0.255714, -0.098571)
NEAR = 0.03


def weight(place: int) -> Any:
    """The metric that is a weight of the only layer."""

    def measure(run: Run) -> float:
        return float(run.weights()[0, place])

    measure.__name__ = f"w{place + 1}"
    return measure


def settled(runs: Runs, targets: Any, said: str) -> list[Finding]:
    """Each mean weight lies within NEAR of its target."""
    return [
        within(f"mean w{i + 1}, {said}", runs.mean(weight(i)), target - NEAR, target + NEAR)
        for i, target in enumerate(targets)
    ]


def clouds(parts: dict[str, tuple[Runs, Any]]) -> Figure:
    """Where each seed ended (dots) and the expected weights (bars), a panel a part."""
    from runner.claims.pictures import panels
    from runner.figures.draw.canvas import BLUE, INK, RED, dress

    figure, axes = panels(len(parts), share=True)
    for ax, (name, (runs, targets)) in zip(axes, parts.items(), strict=True):
        ax.bar((1, 2, 3), targets, color=BLUE, alpha=0.35, label="expected")
        for place in range(3):
            values = list(runs.values(weight(place)).values())
            ax.plot([place + 1] * len(values), values, ".", color=RED, alpha=0.5, label="" if place else "a seed")
        ax.plot((1, 2, 3), (0.81, 0.91, 0.13), "_", color=INK, markersize=26, label="without noise")
        dress(ax, title=name, xlabel="weight", ylabel="value" if ax is axes[0] else "")
        ax.set_xticks((1, 2, 3))
    axes[0].legend()
    return figure


@claim("input_noise_is_l2", "000:64, 004:170")
class InputNoiseIsL2(Claim):
    """Gaussian noise on the inputs of a linear regression is L2 of strength 2 sd^2.

    Noise of variance 1 on A1's H = [[2,-1,0],[-1,2,-1],[0,-1,2]] therefore ends where L2 of strength 2 does.
    """

    source = "Bishop 1995, Training with noise is equivalent to Tikhonov regularization"
    published = "the formula"
    expected = "mean weights within 0.03 of (.2414, .2557, -.0986), the ridge solution of strength 2"
    caption = (
        "Dots: where each seed ended; they scatter, as the noise never stops, around the bars of ridge regression."
    )
    sweep = (*NOISY, "regularizer.input_noise=1")
    quick = ("seed=range(5)",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Mean weights."""
        return settled(runs, RIDGE, "noise of sd 1")

    def figure(self, runs: Runs) -> Figure:
        """Ends and expected weights."""
        return clouds({"noise of sd 1 on the inputs": (runs, RIDGE)})


@claim("dropout_is_ridge", "003:729-765, 001:1015")
class DropoutIsRidge(Claim):
    """Dropout of the inputs of a linear regression is ridge regression; where these are uncorrelated, w* times keep.

    Each input has a penalty of its own, p/(1-p) times its variance.
    """

    source = "Wager, Wang & Liang 2013; Srivastava et al. 2014, section 9.1"
    published = "the formula"
    expected = (
        "uncorrelated inputs: w* halved by dropout .5, three quarters of it by .25; on A1's H ridge of strength 2"
    )
    caption = "Dots: where each seed ended; bars: the expected weights; dashes: the minimum without dropout."
    sweeps = (
        ("uncorrelated", (
            *NOISY[:-1], "seed=range(8)", "dataset.hessian=[[1,0,0],[0,2,0],[0,0,4]]",
            "regularizer.input_dropout=0.25,0.5",
        )),
        ("correlated", (*NOISY[:-1], "seed=range(8)", "regularizer.input_dropout=0.5")),
    )  # fmt: skip
    quick = ("seed=range(5)",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Mean weights of each part."""
        return [finding for name, part in self.parts(runs).items() for finding in settled(*part, name)]

    def parts(self, runs: Runs) -> dict[str, tuple[Runs, Any]]:
        """Name -> (runs, expected weights)."""
        found = {}
        for p, part in runs.of("uncorrelated").by("regularizer.input_dropout").items():
            found[f"dropout {p}, uncorrelated"] = (part, [(1 - float(p)) * w for w in (0.81, 0.91, 0.13)])
        return {**found, "dropout 0.5, correlated": (runs.of("correlated"), RIDGE)}

    def figure(self, runs: Runs) -> Figure:
        """Ends and expected weights."""
        return clouds(self.parts(runs))


@claim("direct_dropout", "003:697-717")
class DirectDropout(Exact):
    """Dropping without a factor and shrinking weights for the test gives what inverted dropout gives.

    Four examples, keep .5: all masks as examples of their own, so that the mean over masks is exact.
    """

    source = "specification S3 of the course; Srivastava et al. 2014, section 10"
    expected = "direct minimum (.596125, .408346), used in the test times .5 = inverted minimum = (.298063, .204173)"
    caption = "Weights as found by descent over all masks (dots) and the expected ones (bars)."
    xlabel = "weight and kind of dropout"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Both minima."""
        direct, inverted = self.minimum(1.0), self.minimum(2.0)
        return {
            **numbered(direct, (0.596125, 0.408346), 6, "w{}, direct"),
            **numbered(direct / 2, (0.298063, 0.204173), 6, "w{}, direct, used"),
            **numbered(inverted, (0.298063, 0.204173), 6, "w{}, inverted"),
        }

    def minimum(self, factor: float) -> Any:
        """Where descent ends over all masks times the factor."""
        return over_masks([[1, 2], [2, 1], [3, 3], [0, 1]], [1, 2, 2, 0], (0, 1), factor, 0.15 / factor**2)


def over_masks(x: Any, y: Any, drawn: Sequence[int], factor: float, lr: float) -> Any:
    """Where 300 steps of descent from 0 end on rows x, y, every mask of values `drawn` making examples of its own: a
    linear regression with dropout in which nothing is left to chance.
    """
    import numpy as np

    from runner.claims.trace import table, walk

    x, y = np.array(x, float), np.array(y, float)
    masks = np.array(list(itertools.product(drawn, repeat=x.shape[1])))
    seen = (factor * x[:, None] * masks).reshape(-1, x.shape[1])
    words = (
        "dataset=diabetes", "model.hidden=[]", "model.bias=false", f"trainer.batch_size={len(seen)}", "optimizer=sgd",
        f"optimizer.lr={lr}", "trainer.dtype=float64",
    )  # fmt: skip
    return walk(words, 300, table(seen, np.repeat(y, len(masks))), np.zeros((1, x.shape[1])))[-1, 0]


@claim("dropout_keeps_share", "001:1015, 003:729-765")
class DropoutKeepsShare(Exact):
    """Dropout of uncorrelated inputs leaves a linear regression with keep times its weights.

    Inverted dropout, keep .5 and .75, on the eight corners of a box of sides 2, 4 and 6 and w* (.81, .91, .13): all
    masks as examples of their own.
    """

    source = "specification A4 of the course; Goodfellow, Bengio & Courville 2016, section 7.12"
    expected = "keep .5: (.405, .455, .065); keep .75: (.6075, .6825, .0975)"
    caption = "Weights as found by descent over all masks (dots) and keep times those without dropout (bars)."
    xlabel = "weight and share that is kept"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Both minima."""
        corners = list(itertools.product((-1, 1), (-2, 2), (-3, 3)))
        y = [0.81 * a + 0.91 * b + 0.13 * c + 0.1 * a * b for a, b, c in corners]  # the product is correlated with none
        half = over_masks(corners, y, (0, 1), 2.0, 0.05)
        most = over_masks(corners, y, (0, 1, 1, 1), 4 / 3, 0.05)
        return {
            **numbered(half, (0.405, 0.455, 0.065), 6, "w{}, .5"),
            **numbered(most, (0.6075, 0.6825, 0.0975), 6, "w{}, .75"),
        }


@claim("dropout_geometric_mean", "001:1033")
class DropoutGeometricMean(Claim):
    """A softmax on 10 units with halved weights is the geometric mean of all its 1,024 sub-networks, normalized.

    The arithmetic mean of their probabilities is another one.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 7.12; Baldi & Sadowski 2013"
    published = "the identity"
    expected = "largest difference of probabilities below 1e-12; to the arithmetic mean above .01"
    caption = "Probabilities of three classes for five examples: the evaluated network over each mean of sub-networks."

    def answer(self, runs: Runs) -> list[Finding]:
        """Largest differences."""
        import numpy as np

        used, geometric, arithmetic = self.means()
        near, far = (exact(float(np.abs(used - each).max())) for each in (geometric, arithmetic))
        return [
            below("largest difference to the geometric mean", near, 1e-12),
            below("minus the largest difference to the arithmetic mean", -far, -0.01),
        ]

    def means(self) -> tuple[Any, Any, Any]:
        """Probabilities [5, 3] in evaluation, and both means over all masks."""
        import numpy as np
        import torch

        from runner.claims.trace import network
        from runner.regularizers.dropout import bernoulli_factor

        draw = np.random.default_rng(0)
        values = {"0.weight": draw.normal(size=(10, 4)), "1.weight": draw.normal(size=(3, 10))}
        found, x = network((4, 10, 3), values), torch.from_numpy(draw.normal(size=(1, 5, 4)))
        ends = np.array(list(itertools.product((-(2**31), 2**31 - 1), repeat=10)), dtype=np.int32)
        factors = bernoulli_factor(torch.from_numpy(ends), torch.tensor(0.5, dtype=torch.float64))
        given = torch.stack([found.forward(x, noise=[None, (each, None)]).log_softmax(-1)[0] for each in factors])
        geometric = given.mean(0).softmax(-1)
        return found.forward(x).softmax(-1)[0].numpy(), geometric.numpy(), given.exp().mean(0).numpy()

    def figure(self, runs: Runs) -> Figure:
        """Probabilities over probabilities."""
        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, dress

        used, *means = self.means()
        figure, axes = panels(2, share=True)
        for ax, found, name in zip(axes, means, ("geometric mean", "arithmetic mean"), strict=True):
            ax.plot([0, 1], [0, 1], color="#BBBBBB")
            ax.plot(found.ravel(), used.ravel(), "o", color=BLUE, markersize=8, alpha=0.8)
            dress(ax, title=name, xlabel="mean probability of 1,024", ylabel="of one network, weights halved")
        axes[1].set_ylabel("")
        return figure
