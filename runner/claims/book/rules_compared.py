"""Claims that compare update rules: out of the box, each at its own best rate, and in the test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from runner.claims.claim import Claim, claim, replaced
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, below, exact, shown, within
from runner.claims.runs import Metric, Run, Runs
from runner.claims.trained import moved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BASE = (
    "dataset=mnist1d", "dataset.train_size=1000", "model.hidden=[64,64]", "trainer.batch_size=50", "trainer.epochs=20",
    "early_stopping=none",
)  # fmt: skip
QUICK = ("seed=0,1,2", "trainer.epochs=8")


class BestRates(Claim):
    """Two rules, each at the rate with its lowest mean training loss (`chosen`: another metric)."""

    rivals: ClassVar[tuple[str, str]]
    chosen: ClassVar[str] = "train/loss"

    def at_best(self, runs: Runs, rule: str) -> Runs:
        """The runs of a rule at its best rate, of those at which all runs finished."""
        rates = runs.where(f"optimizer={rule}").by("optimizer.lr").values()
        whole = [part for part in rates if all(run.row.finished for run in part)]
        return min(whole, key=lambda part: part.mean(self.chosen).value)

    def lead(self, runs: Runs, metric: Metric) -> Finding:
        """A finding without a verdict: the first rule minus the second, and at which rates."""
        mine, its = (self.at_best(runs, rule) for rule in self.rivals)
        said = " minus ".join(
            f"{part[0].value('optimizer')} at {part[0].value('optimizer.lr')}" for part in (mine, its)
        )
        return shown(f"{metric}, {said}", mine.minus(its, metric))

    def figure(self, runs: Runs) -> Figure:
        """Training loss and test accuracy over the rate, a line a rule."""
        from runner.claims.pictures import lines, panels

        figure, axes = panels(2, size=(12.0, 4.8))
        for ax, name, unit in zip(
            axes, ("train/loss", "test/accuracy"), ("training loss (nats)", "test accuracy"), strict=True
        ):
            rates = sorted({float(run.value("optimizer.lr")) for run in runs})
            found = {
                rule: [[_drawn(run, name) for run in runs if _is(run, rule, rate)] for rate in rates]
                for rule in self.rivals
            }
            lines(ax, rates, found, xlabel="learning rate", ylabel=unit, log="xy" if name == "train/loss" else "x")
        return figure


def _is(run: Run, rule: str, rate: float) -> bool:
    return run.value("optimizer") == rule and float(run.value("optimizer.lr")) == rate


def _drawn(run: Run, name: str) -> float:
    """A metric; of a run that diverged a loss of 10 and an accuracy of a guess."""
    value = run.metric(name)
    return value if math.isfinite(value) else 10.0 if name == "train/loss" else 0.1


def rates(rules: str) -> tuple[str, ...]:
    """The words of a sweep over rules and rates."""
    return (*BASE, f"optimizer={rules}", "optimizer.lr=1e-4,3e-4,1e-3,3e-3,1e-2,3e-2,1e-1,3e-1", "seed=range(6)")


@claim("momentum_in_test", "002:79, 004:155")
class MomentumInTest(BestRates):
    """SGD with momentum, its rate chosen with care, does better in the test than Adam."""

    source = "Wilson et al. 2017; Keskar & Socher 2017"
    published = "CIFAR-10, VGG: test error 7.65% SGD, 8.51% Adam (Wilson et al., Table 1 as recalled)"
    comparable = False
    expected = "each at the rate with its lowest validation loss: test accuracy, momentum minus Adam, above 0"
    reason = (
        "the advantage was found with convolutions and much data; Choi et al. 2019 do not find it with careful tuning"
    )
    caption = "Training loss and test accuracy over the rate: momentum wants rates ten to a hundred times larger."
    rivals = ("momentum", "adam")
    chosen = "val/loss"
    sweep = rates("momentum,adam")
    quick = QUICK

    def answer(self, runs: Runs) -> list[Finding]:
        """Test accuracy compared."""
        mine, its = (self.at_best(runs, rule) for rule in self.rivals)
        return [
            above("test accuracy, momentum minus Adam", mine.minus(its, "test/accuracy")),
            self.lead(runs, "test/loss"),
        ]


@claim("muon", "002:47-53")
class Muon(BestRates):
    """Muon, whose steps are orthogonal matrices, reaches a lower training loss than AdamW in as many steps."""

    source = "Jordan et al. 2024"
    published = "NanoGPT: 1.35 times fewer steps to a loss of 3.28; CIFAR-10 speed run 3.3 -> 2.6 A100-seconds"
    comparable = False
    expected = "each at its best rate, after 20 epochs: training loss, Muon minus AdamW, below 0"
    caption = "Training loss and test accuracy after 20 epochs over the rate."
    rivals = ("muon", "adamw")
    sweep = rates("muon,adamw")
    quick = QUICK

    def answer(self, runs: Runs) -> list[Finding]:
        """Training loss compared."""
        mine, its = (self.at_best(runs, rule) for rule in self.rivals)
        return [
            below("training loss, Muon minus AdamW", mine.minus(its, "train/loss")),
            self.lead(runs, "test/accuracy"),
        ]


@claim("lion", "003:1048, 002:78")
class Lion(BestRates):
    """Lion, which steps by signs alone, keeps up with AdamW at a rate some three to ten times smaller."""

    source = "Chen et al. 2023, section 5"
    published = "the best rate is 3 to 10 times smaller than AdamW's; ImageNet, ViT-B/16: .7744 against .7548"
    comparable = False
    expected = "training loss at the best rates within .1 nats; best rate 2 to 11 times smaller than AdamW's"
    caption = "Training loss and test accuracy after 20 epochs over the rate: the same valley, further left."
    rivals = ("lion", "adamw")
    sweep = rates("lion,adamw")
    quick = QUICK

    def answer(self, runs: Runs) -> list[Finding]:
        """Loss and rates compared."""
        mine, its = (self.at_best(runs, rule) for rule in self.rivals)
        times = float(its[0].value("optimizer.lr")) / float(mine[0].value("optimizer.lr"))
        return [
            within("training loss, Lion minus AdamW", mine.minus(its, "train/loss"), -0.1, 0.1),
            within("best rate of AdamW over that of Lion", exact(times, "of eight rates each"), 2, 11),
            self.lead(runs, "test/accuracy"),
        ]


@claim("sophia", "003:1073")
class Sophia(BestRates):
    """Sophia, with the diagonal of the Hessian, reaches a lower training loss than AdamW in as many steps."""

    source = "Liu et al. 2023, Figure 1"
    published = "GPT-2: half the steps to the same loss"
    comparable = False
    expected = "each at its best rate, after 20 epochs: training loss, Sophia minus AdamW, below 0"
    reason = "400 steps with an estimate of the Hessian every tenth are few, and the batches are small"
    caption = "Training loss and test accuracy after 20 epochs over the rate."
    rivals = ("sophia", "adamw")
    sweep = rates("sophia,adamw")
    quick = QUICK

    def answer(self, runs: Runs) -> list[Finding]:
        """Training loss compared."""
        mine, its = (self.at_best(runs, rule) for rule in self.rivals)
        return [
            below("training loss, Sophia minus AdamW", mine.minus(its, "train/loss")),
            self.lead(runs, "test/accuracy"),
        ]


@claim("adamw_untuned", "002:78, 004:157")
class AdamWUntuned(Contrast):
    """AdamW at 1e-3 works out of the box: no other rule trains better at its default rate."""

    source = "the lecture; Schmidt, Schneider & Hennig 2021 compare fifteen rules untuned"
    published = "no rule is best everywhere; Adam's defaults are among the best of most problems"
    comparable = False
    expected = "training loss after 20 epochs on digits, AdamW minus each other rule at its default rate, below 0"
    reason = "defaults differ in boldness; a rule with a bolder one trains faster where the problem is easy"
    caption = "Training loss over the epochs at the default rate of each rule, and test accuracy."
    parts: ClassVar[Parts] = {
        name: (f"optimizer={name}",) for name in ("adamw", "sgd", "momentum", "adagrad", "rmsprop", "lion", "adadelta")
    }
    sweep = (
        "dataset=digits", "model.hidden=[64,64]", "trainer.epochs=20", "early_stopping=none", *side_by_side(parts),
        "seed=range(6)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=10")
    column = ("train/loss", "training loss (nats)")
    log = "y"

    def answer(self, runs: Runs) -> list[Finding]:
        """AdamW compared with each."""
        return [
            below(f"training loss, AdamW minus {name}", self.apart(runs, "adamw", name, "train/loss"))
            for name in self.parts
            if name != "adamw"
        ]


@claim("sam", "001:989-993")
class SAM(Contrast):
    """Steps that look for the worst nearby weights (SAM) end in flatter minima and do better in the test."""

    source = "Foret et al. 2021, Table 1"
    published = "CIFAR-10, WRN-28-10: error 3.5% SGD, 2.7% SAM (basic augmentation)"
    comparable = False
    expected = "training loss rises less when weights are moved by N(0, .1^2); test accuracy higher, test loss lower"
    reason = "minima are flatter and the test loss lower as claimed; which class is likeliest hardly changes"
    caption = "Validation loss over the epochs with and without SAM, and test accuracy."
    parts: ClassVar[Parts] = {"without": ("regularizer.sam=0",), "SAM, rho .1": ("regularizer.sam=0.1",)}
    sweep = (
        *replaced(BASE, ["trainer.epochs=60"]), "optimizer=momentum", "optimizer.lr=0.05", *side_by_side(parts),
        "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=20")

    def answer(self, runs: Runs) -> list[Finding]:
        """Sharpness and test."""
        pair = ("SAM, rho .1", "without")
        return [
            below("rise of training loss, with minus without", self.apart(runs, *pair, moved)),
            above("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
            below("test loss, with minus without", self.apart(runs, *pair, "test/loss")),
        ]


@claim("lookahead", "001:287, 003:1034")
class Lookahead(Contrast):
    """Slow weights that follow the fast ones halfway (Lookahead) make a rate that is too high bearable."""

    source = "Zhang et al. 2019, Figure 8"
    published = "CIFAR-10, ResNet-18: Lookahead reaches its accuracy over a wider range of rates; no number"
    comparable = False
    expected = "at a high rate (momentum at .2): training loss after 20 epochs lower with Lookahead"
    caption = "Training loss at a rate that is too high, with and without slow weights, and test accuracy."
    parts: ClassVar[Parts] = {
        "without": ("regularizer.lookahead.alpha=1",),
        "Lookahead": ("regularizer.lookahead.alpha=0.5",),
    }
    sweep = (*BASE, "optimizer=momentum", "optimizer.lr=0.2", *side_by_side(parts), "seed=range(12)")
    quick = ("seed=0,1,2,3", "trainer.epochs=10")
    column = ("train/loss", "training loss (nats)")

    def answer(self, runs: Runs) -> list[Finding]:
        """Training and test."""
        pair = ("Lookahead", "without")
        return [
            below("training loss, with minus without", self.apart(runs, *pair, "train/loss")),
            shown("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
        ]
