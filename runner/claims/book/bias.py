"""Claims about bias and variance, over draws of the training data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.rules import Estimate, Finding, above, below, falls, mean, shown, within
from runner.claims.runs import Run, Runs
from runner.claims.trained import measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@claim("bias_variance", "003:21-56, 003:111-140")
class BiasVariance(Claim):
    """Bias falls and variance rises with the degree of a polynomial, and their sum is smallest in between.

    Least squares (one Newton step) on 50 noisy points of a sine, for 100 draws of the points; bias^2 is the mean of
    (mean_k f_k - sine)^2 over the inputs, variance that of var_k f_k.
    """

    source = "Geman, Bienenstock & Doursat 1992; numbers by least squares apart from this program"
    published = "bias^2 / variance at degree 1 .196/.011, 3 .004/.004, 9 .000/.106"
    expected = (
        "bias^2 within .005 of .196, .004, .000; sum smallest at degree 3; variance at 9 above ten times that at 3"
    )
    reason = "the variance of degree 9 comes from the few inputs beyond the outermost points, and differs between draws"
    caption = (
        "Each thin line is a fit to another 50 points. A line (left) is wrong alike; degree 9 differs at the ends."
    )
    sweep = (
        "dataset=sine", "dataset.n=50", "dataset.val_fraction=0", "dataset.test_fraction=0", "model.hidden=[]",
        "optimizer=newton", "optimizer.damping=0", "trainer.batch_size=50", "trainer.epochs=1", "trainer.dtype=float64",
        "early_stopping=none", "dataset.polynomial=1,3,9", "dataset.data_seed=range(100)",
    )  # fmt: skip
    quick = ("dataset.data_seed=range(20)",)

    def answer(self, runs: Runs) -> list[Finding]:
        """The two parts of the error by degree."""
        found = {degree: _functions(part) for degree, part in runs.by("dataset.polynomial").items()}
        bias = {degree: _over_draws(each, lambda f: _parts(f)[0]) for degree, each in found.items()}
        variance = {degree: _over_draws(each, lambda f: _parts(f)[1]) for degree, each in found.items()}
        return [
            *(
                within(f"bias^2, degree {degree}", bias[degree], known - 0.005, known + 0.005)
                for degree, known in (("1", 0.196), ("3", 0.004), ("9", 0.0))
            ),
            *(
                above(
                    f"error of degree {degree} minus that of 3",
                    _over_draws((found[degree], found["3"]), lambda both: sum(_parts(both[0])) - sum(_parts(both[1]))),
                )
                for degree in ("1", "9")
            ),
            above(
                "variance of degree 9 minus ten times that of 3",
                _over_draws((found["9"], found["3"]), lambda both: _parts(both[0])[1] - 10 * _parts(both[1])[1]),
            ),
            *(shown(f"variance, degree {degree}", each) for degree, each in variance.items()),
        ]

    def figure(self, runs: Runs) -> Figure:
        """All fits, their mean and the sine, a panel a degree."""
        return _fits({f"degree {d}": part for d, part in runs.by("dataset.polynomial").items()})


@claim("width_variance", "003:159-160")
class WidthVariance(Claim):
    """The functions that 100 networks learn become more alike with width: bias and variance both fall."""

    source = "Neal et al. 2018, Figure 2"
    published = "100 networks of widths 15, 1,000 and 10,000, increasingly similar; no number"
    comparable = False
    expected = "variance and bias^2 fall from width 15 to 1,000 to 3,000; 30 networks each"
    reason = "probably noise: wide networks come to follow that of the points (sd .2), which 15 units cannot"
    caption = "Each thin line is a network trained on another 80 points; the black line is the sine."
    sweep = (
        "dataset=sine", "dataset.n=80", "dataset.val_fraction=0", "dataset.test_fraction=0", "early_stopping=none",
        "model.hidden=[15],[1000],[3000]", "optimizer=adam", "optimizer.lr=0.003", "trainer.batch_size=80",
        "trainer.epochs=1500", "dataset.data_seed=range(30)",
    )  # fmt: skip
    quick = ("dataset.data_seed=range(8)",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Variance by width, as the spread of each draw; bias^2 of the widest compared with the narrowest."""
        found = {width: _functions(part) for width, part in runs.by("model.hidden").items()}
        spread = [_spreads(each) for each in found.values()]
        first, *_, last = found.values()
        return [
            falls("variance, change from width to width", spread, f"{len(spread[0])} draws of the data"),
            below(
                "bias^2, width 3,000 minus width 15",
                _over_draws((last, first), lambda both: _parts(both[0])[0] - _parts(both[1])[0]),
            ),
            *(shown(f"variance, width {w}", _over_draws(f, lambda each: _parts(each)[1])) for w, f in found.items()),
        ]

    def figure(self, runs: Runs) -> Figure:
        """All fits, a panel a width."""
        return _fits({f"width {w.strip('[]')}": part for w, part in runs.by("model.hidden").items()})


GRID = 200  # equal parts of [0, 1], in whose middles fits are compared


def _grid() -> Any:
    import numpy as np

    return (np.arange(GRID) + 0.5) / GRID


@measured("what a network says")
def _answers(run: Run) -> Any:
    """What a run says at the grid [n]."""
    import numpy as np

    with warnings.catch_warnings(action="ignore"):  # points beyond the outermost of 50 are meant
        return np.asarray(run.load().predict(_grid()[:, None]), float).ravel()


def _functions(runs: Runs) -> Any:
    """What each run says at the grid [K, n]."""
    import numpy as np

    return np.stack([_answers(run) for run in runs if run.row.finished])


def _parts(functions: Any) -> tuple[float, float]:
    """(bias^2, variance) over the grid."""
    import numpy as np

    from runner.diagnose.decomposition import of_squares

    return of_squares(functions, np.sin(2 * np.pi * _grid()))


def _over_draws(functions: Any, statistic: Callable[[Any], float]) -> Estimate:
    """A statistic of all draws, with the interval of its jackknife (Tukey 1958).

    Pseudo-values are n s - (n - 1) s', s' without one draw. `functions` is [K, n], or several of these.
    """
    import numpy as np

    several = functions if isinstance(functions, tuple) else (functions,)
    n = len(several[0])
    ask = statistic if isinstance(functions, tuple) else lambda each: statistic(each[0])
    whole = ask(several)
    values = [n * whole - (n - 1) * ask(tuple(np.delete(each, i, 0) for each in several)) for i in range(n)]
    return mean(values, f"{n} draws of the data")


def _spreads(functions: Any) -> list[float]:
    """Of each run the mean square distance from the mean of all."""
    return [float(each) for each in ((functions - functions.mean(0)) ** 2).mean(1)]


def _fits(parts: dict[str, Runs]) -> Figure:
    """At most 40 fits thin, their mean thick, the sine black."""
    import numpy as np

    from runner.claims.pictures import panels
    from runner.figures.draw.canvas import BLUE, INK, RED, dress

    figure, axes = panels(len(parts), share=True)
    for ax, (name, part) in zip(axes, parts.items(), strict=True):
        found = _functions(part)
        ax.plot(_grid(), found[:40].T, color=BLUE, alpha=0.25, linewidth=1)
        ax.plot(_grid(), found.mean(0), color=RED, linewidth=2.4, label="mean")
        ax.plot(_grid(), np.sin(2 * np.pi * _grid()), "--", color=INK, linewidth=1.6, label="sine")
        dress(ax, title=name, xlabel="x", ylabel="y" if ax is axes[0] else "")
        ax.set_ylim(-2, 2)
    axes[0].legend()
    return figure
