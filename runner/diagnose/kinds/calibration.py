"""Whether a classifier is right as often as it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.option import choice, integer
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.errors import ConfigError
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.subject import Subject

RANGE = (-3.0, 3.0)  # of log2 of the temperature
GOOD = 0.02
FEW = 10  # rows below which what a bin says is chance


@diagnosis("calibration", lecture="003:654, 003:792", paper="Guo, Pleiss, Sun & Weinberger 2017; Naeini et al. 2015")
@dataclass
class Calibration(Diagnosis):
    """Is the network right as often as it says? Confidence against accuracy, and the temperature that mends it.

    ECE = sum over bins of share |accuracy - confidence|. Temperature: probabilities ~ p^(1/T), T of least nll on the
    validation rows; above 1 the network was too sure of itself. What it brings is measured on the test rows.
    """

    example = 'dataset=digits "model.hidden=[64]"'

    bins: int = integer(15, ge=2, le=200, help="bins of confidence")
    split: str = choice("auto", "auto", "val", "test", "train", help="whose rows; auto: test, else val")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """ECE, nll and accuracy, before and after temperature scaling."""
        case = subject.case
        if case.data.task != "classification":
            raise ConfigError("calibration: is about probabilities of classes, and the run predicts numbers")
        subject = subject.at("kept", told, "confidence")
        from runner.figures.calibration import calibration
        from runner.reports.load import load

        run, data = load(str(subject.case.folder)), case.data
        split = self._split(data)

        def said(of: str) -> tuple[np.ndarray, np.ndarray]:
            rows = getattr(data, of)
            return run.probabilities(run.outputs(data.x[rows])), data.y[rows]

        p, y = said(split)
        fitted_on = "val" if len(data.val) else split
        temperature = best_temperature(*said(fitted_on))
        before, after = calibration(p, y, self.bins), calibration(at_temperature(p, temperature), y, self.bins)
        n: dict[str, Any] = {
            "split": split,
            "rows": len(y),
            "accuracy": float((p.argmax(1) == y).mean()),
            "confidence": float(p.max(1).mean()),
            "ece": before.ece,
            "nll": nll(p, y),
            "temperature": temperature,
            "fitted_on": fitted_on,
            "ece_scaled": after.ece,
            "nll_scaled": nll(at_temperature(p, temperature), y),
        }
        sure = "too sure" if n["confidence"] > n["accuracy"] else "too unsure"
        lines = [
            f"{split}, {n['rows']:,} rows: accuracy {n['accuracy']:.4f}, confidence {n['confidence']:.4f} ({sure})",
            f"ECE {n['ece']:.4f}, nll {n['nll']:.4f}; at temperature {temperature:.3f} (fitted on {fitted_on}): "
            f"ECE {n['ece_scaled']:.4f}, nll {n['nll_scaled']:.4f}",
        ]
        notes = ["there are no validation rows, so the temperature was fitted on the rows it is judged by"]
        advice, following = advise(n, subject)
        figure = draw(before, after, n)
        return Found(n, lines, advice, following, figure, notes if fitted_on == split else [])

    def _split(self, data: Any) -> str:
        split = self.split if self.split != "auto" else "test" if len(data.test) else "val"
        if not len(getattr(data, split)):
            raise ConfigError(f"calibration: the run has no {split} rows; name others, such as --split train")
        return split


def at_temperature(p_nC: np.ndarray, temperature: float) -> np.ndarray:
    """p^(1/T), normalized: softmax of the logits divided by T."""
    logits = np.log(np.maximum(p_nC, np.finfo(np.float64).tiny)) / temperature
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def nll(p_nC: np.ndarray, y_n: np.ndarray) -> float:
    """Mean -log p of the true class."""
    return float(-np.log(np.maximum(p_nC[np.arange(len(y_n)), y_n], np.finfo(np.float64).tiny)).mean())


def best_temperature(p_nC: np.ndarray, y_n: np.ndarray) -> float:
    """T of least nll, which is convex in 1/T, between 1/8 and 8."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(lambda t: nll(at_temperature(p_nC, 2**t), y_n), bounds=RANGE, method="bounded")
    return float(2**found.x)


def advise(n: dict[str, Any], subject: Subject) -> tuple[str, str]:
    """What to try next."""
    if n["ece"] < GOOD:
        return "Its probabilities can be taken at their word.", subject.again("calibration", "optimizer.lr=0.01")
    if n["temperature"] > 1:
        text = "It is too sure: label smoothing, an ensemble or an earlier stop make it more modest."
        return text, subject.again("calibration", "regularizer.label_smoothing=0.1")
    return "It is too unsure: train longer, or with less smoothing.", subject.again("calibration", "trainer.epochs=200")


def draw(before: Any, after: Any, n: dict[str, Any]) -> bytes:
    """Accuracy against confidence before and after, and how sure it was how often."""
    from runner.diagnose.draw import BLUE, GREEN, GREY, INK, explain, png, sheet

    caption = (
        "On the dashed line the network is right as often as it says; below it, it is too sure. Bottom: how many rows "
        f"each bin has; hollow marks are of fewer than {FEW}. ECE {n['ece']:.3f}, after temperature "
        f"{n['temperature']:.2f} {n['ece_scaled']:.3f}."
    )
    figure, ((upper,), (lower,)) = sheet("calibration", caption, 2, 1, sharex=True, height_ratios=(3, 1))
    middle = (before.edges[:-1] + before.edges[1:]) / 2
    upper.plot([0, 1], [0, 1], "--", color=INK, linewidth=1.5, label="as sure as right")
    for bins, colour, mark, name in ((before, BLUE, "o-", "as trained"), (after, GREEN, "s-", "temperature-scaled")):
        filled = bins.counts > 0
        upper.plot(bins.confidence[filled], bins.accuracy[filled], mark, color=colour, linewidth=1.6, label=name)
        few = filled & (bins.counts < FEW)
        upper.plot(bins.confidence[few], bins.accuracy[few], mark[0], color=colour, markerfacecolor="white")
    lower.bar(middle, np.maximum(before.counts, 0), 0.9 / len(middle), color=GREY)
    lower.set_yscale("symlog", linthresh=10)
    upper.set(xlim=(0, 1), ylim=(0, 1.02))
    explain(upper, "", f"accuracy on {n['split']}")
    explain(lower, "confidence (probability of the predicted class)", "rows")
    return png(figure)
