"""Which learning rates a network can be trained with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runner.config.option import integer, number
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.errors import ConfigError
from runner.records.names import plural
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.subject import Case, Subject

SMOOTH = 0.95  # of the mean that a loss joins
WORSE = 4.0  # times the lowest loss above which the test ends
SAFE = 10.0  # the rate that is proposed is this much below the one at which the loss is lowest


@diagnosis("lr_range", lecture="000:181, 002:65", paper="Smith 2017, section 3.3; smoothed as Gugger 2018")
@dataclass
class LrRange(Diagnosis):
    """Which learning rate suits? One short training with a rate that grows from step to step.

    rate_t = low (high / low)^(t / (steps - 1)), the objective of each batch smoothed by an exponential mean without
    bias. The run begins anew, with everything as configured but the schedule; it ends when the objective is four times
    its lowest. Proposed is a tenth of the rate at which it was lowest; beyond that rate training gets unstable.
    """

    example = 'dataset=digits "model.hidden=[64]" optimizer=sgd'
    by_default = True

    low: float = number(1e-6, above=0, help="first rate")
    high: float = number(10.0, above=0, help="last rate")
    steps: int = integer(300, ge=10, le=100_000, help="steps, an epoch after the other as far as needed")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """The curve, the steepest rate, the lowest, and the one to take."""
        if self.low >= self.high:
            raise ConfigError(f"--low {self.low:g}: not below --high {self.high:g}")
        rates, losses = self._swept(subject.case, told)
        if len(rates) < 10:
            raise ConfigError(
                f"lr_range: after {plural(len(rates), 'step')} from the rate {self.low:g} on the objective is four "
                "times its lowest, or not finite; give a lower --low, or check the scale of the data"
            )
        smooth = smoothed(losses)
        lowest = int(np.argmin(smooth))
        slopes = np.gradient(smooth, np.log(rates))
        steepest = int(np.argmin(slopes[: lowest + 1])) if lowest else 0
        proposed = float(f"{rates[lowest] / SAFE:.1g}")
        numbers = {
            "proposed": proposed,
            "lowest_at": float(rates[lowest]),
            "steepest_at": float(rates[steepest]),
            "ended_at": float(rates[-1]),
            "configured": subject.case.settings.optimizer.lr,
            "rates": rates,
            "objective": losses,
            "smoothed": smooth,
        }
        lines = [
            f"the objective falls fastest at rate {rates[steepest]:.2g}, is lowest at {rates[lowest]:.2g}"
            + (f", and has risen again by {rates[-1]:.2g}" if rates[-1] < self.high else ""),
            f"proposed: optimizer.lr={proposed:g} (configured: {numbers['configured']:g})",
        ]
        advice = "Try the proposed rate and its neighbours; the best one is often within a factor of 3."
        near = [f"{factor * proposed:g}" for factor in (0.3, 1, 3)]
        following = subject.sweep("optimizer.lr", near, "seeds=3")
        return Found(numbers, lines, advice, following, draw(numbers))

    def _swept(self, case: Case, told: Tell) -> tuple[np.ndarray, np.ndarray]:
        """(rates, objective) of the steps that were made, until the objective is far worse than its lowest."""
        from runner.training.engine import Engine

        engine = Engine([case.settings], [case.as_trained])
        rates = self.low * (self.high / self.low) ** (np.arange(self.steps) / (self.steps - 1))
        losses: list[float] = []
        while len(losses) < self.steps:
            told(len(losses), self.steps, "steps, the rate growing")
            some = rates[len(losses) : len(losses) + engine.steps]
            planned = engine.plan([1.0])
            given = np.pad(some, (0, engine.steps - len(some)), mode="edge")
            engine.epoch, engine.at = dataclasses.replace(planned, rates=given[None]), 0
            engine.rows.start_epoch(engine.epoch)
            losses += engine.advance(len(some))["objectives"][:, 0].tolist()
            if len(some) < engine.steps or _far_worse(losses):
                break
        return _until_worse(rates, np.array(losses))


def smoothed(losses: np.ndarray) -> np.ndarray:
    """m_t / (1 - b^t), m_t = b m_{t-1} + (1 - b) loss_t."""
    mean, found = 0.0, []
    for t, loss in enumerate(losses.tolist(), 1):
        mean = SMOOTH * mean + (1 - SMOOTH) * loss
        found.append(mean / (1 - SMOOTH**t))
    return np.array(found)


def _far_worse(losses: list[float]) -> bool:
    return len(_until_worse(np.array(losses), np.array(losses))[1]) < len(losses)


def _until_worse(rates: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both up to where the smoothed objective is not finite or far above its lowest."""
    with np.errstate(invalid="ignore", over="ignore"):
        smooth = smoothed(losses)
    lowest = np.fmin.accumulate(np.where(np.isfinite(smooth), smooth, np.inf))
    bad = ~np.isfinite(smooth) | (smooth - lowest > (WORSE - 1) * np.abs(lowest))
    end = int(np.argmax(bad)) if bad.any() else len(losses)
    return rates[:end], losses[:end]


def draw(n: dict) -> bytes:
    """The objective against the rate, with the rates that stand out."""
    from runner.diagnose.draw import BLUE, GREEN, GREY, INK, RED, explain, png, sheet

    caption = (
        "Left: rates too small to move anything. Where the curve falls the network learns; where it turns up the steps "
        f"are too long. Take a rate well before the turn: {n['proposed']:g}."
    )
    figure, ((axes,),) = sheet("learning rates that train", caption)
    axes.semilogx(n["rates"], n["objective"], color=GREY, linewidth=0.8, label="each batch")
    axes.semilogx(n["rates"], n["smoothed"], color=BLUE, linewidth=2.4, label="smoothed")
    axes.axvline(n["proposed"], color=GREEN, linewidth=2, label=f"proposed {n['proposed']:g}")
    axes.axvline(n["lowest_at"], color=RED, linestyle="--", linewidth=1.8, label=f"lowest at {n['lowest_at']:.2g}")
    axes.axvline(n["configured"], color=INK, linestyle=":", linewidth=1.8, label=f"configured {n['configured']:g}")
    low, high = float(n["smoothed"].min()), float(n["smoothed"][0])
    axes.set_ylim(low - 0.1 * abs(high - low), max(high, low) + 0.6 * abs(high - low) + 1e-12)
    explain(axes, "learning rate", "objective of the batch")
    return png(figure)
