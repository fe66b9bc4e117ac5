"""Whether the gradient that training computes is the slope of the objective."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.option import choice, integer
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.landscape import Landscape
    from runner.diagnose.subject import Subject

WIDTHS = 10.0 ** np.arange(-12, 0)  # h of the curves
TRIED = (1e-5, 1e-6, 1e-4)  # h of the check: the best counts, as a kink (ReLU) may lie within one of them
TOLERANCE, FLOOR = 1e-6, 0.01
X3 = "x^3 at 1"


@diagnosis("gradients", lecture="002:33, 002:35", paper="Goodfellow, Bengio & Courville 2016, section 11.5")
@dataclass
class Gradients(Diagnosis):
    """Is the gradient right? Against central differences, layer by layer, with all that is switched on.

    error = |g - d| / max(|g|, |d|, r), d = (L(w + h e) - L(w - h e)) / 2h, r the root mean square of the tensor's
    gradient (at least 1% of that of all, as a bias before a batch norm has none), in double precision on the first
    batch of training; what is drawn for it (dropout, noise) is held fast.
    """

    example = 'model.hidden="[8,8]" regularizer.l2=0.01'
    by_default = True

    at: str = choice("initial", "initial", "kept", help="at the initial weights, or at those that a run kept")
    checked: int = integer(20, ge=1, help="parameters of each tensor that are checked, all of a smaller one")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """The worst error of each tensor; the curve over h for both differences."""
        from runner.diagnose.landscape import Landscape

        subject = subject.at(self.at, told, "gradient")
        land = Landscape(subject.case, initial=self.at == "initial", first_step=True)
        tensors = self._tensors(land, told)
        curves = {"network": along(land), X3: textbook()}
        worst = max(tensors, key=lambda each: each["error"])
        right = worst["error"] <= TOLERANCE
        verdict = "agrees with" if right else "is NOT"
        lines = [f"{each['tensor']}: worst error {each['error']:.1e} of {each['checked']}" for each in tensors]
        lines += [
            f"the gradient {verdict} the slope of the objective: worst relative error {worst['error']:.1e} "
            f"in {worst['tensor']} (tolerance {TOLERANCE:g}, {land.examples} examples)"
        ]
        numbers = {"worst": worst["error"], "right": right, "tensors": tensors, "curves": curves}
        advice, following = advise(right, subject, worst["tensor"])
        return Found(numbers, lines, advice, following, draw(curves, lines[-1]))

    def _tensors(self, land: Landscape, told: Tell) -> list[dict[str, Any]]:
        found, g = [], land.gradient(land.start)
        random = np.random.default_rng(0)
        for done, (name, where) in enumerate(land.slots.items()):
            told(done, len(land.slots), f"tensors, {name} now")
            places = where.reshape(-1)
            tried = random.permutation(places)[: self.checked]
            scale = max(_rms(g[places]), FLOOR * _rms(g))
            errors = [min(_error(g[i], central(land, i, h), scale) for h in TRIED) for i in tried]
            found.append({"tensor": name, "parameters": len(places), "checked": len(tried), "error": max(errors)})
        return found


def _rms(g: np.ndarray) -> float:
    return float(np.sqrt(np.mean(g**2)))


def _error(g: float, slope: float, scale: float) -> float:
    largest = max(abs(g), abs(slope), scale)
    return float(abs(g - slope) / largest) if largest else 0.0


def central(land: Landscape, i: int, h: float) -> float:
    """(L(w + h e_i) - L(w - h e_i)) / 2h"""
    up, down = land.start.copy(), land.start.copy()
    up[i] += h
    down[i] -= h
    return (land.value(up) - land.value(down)) / (2 * h)


def differences(f: Any, slope: float) -> dict[str, list[float]]:
    """Relative errors of forward and central differences of f(t) at t = 0 over h, whose true slope is known."""
    here, size = f(0.0), abs(slope) or 1.0
    ahead, behind = ([f(sign * h) for h in WIDTHS] for sign in (1, -1))
    forward = [abs((a - here) / h - slope) / size for a, h in zip(ahead, WIDTHS, strict=True)]
    middle = [abs((a - b) / (2 * h) - slope) / size for a, b, h in zip(ahead, behind, WIDTHS, strict=True)]
    return {"h": WIDTHS.tolist(), "forward": forward, "central": middle}


def along(land: Landscape) -> dict[str, list[float]]:
    """The curves of the network along one random direction."""
    v = np.random.default_rng(1).normal(size=land.size)
    v /= np.linalg.norm(v)
    return differences(lambda t: land.value(land.start + t * v), float(land.gradient(land.start) @ v))


def textbook() -> dict[str, list[float]]:
    """The curves of x^3 at 1, to compare with."""
    return differences(lambda t: (1 + t) ** 3, 3.0)


def advise(right: bool, subject: Subject, tensor: str) -> tuple[str, str]:
    """What to try next."""
    if right:
        return "The gradient is right; if training fails, look at the rate next.", subject.ask("lr_range")
    more = subject.ask("gradients", "--checked", "1000")
    return f"The gradient of {tensor} is wrong: leave techniques out one by one until it agrees.", more


def draw(curves: dict[str, dict[str, list[float]]], said: str) -> bytes:
    """Error against h on logarithmic axes."""
    from runner.diagnose.draw import BLUE, GREY, RED, explain, png, sheet

    caption = (
        f"{said[0].upper()}{said[1:]}. From right to left the error falls as h (forward) and h^2 (central) until "
        "rounding, which grows as 1/h, takes over. Central differences reach about five more digits."
    )
    figure, ((axes,),) = sheet("gradient against differences", caption)
    for name, (first, second), style in (("network", (RED, BLUE), "-"), (X3, (GREY, GREY), "--")):
        h, forward, middle = (np.maximum(curves[name][key], 1e-17) for key in ("h", "forward", "central"))
        axes.loglog(h, forward, style, color=first, marker="o", label=f"forward, {name}")
        axes.loglog(h, middle, style, color=second, marker="s", label=f"central, {name}")
    explain(axes, "h (change of the parameters)", "relative error of the slope")
    return png(figure)
