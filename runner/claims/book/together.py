"""Claims about several networks that answer together."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from runner.claims.book.common import SIGNALS
from runner.claims.claim import Claim, claim, replaced
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, below, falls, shown
from runner.claims.runs import Run, Runs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from runner.reports.units import Luck

SEEDS = "seed=range(0,80,10)"  # a member has the seed of its ensemble plus its number
RATE = ("optimizer.lr=0.005",)  # falls along a cosine


def member(name: str) -> Callable[[Run], float]:
    """The mean of a metric over the members of an ensemble, such as test/loss; a metric for `Runs.values`."""
    split, _, metric = name.partition("/")

    def measure(run: Run) -> float:
        summary = json.loads((run.folder / "summary.json").read_text(encoding="utf-8"))
        return float(summary["ensemble"]["mean"][split][metric])

    measure.__name__ = f"{name} of a member"
    return measure


class Answers(Contrast):
    """Ensembles: their figure has the metrics of the whole, and of a mean member of the parts in `membered`."""

    membered: ClassVar[tuple[str, ...]] = ()

    def figure(self, runs: Runs) -> Figure:
        """Accuracy and loss in the test, a line a setting."""
        from runner.claims.pictures import intervals, panels

        figure, axes = panels(2, size=(12.0, 4.6))
        for ax, name, unit in zip(
            axes, ("test/accuracy", "test/loss"), ("test accuracy", "test loss (nats)"), strict=True
        ):
            found = {part: self.part(runs, part).mean(name) for part in self.parts}
            for part in self.membered:
                found[f"{part}: a member"] = self.part(runs, part).mean(member(name))
            intervals(ax, found, xlabel=unit)
        return figure


@claim("deep_ensemble", "003:649-667")
class DeepEnsemble(Claim):
    """The mean of several networks is better than one of them, and the more the better."""

    source = "Hansen & Salamon 1990; Lakshminarayanan et al. 2017"
    expected = "test accuracy of ten above, test loss below that of a member; test loss falls from 1 to 2, 5 and 10"
    caption = (
        "Test accuracy and loss over the number of networks whose probabilities are averaged; a band over ensembles."
    )
    sweep = (*SIGNALS, "ensemble=deep", "ensemble.size=10", SEEDS)
    quick = ("seed=0,10,20", "trainer.epochs=20")

    def answer(self, runs: Runs) -> list[Finding]:
        """The whole compared with its members, and by number."""
        accuracy, loss = (runs.estimate(_gain(runs, name)) for name in ("test/accuracy", "test/loss"))
        table = [[_of_size(run, size, "test/loss") for run in runs] for size in (1, 2, 5, 10)]
        return [
            above("test accuracy, ten minus a member", accuracy),
            below("test loss, ten minus a member", loss),
            falls("test loss, change from 1 to 2, 5, 10", table, f"{len(runs)} ensembles"),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Accuracy and loss over the number of networks."""
        from runner.claims.pictures import lines, panels

        figure, axes = panels(2, size=(11.0, 4.6))
        for ax, name in zip(axes, ("test/accuracy", "test/loss"), strict=True):
            found = [[_of_size(run, size, name) for run in runs] for size in range(1, 11)]
            unit = " (nats)" if name == "test/loss" else ""
            lines(ax, range(1, 11), {name: found}, xlabel="networks", ylabel=name.replace("/", " ") + unit)
        return figure


def _of_size(run: Run, size: int, name: str) -> float:
    """A metric of the first `size` members together."""
    with (run.folder / "sizes.csv").open(encoding="utf-8", newline="") as file:
        return next(float(row[name]) for row in csv.DictReader(file) if int(row["size"]) == size)


def _gain(runs: Runs, name: str) -> dict[Luck, float]:
    """Of each ensemble: a metric of the whole minus that of a member."""
    whole, single = runs.values(name), runs.values(member(name))
    return {luck: whole[luck] - single[luck] for luck in whole}


@claim("bagging", "003:663-668, 003:240")
class Bagging(Answers):
    """Bagging is better than its members, but no better than networks that all saw every example."""

    source = "Breiman 1996; Lakshminarayanan et al. 2017, section 2.2"
    published = "no gain by bagging over different seeds alone; no number"
    comparable = False
    expected = "test accuracy of bagging above that of its member and below that of networks that differ in the seed"
    caption = "Test accuracy and loss of ten networks together, and of one of them, by what they differ in."
    membered = ("bagging", "seeds alone")
    parts: ClassVar[Parts] = {"bagging": ("ensemble=bagging",), "seeds alone": ("ensemble=deep",)}
    sweep = (*SIGNALS, "ensemble.size=10", *side_by_side(parts), SEEDS)
    quick = ("seed=0,10,20", "trainer.epochs=20")

    def answer(self, runs: Runs) -> list[Finding]:
        """Compared with a member, and with the other ensemble."""
        bagged = self.part(runs, "bagging")
        return [
            above("test accuracy, bagging minus a member", bagged.estimate(_gain(bagged, "test/accuracy"))),
            below(
                "test accuracy, bagging minus seeds alone", self.apart(runs, "bagging", "seeds alone", "test/accuracy")
            ),
            shown("test loss, bagging minus a member", bagged.estimate(_gain(bagged, "test/loss"))),
        ]


@claim("boosting", "003:669, 003:239")
class Boosting(Answers):
    """Boosting makes a good machine of weak ones: it lowers the bias of networks that are too small."""

    source = "Freund & Schapire 1997; Zhu et al. 2009"
    expected = "test accuracy of ten boosted networks of 2 units above that of one such network, by more than .05"
    caption = "Test accuracy and loss: one network of 2 hidden units, and ten of them by boosting."
    parts: ClassVar[Parts] = {"a network": ("ensemble=none",), "ten boosted": ("ensemble=boosting",)}
    sweep = (
        "dataset=digits", "model.hidden=[2]", "optimizer.lr=0.02", "trainer.epochs=30", "early_stopping=none",
        *side_by_side(parts), "seed=range(0,80,10)",
    )  # fmt: skip
    quick = ("seed=0,10,20", "trainer.epochs=15")

    def answer(self, runs: Runs) -> list[Finding]:
        """Together compared with one."""
        return [
            above(
                "test accuracy, boosted minus one", self.apart(runs, "ten boosted", "a network", "test/accuracy"), 0.05
            ),
            shown("test accuracy, boosted", self.part(runs, "ten boosted").mean("test/accuracy")),
        ]


@claim("stacking", "003:670")
class Stacking(Answers):
    """A combiner that is fitted on the networks' answers does as well as their mean."""

    source = "Wolpert 1992"
    expected = "test loss of stacking below that of its member, and within .1 of that of the mean of as many networks"
    caption = "Test accuracy and loss of three networks, combined by a fitted linear model or by their mean."
    membered = ("stacking", "mean")
    parts: ClassVar[Parts] = {"stacking": ("ensemble=stacking",), "mean": ("ensemble=deep",)}
    sweep = (*replaced(SIGNALS, ["trainer.epochs=60"]), "ensemble.size=3", *side_by_side(parts), "seed=range(0,60,10)")
    quick = ("seed=0,10,20", "trainer.epochs=20")

    def answer(self, runs: Runs) -> list[Finding]:
        """Compared with a member and with the mean."""
        stacked = self.part(runs, "stacking")
        apart = self.apart(runs, "stacking", "mean", "test/loss")
        return [
            below("test loss, stacking minus a member", stacked.estimate(_gain(stacked, "test/loss"))),
            below("test loss, stacking minus mean", apart, 0.1),
            shown("test accuracy, stacking minus mean", self.apart(runs, "stacking", "mean", "test/accuracy")),
        ]


@claim("snapshots", "003:649-667")
class Snapshots(Answers):
    """Snapshots of one training, at the ends of its rate's cycles, beat one network trained as long."""

    source = "Huang et al. 2017, Table 1"
    published = "CIFAR-100, ResNet-110: error 28.02% of one, 26.55% of snapshots (as recalled)"
    comparable = False
    expected = (
        "test accuracy of five snapshots of 20 epochs above, test loss below that of one network after 100 epochs"
    )
    reason = "the loss gains as claimed; snapshots of one small network differ too little to vote one another right"
    caption = "Test accuracy and loss: one network along one cosine, and five snapshots along five."
    parts: ClassVar[Parts] = {
        "a network": ("ensemble=none", "scheduler=cosine"),
        "snapshots": ("ensemble=snapshot", "scheduler=cosine_restarts"),
    }
    sweeps = (
        ("one", (*replaced(SIGNALS, RATE), "scheduler=cosine", "seed=range(8)")),
        (
            "several",
            (
                *replaced(SIGNALS, RATE), "ensemble=snapshot", "ensemble.size=5", "scheduler=cosine_restarts",
                "scheduler.t_0=20", "scheduler.t_mult=1", "seed=range(8)",
            ),
        ),
    )  # fmt: skip
    quick = ("seed=0,1,2",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Accuracy and loss compared."""
        several, one = runs.of("several"), runs.of("one")
        return [
            above("test accuracy, snapshots minus one", several.minus(one, "test/accuracy")),
            below("test loss, snapshots minus one", several.minus(one, "test/loss")),
        ]

    def part(self, runs: Runs, name: str) -> Runs:
        """The sweep of a setting."""
        return runs.of("one" if name == "a network" else "several")
