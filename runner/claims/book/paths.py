"""Claims about paths of the coefficients of diabetes, and their closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.rules import Finding, below, digits, exact, falls, none
from runner.claims.runs import Run, Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
DIABETES = (
    "dataset=diabetes", "dataset.val_fraction=0", "dataset.test_fraction=0", "model.hidden=[]", "optimizer=sgd",
    "trainer.batch_size=442", "early_stopping=none", "trainer.dtype=float64", "optimizer.lr=0.1",
)  # fmt: skip
PROXIMAL = (*DIABETES[:-1], "optimizer.lr=0.2", "optimizer.proximal=true")


def coefficients(run: Run) -> dict[str, float]:
    """Column of diabetes -> its weight."""
    return dict(zip(COLUMNS, run.weights()[0].tolist(), strict=True))


def apart(ends: dict[str, float]) -> dict[str, float]:
    """Name -> where it is written: at the end of its line, or as far above the name below as letters need."""
    found: dict[str, float] = {}
    least = 0.055 * (max(ends.values()) - min(ends.values()))
    height = min(ends.values()) - least
    for name, end in sorted(ends.items(), key=lambda item: item[1]):
        height = found[name] = max(end, height + least)
    return found


def path(axes: Any, runs: Runs, key: str, title: str) -> None:
    """A line a column over the strength."""
    from runner.figures.draw.canvas import COLOURS, dress

    parts = {float(value): coefficients(part[0]) for value, part in runs.by(key).items() if float(value) > 0}
    for place, name in enumerate(COLUMNS):
        style = ("-", "--")[place // 5]
        axes.plot(list(parts), [each[name] for each in parts.values()], style, color=COLOURS[place % 5], label=name)
    for name, height in apart(next(iter(parts.values()))).items():
        axes.annotate(name, (min(parts), height), xytext=(-4, 0), textcoords="offset points", ha="right", va="center")
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
