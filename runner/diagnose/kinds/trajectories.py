"""The ways of several runs through weight space, over the contours of what they minimize."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.option import integer
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.errors import ConfigError, joined
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.contours import Plane
    from runner.diagnose.landscape import Landscape
    from runner.diagnose.subject import Case, Subject
    from runner.diagnose.walk import Way

FEW = 20  # parameters: up to so many a way is written in full
WRITTEN = 200  # points of a way in result.json, besides 1, 2, 5, 10, 20, ...
SLOWER = 0.3  # times the rate, which is tried next
POINTS = 61  # of the contours along each axis
STILL = 1e-12  # times the largest movement: a parameter that does not move


@diagnosis(
    "trajectories", lecture="001:206-389, 004:100", paper="Goodfellow, Bengio & Courville 2016, chapter 8; Lorch 2016"
)
@dataclass
class Trajectories(Diagnosis):
    """Which way do rules take over one surface? Each run's steps, with how far it went and how often it turned.

    Every run is trained again step by step in double precision. detour: length of the way over the distance between its
    ends, 1 for a straight line. On a quadratic (dataset=quadratic) also the distance to the optimum, the sign changes
    of each parameter on the way to it, and by what factor the slowest direction falls a step. Two parameters are drawn
    themselves, of more the plane in which the ways spread most.
    """

    example = (
        '-m dataset=quadratic "dataset.hessian=[[1,0],[0,100]]" "dataset.optimum=[0,0]" "dataset.start=[-10,1]" '
        '"model.hidden=[]" early_stopping=none optimizer=sgd,momentum,nesterov optimizer.lr=0.01 trainer.epochs=100'
    )
    several = True

    steps: int = integer(1000, ge=1, help="steps at most")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """The ways and their numbers."""
        from runner.diagnose.landscape import Landscape
        from runner.diagnose.walk import way

        cases = subject.cases
        check_alike(cases)
        ways = [way(case, self.steps, told) for case in cases]
        if len({each.w.shape[1] for each in ways}) > 1:
            raise ConfigError("trajectories: the networks differ in size, so their ways have no surface in common")
        land = Landscape(cases[0], initial=True)
        found = {case.label: measured(case, each, land) for case, each in zip(cases, ways, strict=True)}
        lines = [line(label, each) for label, each in found.items()]
        best = min(found, key=lambda label: found[label]["loss"])
        advice = f"{best} ends lowest; a rule that rings or crawls wants another rate before it is judged."
        figure = draw(land, ways, list(found), told)
        following = subject.again("trajectories", f"optimizer.lr={cases[0].settings.optimizer.lr * SLOWER:.3g}")
        return Found({"runs": found}, lines, advice, following, figure)


def check_alike(cases: list[Case]) -> None:
    """ConfigError if the runs do not minimize the same."""
    if len({case.data.sha256 for case in cases}) > 1:
        raise ConfigError("trajectories: the runs are on different data, so that their ways have no surface in common")


def measured(case: Case, way: Way, land: Landscape) -> dict[str, Any]:
    """The numbers of one way."""
    moves = np.linalg.norm(np.diff(way.w, axis=0), axis=1)
    ends = float(np.linalg.norm(way.w[-1] - way.w[0]))
    found: dict[str, Any] = {
        "steps": int(way.steps[-1]),
        "diverged": way.diverged,
        "loss": land.value(way.w[-1]) if not way.diverged else float("inf"),
        "length": float(moves.sum()),
        "detour": float(moves.sum()) / ends if ends else None,
    }
    if way.w.shape[1] <= FEW:
        written = picked(way.steps)
        found |= {"at_steps": way.steps[written], "weights": way.w[written]}
    optimum = getattr(case.settings.dataset, "optimum", None)
    if optimum is not None:
        found |= to_the_optimum(case, way, land, np.array(optimum, dtype=np.float64))
    return found


def picked(steps: np.ndarray) -> np.ndarray:
    """Positions of the steps that are written."""
    round_ones = {m * 10**p for p in range(9) for m in (1, 2, 5)}
    even = set(np.linspace(0, len(steps) - 1, min(len(steps), WRITTEN)).astype(int).tolist())
    return np.array(sorted(even | {i for i, step in enumerate(steps.tolist()) if step in round_ones}))


def to_the_optimum(case: Case, way: Way, land: Landscape, optimum: np.ndarray) -> dict[str, Any]:
    """Distance and sign changes of the weights [T, n] about the optimum, and of Nesterov's point behind them."""
    away = way.w[:, : len(optimum)] - optimum
    found = about(away) | {"factor": slowest(away, np.array(case.settings.dataset.hessian))}
    if getattr(case.settings.optimizer, "nesterov", False):
        g = np.array([land.gradient(w) for w in way.w[:-1]])
        behind = np.concatenate([way.w[:1], way.w[:-1] - way.rates[1:, None] * g])
        found["behind"] = about(behind[:, : len(optimum)] - optimum)
    return found


def about(away: np.ndarray) -> dict[str, Any]:
    """How far points [T, n] end from 0, and how often each coordinate changes its sign on the way."""
    signs = np.where(np.abs(away) > STILL, np.sign(away), 0)
    return {
        "distance": float(np.linalg.norm(away[-1])),
        "sign_changes": (signs[1:] * signs[:-1] < 0).sum(0),
        "sign_changes_with_zero": (signs[1:] != signs[:-1]).sum(0),
    }


def slowest(away: np.ndarray, hessian: np.ndarray) -> float | None:
    """By what factor the slowest direction falls a step, in the long run.

    Along each eigenvector of the Hessian x'' = a x' + b x for a rule with momentum (b = 0 without); the larger root of
    z^2 = a z + b, from the steps by least squares.
    """
    found = []
    for x in (away @ np.linalg.eigh(hessian)[1]).T:
        x = x[np.abs(x) > 1e-9 * np.abs(x).max(initial=1e-300)]
        if len(x) >= 4 and np.isfinite(x).all():
            a, b = np.linalg.lstsq(np.stack([x[1:-1], x[:-2]], 1), x[2:], rcond=1e-10)[0]
            found.append(float(np.abs(np.roots([1, -a, -b])).max()))
    return max(found, default=None)


def line(label: str, n: dict[str, Any]) -> str:
    """One run on the screen."""
    if n["diverged"]:
        return f"{label}: diverged after {n['steps']:,} steps"
    detour = "" if n["detour"] is None else f", way {n['detour']:.2f} times the straight line"
    text = f"{label}: objective {n['loss']:.6g} after {n['steps']:,} steps{detour}"
    if "distance" in n:
        text += f", distance to the optimum {n['distance']:.6g}, sign changes {changes(n)}"
        text += "" if n["factor"] is None else f", falls by {n['factor']:.6f} a step"
    if "behind" in n:
        text += f"; the point behind the look-ahead: {n['behind']['distance']:.6g}, {changes(n['behind'])}"
    return text


def changes(n: dict[str, Any]) -> str:
    """How often each weight changed its sign."""
    return joined([str(each) for each in n["sign_changes"]])


def draw(land: Landscape, ways: list[Way], labels: list[str], told: Tell) -> bytes:
    """Contours with the ways on them, as far as they stay near."""
    from runner.diagnose.contours import draw_on
    from runner.diagnose.draw import INK, explain, png, sheet

    plane, names, words = plane_of(ways, land)
    on = [(each.w - plane.origin) @ np.stack([plane.u, plane.v], 1) for each in ways]
    a, b = window(on)
    loss = plane.values(land, a, b, told)
    caption = f"Every mark is a step, from the ring on; dark is high. {words}Ways that leave the picture diverge."
    figure, ((axes,),) = sheet("ways over one surface", caption)
    draw_on(figure, axes, a, b, loss)
    styles = zip(on, labels, _STYLES * (len(on) // len(_STYLES) + 1), strict=False)
    for points, label, (colour, mark) in styles:
        axes.plot(*within(points, a, b).T, color=colour, marker=mark, markersize=4, linewidth=1.3, label=label)
    axes.plot(*on[0][0], "o", color=INK, markersize=13, markerfacecolor="none", markeredgewidth=2)
    axes.set(xlim=(a[0], a[-1]), ylim=(b[0], b[-1]))
    explain(axes, *names)
    return png(figure)


def within(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Points up to the first that leaves the picture, which is kept."""
    out = (points[:, 0] < a[0]) | (points[:, 0] > a[-1]) | (points[:, 1] < b[0]) | (points[:, 1] > b[-1])
    return points[: int(np.argmax(out)) + 1] if out.any() else points


_STYLES = [("#EE6677", "o"), ("#4477AA", "s"), ("#228833", "^"), ("#AA3377", "D"), ("#66CCEE", "v"), ("#BBBBBB", "P")]


def plane_of(ways: list[Way], land: Landscape) -> tuple[Plane, tuple[str, str], str]:
    """(plane, names of its axes, what is lost): the two parameters that move, or where the ways spread most."""
    from runner.diagnose.contours import Plane
    from runner.diagnose.walk import principal

    near = np.concatenate([each.w for each in ways])
    moved = np.ptp(near, axis=0)
    moving = np.flatnonzero(moved > STILL * moved.max())
    if len(moving) <= 2 <= land.size:
        first, second = sorted({*moving, *range(land.size)}, key=lambda i: (i not in moving, i))[:2]
        origin = ways[0].w[0].copy()
        origin[[first, second]] = 0
        names = [f"parameter {i + 1}" for i in (first, second)]
        return Plane(origin, np.eye(land.size)[first], np.eye(land.size)[second]), (names[0], names[1]), ""
    (u, v), share = principal(np.concatenate([each.w for each in ways[::-1]]))
    directions = ("first principal direction", "second principal direction")
    words = f"The plane holds {100 * share.sum():.0f}% of the movement. "
    return Plane(ways[0].w[-1], u, v), directions, words


def window(on: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Axes [POINTS] each that hold the ways; of those that leave far, the part near the start."""
    ends = np.array([points[-1] for points in on])
    start = on[0][0]
    aim = ends[np.argmin(np.linalg.norm(ends - start, axis=1))]
    radius = 1.6 * max(float(np.linalg.norm(start - aim)), 1e-9)
    points = np.concatenate([each[np.linalg.norm(each - aim, axis=1) <= radius] for each in on])
    lines = []
    for values in points.T:
        wide = max(float(np.ptp(values)), 0.05 * radius)
        lines.append(np.linspace(values.min() - 0.15 * wide, values.max() + 0.15 * wide, POINTS))
    return lines[0], lines[1]
