"""Claims about columns that depend on each other or outnumber the rows, and about sparse activations."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number
from runner.claims.rules import Finding, above, below, digits, exact, mean, within
from runner.claims.runs import Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLAIN = ("dataset=diabetes", "model.hidden=[]", "trainer.dtype=float64", "trainer.batch_size=100000")


@claim("equal_columns", "003:517, 002:24-26")
class EqualColumns(Claim):
    """Of two equal columns L1 takes any split, by where training begins; L2 and the elastic net share alike.

    y = x with x in both columns, from (0, 0), (1, 0) and (0, 1).
    """

    source = "Zou & Hastie 2005, section 2.3; specification S14 of the course"
    published = "the lemma"
    expected = (
        "L2 of 1: (.4, .4) from everywhere; elastic net alpha .2, l1_ratio .5: (.463415, .463415); L1 of .2: sums of "
        ".9, split .45/.45, .9/0, 0/.9"
    )
    caption = "Where training ends from three starts (a marker each): one point, one point, a line of equal minima."
    starts = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))

    def answer(self, runs: Runs) -> list[Finding]:
        """Ends, and how far apart those of L1 are."""
        ends = self.ends()
        found = []
        for name, target in (("L2", 0.4), ("elastic net", 1.9 / 4.1)):
            far = max(abs(w - target) for end in ends[name] for w in end)
            found.append(digits(f"{name}, largest difference to {target:.6g}", float(far), 0, 6))
        sums = max(abs(a + b - 0.9) for a, b in ends["L1"])
        gap = exact(float(abs(ends["L1"][1][0] - ends["L1"][2][0])))
        found.append(digits("L1, largest difference of a sum to .9", float(sums), 0, 6))
        return [*found, above("L1, gap of w1", gap, 0.5)]

    def ends(self) -> dict[str, list[Any]]:
        """Penalty -> end from each start."""
        from runner.claims.trace import table, walk

        data = table([[1.0, 1.0], [-1.0, -1.0]], [1.0, -1.0])
        kinds = {
            "L2": ("regularizer.l2=1",),
            "elastic net": ("regularizer.elastic_net.alpha=0.2", "regularizer.elastic_net.l1_ratio=0.5"),
            "L1": ("regularizer.l1=0.2",),
        }
        words = (*PLAIN, "model.bias=false", "optimizer=sgd", "optimizer.lr=0.1", "optimizer.proximal=true")
        return {
            name: [walk((*words, *each), 2000, data, [start])[-1, 0] for start in self.starts]
            for name, each in kinds.items()
        }

    def figure(self, runs: Runs) -> Figure:
        """Ends in the plane of both weights."""
        from runner.claims.pictures import MARKERS, legend, panels
        from runner.figures.draw.canvas import COLOURS, dress

        figure, axes = panels(3, share=True)
        for ax, (name, ends) in zip(axes, self.ends().items(), strict=True):
            ax.plot([0, 1], [1, 0], color="#BBBBBB", linewidth=1.2)
            for place, (start, end) in enumerate(zip(self.starts, ends, strict=True)):
                said = f"from {start[0]:g}, {start[1]:g}"
                ax.plot(*end, MARKERS[place], color=COLOURS[place], markersize=12 - 3 * place, label=said)
            dress(ax, title=name, xlabel="w1", ylabel="w2" if ax is axes[0] else "")
            ax.set_xlim(-0.1, 1.1)
        legend(axes[0], 3)
        return figure


@functools.cache
def draws() -> list[list[tuple[Any, float]]]:
    """Of each strength and draw: (weights, training loss), by one of Newton's steps."""
    import numpy as np

    from runner.claims.trace import table, walk

    found: list[list[tuple[Any, float]]] = [[], []]
    words = (*PLAIN, "model.bias=false", "optimizer=newton", "optimizer.damping=0")
    for seed in range(20):
        draw = np.random.default_rng(seed)
        first = draw.normal(size=50)
        x = np.stack([first, first + 0.01 * draw.normal(size=50)], 1)
        y = first + 0.5 * draw.normal(size=50)
        for place, strength in enumerate((0, 0.1)):
            w = walk((*words, f"regularizer.l2={strength}"), 2, table(x, y), [[0.0, 0.0]])[-1, 0]
            found[place].append((w, float(((y - x @ w) ** 2).mean())))
    return found


@claim("multicollinearity", "003:421")
class Multicollinearity(Claim):
    """Where one column nearly repeats another, least squares explodes; a little L2 settles the coefficients.

    y = x1 + noise of .5; x2 = x1 + noise of .01; 50 rows; 20 draws of them.
    """

    source = "Hoerl & Kennard 1970"
    published = "examples"
    comparable = False
    expected = "mean |w1 - w2| above 3 by least squares, below .5 with L2 of .1, whose training loss is within .05"
    caption = "Coefficients of 20 draws: least squares scatters along w1 + w2 = 1, ridge stays near (.5, .5)."

    def answer(self, runs: Runs) -> list[Finding]:
        """Differences of both coefficients, and the losses."""
        plain, ridge = draws()
        over = f"{len(plain)} draws"
        more = [b - a for (_, a), (_, b) in zip(plain, ridge, strict=True)]
        return [
            above("mean |w1 - w2|, least squares", mean([abs(w[0] - w[1]) for w, _ in plain], over), 3),
            below("mean |w1 - w2|, L2 of .1", mean([abs(w[0] - w[1]) for w, _ in ridge], over), 0.5),
            below("training loss, L2 minus none", mean(more, over), 0.05),
        ]

    def figure(self, runs: Runs) -> Figure:
        """All coefficients."""
        from runner.claims.pictures import legend, panels
        from runner.figures.draw.canvas import BLUE, RED, dress

        figure, [axes] = panels()
        looks = ((RED, "o", "least squares"), (BLUE, "s", "L2 of .1"))
        for found, (colour, marker, name) in zip(draws(), looks, strict=True):
            axes.plot(*zip(*(w for w, _ in found), strict=True), marker, color=colour, label=name, alpha=0.8)
        dress(axes, title="two columns that nearly agree", xlabel="w1", ylabel="w2")
        legend(axes, 2)
        return figure


GAMMAS = (0.2, 0.5, 0.8, 0.95, 1.05, 1.25, 2.0, 5.0)


def excess(gamma: float) -> float:
    """What theory says, for noise of variance 1 and a signal of 5."""
    return gamma / (1 - gamma) if gamma < 1 else 5 * (1 - 1 / gamma) + 1 / (gamma - 1)


@functools.cache
def averaged(gamma: float, rows: int = 200) -> float:
    """The risk given inputs, of 20 draws of them: sum 1/s^2 over their singular values s is what noise adds, and
    of a signal of 5 the share that lies outside their rows is lost.
    """
    import numpy as np

    columns, found = round(gamma * rows), []
    for seed in range(20):
        s = np.linalg.svd(np.random.default_rng(seed).normal(size=(rows, columns)), compute_uv=False)
        found.append(float((s**-2.0).sum()))
    return sum(found) / len(found) + 5 * max(0.0, 1 - rows / columns)


@functools.cache
def risks(gamma: float, rows: int = 200) -> list[float]:
    """|w^ - w|^2 of 20 draws."""
    import numpy as np

    found, columns = [], round(gamma * rows)
    for seed in range(20):
        draw = np.random.default_rng(seed)
        w = draw.normal(size=columns)
        w *= (5 / (w @ w)) ** 0.5
        x = draw.normal(size=(rows, columns))
        best = np.linalg.lstsq(x, x @ w + draw.normal(size=rows), rcond=None)[0]
        found.append(float(((best - w) ** 2).sum()))
    return found


@claim("minimum_norm", "003:150-184")
class MinimumNorm(Claim):
    """Least squares of minimum norm is worst where columns and rows are equally many, and better again beyond.

    Isotropic inputs, noise 1, signal 5, gamma = columns / rows: the excess risk is gamma/(1 - gamma) below 1,
    5 (1 - 1/gamma) + 1/(gamma - 1) above. Gradient descent from 0 ends there, which training shows for 10 rows; the
    risks themselves are those of NumPy's least squares, as the descent of 160 networks would say the same in minutes.
    """

    source = "Hastie, Montanari, Rosset & Tibshirani 2022, theorem 1"
    published = "1 at gamma .5, 3.5 at 2, 4.25 at 5"
    expected = (
        "within 15% of these for 200 rows, and to their digits where noise and weights are averaged out; more than 10 "
        "at gamma 1.05; descent ends within 1e-6 of minimum norm"
    )
    caption = "Excess risk over columns per row: theory (line) and draws (dots) rise to a peak at 1 and fall again."

    def answer(self, runs: Runs) -> list[Finding]:
        """Risks, and the gap of descent."""
        found = []
        for gamma, places in ((0.5, 0), (2.0, 1), (5.0, 2)):
            target = excess(gamma)
            risk = mean(risks(gamma), "20 draws")
            found.append(within(f"excess risk at gamma {gamma:g}", risk, 0.85 * target, 1.15 * target))
            found.append(digits(f"its mean over noise and weights, gamma {gamma:g}", averaged(gamma), target, places))
        peak = above("excess risk at gamma 1.05", mean(risks(1.05), "20 draws"), 10)
        return [*found, peak, below("distance of descent to minimum norm", exact(self.gap()), 1e-6)]

    def gap(self) -> float:
        """Of the product's gradient descent on 10 rows of 30 columns."""
        import numpy as np

        from runner.claims.trace import table, walk

        draw = np.random.default_rng(0)
        x, y = draw.normal(size=(10, 30)), draw.normal(size=10)
        words = (*PLAIN, "model.bias=false", "optimizer=sgd", "optimizer.lr=0.05")
        w = walk(words, 1500, table(x, y), np.zeros((1, 30)))[-1, 0]
        return float(np.abs(w - np.linalg.pinv(x) @ y).max())

    def figure(self, runs: Runs) -> Figure:
        """Theory and draws."""
        import numpy as np

        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        found = {"20 draws of 200 rows": [risks(gamma) for gamma in GAMMAS]}
        words = {"xlabel": "columns per row", "ylabel": "excess risk", "log": "xy"}
        lines(axes, GAMMAS, found, title="least squares of minimum norm", **words)
        for across in (np.linspace(0.15, 0.97, 80), np.linspace(1.03, 5.2, 120)):
            axes.plot(across, [excess(gamma) for gamma in across], "k--", linewidth=1.2)
        return figure


@claim("sparse_representation", "001:927-961")
class SparseRepresentation(Exact):
    """Penalties of activations measure the representation h, not the weights: |h|_1, |h|^2/2, divergence from a rate.

    h (2, -2.2, 1.3); Kullback-Leibler divergence of mean activations (.2, .05, .5) from rho .05.
    """

    source = "Goodfellow, Bengio & Courville 2016, section 7.10; Ng 2011"
    expected = "5.5, 5.265, .588575 = .093943 + 0 + .494632"
    caption = "Penalties by the product's regularizers (dots) and by hand (bars)."
    xlabel = "penalty"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """The three."""
        h, rates = [[[2.0, -2.2, 1.3]]], [[[0.1, 0.02, 0.9], [0.3, 0.08, 0.1]]]
        return {
            "|h|_1": (self.penalty("activity_l1", h, strength=1.0), 5.5, 6),
            "|h|^2/2": (self.penalty("activity_l2", h, strength=1.0), 5.265, 6),
            "KL": (self.penalty("activity_kl", rates, strength=1.0, rho=0.05), 0.588575, 6),
        }

    def penalty(self, name: str, activations: Any, **keys: float) -> float:
        """Of activations [1, B, W]."""
        import torch

        from runner.config.registry import entries

        columns = {key: torch.full((1, 1, 1), value, dtype=torch.float64) for key, value in keys.items()}
        h = torch.tensor(activations, dtype=torch.float64)
        return float(entries("regularizer")[name].cls().value(h, **columns))
