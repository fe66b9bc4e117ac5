"""Claims about losses and answers that have exact numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, numbered
from runner.claims.rules import Finding, below, digits, exact
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    caption = "Share of distinct rows: by the formula (bars), over 4,000 draws as training takes them (dots)."
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
        """Mean share over passes of trainer.sampling=replacement with other seeds."""
        from runner.population.draws import with_replacement

        seeds = range(4000 if n < 1000 else 400)
        return sum(len(set(with_replacement(n, seed, "order", 1).tolist())) for seed in seeds) / (n * len(seeds))
