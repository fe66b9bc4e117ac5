"""Claims about data, capacity and chance: what more examples, weights and features do to the error."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from runner.claims.claim import Claim, claim
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import (
    Estimate,
    Finding,
    above,
    below,
    digits,
    falls,
    mean,
    none,
    published,
    rises,
    shown,
    within,
)
from runner.claims.runs import Run, Runs, at_end
from runner.claims.trained import measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SPLITS = ("seed=range(10)", "dataset.split_seed=range(10)")
FEWER_SPLITS = ("seed=0,1,2", "dataset.split_seed=0,1,2")


@claim("mnist1d", "000:52, 003:111-140")
class MNIST1D(Contrast):
    """On MNIST-1D a perceptron of two hidden layers is right twice as often as a linear model.

    Data, networks, rate, batches and steps are those of the paper's notebook: 40-100-100-10 ReLU with the second layer
    added to the first, Adam at 0.01, batches of 100, 6,000 steps.
    """

    source = "Greydanus & Kobak 2024, notebook"
    published = "test accuracy .315 to .32 of the linear model, .65 to .68 of the perceptron, which learns all it sees"
    expected = "the published ranges lie in our intervals; training accuracy of the perceptron above .99"
    caption = "Training accuracy over the epochs, and test accuracy: the linear model has no more to give."
    parts: ClassVar[Parts] = {
        "linear": ("model.hidden=[]", "model.residual=false"),
        "perceptron": ("model.hidden=[100,100]", "model.residual=true"),
    }
    sweep = (
        "dataset=mnist1d", "dataset.val_fraction=0", "optimizer=adam", "optimizer.lr=0.01", "trainer.batch_size=100",
        "trainer.epochs=150", "early_stopping=none", *side_by_side(parts), "seed=range(5)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=30")
    column = ("train/accuracy", "training accuracy")

    def answer(self, runs: Runs) -> list[Finding]:
        """Test accuracy of both, as published."""
        test = {name: self.part(runs, name).mean("test/accuracy") for name in self.parts}
        deep = self.part(runs, "perceptron")
        low = sum(run.curve("train/accuracy")[-1] < 0.99 for run in deep)
        return [
            published("test accuracy, linear", test["linear"], 0.315, 0.32),
            published("test accuracy, perceptron", test["perceptron"], 0.65, 0.68),
            none("perceptrons with training accuracy below .99", low, len(deep), "runs"),
            published("test loss, perceptron", deep.mean("test/loss"), 3.29, comparable=False),
        ]


@claim("double_descent", "003:150, 003:177-184")
class DoubleDescent(Claim):
    """The test error rises up to the width that just learns all training labels, and falls again beyond it.

    A quarter of the notebook's 4,000 signals, so that the threshold comes at half the width; 15% wrong labels.
    """

    source = "Greydanus & Kobak 2024, notebook; Belkin et al. 2019; Nakkiran et al. 2020"
    published = (
        "4,000 signals: test error .468-.481 at width 12, .546-.558 at 36 to 47, .459-.463 at 300; training 0 from 61"
    )
    comparable = False
    expected = "test loss and test error at the threshold (first width with training error below 2%) above those at 128"
    reason = "a thousand signals leave the network at a high error throughout, so that the second descent is short"
    caption = (
        "Test error and loss rise until the training error (dashed) reaches 0, which is the interpolation threshold "
        "(dotted line); wider networks do better than it."
    )
    sweep = (
        "dataset=mnist1d", "dataset.train_size=1000", "dataset.val_fraction=0", "dataset.label_noise=0.15",
        "optimizer=momentum", "optimizer.lr=0.02", "trainer.batch_size=50", "trainer.epochs=300", "early_stopping=none",
        "model.hidden=[4,4],[8,8],[12,12],[16,16],[24,24],[32,32],[64,64],[128,128]", "seed=range(5)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=100")

    def answer(self, runs: Runs) -> list[Finding]:
        """The threshold compared with both sides."""
        widths = runs.by("model.hidden")
        at = self._threshold(runs)
        narrow, wide = widths["[4,4]"], widths["[128,128]"]
        return [
            above("test loss, threshold minus width 128", widths[at].minus(wide, "test/loss")),
            above("test error, threshold minus width 128", widths[at].minus(wide, _error)),
            above("test loss, threshold minus width 4", widths[at].minus(narrow, "test/loss")),
            shown(f"test error at the threshold, {at}", widths[at].mean(_error)),
            shown("test error at width 128", wide.mean(_error)),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Errors and losses over the width."""
        from runner.claims.pictures import lines, panels

        widths = runs.by("model.hidden")
        x = [_width(value) for value in widths]
        figure, axes = panels(2, size=(11.0, 4.8))
        for ax, name, train, test in (
            (axes[0], "error", _train_error, _error),
            (axes[1], "loss (nats)", at_end("train/loss"), "test/loss"),
        ):
            found = {
                f"{split} {name}": [list(part.values(metric).values()) for part in widths.values()]
                for split, metric in (("test", test), ("train", train))
            }
            lines(ax, x, found, xlabel="width of both hidden layers", ylabel=name, log="x")
            ax.axvline(_width(self._threshold(runs)), color="black", linestyle=":")
        return figure

    def _threshold(self, runs: Runs) -> str:
        """The first width with a mean training error below 2%; the widest if there is none."""
        widths = runs.by("model.hidden")
        return next((w for w, part in widths.items() if part.mean(_train_error).value < 0.02), list(widths)[-1])


def _width(hidden: str) -> float:
    return float(hidden.strip("[]").split(",")[0])


def _error(run: Run) -> float:
    return 1 - run.metric("test/accuracy")


def _train_error(run: Run) -> float:
    return 1 - run.curve("train/accuracy")[-1]


@claim("learning_curve", "000:57, 003:240, 004:168")
class LearningCurve(Claim):
    """With more training examples the test loss falls and the gap to the training loss closes."""

    expected = "test loss and its distance to the training loss fall from 50 to 800 digits"
    caption = "More digits to learn from: test loss falls, training loss (dashed) rises a little; they close up."
    sweep = (
        "dataset=digits", "dataset.train_size=50,100,200,400,800", "model.hidden=[64]", "trainer.epochs=60", *SPLITS,
        "hydra.sweeper.zip=[[seed,dataset.split_seed]]",
    )  # fmt: skip
    quick = FEWER_SPLITS

    def answer(self, runs: Runs) -> list[Finding]:
        """Both trends over the sizes."""
        found = []
        for what, metric in (("test loss", "test/loss"), ("test loss minus training loss", _gap)):
            _, table, over, shared = runs.series("dataset.train_size", metric)
            found.append(falls(f"{what}, change from size to size", table, over, shared))
        return found

    def figure(self, runs: Runs) -> Figure:
        """Losses over the number of examples."""
        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        found = {}
        for name in ("test", "train"):
            sizes, table, *_ = runs.series("dataset.train_size", f"{name}/loss")
            found[f"{name} loss"] = table
        lines(axes, [float(s) for s in sizes], found, xlabel="training digits", ylabel="loss (nats)", log="x")
        return figure


def _gap(run: Run) -> float:
    return run.metric("test/loss") - run.metric("train/loss")


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
    reason = "the wider networks have not come as far in the same steps, so that their bias is that of a short training"
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


@claim("more_features", "000:53, 003:239")
class MoreFeatures(Contrast):
    """Squares of the columns let a linear model part two circles, which it cannot without."""

    expected = "test accuracy above .97 with squares, between .3 and .7 without"
    caption = "A linear model guesses; with x^2 and y^2 as further columns the circle is a line."
    parts: ClassVar[Parts] = {"columns": ("dataset.polynomial=1",), "and their squares": ("dataset.polynomial=2",)}
    sweep = (
        "dataset=circles", "model.hidden=[]", "optimizer.lr=0.1", "trainer.epochs=30", "early_stopping=none",
        *side_by_side(parts, "seed,dataset.data_seed"), "seed=range(10)", "dataset.data_seed=range(10)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "dataset.data_seed=0,1,2")

    def answer(self, runs: Runs) -> list[Finding]:
        """Test accuracy with and without."""
        plain, more = (self.part(runs, name).mean("test/accuracy") for name in self.parts)
        return [within("test accuracy, columns", plain, 0.3, 0.7), above("test accuracy, with squares", more, 0.97)]


@claim("fewer_weights", "004:182, 003:240")
class FewerWeights(Claim):
    """Without stopping, fewer weights overfit less: gap and test loss rise with the width."""

    source = "the classical view, which the lecture itself calls into question (003:146-160)"
    expected = "gap (test loss minus training loss) and test loss rise from width 4 to 256"
    reason = (
        "beyond the width that learns every label the test loss falls again: the second descent, as `double_descent` "
        "shows; fewer weights help only below it"
    )
    caption = "Test loss (solid) and training loss (dashed) after 150 epochs over the width of the one hidden layer."
    sweep = (
        "dataset=mnist1d", "dataset.train_size=1000", "optimizer.lr=0.003", "trainer.batch_size=50",
        "trainer.epochs=150", "early_stopping=none", "model.hidden=[4],[16],[64],[256]", "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=40")

    def answer(self, runs: Runs) -> list[Finding]:
        """Trends of gap and test loss."""
        found = []
        for what, metric in (("gap", _gap), ("test loss", "test/loss")):
            _, table, over, shared = runs.series("model.hidden", metric)
            found.append(rises(f"{what}, change from width to width", table, over, shared))
        return found

    def figure(self, runs: Runs) -> Figure:
        """Losses over the width."""
        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        found = {}
        for name in ("test", "train"):
            widths, table, *_ = runs.series("model.hidden", f"{name}/loss")
            found[f"{name} loss"] = table
        lines(axes, [_width(w) for w in widths], found, xlabel="hidden units", ylabel="loss (nats)", log="x")
        return figure


@claim("seed_is_chance", "001:1054")
class SeedIsChance(Claim):
    """The seed that validation prefers is no better in the test: the seed is chance and not a hyperparameter."""

    source = "the lecture's joke, taken at its word"
    expected = (
        "test accuracy of the seed with the best validation accuracy, minus the mean of 20 seeds: within .01 of 0"
    )
    reason = "examples that are hard for a network are hard in every split, so that a lucky seed may be a little better"
    caption = (
        "A dot is a seed of one split: to the right better in validation, up better in the test. No slope: chance."
    )
    sweep = (
        "dataset=digits", "dataset.train_size=300", "model.hidden=[32]", "trainer.epochs=40", "seed=range(20)",
        "dataset.split_seed=range(12)",
    )  # fmt: skip
    quick = ("dataset.split_seed=range(4)", "seed=range(8)")

    def answer(self, runs: Runs) -> list[Finding]:
        """What the choice gains in the test, over splits."""
        gains = [_gain(part) for part in runs.by("dataset.split_seed").values()]
        found = mean(gains, f"{len(gains)} splits")
        return [within("test accuracy of the chosen seed minus the mean", found, -0.01, 0.01)]

    def figure(self, runs: Runs) -> Figure:
        """Test over validation, both as differences from the split's mean."""
        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, INK, dress

        figure, [axes] = panels()
        for part in runs.by("dataset.split_seed").values():
            val, test = (_centred(part, f"{name}/accuracy") for name in ("val", "test"))
            axes.plot(val, test, "o", color=BLUE, alpha=0.35, markersize=5)
        axes.axhline(0, color=INK, linewidth=1)
        said = "accuracy minus the mean of the split"
        dress(axes, title="Seeds in validation and test", xlabel=f"validation {said}", ylabel=f"test {said}")
        return figure


def _centred(runs: Runs, metric: str) -> list[float]:
    values = [run.metric(metric) for run in runs if run.row.finished]
    return [value - statistics.fmean(values) for value in values]


def _gain(runs: Runs) -> float:
    """Test accuracy of the run with the best validation accuracy, minus the mean of all."""
    val, test = (_centred(runs, f"{name}/accuracy") for name in ("val", "test"))
    return test[val.index(max(val))]


@claim("autoencoder_is_pca", "003:950, 003:920")
class AutoencoderIsPCA(Claim):
    """A linear autoencoder of k units comes to the error of the first k principal components."""

    source = "Baldi & Hornik 1989"
    published = "mean square error of standardized iris .041868 with 2 units, .270376 with 1"
    expected = "these two numbers, to three decimals"
    caption = "Mean square error of training by epoch; the dotted lines are what principal components leave."
    sweep = (
        "dataset=iris", "dataset.task=autoencoder", "dataset.val_fraction=0", "dataset.test_fraction=0",
        "model.activation=identity", "model.hidden=[1],[2]", "optimizer=adam", "optimizer.lr=0.02",
        "trainer.batch_size=150", "trainer.epochs=800", "early_stopping=none", "trainer.dtype=float64",
    )  # fmt: skip

    def answer(self, runs: Runs) -> list[Finding]:
        """Both errors."""
        error = {units: each[0].metric("train/loss") for units, each in runs.by("model.hidden").items()}
        return [
            digits("mean square error, 1 unit", error["[1]"], 0.270376, 3),
            digits("mean square error, 2 units", error["[2]"], 0.041868, 3),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Error over the epochs."""
        from runner.claims.pictures import curves, panels

        figure, [axes] = panels()
        units = runs.by("model.hidden")
        found = {f"{value.strip('[]')} hidden": each[0].curve("train/loss") for value, each in units.items()}
        curves(axes, found, ylabel="mean square error", log="y")
        for known in (0.270376, 0.041868):
            axes.axhline(known, color="black", linestyle=":", linewidth=1.2)
        return figure
