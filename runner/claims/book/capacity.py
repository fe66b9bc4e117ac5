"""Claims about data, capacity and chance: what more examples, weights and features do to the error."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, ClassVar

from runner.claims.book.common import FEWER_SPLITS, SPLITS
from runner.claims.claim import Claim, claim
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, digits, falls, mean, none, published, rises, shown, within
from runner.claims.runs import Run, Runs, at_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.figure import Figure


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
        figure, axes = panels(2, size=(10.0, 4.6))
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
        return _losses_over(runs, "dataset.train_size", float, "training digits")


def _losses_over(runs: Runs, key: str, number: Callable[[str], float], xlabel: str) -> Figure:
    """Test and training loss over a key, whose values `number` makes numbers of."""
    from runner.claims.pictures import lines, panels

    figure, [axes] = panels()
    found = {f"{split} loss": runs.series(key, f"{split}/loss")[1] for split in ("test", "train")}
    lines(axes, [number(value) for value in runs.by(key)], found, xlabel=xlabel, ylabel="loss (nats)", log="x")
    return figure


def _gap(run: Run) -> float:
    return run.metric("test/loss") - run.metric("train/loss")


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
        return _losses_over(runs, "model.hidden", _width, "hidden units")


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
