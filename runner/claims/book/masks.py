"""Claims about dropout and its relatives, by training: what noise on units gains, costs and tells."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from runner.claims.book.common import COARSE, SEEDS, SIGNALS
from runner.claims.claim import claim, replaced
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, below, shown, within
from runner.claims.runs import Run, Runs, at_epoch
from runner.claims.trained import measured, trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@claim("dropout_slower", "000:102")
class DropoutSlower(Contrast):
    """Dropout makes training slower and the test better."""

    source = "Srivastava et al. 2014"
    expected = "training loss after 20 epochs higher with dropout, test accuracy at the end higher, test loss lower"
    caption = "Training loss: with dropout it falls more slowly. Right: the test accuracy that this buys."
    parts: ClassVar[Parts] = {"without": ("regularizer.dropout=0",), "dropout .2": ("regularizer.dropout=0.2",)}
    sweep = (*SIGNALS, *side_by_side(parts), SEEDS)
    quick = COARSE
    column = ("train/loss", "training loss (nats)")

    def answer(self, runs: Runs) -> list[Finding]:
        """Slower, and better."""
        pair = ("dropout .2", "without")
        return [
            above(
                "training loss after 20 epochs, with minus without", self.apart(runs, *pair, at_epoch(20, "train/loss"))
            ),
            above("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
            below("test loss, with minus without", self.apart(runs, *pair, "test/loss")),
        ]


@claim("dropout_kinds", "003:769-780, 004:196")
class DropoutKinds(Contrast):
    """Gaussian factors do as well as zeros, and dropping connections helps as dropping units does."""

    source = "Srivastava et al. 2014, Table 10; Wan et al. 2013"
    published = "MNIST, 2 x 1,024: error 1.08% with zeros, .95% with Gaussian factors"
    comparable = False
    expected = "test accuracy of each above that of none; Gaussian minus zeros within .02 of 0"
    caption = "Validation loss and test accuracy of the three kinds of noise at the same rate, beside none."
    parts: ClassVar[Parts] = {
        "none": (),
        "units, zeros": ("regularizer.dropout=0.2",),
        "units, Gaussian": ("regularizer.gaussian_dropout=0.2",),
        "connections": ("regularizer.dropconnect=0.2",),
    }
    sweep = (*SIGNALS, *side_by_side(parts), SEEDS)
    quick = COARSE

    def answer(self, runs: Runs) -> list[Finding]:
        """Each compared with none, and both kinds with each other."""
        test = "test/accuracy"
        return [
            *(
                above(f"test accuracy, {kind} minus none", self.apart(runs, kind, "none", test))
                for kind in list(self.parts)[1:]
            ),
            within(
                "test accuracy, Gaussian minus zeros",
                self.apart(runs, "units, Gaussian", "units, zeros", test),
                -0.02,
                0.02,
            ),
        ]


@claim("mc_dropout_band", "003:792-806")
class MCDropoutBand(Contrast):
    """Monte Carlo dropout is less sure where there were no data."""

    source = "Gal & Ghahramani 2016, Figure 2"
    expected = "mean standard deviation over 100 passes at x in [1.5, 2] above that in [0, 1], where the data are"
    caption = "Mean of 100 passes, and twice their standard deviation, of a network that saw x from 0 to 1 (seed 0)."
    parts: ClassVar[Parts] = {"dropout .1": ("regularizer.dropout=0.1",)}
    sweep = (
        "dataset=sine", "dataset.n=200", "model.hidden=[64,64]", "optimizer.lr=0.005", "trainer.epochs=150",
        "early_stopping=none", *side_by_side(parts), "seed=range(8)",
    )  # fmt: skip
    quick = COARSE

    def answer(self, runs: Runs) -> list[Finding]:
        """Deviations outside compared with inside."""
        return [
            above("mean sd outside minus inside", runs.mean(_widening)),
            shown("mean sd inside", runs.mean(lambda run: float(_band(run, 0, 1)[2].mean()))),
        ]

    def figure(self, runs: Runs) -> Figure:
        """The band of one run."""
        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, INK, dress

        x, middle, sd = _band(runs[0], -1, 2)
        figure, [axes] = panels()
        axes.plot(x, middle, color=INK, linewidth=2, label="mean of 100 passes")
        axes.fill_between(x, middle - 2 * sd, middle + 2 * sd, color=BLUE, alpha=0.3, label="two deviations")
        axes.axvspan(0, 1, color=INK, alpha=0.07, label="where the data are")
        dress(axes, title="How sure", xlabel="x", ylabel="y")
        axes.legend()
        return figure


def _band(run: Run, low: float, high: float) -> tuple[Any, Any, Any]:
    """(inputs, mean, deviation) of 100 passes."""
    import numpy as np

    x = np.linspace(low, high, 101)
    with warnings.catch_warnings(action="ignore"):  # that x lies outside of what was trained on is the question here
        found = run.load().mc(x[:, None], 100)
    return x, found.mean, found.sd


@measured("widening of the band")
def _widening(run: Run) -> float:
    return float(_band(run, 1.5, 2)[2].mean() - _band(run, 0, 1)[2].mean())


@claim("mc_or_ensemble", "003:654, 003:792-806")
class MCOrEnsemble(Contrast):
    """An ensemble of five networks is more certain of the truth than 50 passes of dropout."""

    source = "Lakshminarayanan et al. 2017, Table 1"
    published = "negative log likelihood, MC dropout / ensemble: Boston 2.46/2.41, Energy 1.99/1.38, Yacht 1.55/1.18"
    comparable = False
    expected = (
        "test loss of the ensemble below that of 50 passes with dropout, and this below the loss of a plain network"
    )
    reason = "nothing stops the five from overfitting, and all are too sure; dropout keeps its network from it"
    caption = "Cross entropy in the test: one network, Monte Carlo dropout, five networks."
    parts: ClassVar[Parts] = {
        "a network": ("ensemble=none", "regularizer.dropout=0"),
        "MC dropout": ("ensemble=none", "regularizer.dropout=0.2"),
        "five networks": ("ensemble=deep", "regularizer.dropout=0"),
    }
    sweep = (*SIGNALS, *side_by_side(parts), "seed=range(0,50,5)")
    quick = ("seed=0,5,10", "trainer.epochs=30")

    def answer(self, runs: Runs) -> list[Finding]:
        """The three losses."""
        return [
            below("loss, five networks minus MC dropout", self.apart(runs, "five networks", "MC dropout", _nll)),
            below("loss, MC dropout minus a network", self.apart(runs, "MC dropout", "a network", _nll)),
            *(shown(f"test loss, {name}", self.part(runs, name).mean(_nll)) for name in self.parts),
        ]

    def figure(self, runs: Runs) -> Figure:
        """The three losses with their intervals."""
        from runner.claims.pictures import intervals, panels

        figure, [axes] = panels()
        found = {name: self.part(runs, name).mean(_nll) for name in self.parts}
        intervals(axes, found, xlabel="test loss (nats)")
        return figure


@measured("loss of the mean probability")
def _nll(run: Run) -> float:
    """The test loss; of a run with dropout that of the mean probability of 50 passes."""
    import numpy as np

    if run.value("regularizer.dropout") == "0":
        return run.metric("test/loss")
    loaded, data = trained(run)
    told: Any = loaded.spread_of(data.x[data.test], 50, 0, None).probabilities
    return float(-np.log(told[np.arange(len(told)), data.y[data.test]]).mean())


@claim("stochastic_depth", "002:27")
class StochasticDepth(Contrast):
    """Leaving out residual layers at random while training improves the test of a deep network."""

    source = "Huang et al. 2016, Figure 3"
    published = "CIFAR-10, ResNet of 110 layers: error 6.41% at constant, 5.25% at stochastic depth"
    comparable = False
    expected = "test accuracy with stochastic depth .5 minus constant depth above 0"
    caption = "Validation loss of nine hidden layers, and their test accuracy."
    parts: ClassVar[Parts] = {
        "constant depth": ("regularizer.stochastic_depth=0",),
        "stochastic depth .5": ("regularizer.stochastic_depth=0.5",),
    }
    sweep = (
        *replaced(SIGNALS, ["model.hidden=[48,48,48,48,48,48,48,48,48]"]), "model.residual=true", *side_by_side(parts),
        "seed=range(8)",
    )  # fmt: skip
    quick = COARSE

    def answer(self, runs: Runs) -> list[Finding]:
        """The gain in the test."""
        pair = ("stochastic depth .5", "constant depth")
        return [
            above("test accuracy, stochastic minus constant", self.apart(runs, *pair, "test/accuracy")),
            shown("test loss, stochastic minus constant", self.apart(runs, *pair, "test/loss")),
        ]
