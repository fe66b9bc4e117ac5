"""Claims about penalties of linear regressions: paths, closed forms, columns that depend on each other."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number
from runner.claims.rules import Finding, above, below, digits, exact, falls, mean, none, within
from runner.claims.runs import Run, Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
DIABETES = (
    "dataset=diabetes", "dataset.val_fraction=0", "dataset.test_fraction=0", "model.hidden=[]", "optimizer=sgd",
    "trainer.batch_size=442", "early_stopping=none", "trainer.dtype=float64", "optimizer.lr=0.1",
)  # fmt: skip
PROXIMAL = (*DIABETES[:-1], "optimizer.lr=0.2", "optimizer.proximal=true")
PLAIN = ("dataset=diabetes", "model.hidden=[]", "trainer.dtype=float64", "trainer.batch_size=100000")


def coefficients(run: Run) -> dict[str, float]:
    """Column of diabetes -> its weight."""
    return dict(zip(COLUMNS, run.weights()[0].tolist(), strict=True))


def path(axes: Any, runs: Runs, key: str, title: str) -> None:
    """A line a column over the strength."""
    from runner.figures.draw.canvas import COLOURS, dress

    parts = {float(value): coefficients(part[0]) for value, part in runs.by(key).items() if float(value) > 0}
    for place, name in enumerate(COLUMNS):
        style = ("-", "--")[place // 5]
        axes.plot(list(parts), [each[name] for each in parts.values()], style, color=COLOURS[place % 5], label=name)
        end = next(iter(parts.values()))[name]
        axes.annotate(name, (min(parts), end), xytext=(-4, 0), textcoords="offset points", ha="right", fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(min(parts) / 1.6, max(parts))
    dress(axes, title=title, xlabel=f"strength of {key.split('.')[1]}", ylabel="coefficient")


@claim("l1_path", "003:474-502")
class L1Path(Claim):
    """With a growing L1 penalty coefficients leave one by one; the most correlated column stays longest.

    All 442 rows of diabetes, columns and target standardized: the first enters at a strength of 2 max |correlation|.
    """

    source = "Tibshirani 1996; Efron et al. 2004; specification S14 of the course"
    published = "the order of the lasso path of these data: bmi, s5, bp, s3, ..."
    expected = (
        "none above 1.1729, then bmi, with s5 below 1.0986, bp below .5595, s3 below .3905; at .5 bmi .2394, bp .0172, "
        "s5 .2023; 6 columns at .1, 8 at .02"
    )
    caption = (
        "Coefficients over the strength of L1, on a logarithmic axis: each stays at exactly 0 from some strength on."
    )
    sweep = (
        *PROXIMAL, "trainer.epochs=2000",
        "regularizer.l1=0.02,0.05,0.1,0.2,0.3,0.38,0.5,0.7,1.0,1.08,1.15,1.18",
    )  # fmt: skip

    def answer(self, runs: Runs) -> list[Finding]:
        """Which columns are in at each strength, and some coefficients."""
        at = {float(value): coefficients(part[0]) for value, part in runs.by("regularizer.l1").items()}
        inside = {value: {name for name, w in each.items() if w} for value, each in at.items()}
        expected = {1.18: "", 1.15: "bmi", 1.0: "bmi s5", 0.7: "bmi s5", 0.5: "bmi bp s5", 0.38: "bmi bp s3 s5"}
        wrong = sum(inside[value] != set(names.split()) for value, names in expected.items())
        found = [none("strengths with other columns than expected", wrong, len(expected), "strengths")]
        for name, value in (("bmi", 0.2394), ("bp", 0.0172), ("s5", 0.2023)):
            found.append(digits(f"{name} at .5", at[0.5][name], value, 4))
        found += [digits(f"columns at {value}", len(inside[value]), count, 0) for value, count in ((0.1, 6), (0.02, 8))]
        return found

    def figure(self, runs: Runs) -> Figure:
        """The path."""
        from runner.claims.pictures import panels

        figure, [axes] = panels()
        path(axes, runs, "regularizer.l1", "diabetes, all 442 rows")
        return figure


@claim("l2_path", "003:424-449")
class L2Path(Claim):
    """With a growing L2 penalty all coefficients shrink together, and none becomes 0.

    All 442 rows of diabetes, columns and target standardized.
    """

    source = "Hoerl & Kennard 1970; specification S14 of the course"
    published = "ridge traces"
    expected = "strength 1: bmi .2369, s5 .2029; strength 10: .0785 and .0713; no coefficient is 0; the norm falls"
    caption = "Coefficients over the strength of L2, on a logarithmic axis: they approach 0 without reaching it."
    sweep = (*DIABETES, "trainer.epochs=2000", "regularizer.l2=0.01,0.03,0.1,0.3,1,3,10")

    def answer(self, runs: Runs) -> list[Finding]:
        """Coefficients, zeros, norms."""
        at = {float(value): coefficients(part[0]) for value, part in runs.by("regularizer.l2").items()}
        zeros = sum(w == 0 for each in at.values() for w in each.values())
        norms = [[sum(w * w for w in each.values()) ** 0.5] * 6 for each in at.values()]
        expected = {(1, "bmi"): 0.2369, (1, "s5"): 0.2029, (10, "bmi"): 0.0785, (10, "s5"): 0.0713}
        return [
            *(digits(f"{name} at {value}", at[value][name], w, 4) for (value, name), w in expected.items()),
            none("coefficients that are 0", zeros, 10 * len(at), "coefficients"),
            falls("norm of the coefficients", norms, "exact"),
        ]

    def figure(self, runs: Runs) -> Figure:
        """The path."""
        from runner.claims.pictures import panels

        figure, [axes] = panels()
        path(axes, runs, "regularizer.l2", "diabetes, all 442 rows")
        return figure


@claim("elastic_net_path", "003:522-533")
class ElasticNetPath(Claim):
    """The elastic net takes columns out like L1, and more of them stay in than with L1 alone of the same strength."""

    source = "Zou & Hastie 2005"
    published = "paths"
    expected = (
        "l1_ratio .5: no column at 2.4 (the first enters at 2 x 1.1729), bmi alone at 2.3; at no strength fewer "
        "columns than with L1"
    )
    caption = (
        "Coefficients over the strength, for the elastic net (left) and L1 (right): the net lets columns in together."
    )
    strengths = "0.05,0.1,0.2,0.3,0.5,1.0,2.3,2.4"
    sweeps = (
        ("elastic net", (
            *PROXIMAL, "trainer.epochs=1000", "regularizer.elastic_net.l1_ratio=0.5",
            f"regularizer.elastic_net.alpha={strengths}",
        )),
        ("L1", (*PROXIMAL, "trainer.epochs=1000", f"regularizer.l1={strengths}")),
    )  # fmt: skip

    def answer(self, runs: Runs) -> list[Finding]:
        """Columns at each strength."""
        net, lasso = (
            {float(v): {n for n, w in coefficients(p[0]).items() if w} for v, p in runs.of(name).by(key).items()}
            for name, key in (("elastic net", "regularizer.elastic_net.alpha"), ("L1", "regularizer.l1"))
        )
        fewer = sum(len(net[value]) < len(lasso[value]) for value in net)
        return [
            none("columns at 2.4", len(net[2.4]), 10, "columns"),
            none("columns at 2.3 other than bmi", len(net[2.3] ^ {"bmi"}), 10, "columns"),
            none("strengths with fewer columns than L1", fewer, len(net), "strengths"),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Both paths."""
        from runner.claims.pictures import panels

        figure, axes = panels(2, share=True)
        path(axes[0], runs.of("elastic net"), "regularizer.elastic_net.alpha", "elastic net, l1_ratio .5")
        path(axes[1], runs.of("L1"), "regularizer.l1", "L1")
        axes[1].set_ylabel("")
        return figure


@claim("ridge_is_map", "003:414-419, 001:742")
class RidgeIsMap(Claim):
    """Linear regression with L2 has a closed form, which is the likeliest point under a Gaussian prior of the weights.

    (X'X + n a/2 I)^-1 X'y. With noise of variance s^2 the prior N(0, 2 s^2 / (n a)) has its maximum there.
    """

    source = "Hoerl & Kennard 1970; Bishop 2006, section 3.3"
    published = "the formula"
    expected = "trained weights and closed form agree to 6 decimals for strengths .1, 1 and 10; so does the MAP point"
    caption = "Trained coefficients over those of the closed form, for three strengths: all lie on the diagonal."
    sweep = (*DIABETES, "trainer.epochs=3000", "regularizer.l2=0.1,1,10")

    def answer(self, runs: Runs) -> list[Finding]:
        """Largest differences, and the gradient of the log posterior at the trained weights."""
        import numpy as np

        found = []
        x, y = self.table()
        for value, part in runs.by("regularizer.l2").items():
            w, a, n = part[0].weights()[0], float(value), len(x)
            found.append(digits(f"largest difference, strength {value}", float(abs(w - self.closed(a)).max()), 0, 6))
            prior = 2 / (n * a)  # its variance, for noise of variance 1
            slope = x.T @ (y - x @ w) - w / prior
            steepest = exact(float(np.abs(slope).max()))
            found.append(below(f"slope of the log posterior, strength {value}", steepest, 1e-4))
        return found

    def table(self) -> tuple[Any, Any]:
        """Inputs and target as the runs have them."""
        from runner.data.prepare import prepare
        from runner.execution.configurations import read

        data = prepare(read([*DIABETES]))
        return data.x[data.train], data.y[data.train]

    def closed(self, strength: float) -> Any:
        """(X'X + n a/2 I)^-1 X'y; columns and target have mean 0, so that the bias is 0."""
        import numpy as np

        x, y = self.table()
        return np.linalg.solve(x.T @ x + len(x) * strength / 2 * np.eye(x.shape[1]), x.T @ y)

    def figure(self, runs: Runs) -> Figure:
        """Trained over closed form."""
        from runner.claims.pictures import MARKERS, legend, panels
        from runner.figures.draw.canvas import COLOURS, dress

        figure, [axes] = panels()
        axes.plot([-0.4, 0.4], [-0.4, 0.4], color="#BBBBBB")
        for place, (value, part) in enumerate(runs.by("regularizer.l2").items()):
            w, said = part[0].weights()[0], f"strength {value}"
            axes.plot(self.closed(float(value)), w, MARKERS[place], color=COLOURS[place], markersize=9, label=said)
        dress(axes, title="ridge regression of diabetes", xlabel="closed form", ylabel="trained coefficient")
        legend(axes, 3)
        return figure


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


@claim("minimum_norm", "003:150-184")
class MinimumNorm(Claim):
    """Least squares of minimum norm is worst where columns and rows are equally many, and better again beyond.

    Isotropic inputs, noise 1, signal 5, gamma = columns / rows: the excess risk is gamma/(1 - gamma) below 1,
    5 (1 - 1/gamma) + 1/(gamma - 1) above. Gradient descent from 0 ends there.
    """

    source = "Hastie, Montanari, Rosset & Tibshirani 2022, theorem 1"
    published = "1 at gamma .5, 3.5 at 2, 4.25 at 5"
    expected = "within 15% of these for 200 rows; more than 10 at gamma 1.05; descent ends within 1e-6 of minimum norm"
    caption = "Excess risk over columns per row: theory (line) and draws (dots) rise to a peak at 1 and fall again."

    def answer(self, runs: Runs) -> list[Finding]:
        """Risks, and the gap of descent."""
        found = []
        for gamma in (0.5, 2.0, 5.0):
            target = excess(gamma)
            risk = mean(self.risks(gamma), "20 draws")
            found.append(within(f"excess risk at gamma {gamma:g}", risk, 0.85 * target, 1.15 * target))
        peak = above("excess risk at gamma 1.05", mean(self.risks(1.05), "20 draws"), 10)
        return [*found, peak, below("distance of descent to minimum norm", exact(self.gap()), 1e-6)]

    def risks(self, gamma: float, rows: int = 200) -> list[float]:
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
        found = {"20 draws of 200 rows": [self.risks(gamma) for gamma in GAMMAS]}
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
