"""How wide the valley is in which a network's weights lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.option import choice, integer, number
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.landscape import Landscape
    from runner.diagnose.subject import Subject

REACH = np.concatenate([[0.0], np.geomspace(0.01, 1.0, 9)])  # of random steps, in norms of the weights
STEPS = 40  # of Lanczos's method
ASCENTS = 20  # steps towards the worst point of the ball, after SAM's
SHARP = 0.5  # of the loss, that a step of a tenth of the weights may add


@diagnosis(
    "sharpness",
    lecture="002:66, 003:957",
    paper="Keskar et al. 2017; Foret et al. 2021 (SAM); Li et al. 2018 (filters)",
)
@dataclass
class Sharpness(Diagnosis):
    """How sharp is the minimum? What the loss gains a little way off: at worst, and in random directions.

    worst: max over |e| <= rho of L(w + e) - L(w), by gradients there, from SAM's step rho g/|g| on.
    largest: the largest eigenvalue of the Hessian (Lanczos); times rho^2/2 it is `worst` at a minimum, rho small.
    random: mean rise of L at w + a d, d filter-normalized directions (`runner diagnose surface`).
    """

    example = 'dataset=digits "model.hidden=[32]" trainer.epochs=20'

    at: str = choice("kept", "kept", "initial", help="at the weights that the run kept, or at the initial ones")
    rho: float = number(0.05, above=0, help="radius of the ball")
    directions: int = integer(10, ge=1, help="random directions")
    rows: int = integer(2000, ge=1, help="training rows at most")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """The rises."""
        from runner.diagnose.kinds.hessian import lanczos
        from runner.diagnose.landscape import Landscape

        subject = subject.at(self.at, told, "minimum")
        case = subject.case
        land = Landscape(case, initial=self.at == "initial", rows=self.rows)
        here = land.value(land.start)
        sam, worst = ascended(land, self.rho)
        values = lanczos(land.curvature(land.start), land.size, STEPS, told)
        rises = self._random(land, told) - here
        n: dict[str, Any] = {
            "loss": here,
            "rho": self.rho,
            "sam": sam,
            "worst": worst,
            "largest": float(values[-1]),
            "keskar": 100 * worst / (1 + here),
            "reach": REACH,
            "rise": rises.mean(0),
            "spread": rises.std(0),
        }
        tenth = float(np.interp(0.1, REACH, n["rise"]))
        n["rise_at_a_tenth"] = tenth
        lines = [
            f"objective {here:.6g}; within rho = {self.rho:g} it rises by {worst:.6g} at worst (SAM's step: {sam:.6g})",
            f"largest eigenvalue of the Hessian {n['largest']:.6g}; Keskar's sharpness {n['keskar']:.4g}",
            f"a random step of a tenth of the weights adds {tenth:.4g} in the mean of {self.directions} directions",
        ]
        notes = [f"the first {land.examples:,} training rows"] if land.examples < len(case.data.train) else []
        advice, following = advise(tenth > SHARP * max(here, 1e-3), subject)
        return Found(n, lines, advice, following, draw(n), notes)

    def _random(self, land: Landscape, told: Tell) -> np.ndarray:
        """Losses [directions, len(REACH)]."""
        from runner.diagnose.kinds.surface import filter_normalized

        found = []
        for i in range(self.directions):
            told(i, self.directions, "random directions")
            d = filter_normalized(land, np.random.default_rng([7, i]))
            found.append(land.values(land.start + np.outer(REACH, d)))
        return np.array(found)


def ascended(land: Landscape, rho: float) -> tuple[float, float]:
    """Rises of the loss: (after SAM's step rho g/|g|, at the worst point of the ball).

    At the worst point e is along the gradient there; e <- rho g(w + e)/|g(w + e)| leads to it, and at a minimum is the
    power method for the largest eigenvalue.
    """
    here, e = land.value(land.start), np.zeros(land.size)
    rises = []
    for _ in range(1 + ASCENTS):
        g = land.gradient(land.start + e)
        if not np.linalg.norm(g):
            g = np.random.default_rng(0).normal(size=land.size)
        e = rho * g / np.linalg.norm(g)
        rises.append(land.value(land.start + e) - here)
    return rises[0], max(rises)


def advise(sharp: bool, subject: Subject) -> tuple[str, str]:
    """What to try next."""
    if sharp:
        text = "The valley is narrow: smaller batches, a larger rate, SAM or averaging find wider ones."
        return text, subject.again("sharpness", "regularizer.sam=0.05")
    return "The valley is wide; look at its shape.", subject.ask("surface")


def draw(n: dict[str, Any]) -> bytes:
    """The mean rise against the length of a random step."""
    from runner.diagnose.draw import BLUE, INK, RED, explain, png, sheet

    caption = (
        "How much the loss grows on a random way off: a steep curve is a sharp minimum. Band: standard deviation over "
        f"directions. Worst within rho = {n['rho']:g}: +{n['worst']:.3g}."
    )
    figure, ((axes,),) = sheet("sharpness", caption)
    low, high = n["loss"] + n["rise"] - n["spread"], n["loss"] + n["rise"] + n["spread"]
    axes.fill_between(n["reach"], low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(n["reach"], n["loss"] + n["rise"], "o-", color=BLUE, linewidth=2.2, label="random directions, mean")
    axes.axhline(n["loss"] + n["worst"], color=RED, linestyle="--", label=f"worst within {n['rho']:g}")
    axes.axhline(n["loss"], color=INK, linestyle=":", label="at the weights")
    explain(axes, "length of the step (norms of each unit's weights)", "objective")
    return png(figure)
