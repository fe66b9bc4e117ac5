"""Claims about dropout and its kin, over all masks."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, line
from runner.claims.rules import Finding, digits, falls
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

W, INPUTS, TARGET = (1.0, -2.0, 0.5), (2.0, 1.0, 4.0), 1.5


def expected_error(keep: float, w: Any) -> float:
    """Mean over all masks of half the squared error of a linear unit, worked out with the product's network."""
    import numpy as np
    import torch

    from runner.claims.trace import network

    found, x = network((3, 1), {"0.weight": [list(w)]}), torch.tensor([[INPUTS]], dtype=torch.float64)
    total = 0.0
    for mask in itertools.product((0, 1), repeat=3):
        y = found.forward(x, noise=[(torch.tensor(mask, dtype=torch.float64), None)]).item()
        total += float(np.prod([keep if m else 1 - keep for m in mask])) * (TARGET - y) ** 2 / 2
    return total


@claim("dropout_error", "003:729-765")
class DropoutError(Exact):
    """Of a linear unit, the error with dropout is that without it plus half of sum p (1-p) w^2 I^2.

    w (1, -2, .5), inputs (2, 1, 4), target 1.5, keep .7. The half is missing in the lecture, which has 2.52.
    """

    source = "Baldi & Sadowski 2013"
    expected = "1.265 = .005 + 1.26"
    caption = "The mean error over all eight masks, and its two parts (dots: found, bars: expected)."
    xlabel = "part of the error"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The error and its parts."""
        mean = expected_error(0.7, W)
        plain = (TARGET - 0.7 * sum(w * i for w, i in zip(W, INPUTS, strict=True))) ** 2 / 2
        return {"with dropout": (mean, 1.265, 6), "without": (plain, 0.005, 6), "penalty": (mean - plain, 1.26, 6)}


@claim("why_half", "003:767")
class WhyHalf(Claim):
    """Dropout's penalty is largest at keep .5 for given weights; in the weights that are used it falls throughout.

    Half of p (1-p) sum w^2 I^2, or half of (1-p)/p sum v^2 I^2 with v = p w: no value is the best by itself.
    """

    source = "Baldi & Sadowski 2013; specification S5 of the course"
    expected = "for given weights 1.5 at keep .5, the largest; in the weights used, each step of keep lowers it"
    caption = (
        "The penalty over the share that is kept: a hill for given weights, a slope for the weights that are used."
    )
    keeps = tuple(i / 20 for i in range(1, 20))

    def answer(self, runs: Runs) -> list[Finding]:
        """Where the hill is, how high, and the slope."""
        given, used = self.curves()
        top = self.keeps[max(range(len(given)), key=given.__getitem__)]
        return [
            digits("keep with the largest penalty, weights given", top, 0.5, 2),
            digits("penalty there", max(given), 1.5, 6),
            falls("penalty in the weights used", [[value] * 6 for value in used], "exact"),
        ]

    def curves(self) -> tuple[list[float], list[float]]:
        """Penalty for each keep, by all masks: of weights W, and of weights W in evaluation."""

        def penalty(keep: float, w: list[float]) -> float:
            mean = keep * sum(a * i for a, i in zip(w, INPUTS, strict=True))
            return expected_error(keep, w) - (TARGET - mean) ** 2 / 2

        given = [penalty(keep, list(W)) for keep in self.keeps]
        return given, [penalty(keep, [w / keep for w in W]) for keep in self.keeps]

    def figure(self, runs: Runs) -> Figure:
        """Both over keep."""
        from runner.claims.pictures import panels

        given, used = self.curves()
        figure, axes = panels(2)
        for ax, values, name in zip(axes, (given, used), ("weights given", "weights that are used"), strict=True):
            line(ax, self.keeps, {name: values}, title=name, xlabel="share that is kept", ylabel="penalty")
        return figure


@claim("dropconnect", "003:769, 004:196")
class DropConnect(Exact):
    """DropConnect keeps the mean of a unit, and adds the variance p/(1-p) sum w^2 x^2.

    w (1, -2, .5), x (2, 1, 4), drop .3, over all eight masks.
    """

    source = "Wan et al. 2013"
    expected = "mean 2, variance 5.142857"
    caption = "Mean and variance of the unit over all masks (dots), and the formula (bars)."
    xlabel = "moment of the unit"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Both moments."""
        import numpy as np
        import torch

        from runner.config.registry import entries

        masks = np.array(list(itertools.product((0, 1), repeat=3)))
        shares = np.where(masks, 0.7, 0.3).prod(1)
        ends = torch.from_numpy(np.where(masks, 2**31 - 1, -(2**31)).astype(np.int32))
        factor = entries("regularizer")["dropconnect"].cls().factor(ends, torch.tensor(0.3, dtype=torch.float64))
        units = (factor.numpy() * np.array(W)) @ np.array(INPUTS)
        mean = float(shares @ units)
        return {"mean": (mean, 2, 9), "variance": (float(shares @ (units - mean) ** 2), 5.142857, 6)}


@claim("alpha_dropout", "003:782")
class AlphaDropout(Exact):
    """Alpha dropout sets units to alpha' and then scales and shifts: mean 0 and variance 1 are kept.

    alpha' = -lambda alpha of SELU; with q = .9: a = (q + alpha'^2 q (1-q))^-1/2, b = -a (1-q) alpha'.
    """

    source = "Klambauer et al. 2017, section 3"
    expected = "alpha' = -1.75810, a = .92128, b = .16197; a million normal numbers keep mean 0 and variance 1"
    caption = "The constants as found in what comes out of the noise (dots), and as published (bars)."
    xlabel = "constant"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The constants, from what 0 and 1 become when they are kept and dropped; moments over a grid of quantiles."""
        import torch

        from runner.config.registry import entries

        ends = torch.tensor([2**31 - 1, -(2**31)], dtype=torch.int32)
        noise = entries("regularizer")["alpha_dropout"].cls()
        factor, shift = noise.change(ends, torch.tensor(0.1, dtype=torch.float64))
        (a, _), (b, dropped) = factor.tolist(), shift.tolist()
        gain = (0.9 * (a * a + b * b)) + 0.1 * dropped**2  # of a number of mean 0 and variance 1
        mean = 0.9 * b + 0.1 * dropped
        return {
            "alpha'": ((dropped - b) / a, -1.7581, 5),
            "a": (a, 0.92128, 5),
            "b": (b, 0.16197, 5),
            "mean": (mean, 0, 6),
            "variance": (gain - mean**2, 1, 6),
        }


@claim("fast_dropout", "003:781")
class FastDropout(Exact):
    """Fast dropout passes on the mean and variance of a rectified normal number instead of drawing it.

    Of N(.5, 1) and N(-1, 4).
    """

    source = "Wang & Manning 2013"
    expected = ".697797 and .553441; .395593 and .682063"
    caption = "Mean and variance of max(0, z) by the formula that training uses (dots) and by quadrature (bars)."
    xlabel = "moment"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Moments of both."""
        import torch

        from runner.training.steps.moments import rectified

        found: dict[str, Number] = {}
        for mean, variance, *expected in ((0.5, 1.0, 0.697797, 0.553441), (-1.0, 4.0, 0.395593, 0.682063)):
            moments = rectified(*(torch.tensor([value], dtype=torch.float64) for value in (mean, variance)))
            for name, value, target in zip(("mean", "variance"), moments, expected, strict=True):
                found[f"{name} of N({mean:g}, {variance:g})"] = (float(value), target, 6)
        return found


@claim("mc_dropout_moments", "003:792-806")
class MonteCarloMoments(Exact):
    """With dropout before a linear output, its mean is that in evaluation, its variance p/(1-p) sum (w h)^2.

    h (1, .5, 2, 0), w (1, -1, .5, 3), bias .1, drop .2, over all 16 masks.
    """

    source = "Gal & Ghahramani 2016; specification S4 of the course"
    expected = "mean 1.6, variance .5625"
    caption = "Moments over all masks of the product's network (dots), and the formula (bars)."
    xlabel = "moment of the output"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Both moments."""
        import numpy as np
        import torch

        from runner.claims.trace import network

        found = network((4, 4, 1), {"0.weight": np.eye(4), "1.weight": [[1, -1, 0.5, 3]], "1.bias": [0.1]})
        x = torch.tensor([[[1, 0.5, 2, 0]]], dtype=torch.float64)
        masks = list(itertools.product((0, 1), repeat=4))
        shares = np.array([np.prod([0.8 if m else 0.2 for m in mask]) for mask in masks])
        noises = [(torch.tensor(mask, dtype=torch.float64) / 0.8, None) for mask in masks]
        units = np.array([found.forward(x, noise=[None, each]).item() for each in noises])
        mean = float(shares @ units)
        return {"mean": (mean, 1.6, 6), "variance": (float(shares @ (units - mean) ** 2), 0.5625, 6)}
