"""Claims about noise in labels, inputs, weights and gradients, and about how many connections are needed."""

from __future__ import annotations

from typing import ClassVar

from runner.claims.book.common import COARSE, COARSE_SPLITS, SEEDS, SIGNALS, SPLITS, TOGETHER, WITH_ECE
from runner.claims.claim import claim, replaced
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, below, shown, within
from runner.claims.runs import Runs, at_end
from runner.claims.trained import moved


@claim("smoothing_calibrates", "003:915-918")
class SmoothingCalibrates(Contrast):
    """Label smoothing brings what a network says of its certainty closer to how often it is right."""

    source = "Müller, Kornblith & Hinton 2019, Table 3"
    published = "expected calibration error: CIFAR-100 .150 -> .024, ImageNet .071 -> .035 (as recalled)"
    comparable = False
    expected = "calibration error and test loss lower with smoothing .1; accuracy not lower by more than .01"
    reason = "calibration and loss gain as claimed; smooth targets cost this small network accuracy"
    caption = "Calibration error in validation over the epochs: without smoothing the network grows too sure."
    parts: ClassVar[Parts] = {
        "hard labels": ("regularizer.label_smoothing=0",),
        "smoothing .1": ("regularizer.label_smoothing=0.1",),
    }
    sweep = (*WITH_ECE, *side_by_side(parts), SEEDS)
    quick = COARSE
    column = ("val/ece", "calibration error (ECE)")

    def answer(self, runs: Runs) -> list[Finding]:
        """Calibration, loss and accuracy."""
        pair = ("smoothing .1", "hard labels")
        return [
            below("calibration error, smoothed minus hard", self.apart(runs, *pair, "test/ece")),
            below("test loss, smoothed minus hard", self.apart(runs, *pair, "test/loss")),
            above("test accuracy, smoothed minus hard", self.apart(runs, *pair, "test/accuracy"), -0.01),
            *(shown(f"calibration error, {name}", self.part(runs, name).mean("test/ece")) for name in self.parts),
        ]


@claim("smoothing_wrong_labels", "001:995-997, 000:65")
class SmoothingWrongLabels(Contrast):
    """Where a fifth of the labels is wrong, smooth labels keep a network from learning them by heart."""

    source = "Goodfellow, Bengio & Courville 2016, section 7.5.1; Lukasik et al. 2020"
    expected = "test loss lower and test accuracy higher with smoothing .2 than with hard labels"
    reason = (
        "accuracy gains as claimed; the loss need not, as smooth targets keep it from ever being sure of the right ones"
    )
    caption = "Validation loss of digits with a fifth of the training labels wrong."
    parts: ClassVar[Parts] = {
        "hard labels": ("regularizer.label_smoothing=0",),
        "smoothing .2": ("regularizer.label_smoothing=0.2",),
    }
    sweep = (
        "dataset=digits", "dataset.label_noise=0.2", "model.hidden=[128]", "trainer.epochs=100", "early_stopping=none",
        *side_by_side(parts, TOGETHER), *SPLITS,
    )  # fmt: skip
    quick = COARSE_SPLITS

    def answer(self, runs: Runs) -> list[Finding]:
        """Loss and accuracy."""
        pair = ("smoothing .2", "hard labels")
        return [
            below("test loss, smoothed minus hard", self.apart(runs, *pair, "test/loss")),
            above("test accuracy, smoothed minus hard", self.apart(runs, *pair, "test/accuracy")),
        ]


@claim("random_labels", "001:71-82, 000:65")
class RandomLabels(Contrast):
    """A network learns random labels by heart: that it fits says nothing of what it has understood."""

    source = "Zhang et al. 2017, Table 1"
    published = "CIFAR-10, 3 x 512: training accuracy 1.000 on random labels, test at chance"
    comparable = False
    expected = "training accuracy on random labels above .98; test accuracy between .05 and .15"
    caption = "Training accuracy over the epochs with given and with random labels; right, the accuracy in the test."
    parts: ClassVar[Parts] = {"given labels": ("dataset.labels=given",), "random labels": ("dataset.labels=random",)}
    sweep = (
        "dataset=digits", "model.hidden=[128,128]", "optimizer.lr=0.003", "trainer.epochs=120", "early_stopping=none",
        *side_by_side(parts, TOGETHER), "seed=range(6)", "dataset.split_seed=range(6)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "dataset.split_seed=0,1,2")
    column = ("train/accuracy", "training accuracy")

    def answer(self, runs: Runs) -> list[Finding]:
        """Fit and test of random labels."""
        random = self.part(runs, "random labels")
        return [
            above("training accuracy, random labels", random.mean(at_end("train/accuracy")), 0.98),
            within("test accuracy, random labels", random.mean("test/accuracy"), 0.05, 0.15),
            shown("test accuracy, given labels", self.part(runs, "given labels").mean("test/accuracy")),
        ]


@claim("input_noise_test", "000:64, 003:909, 004:170")
class InputNoiseTest(Contrast):
    """Noise on the inputs keeps a network from overfitting."""

    source = "Sietsma & Dow 1991; Bishop 1995"
    expected = "test loss lower and test accuracy higher with noise of a third of a deviation"
    caption = "Validation loss: without noise it turns; test accuracy of both."
    parts: ClassVar[Parts] = {"without": ("regularizer.input_noise=0",), "noise .3": ("regularizer.input_noise=0.3",)}
    sweep = (*SIGNALS, *side_by_side(parts), SEEDS)
    quick = COARSE

    def answer(self, runs: Runs) -> list[Finding]:
        """Loss and accuracy."""
        pair = ("noise .3", "without")
        return [
            below("test loss, with minus without", self.apart(runs, *pair, "test/loss")),
            above("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
        ]


@claim("weight_noise_test", "001:989-993")
class WeightNoiseTest(Contrast):
    """Noise on the weights finds smooth functions: they change less when their weights are moved, and test better."""

    source = "An 1996; Graves 2011; Goodfellow, Bengio & Courville 2016, section 7.5"
    expected = "training loss rises less when weights are moved by N(0, .1^2); test loss lower"
    caption = "Validation loss, and how far the training loss rises when all weights are moved at random by .1."
    parts: ClassVar[Parts] = {"without": ("regularizer.weight_noise=0",), "noise .1": ("regularizer.weight_noise=0.1",)}
    sweep = (*replaced(SIGNALS, ["trainer.epochs=50"]), *side_by_side(parts), "seed=range(6)")
    quick = ("seed=0,1,2", "trainer.epochs=20")
    metric = (moved, "rise of the training loss (nats)")

    def answer(self, runs: Runs) -> list[Finding]:
        """Sensitivity and test loss."""
        pair = ("noise .1", "without")
        return [
            below("rise of training loss, with minus without", self.apart(runs, *pair, moved)),
            below("test loss, with minus without", self.apart(runs, *pair, "test/loss")),
            shown("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
        ]


@claim("gradient_noise", "003:1080")
class GradientNoise(Contrast):
    """Noise on the gradients lets very deep networks with poor first weights learn.

    20 layers of 50 ReLU, first weights N(0, .1^2), plain gradient descent; 'zero' begins with weights of 0.
    """

    source = "Neelakantan et al. 2015, Table 1"
    published = "MNIST, best/mean accuracy: plain .899/.431, noise .967/.527; zero .114/.101, with noise .945/.497"
    comparable = False
    expected = "mean test accuracy with noise above that without, from small weights; and from zeros"
    reason = "a fifth of the images and steps of the source: the noise may not have had the time to break the plateau"
    caption = "Training loss over the epochs (2.303 = ln 10 is a guess), and test accuracy."
    parts: ClassVar[Parts] = {
        "small": ("model.init_sd=0.1", "regularizer.gradient_noise.s=0"),
        "small, noise": ("model.init_sd=0.1", "regularizer.gradient_noise.s=0.01"),
        "zero": ("model.init_sd=1e-30", "regularizer.gradient_noise.s=0"),
        "zero, noise": ("model.init_sd=1e-30", "regularizer.gradient_noise.s=0.01"),
    }
    sweep = (
        "dataset=digits", f"model.hidden=[{','.join(['50'] * 20)}]", "model.init=normal", "optimizer=sgd",
        "optimizer.lr=0.1", "optimizer.clip_norm=10", "trainer.batch_size=20", "trainer.epochs=60",
        "early_stopping=none", *side_by_side(parts), "seed=range(6)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=10")
    column = ("train/loss", "training loss (nats)")

    def answer(self, runs: Runs) -> list[Finding]:
        """With noise compared with without, from both beginnings."""
        return [
            *(
                above(
                    f"test accuracy, {start}: with minus without",
                    self.apart(runs, f"{start}, noise", start, "test/accuracy"),
                )
                for start in ("small", "zero")
            ),
            *(shown(f"test accuracy, {name}", self.part(runs, name).mean("test/accuracy")) for name in self.parts),
        ]


@claim("nielsen_l2", "001:744, 003:313")
class NielsenL2(Contrast):
    """L2 curbs overfitting: on 1,000 images a sigmoid network gains several points in the test.

    784-30-10 sigmoid, cross entropy of each output, N(0, 1) first weights, SGD at .5 with batches of 10, as the source;
    the strength is ten times its and the epochs half as many.
    """

    source = "Nielsen 2015, Neural Networks and Deep Learning, chapter 3"
    published = "1,000 images of MNIST, 400 epochs: test accuracy .8227 without, .871 with L2 of strength 1e-4"
    comparable = False
    expected = "1,000 images of Fashion-MNIST, 200 epochs: test accuracy with L2 above that without, test loss lower"
    caption = "Validation loss with and without L2, and test accuracy on 10,000 images."
    parts: ClassVar[Parts] = {"without": ("regularizer.l2=0",), "L2 1e-3": ("regularizer.l2=0.001",)}
    sweep = (
        "dataset=fashion_mnist", "dataset.train_size=1000", "dataset.scaling=minmax", "dataset.val_fraction=0.02",
        "model.hidden=[30]", "model.activation=sigmoid", "loss=binary_cross_entropy", "model.init=normal",
        "model.init_sd=1", "optimizer=sgd", "optimizer.lr=0.5", "trainer.batch_size=10", "trainer.epochs=200",
        "early_stopping=none", *side_by_side(parts), "seed=range(5)",
    )  # fmt: skip
    quick = ("seed=0,1,2", "trainer.epochs=30")
    log = "y"

    def answer(self, runs: Runs) -> list[Finding]:
        """Accuracy and loss."""
        pair = ("L2 1e-3", "without")
        return [
            above("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
            below("test loss, with minus without", self.apart(runs, *pair, "test/loss")),
            *(shown(f"test accuracy, {name}", self.part(runs, name).mean("test/accuracy")) for name in self.parts),
        ]


@claim("few_connections", "003:952-953")
class FewConnections(Contrast):
    """A network that never had nine tenths of its connections is nearly as good."""

    source = "Frankle & Carbin 2019; Han et al. 2015, who prune after training"
    published = "9 to 13 times fewer weights without a loss in accuracy (Han et al., AlexNet and VGG-16)"
    comparable = False
    expected = "test accuracy with a tenth of the weights, the largest of the first draw, within .02 of all of them"
    caption = "Validation loss of a network with all weights, and of one with a tenth of them, and test accuracy."
    parts: ClassVar[Parts] = {"all weights": ("model.prune=0",), "a tenth": ("model.prune=0.9",)}
    sweep = (
        "dataset=digits", "model.hidden=[128,128]", "trainer.epochs=60", "early_stopping=none",
        *side_by_side(parts, TOGETHER), *SPLITS,
    )  # fmt: skip
    quick = COARSE_SPLITS

    def answer(self, runs: Runs) -> list[Finding]:
        """The difference in the test."""
        apart = self.apart(runs, "a tenth", "all weights", "test/accuracy")
        return [
            within("test accuracy, a tenth minus all", apart, -0.02, 0.02),
            shown("share of weights that are 0", self.part(runs, "a tenth").mean(at_end("sparsity"))),
        ]


@claim("cocktail", "003:245, 000:59-68")
class Cocktail(Contrast):
    """Several regularizers together do better than each alone, and than none."""

    source = "Kadra et al. 2021"
    published = "the cocktail is best on 19 of 40 tables, of 13 regularizers searched for each"
    comparable = False
    expected = "test accuracy of all four together above that of none, and above that of each alone"
    caption = "Validation loss over the epochs, and test accuracy: none, each alone, all together."
    parts: ClassVar[Parts] = {
        "none": (),
        "dropout .2": ("regularizer.dropout=0.2",),
        "decay .1": ("optimizer.weight_decay=0.1",),
        "smoothing .1": ("regularizer.label_smoothing=0.1",),
        "noise .2": ("regularizer.input_noise=0.2",),
        "together": (
            "regularizer.dropout=0.2",
            "optimizer.weight_decay=0.1",
            "regularizer.label_smoothing=0.1",
            "regularizer.input_noise=0.2",
        ),
    }
    sweep = (*SIGNALS, *side_by_side(parts), SEEDS)
    quick = COARSE

    def answer(self, runs: Runs) -> list[Finding]:
        """All together compared with each."""
        return [
            above(f"test accuracy, together minus {name}", self.apart(runs, "together", name, "test/accuracy"))
            for name in self.parts
            if name != "together"
        ]
