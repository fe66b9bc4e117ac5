"""Claims about chance and batches, and about what follows early stopping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from runner.claims.claim import Claim, claim
from runner.claims.exactly import Exact, Number, numbered
from runner.claims.rules import Finding, above, below, falls, rises, shown, within
from runner.claims.runs import Runs, at_end

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOSS = at_end("train/loss")


@claim("local_minima", "001:85-110")
class LocalMinima(Claim):
    """Large networks end at different minima of about the same cost; small ones get stuck in worse ones by chance."""

    source = "Choromanska et al. 2015, Figure 3"
    published = "the spread of the test loss over many starts shrinks as the network grows"
    comparable = False
    expected = "the mean distance of the final training loss to the median over seeds falls from 2 to 8 to 32 units"
    caption = (
        "Final training loss of every seed, by number of hidden units, on a logarithmic axis; the bar is the median."
    )
    sweep = (
        "dataset=two_moons", "dataset.n=400", "model.hidden=[2],[8],[32]", "optimizer=momentum", "optimizer.lr=0.1",
        "trainer.epochs=100", "early_stopping=none", "seed=range(20)",
    )  # fmt: skip
    quick = ("seed=range(8)", "trainer.epochs=60")

    def answer(self, runs: Runs) -> list[Finding]:
        """Distances to the median."""
        from statistics import median

        _, table, over, shared = runs.series("model.hidden", LOSS)
        far = [[abs(value - median(values)) for value in values] for values in table]
        return [falls("distance of the training loss to its median, by units", far, over, shared)]

    def figure(self, runs: Runs) -> Figure:
        """All seeds."""
        from statistics import median

        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import BLUE, INK, dress, logarithmic

        names, table, _, _ = runs.series("model.hidden", LOSS)
        figure, [axes] = panels()
        for place, values in enumerate(table):
            across = [place + 0.25 * ((i * 0.618) % 1 - 0.5) for i in range(len(values))]
            axes.plot(across, values, "o", color=BLUE, alpha=0.6)
            axes.plot([place - 0.25, place + 0.25], [median(values)] * 2, color=INK, linewidth=2)
        logarithmic(axes)
        dress(axes, title="two moons, 20 seeds", xlabel="hidden units", ylabel="training loss (nats)")
        axes.set_xticks(range(len(names)), [name.strip("[]") for name in names])
        return figure


@claim("without_replacement", "000:181, 003:1009, 003:1077")
class WithoutReplacement(Claim):
    """Shuffled passes are no slower than drawing each example at random with replacement."""

    source = "Bottou 2009"
    published = "shuffled passes converge faster"
    comparable = False
    expected = "training loss after 10 epochs, shuffled minus with replacement: below 0"
    reason = "in the first epochs both see nearly the same; the difference may be smaller than that between seeds"
    caption = "Training loss over the epochs for both ways to choose examples, mean and 95% interval of the seeds."
    sweep = (
        "dataset=digits", "model.hidden=[32]", "optimizer=sgd", "optimizer.lr=0.1",
        "trainer.sampling=shuffle,replacement", "trainer.epochs=10", "early_stopping=none", "seed=range(10)",
    )  # fmt: skip
    quick = ("seed=range(6)",)

    def answer(self, runs: Runs) -> list[Finding]:
        """The paired difference."""
        shuffled, drawn = (runs.where(f"trainer.sampling={name}") for name in ("shuffle", "replacement"))
        return [below("training loss, shuffled minus with replacement", shuffled.minus(drawn, LOSS))]

    def figure(self, runs: Runs) -> Figure:
        """Both over the epochs."""
        from runner.claims.pictures import over_epochs, panels

        figure, [axes] = panels()
        found = {name: part.epochs("train/loss") for name, part in runs.by("trainer.sampling").items()}
        over_epochs(axes, found, title="digits", ylabel="training loss (nats)", log="y")
        return figure


@claim("linear_scaling", "002:66")
class LinearScaling(Claim):
    """A batch N times as large with N times the rate follows the same curve over epochs; at the old rate it lags.

    Batches of 32, 128 and 512 by SGD; the rate belongs to batches of 32.
    """

    source = "Goyal et al. 2017, Figure 2"
    published = "curves that coincide up to batches of 8,192 of ImageNet"
    comparable = False
    expected = (
        "training loss after 20 epochs rises with the batch at a constant rate; with linear scaling batch 128 ends "
        "within .03 of batch 32, and batch 512 lower than at the constant rate"
    )
    caption = (
        "Training loss over the epochs for three batches, at a constant rate (left) and with linear scaling (right)."
    )
    sweep = (
        "dataset=digits", "model.hidden=[64]", "optimizer=sgd", "optimizer.lr=0.05", "trainer.batch_size=32,128,512",
        "scheduler.batch_scaling=none,linear", "trainer.epochs=20", "early_stopping=none", "seed=0,1,2,3,4",
    )  # fmt: skip
    quick = ("seed=0,1,2",)

    def answer(self, runs: Runs) -> list[Finding]:
        """The series without scaling, and differences with it."""
        plain, scaled = (runs.where(f"scheduler.batch_scaling={name}") for name in ("none", "linear"))
        _, table, over, shared = plain.series("trainer.batch_size", LOSS)
        by = {name: part.by("trainer.batch_size") for name, part in (("none", plain), ("linear", scaled))}
        near = by["linear"]["128"].minus(by["linear"]["32"], LOSS)
        return [
            rises("training loss at a constant rate, by batch", table, over, shared),
            within("training loss with scaling, batch 128 minus 32", near, -0.03, 0.03),
            below("training loss at batch 512, scaled minus not", by["linear"]["512"].minus(by["none"]["512"], LOSS)),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Curves."""
        from runner.claims.pictures import over_epochs, panels

        figure, axes = panels(2, share=True)
        names = {"none": "constant rate", "linear": "linear scaling"}
        for ax, (key, name) in zip(axes, names.items(), strict=True):
            parts = runs.where(f"scheduler.batch_scaling={key}").by("trainer.batch_size")
            found = {f"batch {value}": part.epochs("train/loss") for value, part in parts.items()}
            over_epochs(ax, found, title=name, ylabel="training loss (nats)", log="y")
        axes[1].set_ylabel("")
        return figure


LBFGS = ("dataset=digits", "model.hidden=[16]", "early_stopping=none", "seed=0,1,2,3,4")
FULL = (*LBFGS, "trainer.batch_size=100000", "trainer.epochs=60")
SMALL = (*LBFGS, "trainer.batch_size=32", "trainer.epochs=8")


@claim("lbfgs_batches", "002:74, 003:1072")
class LbfgsBatches(Claim):
    """L-BFGS does better than momentum on the whole training set, and worse on mini-batches.

    It compares the gradients of two steps; those of two mini-batches differ by chance.
    """

    source = "Stanford CS231n, lecture 7; Bollapragada et al. 2018"
    published = "the advice"
    comparable = False
    expected = "training loss, L-BFGS minus momentum: below 0 after 60 full steps, above 0 after 8 epochs of batches"
    caption = "Training loss over the epochs, full batch (left, an epoch is a step) and batches of 32 (right)."
    sweeps = (
        ("full, lbfgs", (*FULL, "optimizer=lbfgs")),
        ("full, momentum", (*FULL, "optimizer=momentum", "optimizer.lr=0.3")),
        ("small, lbfgs", (*SMALL, "optimizer=lbfgs")),
        ("small, momentum", (*SMALL, "optimizer=momentum", "optimizer.lr=0.05")),
    )
    quick = ("seed=0,1,2",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Differences, and diverged runs of L-BFGS."""
        full, small = (
            runs.of(f"{size}, lbfgs").minus(runs.of(f"{size}, momentum"), LOSS) for size in ("full", "small")
        )
        return [
            below("training loss, full batch, L-BFGS minus momentum", full),
            above("training loss, batches of 32, L-BFGS minus momentum", small),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Curves."""
        from runner.claims.pictures import over_epochs, panels

        figure, axes = panels(2)
        for ax, size, name in zip(axes, ("full", "small"), ("full batch", "batches of 32"), strict=True):
            found = {rule: runs.of(f"{size}, {rule}").epochs("train/loss") for rule in ("lbfgs", "momentum")}
            over_epochs(ax, found, title=name, ylabel="training loss (nats)", log="y")
        return figure


@claim("train_again", "003:835-853")
class TrainAgain(Claim):
    """After early stopping the validation rows are worth training on: anew for as many steps, or on from there.

    Of 377 training rows, to which the 270 for validation are added. Algorithms 7.2 (retrain) and 7.3 (continue).
    """

    source = "Goodfellow, Bengio & Courville 2016, section 7.8"
    published = "the algorithms, without a number"
    comparable = False
    expected = "test loss, retrained minus stopped: below 0; continued minus stopped: below 0"
    caption = "Change of the test loss against early stopping alone, with its 95% interval; left of 0 is better."
    sweep = (
        "dataset=digits", "dataset.train_size=0.3", "model.hidden=[64]", "early_stopping.then=none,retrain,continue",
        "trainer.epochs=60", "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=range(6)", "trainer.epochs=30")

    def answer(self, runs: Runs) -> list[Finding]:
        """Differences of the test loss and accuracy."""
        stopped = runs.where("early_stopping.then=none")
        found = []
        for then in ("retrain", "continue"):
            part = runs.where(f"early_stopping.then={then}")
            found.append(below(f"test loss, {then} minus none", part.minus(stopped, "test/loss")))
            found.append(shown(f"test accuracy, {then} minus none", part.minus(stopped, "test/accuracy")))
        return found

    def figure(self, runs: Runs) -> Figure:
        """Intervals."""
        from runner.claims.pictures import intervals, panels

        stopped = runs.where("early_stopping.then=none")
        found = {
            f"then={then}": runs.where(f"early_stopping.then={then}").minus(stopped, "test/loss")
            for then in ("retrain", "continue")
        }
        figure, [axes] = panels()
        intervals(axes, found, title="digits", xlabel="test loss minus that of early stopping (nats)", zero=0)
        return figure


Rows = tuple[Sequence[Sequence[float]], Sequence[float]]  # inputs and targets
ROWS: tuple[Rows, Rows] = ([[2, 0], [0, 1], [-1, 0], [0, 1]], [0, 0, -2, 2]), ([[-2, 2], [1, -2]], [-1, -2])
FITTED: Rows = [[1.0], [2.0], [0.5]], [1.2, 2.9, 0.2]


@claim("policies", "003:835-853, 003:809-833")
class Policies(Exact):
    """Policy 1 retrains on all rows for i* steps; policy 2 trains on until validation rows fit as training rows did.

    Least squares of four rows from 0, two validation rows, rate .1, patience 3. Policy 2 need not begin, where
    validation rows fit better already, nor end, where they never do: the product says so and stops at a cap.
    """

    source = "specification S15 of the course; Goodfellow, Bengio & Courville 2016, algorithms 7.2 and 7.3"
    expected = (
        "i* 8, w (.359955, .569533), validation loss 1.752287; policy 1 (.448927, .573645); policy 2 13 more steps, "
        "(.643105, .768109), validation loss 1.393859; other rows: i* 12 and no further step; i* 16 and a validation "
        "loss of .3484 after 2,000 steps, above .1028"
    )
    caption = "Weights, steps and losses of both policies (dots), and those worked out by hand (bars)."
    xlabel = "quantity"

    def numbers(self, runs: Runs) -> dict[str, Number]:
        """By runs of the product."""
        stopped, again, on = self.outcomes(ROWS, ("none", "retrain", "continue"), "optimizer.lr=0.1")
        small = ("optimizer.lr=0.05", "early_stopping.then_cap=2000")
        [early] = self.outcomes((FITTED, ([[1.5], [1.0]], [1.8, 1.25])), ("continue",), *small)
        [never] = self.outcomes((FITTED, ([[1.5], [1.0]], [2.4, 0.6])), ("continue",), *small)
        return {
            "i*": (stopped["best_epoch"], 8, 0),
            **numbered(stopped["w"], (0.359955, 0.569533), 6, "w{}, stopped"),
            "validation loss, stopped": (stopped["val"]["loss"], 1.752287, 6),
            **numbered(again["w"], (0.448927, 0.573645), 6, "w{}, policy 1"),
            "steps, policy 2": (on["second"]["steps"], 13, 0),
            **numbered(on["w"], (0.643105, 0.768109), 6, "w{}, policy 2"),
            "validation loss, policy 2": (on["second"]["val"]["loss"], 1.393859, 6),
            "i*, policy 2 does not begin": (early["best_epoch"], 12, 0),
            "steps, policy 2 does not begin": (early["second"]["steps"], 0, 0),
            "i*, policy 2 does not end": (never["best_epoch"], 16, 0),
            "steps, policy 2 does not end": (never["second"]["steps"], 2000, 0),
            "loss to reach, policy 2 does not end": (never["first"]["train"]["loss"], 0.1028, 4),
            "validation loss, policy 2 does not end": (never["second"]["val"]["loss"], 0.3484, 4),
        }

    def outcomes(self, given: tuple[Rows, Rows], then: Sequence[str], *more: str) -> list[dict[str, Any]]:
        """Summary and weights of each `then`, of rows to train on and rows to validate with."""
        import tempfile

        import numpy as np

        import runner

        rows: dict[str, Any] = {}
        for part, (x, y) in zip(("train", "val", "test"), (*given, given[1]), strict=True):
            rows |= {f"x_{part}": np.array(x, float), f"y_{part}": np.array(y, float)}
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/rows.npz"
            np.savez(path, **rows)
            words = [
                "dataset=npz", f"dataset.path={path}", "dataset.scaling=none", "dataset.target_scaling=none",
                "model.hidden=[]", "model.bias=false", "model.init=zeros", "optimizer=sgd", "trainer.epochs=2500",
                "trainer.dtype=float64", "trainer.figures=false", "early_stopping.patience=3", *more,
            ]  # fmt: skip
            found = runner.train([[*words, f"early_stopping.then={each}"] for each in then], outputs=folder)
            return [
                {**each.summary, "w": next(iter(runner.load(each.folder).network)).weight[0].tolist()} for each in found
            ]
