"""Claims about normalization, by training: faster, at higher rates, with activations that saturate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from runner.claims.book.common import COARSE, SEEDS
from runner.claims.claim import Claim, claim
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, below, mean, shown, within
from runner.claims.runs import Run, Runs, at_end, at_epoch

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GUESS = math.log(10)  # the loss of a guess among ten classes


@claim("batch_norm_faster", "003:1214-1216, 000:144")
class BatchNormFaster(Contrast):
    """With batch norm a sigmoid network trains faster and comes further."""

    source = "Ioffe & Szegedy 2015, Figure 1"
    published = "MNIST, 3 x 100 sigmoid, batches of 60, 50,000 steps: higher and faster; no number"
    comparable = False
    expected = "training loss after 5 and 30 epochs lower, test accuracy higher with batch norm"
    caption = "Training loss of three layers of 100 sigmoid units on digits, and test accuracy."
    parts: ClassVar[Parts] = {"without": ("model.norm=none",), "batch norm": ("model.norm=batch",)}
    sweep = (
        "dataset=digits", "model.hidden=[100,100,100]", "model.activation=sigmoid", "model.init=normal",
        "model.init_sd=0.1", "optimizer=sgd", "optimizer.lr=0.1", "trainer.batch_size=60", "trainer.epochs=30",
        "early_stopping=none", *side_by_side(parts), "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=10")
    column = ("train/loss", "training loss (nats)")

    def answer(self, runs: Runs) -> list[Finding]:
        """Early and late."""
        pair = ("batch norm", "without")
        return [
            below(
                "training loss after 5 epochs, with minus without", self.apart(runs, *pair, at_epoch(5, "train/loss"))
            ),
            below("training loss at the end, with minus without", self.apart(runs, *pair, at_end("train/loss"))),
            above("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
        ]


@claim("batch_norm_rates", "003:1214")
class BatchNormRates(Claim):
    """Batch norm allows rates at which the network without it does not train."""

    source = "Ioffe & Szegedy 2015, section 3.3; Bjorck et al. 2018"
    expected = "largest rate that ends above .9 training accuracy: with batch norm at least 3 times that without"
    reason = "rates are tried in steps of three, so that a seed more or less at one step widens the interval"
    caption = "Training accuracy at the end over the rate, mean over seeds; a run that diverged counts as a guess."
    sweep = (
        "dataset=digits", "model.hidden=[64,64,64,64]", "model.init=he", "optimizer=sgd", "trainer.epochs=10",
        "early_stopping=none", "model.norm=none,batch", "optimizer.lr=0.01,0.03,0.1,0.3,1,3,10,30", "seed=range(6)",
    )  # fmt: skip
    quick = ("seed=0,1,2",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Decades between the largest rates that train."""
        largest = {norm: _largest(part) for norm, part in runs.by("model.norm").items()}
        seeds = list(largest["none"])
        apart = mean([largest["batch"][s] - largest["none"][s] for s in seeds], f"{len(seeds)} seeds, on this split")
        return [
            above("log10 of the largest rate, with minus without", apart, math.log10(3) - 1e-9),
            *(
                shown(f"log10 of the largest rate, {norm}", mean(list(each.values()), f"{len(seeds)} seeds"))
                for norm, each in largest.items()
            ),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Training accuracy over the rate."""
        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        rates = list(runs.by("optimizer.lr"))
        found = {
            {"none": "without", "batch": "batch norm"}[norm]: [
                [_accuracy(run) for run in part.where(f"optimizer.lr={rate}")] for rate in rates
            ]
            for norm, part in runs.by("model.norm").items()
        }
        lines(axes, [float(r) for r in rates], found, xlabel="learning rate", ylabel="training accuracy", log="x")
        return figure


def _accuracy(run: Run) -> float:
    """Training accuracy at the end; a guess where the run diverged."""
    value = run.curve("train/accuracy")[-1] if run.row.finished else math.nan
    return value if math.isfinite(value) else 0.1


def _largest(runs: Runs) -> dict[str, float]:
    """Seed -> log10 of the largest rate that ends above .9."""
    return {
        seed: max(math.log10(float(run.value("optimizer.lr"))) for run in part if _accuracy(run) > 0.9)
        for seed, part in runs.by("seed").items()
    }


@claim("saturating_units", "003:1216, 003:996")
class SaturatingUnits(Contrast):
    """Ten layers of sigmoid units train only with batch norm."""

    source = "Ioffe & Szegedy 2015, section 4.2.2"
    expected = "training loss after 30 epochs: with batch norm below .5, without it within .02 of a guess, 2.303"
    caption = "Training loss of ten layers of sigmoid units: without batch norm it stays at ln 10, a guess."
    parts: ClassVar[Parts] = {"without": ("model.norm=none",), "batch norm": ("model.norm=batch",)}
    sweep = (
        "dataset=digits", f"model.hidden=[{','.join(['50'] * 10)}]", "model.activation=sigmoid", "model.init=glorot",
        "optimizer=momentum", "optimizer.lr=0.1", "trainer.epochs=30", "early_stopping=none", *side_by_side(parts),
        "seed=range(6)",
    )  # fmt: skip
    quick = ("seed=0,1,2",)
    column = ("train/loss", "training loss (nats)")

    def answer(self, runs: Runs) -> list[Finding]:
        """Both losses."""
        loss = at_end("train/loss")
        plain, normed = (self.part(runs, name).mean(loss) for name in ("without", "batch norm"))
        return [
            below("training loss, batch norm", normed, 0.5),
            within("training loss, without", plain, GUESS - 0.02, GUESS + 0.02),
        ]


@claim("covariate_shift", "001:571, 003:1084-1090")
class CovariateShift(Contrast):
    """While a network trains, what enters a layer drifts; with batch norm it stays.

    The drift is there; that stopping it is why batch norm helps is disputed (Santurkar et al. 2018).
    """

    source = "Ioffe & Szegedy 2015, Figure 1 b, c"
    published = "percentiles 15, 50, 85 of an input of the last layer: steady with, moving without; no number"
    comparable = False
    expected = "the median of the inputs of the last hidden layer's units moves further without batch norm"
    reason = "without batch norm the drift differs from seed to seed by more than its mean"
    caption = "Percentiles 15, 50 and 85 of what enters the last hidden layer, over the epochs (seed 0)."
    parts: ClassVar[Parts] = {"without": ("model.norm=none",), "batch norm": ("model.norm=batch",)}
    sweep = (
        "dataset=digits", "model.hidden=[100,100,100]", "model.activation=sigmoid", "model.init=normal",
        "model.init_sd=0.1", "optimizer=sgd", "optimizer.lr=0.3", "trainer.batch_size=60", "trainer.epochs=40",
        "early_stopping=none", "trainer.percentiles=true", *side_by_side(parts), "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=20")

    def answer(self, runs: Runs) -> list[Finding]:
        """How far the median moves."""
        return [
            below("drift of the median, with minus without", self.apart(runs, "batch norm", "without", _drift)),
            *(shown(f"drift of the median, {name}", self.part(runs, name).mean(_drift)) for name in self.parts),
        ]

    def figure(self, runs: Runs) -> Figure:
        """The percentiles, a panel a network."""
        from runner.claims.pictures import curves, panels

        figure, axes = panels(2, share=True)
        for ax, name in zip(axes, self.parts, strict=True):
            run = self.part(runs, name)[0]
            found = {f"{p}%": run.curve(f"p{p}/layer3_input") for p in (85, 50, 15)}
            curves(ax, found, title=name, ylabel="input of layer 3" if ax is axes[0] else "")
        return figure


def _drift(run: Run) -> float:
    """Range of the median over the epochs, in units of the mean distance of percentiles 15 and 85."""
    low, middle, high = (run.curve(f"p{p}/layer3_input") for p in (15, 50, 85))
    return (max(middle) - min(middle)) / (sum(h - p for h, p in zip(high, low, strict=True)) / len(low))


def _gap(run: Run) -> float:
    return run.metric("test/loss") - run.metric("train/loss")


@claim("batch_norm_regularizes", "003:1215, 002:27")
class BatchNormRegularizes(Contrast):
    """Batch norm regularizes: the statistics of a batch are noise, and small batches make more of it."""

    source = "Ioffe & Szegedy 2015, section 3.4; Luo et al. 2019"
    expected = "gap between test and training loss smaller with batch norm at batches of 20; larger again at 500"
    reason = "batches of 500 make a twenty-fifth of the steps, so that the training loss has not fallen as far"
    caption = "Validation loss over the epochs, and the gap between test and training loss at the end."
    parts: ClassVar[Parts] = {
        "without, 20": ("model.norm=none", "trainer.batch_size=20"),
        "batch norm, 20": ("model.norm=batch", "trainer.batch_size=20"),
        "batch norm, 500": ("model.norm=batch", "trainer.batch_size=500"),
    }
    sweep = (
        "dataset=mnist1d", "dataset.train_size=1000", "model.hidden=[64,64]", "optimizer.lr=0.002",
        "trainer.epochs=60", "early_stopping=none", *side_by_side(parts), SEEDS,
    )  # fmt: skip
    quick = COARSE
    metric = (_gap, "gap (nats)")

    def answer(self, runs: Runs) -> list[Finding]:
        """Gaps compared."""
        return [
            below("gap, batch norm minus without, 20", self.apart(runs, "batch norm, 20", "without, 20", _gap)),
            below("gap, batch norm of 20 minus of 500", self.apart(runs, "batch norm, 20", "batch norm, 500", _gap)),
            shown(
                "test accuracy, batch norm minus without",
                self.apart(runs, "batch norm, 20", "without, 20", "test/accuracy"),
            ),
        ]


@claim("tiny_batches", "003:1222-1235")
class TinyBatches(Contrast):
    """Batch norm suffers from tiny batches, layer norm does not notice them."""

    source = "Wu & He 2018, Figure 1"
    published = "ImageNet, ResNet-50: error of batch norm 23.6% at batches of 32, 34.7% at 2; group norm 24.1% at both"
    comparable = False
    expected = "what batches of 2 instead of 32 cost in test loss: more with batch norm than with layer norm"
    caption = "Validation loss with batches of 2 and 32, and test accuracy, for both norms."
    parts: ClassVar[Parts] = {
        f"{norm} norm, {size}": (f"model.norm={norm}", f"trainer.batch_size={size}")
        for norm in ("batch", "layer")
        for size in (2, 32)
    }
    sweep = (
        "dataset=digits", "model.hidden=[64,64]", "optimizer=sgd", "optimizer.lr=0.02",
        "scheduler.batch_scaling=linear",
        "trainer.epochs=15", "trainer.drop_last=true", "early_stopping=none", *side_by_side(parts), "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=5")

    def answer(self, runs: Runs) -> list[Finding]:
        """The cost of tiny batches, for both norms and between them."""
        cost = {}
        for norm in ("batch", "layer"):
            small, large = (self.part(runs, f"{norm} norm, {size}").values("test/loss") for size in (2, 32))
            cost[norm] = {luck: small[luck] - large[luck] for luck in small if luck in large}
        more = {luck: cost["batch"][luck] - cost["layer"][luck] for luck in cost["batch"] if luck in cost["layer"]}
        return [
            above("cost of batches of 2 in test loss, batch minus layer norm", runs.estimate(more)),
            *(
                shown(f"cost of batches of 2 in test loss, {norm} norm", runs.estimate(each))
                for norm, each in cost.items()
            ),
        ]


@claim("normalized_init", "001:506, 004:30-39")
class NormalizedInit(Contrast):
    """With Glorot's first weights a deep tanh network errs less than with U(+-1/sqrt m)."""

    source = "Glorot & Bengio 2010, Table 1"
    published = "5 x 1,000 tanh, MNIST: error 1.76% standard, 1.64% normalized; Shapeset 27.15%, 15.60%"
    comparable = False
    expected = "test error of MNIST-1D with five tanh layers lower with normalized first weights, training loss too"
    caption = "Training loss over the epochs, and test accuracy, by the distribution of the first weights."
    parts: ClassVar[Parts] = {"standard": ("model.init=torch",), "normalized": ("model.init=glorot",)}
    sweep = (
        "dataset=mnist1d", "model.hidden=[64,64,64,64,64]", "model.activation=tanh", "optimizer=sgd",
        "optimizer.lr=0.05", "trainer.batch_size=20", "trainer.epochs=40", "early_stopping=none", *side_by_side(parts),
        "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=10")
    column = ("train/loss", "training loss (nats)")

    def answer(self, runs: Runs) -> list[Finding]:
        """Accuracy and training loss."""
        pair = ("normalized", "standard")
        return [
            above("test accuracy, normalized minus standard", self.apart(runs, *pair, "test/accuracy")),
            below("training loss, normalized minus standard", self.apart(runs, *pair, at_end("train/loss"))),
        ]
