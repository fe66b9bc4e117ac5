"""Claims about pieces of a network that have exact answers: norms, losses, penalties of activations, combinations."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, numbered
from runner.claims.rules import Finding, below, digits, exact
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def batch_norm(x: Any) -> tuple[Any, Any, Any]:
    """(outputs, what the backward pass needs, the piece) of training batches x [M, B, W], gain 1 and shift 0."""
    import torch

    from runner.config.registry import entries

    piece = entries("norm")["batch"].cls()
    rows, _, width = x.shape
    gain, shift, mask = torch.ones(rows, 1, width).to(x), torch.zeros(rows, 1, width).to(x), torch.ones(width).to(x)
    buffers = {each.name: torch.full((rows, width), each.start).to(x) for each in piece.buffers}
    y, saved = piece.forward(x, gain, shift, mask=mask, buffers=buffers, training=True)
    return y, saved, piece


@claim("batch_variance", "000:122, 000:149, 003:1154, 003:1196")
class BatchVariance(Exact):
    """The variance of a batch of B is on average (B-1)/B of the true one, so evaluation takes B/(B-1) of it.

    All 6^4 batches of four of six numbers, so that the average is exact.
    """

    source = "Ioffe & Szegedy 2015, algorithm 2"
    expected = "3/4 for batches of 4, and 1 after the correction"
    caption = "Mean variance over all batches as a share of the true variance (dots), and (B-1)/B (bars)."
    xlabel = "size of the batch"
    ylabel = "share of the true variance"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Shares for batches of 2, 3 and 4."""
        found: dict[str, Number] = {}
        for size in (2, 3, 4):
            share = self.share(size)
            found[f"{size}"] = (share, (size - 1) / size, 6)
        return {**found, "4, times 4/3": (found["4"][0] * 4 / 3, 1.0, 6)}

    def share(self, size: int) -> float:
        """Mean variance of batches, as the product's norm takes it, over the true one."""
        import torch

        values = torch.tensor([-2.0, -0.5, 0.25, 1, 3, 7]).double()
        batches = values[torch.tensor(list(itertools.product(range(6), repeat=size)))].unsqueeze(-1)
        _, (_, inverse, _), _ = batch_norm(batches)
        return float((inverse.pow(-2) - 1e-5).mean() / values.var(correction=0))


@claim("batch_norm_scale", "003:1168-1215")
class BatchNormScale(Claim):
    """Batch norm does not see the scale of the weights before it, and its gradient sums to 0 over a batch."""

    source = "Ioffe & Szegedy 2015, section 3.3"
    published = "the identity BN(aWu) = BN(Wu)"
    expected = "outputs for weights 0.1 to 10 times as large differ by less than 1e-8; the sums are below 1e-12"
    caption = "Largest change of an output when all weights are multiplied by a: none with batch norm, a - 1 without."
    scales = (0.1, 0.3, 1.0, 3.0, 10.0)

    def answer(self, runs: Runs) -> list[Finding]:
        """Largest change, and the largest sum of a gradient."""
        import torch

        with_norm, _ = self.changes()
        x, g = torch.randn(2, 1, 4, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        _, saved, piece = batch_norm(x)
        sums = float(piece.gradient(saved, g)[0].sum(1).abs().max())
        return [
            below("largest change of an output", exact(max(with_norm)), 1e-8),
            below("largest sum of a gradient over the batch", exact(sums), 1e-12),
        ]

    def changes(self) -> tuple[list[float], list[float]]:
        """Largest change of an output at each scale, with and without the norm."""
        import torch

        draw = torch.Generator().manual_seed(0)
        u = torch.randn(1, 16, 7, generator=draw, dtype=torch.float64)
        w = 1e4 * torch.randn(7, 5, generator=draw, dtype=torch.float64)
        whole = batch_norm(u @ w)[0]
        normed = [float((batch_norm(u @ (a * w))[0] - whole).abs().max()) for a in self.scales]
        return normed, [abs(a - 1) for a in self.scales]

    def figure(self, runs: Runs) -> Figure:
        """Both over the scale."""
        from runner.claims.exactly import line
        from runner.claims.pictures import panels

        normed, plain = self.changes()
        figure, [axes] = panels()
        found = {"with batch norm": normed, "without, relative": plain}
        words = {"xlabel": "factor a of all weights", "ylabel": "largest change of an output", "log": "x"}
        line(axes, self.scales, found, title="BN(a W u) = BN(W u)", **words)
        return figure


@claim("group_norm", "003:1222-1235")
class GroupNorm(Exact):
    """Layer norm takes mean and variance over all units of an example, group norm over those of a group."""

    source = "Ba, Kiros & Hinton 2016; Wu & He 2018"
    expected = (
        "(1, 2, 3, 6): (-1.069043, -.534522, 0, 1.603565) as a whole, "
        "(-.99998, .99998, -.999998, .999998) in two groups"
    )
    caption = "Outputs of the four units for both norms (dots), and the expected ones (bars)."
    xlabel = "unit and norm"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Outputs of both."""
        return {
            **numbered(self.of("layer", 1), (-1.069043, -0.534522, 0, 1.603565), 5, "{}, layer"),
            **numbered(self.of("group", 2), (-0.99998, 0.99998, -0.999998, 0.999998), 5, "{}, groups"),
        }

    def of(self, norm: str, groups: int) -> list[float]:
        """What becomes of (1, 2, 3, 6)."""
        import torch

        from runner.config.registry import entries
        from runner.population.pieces.base import NormKeys

        piece = entries("norm")[norm].cls().with_keys(NormKeys(groups=groups))
        x, mask = torch.tensor([[[1.0, 2, 3, 6]]]).double(), torch.ones(4).double()
        y, _ = piece.forward(x, mask.reshape(1, 1, 4), 0 * x, mask=mask, buffers={}, training=True)
        return y[0, 0].tolist()


@claim("weight_norm", "003:1244-1252")
class WeightNorm(Exact):
    """Weight norm learns length and direction apart: the gradient of v is orthogonal to v, and is not that of W.

    v (3, 4), g 2, dL/dW (1, 2). The lecture writes dL/dv = dL/dW.
    """

    source = "Salimans & Kingma 2016, equation 3"
    expected = "W (1.2, 1.6), dL/dg 2.2, dL/dv (-.128, .096), v . dL/dv = 0"
    caption = "Weights and gradients of the product (dots) and by hand (bars)."
    xlabel = "quantity"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Weights and gradients."""
        import torch

        from runner.config.registry import entries

        piece = entries("parametrization")["weight_norm"].cls()
        v, g, of_w = (torch.tensor(each).double() for each in ([[[3.0, 4]]], [[[2.0]]], [[[1.0, 2]]]))
        of_v, of_g = piece.gradient(v, g, of_w)
        return {
            **numbered(piece.effective(v, g)[0, 0].tolist(), (1.2, 1.6), 6, "W{}"),
            "dL/dg": (of_g.item(), 2.2, 6),
            **numbered(of_v[0, 0].tolist(), (-0.128, 0.096), 6, "dL/dv{}"),
            "v . dL/dv": ((of_v * v).sum().item(), 0, 9),
        }


@claim("weight_standardization", "003:1256-1266")
class WeightStandardization(Exact):
    """Weight standardization gives the weights of each unit mean 0 and variance 1."""

    source = "Qiao et al. 2019"
    expected = "(1, 2, 3, 4): (-1.341641, -.447214, .447214, 1.341641)"
    caption = "Weights of a unit as they are used (dots), and the expected ones (bars)."
    xlabel = "weight"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The weights as used."""
        import torch

        from runner.config.registry import entries

        piece = entries("parametrization")["weight_standardization"].cls()
        w = piece.effective(torch.tensor([[[1.0, 2, 3, 4]]]).double())[0, 0].tolist()
        return numbered(w, (-1.341641, -0.447214, 0.447214, 1.341641), 6)


SCORES = ((3.2, 5.1, -1.7), (1.3, 4.9, 2.0), (2.2, 2.5, -3.1))


@claim("hinge_scale", "002:9")
class HingeScale(Exact):
    """A hinge loss of 0 stays 0 when all weights double, so that the loss alone does not choose among weights."""

    source = "Stanford CS231n, lecture 3, whose numbers these are"
    expected = "losses 2.9, 0 and 12.9, mean 5.266667; the second is 0 at twice the scores"
    caption = "Losses of three examples and their mean (dots: found, bars: expected); the last is for doubled scores."
    xlabel = "example"
    ylabel = "hinge loss"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The losses."""
        once, twice = self.losses(1), self.losses(2)
        return {
            **numbered(once, (2.9, 0, 12.9), 6, "example {}"),
            "mean": (sum(once) / 3, 5.266667, 6),
            "example 2, scores doubled": (twice[1], 0, 9),
        }

    def losses(self, scale: float) -> list[float]:
        """Of the three examples, whose classes are 0, 1 and 2."""
        import torch

        from runner.config.registry import entries
        from runner.population.pieces.base import Head

        head = Head(3, torch.ones(3).double(), torch.zeros(3).double())
        scores = scale * torch.tensor([SCORES], dtype=torch.float64)
        return entries("loss")["hinge"].cls().forward(scores, torch.eye(3).double()[None], head)[0].tolist()


@claim("label_smoothing_optimum", "003:915")
class LabelSmoothingOptimum(Claim):
    """With smoothed labels the best scores are finite: their gap is ln((1 - s + s/C) C / s), and a loss remains.

    Smoothing s = .1 of C = 10 classes: targets .91 and .01, whose entropy is the loss that remains.
    """

    source = "Szegedy et al. 2016, section 7; Mueller, Kornblith & Hinton 2019"
    published = "the formula"
    expected = "cross entropy .50029, gap of the scores 4.5109; without smoothing the gap grows on"
    caption = "Gap between the score of the right class and the others over steps of descent: one stops, one does not."

    def answer(self, runs: Runs) -> list[Finding]:
        """Loss and gap after many steps; growth of the gap without smoothing."""
        (loss, gaps), (_, free) = self.descent(0.1), self.descent(0.0)
        return [
            digits("cross entropy that remains", loss, 0.50029, 5),
            digits("gap of the scores", gaps[-1], 4.5109, 4),
            below(
                "gap at half of the steps minus the last, no smoothing", exact(free[len(free) // 2] - free[-1]), -0.3
            ),
        ]

    def descent(self, smoothing: float) -> tuple[float, list[float]]:
        """(loss at the end, gap of the scores over the steps) of descent on the scores by the product's loss."""
        import torch

        from runner.config.registry import entries
        from runner.population.pieces.base import Head

        loss, head = entries("loss")["cross_entropy"].cls(), Head(10, torch.ones(10).double(), torch.zeros(10).double())
        q = torch.full((1, 1, 10), smoothing / 10, dtype=torch.float64)
        q[0, 0, 0] += 1 - smoothing
        z, gaps = torch.zeros(1, 1, 10, dtype=torch.float64), [0.0]
        for _ in range(2000):
            z = z - loss.gradient(z, loss.prepare(q, 1.0), head, 1.0)[1]
            gaps.append(float(z[0, 0, 0] - z[0, 0, 1]))
        return float(loss.forward(z, q, head)), gaps

    def figure(self, runs: Runs) -> Figure:
        """Gaps over the steps."""
        from runner.claims.pictures import curves, panels

        figure, [axes] = panels()
        found = {f"smoothing {s:g}": self.descent(s)[1] for s in (0.0, 0.1)}
        curves(axes, found, title="10 classes", xlabel="step", ylabel="gap of the scores")
        return figure


@claim("combinations", "003:667")
class Combinations(Exact):
    """Arithmetic mean, geometric mean and vote of the same networks are three different answers.

    p (.7, .2, .1) and (.1, .6, .3): the means even differ in how they weigh the second class.
    """

    source = "specification S2 of the course"
    expected = "mean (.4, .4, .2), geometric (.337386, .441742, .220871), vote (.5, .5, 0)"
    caption = "Probabilities of three classes by each way to combine two networks (dots), and by hand (bars)."
    xlabel = "class and way"
    ylabel = "probability"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """What each way says."""
        import numpy as np

        from runner.ensembles.combining import combination

        answers = np.log(np.array([[[0.7, 0.2, 0.1]], [[0.1, 0.6, 0.3]]]))
        expected = {"mean": (0.4, 0.4, 0.2), "geometric": (0.337386, 0.441742, 0.220871), "vote": (0.5, 0.5, 0.0)}
        found: dict[str, Number] = {}
        for name, targets in expected.items():
            p = np.exp(combination(name, "classification").of(answers))[0]
            found |= numbered(p, targets, 6, f"{{}}, {name}")
        return found


@claim("distinct_rows", "000:181, 003:663")
class DistinctRows(Exact):
    """Of n rows drawn n times with replacement a share of 1 - (1 - 1/n)^n is seen, about 63.2%.

    The same share of a bootstrap sample (bagging) and of a pass with trainer.sampling=replacement.
    """

    source = "Breiman 1996; specifications S2 and S19 of the course"
    expected = ".651322 of 10 rows, .633968 of 100, .632267 of 1,257; 1 - 1/e = .632121 of many"
    caption = "Share of distinct rows: by the formula (bars), over 4,000 draws of a generator (dots)."
    xlabel = "rows"
    ylabel = "share that is seen"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """Formula to all digits, draws to two."""
        found: dict[str, Number] = {}
        for n, expected in ((10, 0.651322), (100, 0.633968), (1257, 0.632267)):
            found[f"{n:,}"] = (1 - (1 - 1 / n) ** n, expected, 6)
            found[f"{n:,}, drawn"] = (self.drawn(n), expected, 2)
        return {**found, "many": (1 - 1 / math.e, 0.632121, 6)}

    def drawn(self, n: int) -> float:
        """Mean share over draws."""
        import numpy as np

        draws = np.random.default_rng(0).integers(n, size=(4000 if n < 1000 else 400, n))
        return float(np.mean([len(np.unique(each)) for each in draws])) / n
