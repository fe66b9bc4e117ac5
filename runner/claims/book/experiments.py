"""The claims of the experiments that are shipped as sweeps in configs/experiment."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from runner.claims.claim import Claim, claim
from runner.claims.rules import Finding, above, below, none, shown, within
from runner.claims.runs import Run, Runs, at_end

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from runner.reports.units import Luck


@claim("overfit", "003:809, 000:28")
class Overfit(Claim):
    """Validation loss falls and then rises while training loss falls on; the weights of its lowest epoch do better."""

    source = "Prechelt 1998; Goodfellow, Bengio & Courville 2016, section 7.8"
    expected = "without stopping the validation loss rises again by more than 0.05; stopping lowers the test loss"
    caption = (
        "Training loss (dashed) falls to the end, validation loss (solid) turns: with a fifth of the labels wrong "
        "(right) it rises further, as the network learns the wrong ones by heart."
    )
    sweep = ("experiment=overfit", "seed=0,1,2")
    quick = ("trainer.epochs=30",)

    def answer(self, runs: Runs) -> list[Finding]:
        """For right and for wrong labels: the rise, the training loss meanwhile, and what stopping gains."""
        found = []
        for noise, part in runs.by("dataset.label_noise").items():
            on, stopped = part.where("early_stopping=none"), part.where("early_stopping=default")
            said = f"{float(noise):.0%} wrong labels"
            found += [
                above(f"rise of validation loss, {said}", on.mean(_rise), 0.05),
                below(f"training loss from there to the end, {said}", on.mean(_meanwhile)),
                below(f"test loss, stopped minus not, {said}", stopped.minus(on, "test/loss")),
                shown(f"test accuracy, stopped minus not, {said}", stopped.minus(on, "test/accuracy")),
            ]
        return found

    def figure(self, runs: Runs) -> Figure:
        """Both losses over the epochs, for right and for wrong labels."""
        from runner.claims.pictures import lines, panels

        on = runs.where("early_stopping=none").by("dataset.label_noise")
        figure, axes = panels(len(on), share=True)
        for ax, (noise, part) in zip(axes, on.items(), strict=True):
            found = {f"{split} loss": part.epochs(f"{split}/loss") for split in ("val", "train")}
            epochs = range(len(found["val loss"]))
            lines(ax, epochs, found, title=f"{float(noise):.0%} wrong labels", xlabel="epoch", ylabel="loss (nats)")
        return figure


def _rise(run: Run) -> float:
    """How far the validation loss of the last epoch lies above its lowest."""
    values = run.curve("val/loss")
    return values[-1] - min(values)


def _meanwhile(run: Run) -> float:
    """The training loss of the last epoch, minus that of the epoch with the lowest validation loss."""
    val, train = run.curve("val/loss"), run.curve("train/loss")
    return train[-1] - train[val.index(min(val))]


PENALTIES = {
    "no penalty": ("regularizer.l2=0", "regularizer.l1=0", "regularizer.elastic_net.alpha=0"),
    "L2": ("regularizer.l2=0.003",),
    "L1, subgradient": ("regularizer.l1=0.001", "optimizer.proximal=false"),
    "L1, proximal": ("regularizer.l1=0.001", "optimizer.proximal=true"),
}


@claim("penalties", "003:455-469, 001:743-786, 002:24-26")
class Penalties(Claim):
    """L1 makes weights exactly zero; L2 makes the weights smaller and none of them zero."""

    source = "Tibshirani 1996; Zou & Hastie 2005; Goodfellow, Bengio & Courville 2016, section 7.1"
    expected = "more than half of the weights are 0 with L1 by proximal steps, none with L2, whose norm is smaller"
    caption = (
        "Share of the weights of the first layer below a size (seed 0). L1 with proximal steps starts at the share of "
        "exact zeros; L2 shifts all weights to the left; L1 by subgradient piles them up near 0 without reaching it."
    )
    sweep = ("experiment=penalties", "seed=0,1,2,3,4")
    quick = ("seed=0,1,2", "trainer.epochs=40")

    def answer(self, runs: Runs) -> list[Finding]:
        """Shares of exact zeros, and the norms."""
        parts = {name: runs.where(*words) for name, words in PENALTIES.items()}
        zero, norm = at_end("sparsity"), at_end("weight_norm")
        some = sum(value > 0 for value in parts["L2"].values(zero).values())
        return [
            above("share of weights that are 0, L1 proximal", parts["L1, proximal"].mean(zero), 0.5),
            none("runs with a weight of 0, L2", some, len(parts["L2"]), "runs"),
            below("norm of the weights, L2 minus none", parts["L2"].minus(parts["no penalty"], norm)),
            shown("share of weights that are 0, L1 by subgradient", parts["L1, subgradient"].mean(zero)),
            shown(
                "test accuracy, L1 proximal minus none",
                parts["L1, proximal"].minus(parts["no penalty"], "test/accuracy"),
            ),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Distribution of the sizes of weights, for each penalty."""
        import numpy as np

        from runner.claims.pictures import DASHES, panels
        from runner.figures.draw.canvas import COLOURS, dress

        figure, [axes] = panels()
        for i, (name, words) in enumerate(PENALTIES.items()):
            sizes = np.sort(np.abs(runs.where(*words)[0].weights()).ravel())
            across, up = np.where(sizes > 0, sizes, 1e-12), np.arange(1, len(sizes) + 1) / len(sizes)
            axes.plot(across, up, DASHES[i], color=COLOURS[i], linewidth=2.2, label=name)
        axes.set_xscale("log")
        axes.set_xlim(1e-13)
        dress(
            axes,
            title="How small weights become",
            xlabel="size of the weight (exact 0 drawn at 1e-12)",
            ylabel="share that is smaller",
        )
        axes.legend()
        return figure


@claim("init_depth", "001:487-506, 004:52")
class InitDepth(Claim):
    """With He's variance 2/m a ReLU network of 30 layers learns; with Glorot's, and smaller ones, it stalls.

    PyTorch's default has variance 1/(3m), a sixth of He's.
    """

    source = "He et al. 2015, Figure 3; Glorot & Bengio 2010"
    published = "two curves, one falling, one level; no number"
    comparable = False
    expected = "at 30 layers the training loss ends lower with He than with Glorot, which stays at a guess, 2.303"
    reason = "runs of 30 layers may diverge at this rate; they count as runs that did not learn and are named above"
    caption = (
        "Training loss in the last epoch by depth. 2.303 = ln 10 is a guess. All draw good first weights for 2 layers; "
        "at 30 layers only He's variance is left."
    )
    sweep = ("experiment=init_depth",)
    quick = ("seed=0,1,2", "trainer.epochs=15")

    def answer(self, runs: Runs) -> list[Finding]:
        """He compared with Glorot at 30 layers, and how Glorot and PyTorch's default stand compared with a guess."""
        deep = list(runs.by("model.hidden").values())[-1].by("model.init")
        loss = at_end("train/loss")
        lost = sum(run.row.status == "diverged" for run in deep["he"])
        guess = math.log(10)
        return [
            below("training loss at 30 layers, He minus Glorot", deep["he"].minus(deep["glorot"], loss)),
            none("runs of He at 30 layers that diverged", lost, len(deep["he"]), "runs"),
            within("training loss at 30 layers, Glorot", deep["glorot"].mean(loss), guess - 0.01, guess + 0.01),
            within(
                "training loss at 30 layers, PyTorch's default", deep["torch"].mean(loss), guess - 0.01, guess + 0.01
            ),
            shown("training loss at 30 layers, He", deep["he"].mean(loss)),
        ]

    def figure(self, runs: Runs) -> Figure:
        """Training loss by depth, a line a way to draw the weights."""
        from runner.claims.pictures import over_places, panels

        figure, [axes] = panels()
        depths = [f"{value.count(',') + 1} layers" for value in runs.by("model.hidden")]
        found = {
            name: [list(each.values(at_end("train/loss")).values()) for each in part.by("model.hidden").values()]
            for name, part in runs.by("model.init").items()
        }
        over_places(
            axes,
            depths,
            found,
            title="Which first weights survive depth",
            xlabel="hidden layers of 64 ReLU",
            ylabel="training loss (nats)",
        )
        return figure


@claim("optimizers", "002:78, 004:155")
class Optimizers(Claim):
    """Adam reaches a lower training cost than SGD with Nesterov's momentum, AdaGrad, RMSProp and AdaDelta.

    Each rule is taken at the rate with the lowest mean training loss of nine.
    """

    source = "Kingma & Ba 2015, Figure 2"
    published = "curves of a perceptron with dropout on MNIST; no number"
    comparable = False
    expected = "training loss after 20 epochs, Adam minus each other rule: below 0"
    reason = "where the rate of each rule is chosen, the rules come close to each other; the figure shows by how much"
    caption = (
        "Training loss after 20 epochs over the rate, mean and 95% interval of the seeds. Every rule has a valley; "
        "its depth differs less than its place, so that choosing the rate matters more than choosing the rule."
    )
    sweep = ("experiment=optimizers", "seed=range(5)")
    quick = ("seed=0,1,2", "trainer.epochs=5")
    others = ("nesterov", "adagrad", "rmsprop", "adadelta")

    def answer(self, runs: Runs) -> list[Finding]:
        """Adam compared with each other rule, each at its own best rate."""
        best = {name: _at_best_rate(part) for name, part in runs.by("optimizer").items()}
        found = [
            below(f"training loss, adam minus {name}", best["adam"].minus(best[name], "train/loss"))
            for name in self.others
        ]
        tests = [
            shown(
                f"test accuracy, {name} at lr {best[name][0].value('optimizer.lr')}", best[name].mean("test/accuracy")
            )
            for name in ("adam", *self.others)
        ]
        return found + tests

    def figure(self, runs: Runs) -> Figure:
        """Training loss over the rate, a line a rule."""
        from runner.claims.pictures import lines, panels

        figure, [axes] = panels()
        rates = [float(rate) for rate in runs.by("optimizer.lr")]
        found = {}
        for name in ("adam", *self.others, "sgd"):
            parts = runs.where(f"optimizer={name}").by("optimizer.lr").values()
            found[name] = [[_finite(run.metric("train/loss")) for run in part] for part in parts]
        lines(
            axes,
            rates,
            found,
            title="Loss over the rate",
            xlabel="learning rate",
            ylabel="training loss (nats)",
            log="xy",
        )
        axes.set_ylim(top=4)
        return figure


def _at_best_rate(runs: Runs) -> Runs:
    """The runs at the rate with the lowest mean training loss, of those at which all runs finished."""
    whole = [part for part in runs.by("optimizer.lr").values() if all(run.row.finished for run in part)]
    return min(whole, key=lambda part: part.mean("train/loss").value)


def _finite(value: float) -> float:
    """A diverged run as a loss off the chart."""
    return value if math.isfinite(value) else 1e3


@claim("adamw_decoupling", "002:55, 002:83")
class AdamWDecoupling(Claim):
    """With Adam + L2 the best decay moves with the rate; with AdamW it does not."""

    source = "Loshchilov & Hutter 2019, Figures 1 and 2"
    published = "heat maps of a ResNet on CIFAR-10: a diagonal basin, and one along the axes"
    comparable = False
    expected = "slope of log best decay on log rate: below 0 for Adam + L2, between -0.3 and 0.3 for AdamW"
    reason = (
        "PyTorch's decay is multiplied by the rate, the paper's by the schedule alone; with rate x decay x steps above "
        "1 runs end near a balance in which the rate drops out"
    )
    caption = (
        "Test accuracy by rate and decay, coloured by rank; the frame is the best. A basin along the axes means that "
        "the best decay is the same for every rate."
    )
    sweep = ("experiment=adamw_decoupling", "seed=range(5)")
    quick = ("seed=0,1,2", "trainer.epochs=10")

    def answer(self, runs: Runs) -> list[Finding]:
        """How the best decay of each seed moves with the rate."""
        slopes = {name: part.estimate(_slopes(part)) for name, part in runs.by("optimizer").items()}
        best = {name: _best_cell(part) for name, part in runs.by("optimizer").items()}
        return [
            below("slope of log best decay on log rate, Adam + L2", slopes["adam"]),
            within("slope of log best decay on log rate, AdamW", slopes["adamw"], -0.3, 0.3),
            shown(
                "test accuracy at the best cell, AdamW minus Adam + L2",
                best["adamw"].minus(best["adam"], "test/accuracy"),
            ),
        ]

    def figure(self, runs: Runs) -> Figure:
        """A heat map of rate and decay for both."""
        import numpy as np

        from runner.claims.pictures import heat, panels

        figure, axes = panels(2, size=(10.0, 5.2))
        for ax, (name, part) in zip(axes, runs.by("optimizer").items(), strict=True):
            rows = part.by("optimizer.weight_decay")
            columns = list(part.by("optimizer.lr"))
            values = [
                [each.where(f"optimizer.lr={rate}").mean("test/accuracy").value for rate in columns]
                for each in rows.values()
            ]
            title = {"adam": "Adam + L2", "adamw": "AdamW"}[name]
            heat(
                figure, ax, np.array(values), list(rows), columns, title=title, xlabel="rate", ylabel="decay", places=3
            )
        return figure


def _slopes(runs: Runs) -> dict[Luck, float]:
    """Of each seed: the least-squares slope of the best decay on the rate, both as logarithms."""
    rates = runs.by("optimizer.lr")
    at = [math.log10(float(rate)) for rate in rates]
    middle = math.fsum(at) / len(at)
    scale = math.fsum((x - middle) ** 2 for x in at)
    found = {}
    for luck in next(iter(next(iter(rates.values())).by("optimizer.weight_decay").values())).values("test/accuracy"):
        best = [math.log10(_best_decay(part, luck)) for part in rates.values()]
        found[luck] = math.fsum((x - middle) * y for x, y in zip(at, best, strict=True)) / scale
    return found


def _best_decay(runs: Runs, luck: Luck) -> float:
    """The decay with the best test accuracy of one seed at one rate."""
    mine = [run for run in runs if run.row.luck == luck and run.row.finished]
    return float(max(mine, key=lambda run: run.metric("test/accuracy")).value("optimizer.weight_decay"))


def _best_cell(runs: Runs) -> Runs:
    """The runs at the rate and decay with the best mean test accuracy."""
    cells = [cell for part in runs.by("optimizer.lr").values() for cell in part.by("optimizer.weight_decay").values()]
    return max(cells, key=lambda cell: cell.mean("test/accuracy").value)


@claim("dropout_by_size", "000:102, 001:1015")
class DropoutBySize(Claim):
    """Dropout gains nothing on very few examples, most on a middling number, and less again on many."""

    source = "Srivastava et al. 2014, Figure 10"
    published = "a figure of 784-1024-1024-2048-10 on 100 to 50,000 images of MNIST; no number"
    comparable = False
    expected = "the gain in test accuracy at 200 and 400 examples is above that at 50, and above that at 800 and 1,200"
    reason = "digits are easy: at 800 examples there are two points left to gain, and the gains are of half a point"
    caption = (
        "What dropout .5 adds to the test accuracy in the same split, mean and 95% interval over splits. The claim is "
        "a hill: near 0 at both ends."
    )
    sweep = ("experiment=dropout_by_size",)
    quick = ("trainer.epochs=20",)

    def answer(self, runs: Runs) -> list[Finding]:
        """The gain in the middle compared with that at both ends."""
        gains = self._gains(runs)
        found = [
            above(f"gain at 200 and 400 minus gain at {name}", runs.estimate(_apart(gains, ("200", "400"), ends)))
            for name, ends in (("50", ("50",)), ("800 and 1,200", ("800", "1200")))
        ]
        return found + [shown(f"gain in test accuracy at {size}", runs.estimate(each)) for size, each in gains.items()]

    def figure(self, runs: Runs) -> Figure:
        """The gain over the number of examples."""
        from runner.claims.pictures import lines, panels

        gains = self._gains(runs)
        figure, [axes] = panels()
        table = [list(each.values()) for each in gains.values()]
        lines(
            axes,
            [float(size) for size in gains],
            {"gain": table},
            title="What dropout gains",
            xlabel="training examples",
            ylabel="test accuracy, with minus without",
            log="x",
        )
        axes.axhline(0, color="black", linewidth=1, linestyle="--")
        return figure

    def _gains(self, runs: Runs) -> dict[str, dict[Luck, float]]:
        """Size -> the gain of each split."""
        found = {}
        for size, part in runs.by("dataset.train_size").items():
            on, off = (part.where(f"regularizer.dropout={p}").values("test/accuracy") for p in ("0.5", "0"))
            found[size] = {luck: on[luck] - off[luck] for luck in on if luck in off}
        return found


def _apart(gains: dict[str, dict[Luck, float]], first: tuple[str, ...], second: tuple[str, ...]) -> dict[Luck, float]:
    """Of each split: the mean gain at the first sizes minus that at the second."""
    lucks = [luck for luck in gains[first[0]] if all(luck in gains[size] for size in (*first, *second))]
    return {
        luck: sum(gains[s][luck] for s in first) / len(first) - sum(gains[s][luck] for s in second) / len(second)
        for luck in lucks
    }


@claim("fashion_mnist", "000:102, 001:571, 002:81")
class FashionMNIST(Claim):
    """Batch norm, dropout, AdamW and a cosine schedule take a small perceptron past Fashion-MNIST's benchmark."""

    source = "Xiao, Rasul & Vollgraf 2017, the benchmark of the data set"
    published = "test accuracy .900 for a 256-128-64 network, .8833 for 256-128-100; people .835"
    comparable = False
    expected = "test accuracy above .900"
    caption = "Accuracy over the epochs, mean and 95% interval of the seeds; the line is the published test accuracy."
    sweep = ("experiment=fashion_mnist", "seed=0,1,2", "trainer.epochs=25", "early_stopping.patience=null")
    quick = ("trainer.epochs=3",)

    def answer(self, runs: Runs) -> list[Finding]:
        """The test accuracy compared with the benchmark's."""
        return [above("test accuracy", runs.mean("test/accuracy"), 0.9)]

    def figure(self, runs: Runs) -> Figure:
        """Accuracy over the epochs."""
        from runner.claims.pictures import lines, panels

        found = {f"{split} accuracy": runs.epochs(f"{split}/accuracy") for split in ("val", "train")}
        figure, [axes] = panels()
        lines(axes, range(len(found["val accuracy"])), found, title="Fashion-MNIST", xlabel="epoch", ylabel="accuracy")
        axes.axhline(0.9, color="black", linewidth=1.2, linestyle=":")
        axes.set_ylim(0.8, 1)
        return figure
