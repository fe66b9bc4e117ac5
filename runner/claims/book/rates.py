"""Claims about learning rates and their schedules, and about the size of a batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from runner.claims.claim import Claim, claim
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, below, share, shown
from runner.claims.runs import Run, Runs, at_end, at_epoch
from runner.claims.trained import moved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TRAINING = ("train/loss", "training loss (nats)")


@claim("rate_extremes", "002:60")
class RateExtremes(Claim):
    """Of a rate that is too high the loss explodes, of one that is too low it stands still."""

    expected = (
        "training loss at 1e-4 above 2.2 (a guess has 2.303); at the best rate below .05; runs at 100 diverge or end "
        "above a guess"
    )
    caption = "Training loss after 20 epochs over the rate: a valley between standing still and exploding."
    sweep = (
        "dataset=digits", "model.hidden=[64]", "optimizer=sgd", "trainer.epochs=20", "early_stopping=none",
        "optimizer.lr=1e-4,1e-3,1e-2,1e-1,1,10,100", "seed=range(6)",
    )  # fmt: skip
    quick = ("seed=0,1,2",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Both ends and the valley."""
        rates = runs.by("optimizer.lr")
        guess, last = math.log(10), list(rates.values())[-1]
        lost = sum(not _end(run) < guess for run in last)
        valley = min((part for part in rates.values()), key=lambda part: sum(_end(run) for run in part))
        return [
            above("training loss at 1e-4", next(iter(rates.values())).mean(at_end("train/loss")), 2.2),
            below(f"training loss at {valley[0].value('optimizer.lr')}", valley.mean(at_end("train/loss")), 0.05),
            above("share of runs at 100 that are lost", share(lost, len(last), f"{len(last)} runs"), 0.4),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Loss over the rate."""
        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        rates = runs.by("optimizer.lr")
        found = {"training loss": [[_end(run) for run in part] for part in rates.values()]}
        lines(axes, [float(r) for r in rates], found, xlabel="learning rate", ylabel="training loss (nats)", log="xy")
        axes.axhline(math.log(10), color="black", linestyle=":", linewidth=1.2)
        return figure


def _end(run: Run) -> float:
    """Training loss of the last epoch; 1,000 where the run diverged or is beyond it."""
    value = run.curve("train/loss")[-1]
    return min(value, 1e3) if run.row.finished and math.isfinite(value) else 1e3


@claim("warmup", "002:65, 002:82, 000:259")
class Warmup(Contrast):
    """Warm-up keeps a deep network from being lost in its first steps at a high rate."""

    source = "Goyal et al. 2017; Gotmare et al. 2019"
    published = "ImageNet, batches of 8,192: error 24.8% without, 23.7% with gradual warm-up"
    comparable = False
    expected = "training loss after 30 epochs, with 5 epochs of warm-up minus without, below 0"
    reason = "probably eight layers with He's first weights recover from their first steps within 30 epochs anyway"
    caption = "Training loss of eight layers at a rate of .02 (Adam): the start decides."
    parts: ClassVar[Parts] = {"without": ("scheduler.warmup=0",), "warm-up": ("scheduler.warmup=5",)}
    sweep = (
        "dataset=digits", f"model.hidden=[{','.join(['64'] * 8)}]", "model.init=he", "optimizer=adam",
        "optimizer.lr=0.02", "scheduler=cosine", "trainer.batch_size=128", "trainer.epochs=30", "early_stopping=none",
        *side_by_side(parts), "seed=range(12)",
    )  # fmt: skip
    quick = ("seed=0,1,2,3",)
    column = TRAINING

    def answer(self, runs: Runs) -> list[Finding]:
        """Training and test."""
        pair = ("warm-up", "without")
        return [
            below("training loss, with minus without", self.apart(runs, *pair, at_end("train/loss"))),
            shown("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
        ]


@claim("cosine_schedule", "000:255-258, 002:63")
class CosineSchedule(Contrast):
    """A rate that falls along a cosine ends better than the same rate held constant."""

    source = "Loshchilov & Hutter 2017"
    expected = "training loss at the end and test loss of digits lower with the cosine"
    reason = (
        "at .2 with momentum .9 the loss of some seeds explodes on the way, and the interval is that of the explosions"
    )
    caption = "Training loss of both: the constant rate keeps jumping about the minimum, the falling one comes to rest."
    parts: ClassVar[Parts] = {"constant": ("scheduler=constant",), "cosine": ("scheduler=cosine",)}
    sweep = (
        "dataset=digits", "dataset.label_noise=0.05", "model.hidden=[32]", "optimizer=momentum", "optimizer.lr=0.2",
        "trainer.epochs=40", "early_stopping=none", *side_by_side(parts), "seed=range(10)",
    )  # fmt: skip
    quick = ("seed=0,1,2",)
    log = "y"
    column = TRAINING

    def answer(self, runs: Runs) -> list[Finding]:
        """Training and test."""
        pair = ("cosine", "constant")
        return [
            below("training loss, cosine minus constant", self.apart(runs, *pair, at_end("train/loss"))),
            below("test loss, cosine minus constant", self.apart(runs, *pair, "test/loss")),
        ]


@claim("step_decay", "000:256, 002:62")
class StepDecay(Contrast):
    """Where the rate drops to a tenth, the loss drops at once."""

    source = "He et al. 2016, Figure 4"
    published = "CIFAR-10, ResNets: error falls within an epoch of each drop; no number"
    comparable = False
    expected = "training loss falls more in the epoch after the drop than in the mean of the five epochs before it"
    caption = "Training loss of both; the rate drops to a tenth after epoch 20."
    parts: ClassVar[Parts] = {"constant": ("scheduler=constant",), "step": ("scheduler=step",)}
    sweeps = tuple(
        (
            name,
            (
                "dataset=mnist1d", "model.hidden=[64,64]", "optimizer=momentum", "optimizer.lr=0.1",
                "trainer.batch_size=20", "trainer.epochs=40", "early_stopping=none", *words, "seed=range(8)",
            ),
        )
        for name, words in (
            ("constant", ("scheduler=constant",)), ("step", ("scheduler=step", "scheduler.step_size=20")),
        )
    )  # fmt: skip
    quick = ("seed=0,1,2",)
    column = TRAINING

    def part(self, runs: Runs, name: str) -> Runs:
        """The sweep of a setting."""
        return runs.of(name)

    def answer(self, runs: Runs) -> list[Finding]:
        """The drop of the loss, compared with the epochs before and with the constant rate."""
        step = self.part(runs, "step")
        return [
            above("fall in the epoch after the drop minus mean fall before", step.mean(_drop)),
            below(
                "training loss at the end, step minus constant",
                self.apart(runs, "step", "constant", at_end("train/loss")),
            ),
        ]


def _drop(run: Run) -> float:
    """How much more the training loss falls in epoch 21 than in a mean epoch from 15 to 20."""
    before, at, after = (at_epoch(epoch, "train/loss")(run) for epoch in (15, 20, 21))
    return (at - after) - (before - at) / 5


@claim("one_cycle", "002:62-65")
class OneCycle(Claim):
    """One cycle of the rate, up to three times the constant one, does in half the epochs what a constant rate does."""

    source = "Smith & Topin 2019, Figure 1"
    published = "CIFAR-10, ResNet-56: .924 after 10,000 steps of one cycle, .912 after 80,000 steps of a stepped rate"
    comparable = False
    expected = (
        "test accuracy after 20 epochs of one cycle at .3 is at most .01 below that after 40 epochs at a constant .1"
    )
    reason = (
        "probably the rate: .3 with momentum .9 is more than this network bears without the batch norm of the source"
    )
    caption = "Validation loss over the epochs: one cycle of 20 epochs, and 40 epochs at a constant rate."
    sweeps = tuple(
        (
            name,
            (
                "dataset=mnist1d", "model.hidden=[64,64]", "optimizer=momentum", "trainer.batch_size=50",
                "early_stopping=none", "regularizer.dropout=0.1", *words, "seed=range(8)",
            ),
        )
        for name, words in (
            ("constant", ("scheduler=constant", "optimizer.lr=0.1", "trainer.epochs=40")),
            ("cycle", ("scheduler=onecycle", "optimizer.lr=0.3", "trainer.epochs=20")),
        )
    )  # fmt: skip
    quick = ("seed=0,1,2",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Both accuracies."""
        cycle, constant = runs.of("cycle"), runs.of("constant")
        return [
            above("test accuracy, cycle of 20 minus constant of 40", cycle.minus(constant, "test/accuracy"), -0.01),
            shown("test accuracy, one cycle", cycle.mean("test/accuracy")),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Validation loss of both."""
        from runner.claims.pictures import panels
        from runner.figures.draw.canvas import COLOURS, dress

        figure, [axes] = panels()
        for i, name in enumerate(("constant", "cycle")):
            values = [sum(each) / len(each) for each in runs.of(name).epochs("val/loss")]
            axes.plot(range(len(values)), values, "-" if i else "--", color=COLOURS[i], linewidth=2.2, label=name)
        dress(axes, xlabel="epoch", ylabel="validation loss (nats)")
        axes.legend()
        return figure


@claim("large_batches", "002:42-45, 003:1009")
class LargeBatches(Contrast):
    """Large batches end in sharper minima and generalize worse than small ones.

    Sharpness here: how far the training loss rises when all weights are moved by N(0, .1^2).
    """

    source = "Keskar et al. 2017, Tables 2 and 3"
    published = "MNIST, 5 x 512, Adam: test .9803 at batches of 256, .9781 at 6,000; sharpness 1.23 and 205"
    comparable = False
    expected = (
        "after equally many epochs, of 32 and 1,000 signals a batch: test accuracy lower, sharpness higher at 1,000"
    )
    reason = "at equal epochs the large batches have made few steps, and have not left the flat beginning"
    caption = "Validation loss over the epochs, and test accuracy, of small and large batches."
    parts: ClassVar[Parts] = {
        "batches of 32": ("trainer.batch_size=32",),
        "batches of 1,000": ("trainer.batch_size=1000",),
    }
    sweep = (
        "dataset=mnist1d", "dataset.train_size=1000", "model.hidden=[64,64]", "optimizer=adam", "optimizer.lr=0.003",
        "trainer.epochs=200", "early_stopping=none", *side_by_side(parts), "seed=range(8)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=80")

    def answer(self, runs: Runs) -> list[Finding]:
        """Test and sharpness."""
        pair = ("batches of 1,000", "batches of 32")
        return [
            below("test accuracy, 1,000 minus 32", self.apart(runs, *pair, "test/accuracy")),
            above("sharpness, 1,000 minus 32", self.apart(runs, *pair, moved)),
            *(shown(f"training loss, {name}", self.part(runs, name).mean(at_end("train/loss"))) for name in self.parts),
        ]


@claim("weight_averages", "003:649-667")
class WeightAverages(Contrast):
    """The mean of the weights along the way does better than the last of them."""

    source = "Polyak & Juditsky 1992; Izmailov et al. 2018, Table 1"
    published = "CIFAR-100, VGG-16: test accuracy .7255 of SGD, .7426 of the mean of its weights"
    comparable = False
    expected = (
        "test loss lower and test accuracy higher, of a moving average and of the mean of the last quarter's epochs"
    )
    caption = "Validation loss of the weights that would be kept: averages are smoother and lower at a constant rate."
    parts: ClassVar[Parts] = {
        "last weights": ("averaging=none",),
        "moving average": ("averaging=ema",),
        "mean of epochs": ("averaging=swa",),
    }
    sweep = (
        "dataset=mnist1d", "model.hidden=[64,64]", "optimizer=momentum", "optimizer.lr=0.1", "trainer.batch_size=50",
        "trainer.epochs=20", "early_stopping=none", *side_by_side(parts), "seed=range(10)",
    )  # fmt: skip
    quick = ("seed=0,1,2",)

    def answer(self, runs: Runs) -> list[Finding]:
        """Both averages compared with the last weights."""
        return [
            rule(f"test {name}, {part} minus last", self.apart(runs, part, "last weights", f"test/{name}"))
            for part in ("moving average", "mean of epochs")
            for name, rule in (("loss", below), ("accuracy", above))
        ]
