"""Claims about more examples out of those there are, and about their order."""

from __future__ import annotations

from typing import ClassVar

from runner.claims.book.common import COARSE, COARSE_SPLITS, SEEDS, SIGNALS, SPLITS, TOGETHER, WITH_ECE
from runner.claims.claim import claim, replaced
from runner.claims.contrast import Contrast, Parts, side_by_side
from runner.claims.rules import Finding, above, below, shown
from runner.claims.runs import Runs


@claim("mixup", "003:581, 003:913")
class Mixup(Contrast):
    """Mixing pairs of examples and their labels improves the test and the calibration."""

    source = "Zhang et al. 2018; Thulasidasan et al. 2019"
    published = "CIFAR-10, ResNet-18: error 5.6% -> 4.2%; better calibrated"
    comparable = False
    expected = "test loss and calibration error lower, test accuracy higher with mixup .4"
    reason = "the mean of two signals is no signal, and a perceptron has to spend units on it"
    caption = "Validation loss over the epochs, with and without mixup, and test accuracy."
    parts: ClassVar[Parts] = {"without": ("augmentation.mixup=0",), "mixup .4": ("augmentation.mixup=0.4",)}
    sweep = (*WITH_ECE, *side_by_side(parts), SEEDS)
    quick = COARSE

    def answer(self, runs: Runs) -> list[Finding]:
        """Loss, calibration and accuracy."""
        pair = ("mixup .4", "without")
        return [
            below("test loss, with minus without", self.apart(runs, *pair, "test/loss")),
            below("calibration error, with minus without", self.apart(runs, *pair, "test/ece")),
            above("test accuracy, with minus without", self.apart(runs, *pair, "test/accuracy")),
        ]


@claim("shifts", "003:576, 001:868-893, 003:240")
class Shifts(Contrast):
    """Moved copies of the training images stand for more data: the test improves."""

    source = "Simard, Steinkraus & Platt 2003"
    published = "MNIST: error 1.6% without, .7% with elastic, 1.1% with affine transformations of a perceptron"
    comparable = False
    expected = "test accuracy on 200 digits higher with shifts of up to a tenth, and with elastic distortions"
    reason = "digits of scikit-learn are 8 x 8 and centred: a tenth is less than a pixel"
    caption = "Validation loss of 200 training digits, and test accuracy, with each kind of augmentation."
    parts: ClassVar[Parts] = {
        "none": (),
        "shift": ("augmentation.shift=0.1",),
        "elastic": ("augmentation.elastic.alpha=6",),
    }
    sweep = (
        "dataset=digits", "dataset.train_size=200", "model.hidden=[128]", "trainer.epochs=100", "early_stopping=none",
        *side_by_side(parts, TOGETHER), *SPLITS,
    )  # fmt: skip
    quick = COARSE_SPLITS

    def answer(self, runs: Runs) -> list[Finding]:
        """Each compared with none."""
        return [
            above(f"test accuracy, {kind} minus none", self.apart(runs, kind, "none", "test/accuracy"))
            for kind in ("shift", "elastic")
        ]


@claim("wrong_symmetry", "003:576, 001:884-889")
class WrongSymmetry(Contrast):
    """Augmentation helps only where it keeps the label: flipping digits makes the test worse."""

    source = "Goodfellow, Bengio & Courville 2016, section 7.4: b and d, 6 and 9"
    expected = "test accuracy lower with flips in both directions than without"
    caption = "Validation loss of digits, some of which are flipped while training; test accuracy of both."
    parts: ClassVar[Parts] = {
        "none": (),
        "flips": ("augmentation.flip_horizontal=0.5", "augmentation.flip_vertical=0.5"),
    }
    sweep = (
        "dataset=digits", "dataset.train_size=400", "model.hidden=[64]", "trainer.epochs=80", "early_stopping=none",
        *side_by_side(parts, TOGETHER), *SPLITS,
    )  # fmt: skip
    quick = COARSE_SPLITS

    def answer(self, runs: Runs) -> list[Finding]:
        """Flips compared with none."""
        return [below("test accuracy, flips minus none", self.apart(runs, "flips", "none", "test/accuracy"))]


@claim("cutout", "003:579")
class Cutout(Contrast):
    """Blacking out a square of each training image improves the test."""

    source = "DeVries & Taylor 2017"
    published = "CIFAR-10, ResNet-18: error 4.72% -> 3.99%"
    comparable = False
    expected = "test accuracy on 300 digits higher with squares of a third of the side"
    reason = "digits of 8 x 8 have few pixels to lose"
    caption = "Validation loss of 300 training digits, and test accuracy, with and without cutout."
    parts: ClassVar[Parts] = {"without": ("augmentation.cutout.share=0",), "cutout": ("augmentation.cutout.share=0.3",)}
    sweep = (
        "dataset=digits", "dataset.train_size=300", "model.hidden=[128]", "trainer.epochs=100", "early_stopping=none",
        *side_by_side(parts, TOGETHER), *SPLITS,
    )  # fmt: skip
    quick = COARSE_SPLITS

    def answer(self, runs: Runs) -> list[Finding]:
        """The gain in the test."""
        return [above("test accuracy, with minus without", self.apart(runs, "cutout", "without", "test/accuracy"))]


@claim("speech_augmentation", "003:637-641")
class SpeechAugmentation(Contrast):
    """Signals that are moved, played at another speed or made noisy while training teach what does not matter."""

    expected = "test accuracy with shifts, and with all three, higher than without"
    caption = "Validation loss of 1,000 training signals, and test accuracy, by what is done to them."
    parts: ClassVar[Parts] = {
        "none": ("augmentation.snr=null",),
        "noise": ("augmentation.snr=10",),
        "shift": ("augmentation.snr=null", "augmentation.shift=0.2"),
        "all three": ("augmentation.snr=10", "augmentation.shift=0.2", "augmentation.speed=0.1"),
    }
    sweep = (*SIGNALS, *side_by_side(parts), SEEDS)
    quick = COARSE

    def answer(self, runs: Runs) -> list[Finding]:
        """Each compared with none."""
        test = "test/accuracy"
        return [
            above("test accuracy, shift minus none", self.apart(runs, "shift", "none", test)),
            above("test accuracy, all three minus none", self.apart(runs, "all three", "none", test)),
            shown("test accuracy, noise minus none", self.apart(runs, "noise", "none", test)),
        ]


@claim("curriculum", "003:1078")
class Curriculum(Contrast):
    """Easy examples first: the network ends better than in a random order."""

    source = "Bengio et al. 2009; Wu, Dyer & Neyshabur 2021, who find no gain"
    published = "gains on shapes and words in 2009; none on CIFAR-10 in 2021; no number to compare"
    comparable = False
    expected = "test accuracy with the curriculum above that without"
    reason = "Wu, Dyer & Neyshabur 2021 found curricula to help only with little time or noisy labels"
    caption = "Validation loss with and without a curriculum of 20 epochs, and test accuracy."
    parts: ClassVar[Parts] = {
        "random order": ("trainer.curriculum=none",),
        "easy first": ("trainer.curriculum=loss",),
        "sure first": ("trainer.curriculum=confidence",),
    }
    sweep = (*replaced(SIGNALS, ["trainer.epochs=60"]), *side_by_side(parts), SEEDS)
    quick = COARSE

    def answer(self, runs: Runs) -> list[Finding]:
        """Both orders compared with the random one."""
        return [
            above(f"test accuracy, {order} minus random", self.apart(runs, order, "random order", "test/accuracy"))
            for order in ("easy first", "sure first")
        ]
