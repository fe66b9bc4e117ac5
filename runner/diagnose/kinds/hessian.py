"""How the objective bends at a network's weights: the eigenvalues of its Hessian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.option import choice, integer
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.errors import ConfigError
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.landscape import Landscape
    from runner.diagnose.subject import Subject

ZERO = 1e-10  # times the largest magnitude: an eigenvalue of 0
STEPS = 60  # of Lanczos's method, each a product with H
PROBES = 10  # random signs of Hutchinson's estimate of the trace
POOR = 1000.0  # condition number beyond which plain descent crawls


@diagnosis(
    "hessian",
    lecture="001:85-121, 002:43, 002:79, 003:959-966",
    paper="Goodfellow, Bengio & Courville 2016, sections 4.3 and 8.2; Lanczos 1950; Hutchinson 1989",
)
@dataclass
class Hessian(Diagnosis):
    """How is the objective curved at the weights? Eigenvalues, saddle or minimum, condition, the best step.

    H of data loss and penalties over the training rows, without dropout and noise. Its index is the number of negative
    eigenvalues: 0 at a minimum. Descent along g with rate eta changes the loss by -eta g'g + eta^2/2 g'Hg: best at
    g'g / g'Hg, upward beyond twice that. All eigenvalues up to `exact` parameters; of more, Lanczos's method finds the
    largest and the smallest ones.
    """

    example = 'dataset=iris "model.hidden=[4]" trainer.epochs=50'

    at: str = choice("kept", "kept", "initial", help="at the weights that the run kept, or at the initial ones")
    exact: int = integer(2000, ge=1, le=5000, help="parameters up to which all eigenvalues are worked out")
    rows: int = integer(10_000, ge=1, help="training rows at most")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """The spectrum and what it says."""
        from runner.diagnose.landscape import Landscape

        subject = subject.at(self.at, told, "curvature")
        case = subject.case
        land = Landscape(case, initial=self.at == "initial", rows=self.rows)
        whole = land.size <= self.exact
        told(0, land.size, "parameters; the Hessian is worked out")
        found = exactly(land) if whole else by_lanczos(land, told)
        g = land.gradient(land.start)
        if not np.isfinite(found["eigenvalues"]).all():
            raise ConfigError(f"hessian: the objective is not finite at the {self.at} weights, so it has no curvature")
        numbers = {"at": self.at, "parameters": land.size, "loss": land.value(land.start), **found, **steps(land, g)}
        numbers |= bounds(np.array(found["eigenvalues"]), whole)
        notes = [] if whole else [lanczos_said(land.size, self.exact)]
        if land.examples < len(case.data.train):
            notes.append(f"of {len(case.data.train):,} training rows the first {land.examples:,}; --rows takes more")
        advice, following = advise(numbers, subject)
        return Found(numbers, told_in_words(numbers, whole), advice, following, draw(numbers, whole), notes)


def exactly(land: Landscape) -> dict[str, Any]:
    """All eigenvalues, ascending, and their sum."""
    values = np.linalg.eigvalsh(land.hessian(land.start))
    return {"method": "exact", "eigenvalues": values.tolist(), "trace": float(values.sum())}


def lanczos_said(size: int, most: int) -> str:
    """That not all eigenvalues are known, and why."""
    return (
        f"{size:,} parameters: a Hessian of {size:,} x {size:,} is too large (--exact {most}), so Lanczos's method "
        f"finds its largest and smallest eigenvalues from {STEPS} products with it; the trace is an estimate"
    )


def by_lanczos(land: Landscape, told: Tell) -> dict[str, Any]:
    """The ends of the spectrum by Lanczos's method, the trace by Hutchinson's."""
    product = land.curvature(land.start)
    values = lanczos(product, land.size, STEPS, told)
    random = np.random.default_rng(1)
    signs = [2.0 * random.integers(0, 2, land.size) - 1 for _ in range(PROBES)]
    traces = [float(signed(product, u).sum()) for u in signs]
    error = float(np.std(traces, ddof=1) / np.sqrt(PROBES))
    return {"method": "lanczos", "eigenvalues": values.tolist(), "trace": float(np.mean(traces)), "trace_error": error}


def signed(product: Callable, u: np.ndarray) -> np.ndarray:
    """u * Hu for signs u [P]: over random ones its mean is the diagonal of H, that of its sum the trace."""
    return u * product(u)


def lanczos(product: Callable, size: int, steps: int, told: Tell = lambda *_: None) -> np.ndarray:
    """Ritz values, ascending, of a symmetric matrix [size, size] given by its product, after so many steps.

    A q_j = b_{j-1} q_{j-1} + a_j q_j + b_j q_{j+1} from a random start, orthogonal to all before (twice is enough).
    The outermost converge first (Golub & Van Loan 2013, section 10.1).
    """
    q = np.random.default_rng(0).normal(size=size)
    basis, a, b = [q / np.linalg.norm(q)], [], []
    for step in range(min(steps, size)):
        told(step, steps, "products with the Hessian")
        w = product(basis[-1])
        a.append(float(basis[-1] @ w))
        for _ in range(2):
            w = w - np.array(basis).T @ (np.array(basis) @ w)
        b.append(float(np.linalg.norm(w)))
        if b[-1] <= 1e-12 * max(map(abs, a)) or step == min(steps, size) - 1:
            break
        basis.append(w / b[-1])
    off = b[: len(a) - 1]
    return np.linalg.eigvalsh(np.diag(a) + np.diag(off, 1) + np.diag(off, -1))


def steps(land: Landscape, g: np.ndarray) -> dict[str, float | None]:
    """What a step along the gradient gains and what curvature takes of it."""
    gg, ghg = float(g @ g), float(g @ land.curvature(land.start)(g))
    best = gg / ghg if ghg > 0 else None
    return {"gg": gg, "gHg": ghg, "best_rate": best, "rises_above": None if best is None else 2 * best}


def bounds(values: np.ndarray, whole: bool) -> dict[str, Any]:
    """Index, zeros, condition and the largest stable rate, of eigenvalues."""
    zero = ZERO * np.abs(values).max()
    negative, none = int((values < -zero).sum()), int((np.abs(values) <= zero).sum())
    positive, top = values[values > zero], float(values[-1])
    condition = float(top / positive[0]) if whole and len(positive) else None
    return {
        "index": negative,
        "zeros": none if whole else None,
        "condition": condition,
        "smallest": float(values[0]),
        "largest": top,
        "stable_rate": 2 / top if top > 0 else None,
    }


def told_in_words(n: dict[str, Any], whole: bool) -> list[str]:
    """The numbers on the screen."""
    many = f"{n['index']}" if whole else f"at least {n['index']}"
    kind = "a saddle or a slope" if n["index"] else "no direction bends down"
    lines = [
        f"loss {n['loss']:.6g} at the {n['at']} weights; eigenvalues from {n['smallest']:.6g} to {n['largest']:.6g}",
        f"index (negative eigenvalues): {many} of {n['parameters']:,}: {kind}"
        + (f"; {n['zeros']} are 0: flat directions" if n["zeros"] else ""),
        f"trace {n['trace']:.6f}" + (f" +- {n['trace_error']:.2g}" if "trace_error" in n else ""),
    ]
    if n["condition"] is not None and not n["index"]:
        lines.append(f"condition number (of the positive ones): {n['condition']:.4f}")
    step = "no curvature along the gradient" if n["best_rate"] is None else _step(n)
    lines.append(f"g'g {n['gg']:.6g}, g'Hg {n['gHg']:.6g}: {step}")
    if n["stable_rate"] is not None:
        lines.append(f"plain descent is stable below 2 / largest eigenvalue = {n['stable_rate']:.6f}")
    return lines


def _step(n: dict[str, Any]) -> str:
    if not n["gg"]:
        return "the gradient is 0"
    return f"the best step has the rate {n['best_rate']:.6f}, above {n['rises_above']:.6f} the loss rises"


def advise(n: dict[str, Any], subject: Subject) -> tuple[str, str]:
    """What to try next."""
    if n["index"]:
        text = "Some directions still bend down: descent has not ended, and momentum or more epochs lead on."
        return text, subject.again("hessian", "optimizer=momentum")
    if n["condition"] is not None and n["condition"] > POOR:
        text = "The condition is poor: an adaptive rate, a norm or an L2 penalty (which adds to each eigenvalue) helps."
        return text, subject.again("hessian", "regularizer.l2=0.01")
    return (
        "All known directions bend up or are flat: look how wide the valley is.",
        subject.ask("sharpness"),
    )


def draw(n: dict[str, Any], whole: bool) -> bytes:
    """The eigenvalues in order, on an axis that is logarithmic in both directions."""
    from runner.diagnose.draw import BLUE, GREY, INK, RED, explain, png, sheet

    values = np.array(n["eigenvalues"])[::-1]
    zero = ZERO * np.abs(values).max()
    share = f"all {n['parameters']:,}" if whole else f"Lanczos's {len(values)} of {n['parameters']:,}"
    caption = (
        f"Eigenvalues of the Hessian in order ({share}). Red ones are negative: downhill both ways, as at a saddle. "
        f"Grey ones are 0: the loss does not notice. The largest, {n['largest']:.3g}, bounds the rate of plain descent."
    )
    figure, ((axes,),) = sheet(f"curvature at the {n['at']} weights", caption)
    for name, which, colour, mark in (
        ("positive", values > zero, BLUE, "o"),
        ("zero", np.abs(values) <= zero, GREY, "s"),
        ("negative", values < -zero, RED, "v"),
    ):
        if which.any():
            axes.plot(1 + np.flatnonzero(which), values[which], mark, color=colour, markersize=6, label=name)
    axes.axhline(0, color=INK, linewidth=1)
    linear = max(float(np.abs(values[np.abs(values) > zero]).min(initial=1.0)), 1e-6 * float(np.abs(values).max()))
    if np.abs(values).max() > 100 * linear:
        axes.set_yscale("symlog", linthresh=linear)
        axes.set_ylim(2 * min(float(values.min()), -linear / 2), 2 * max(float(values.max()), linear / 2))
    axes.xaxis.get_major_locator().set_params(integer=True)
    explain(axes, "eigenvalue, the largest first", "curvature (loss / parameter^2)")
    return png(figure)
