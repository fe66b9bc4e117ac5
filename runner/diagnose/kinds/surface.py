"""The loss around a network's weights, on a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.config.option import choice, integer, number
from runner.diagnose.base import Diagnosis, Found, diagnosis
from runner.errors import ConfigError
from runner.records.told import Tell

if TYPE_CHECKING:
    from runner.diagnose.contours import Plane
    from runner.diagnose.landscape import Landscape
    from runner.diagnose.subject import Case, Subject

RANDOM, AXES, PATH = "random", "axes", "path"
AXIS_NAMES = {
    RANDOM: ("a (norms of each unit's weights)", "b (norms of each unit's weights)"),
    AXES: ("a, along the first parameter", "b, along the second parameter"),
    PATH: ("first principal direction (units of the parameters)", "second principal direction"),
}
MARGIN = 0.25  # of the path's extent, around it


@diagnosis(
    "surface", lecture="001:206-265, 003:957", paper="Li, Xu, Taylor, Studer & Goldstein 2018; Goodfellow et al. 2015"
)
@dataclass
class Surface(Diagnosis):
    """What does the loss look like around the weights? Its contours on a plane through them.

    L(w + a u + b v). random: u and v normal, each unit's weights scaled to the norm of the unit's own (filter
    normalization: the scale of a ReLU layer means nothing), biases and norms left alone; a = 1 moves as far as the
    weights are large. axes: the first two parameters. path: the two directions in which the run trained most, with the
    way it took.
    """

    example = 'dataset=spirals "model.hidden=[16,16]" trainer.epochs=60'

    at: str = choice("kept", "kept", "initial", help="around the weights that the run kept, or the initial ones")
    directions: str = choice(RANDOM, RANDOM, AXES, PATH, help="u and v")
    points: int = integer(25, ge=3, le=201, help="points along each direction")
    reach: float = number(1.0, above=0, help="a and b go from -reach to reach (path: as far as the way needs)")
    rows: int = integer(2000, ge=1, help="training rows at most")
    steps: int = integer(20_000, ge=2, help="path: steps at most")
    seed: int = integer(0, ge=0, help="random: of the directions")

    def ask(self, subject: Subject, told: Tell) -> Found:
        """The surface, its lowest point and how fast it rises."""
        from runner.diagnose.landscape import Landscape

        subject = subject.at(self.at, told, "surface")
        case = subject.case
        land = Landscape(case, initial=self.at == "initial", rows=self.rows)
        plane, a, b, path = self._plane(case, land, told)
        loss = plane.values(land, a, b, told)
        if not np.isfinite(loss).any():
            raise ConfigError("surface: the objective is finite nowhere on the plane; give a smaller --reach")
        centre = land.value(land.start)
        row, column = np.unravel_index(np.nanargmin(loss), loss.shape)
        low = float(loss[row, column])
        rim = np.concatenate([loss[0], loss[-1], loss[1:-1, 0], loss[1:-1, -1]])
        numbers = {
            "directions": self.directions,
            "centre": centre,
            "lowest": min(low, centre),
            "lowest_at": [0.0, 0.0] if centre <= low else [float(a[column]), float(b[row])],
            "rim": float(np.nanmean(rim)),
            "a": a,
            "b": b,
            "loss": loss,
            "path": path,
        }
        below = centre - low > 1e-9 * max(abs(centre), 1e-12)
        lines = [
            f"objective at the {self.at} weights {centre:.6g}, on the rim of the plane {numbers['rim']:.6g} (mean)",
            f"lowest on the plane: {low:.6g} at a = {a[column]:.3g}, b = {b[row]:.3g}"
            if below
            else "no point of the plane is lower than the weights",
        ]
        notes = [f"the first {land.examples:,} training rows"] if land.examples < len(case.data.train) else []
        advice, following = advise(below, subject)
        return Found(numbers, lines, advice, following, draw(numbers, self.at), notes)

    def _plane(self, case: Case, land: Landscape, told: Tell) -> tuple[Plane, np.ndarray, np.ndarray, Any]:
        """(plane, a, b, the way on it [T, 2] or None)."""
        from runner.diagnose.contours import Plane

        line = np.linspace(-self.reach, self.reach, self.points)
        if self.directions == PATH:
            return self._along_path(case, land, told)
        if self.directions == AXES:
            if land.size < 2:
                raise ConfigError("surface: a plane takes two parameters, but the network has one")
            u, v = np.eye(2, land.size)
        else:
            random = np.random.default_rng(self.seed)
            u, v = filter_normalized(land, random), filter_normalized(land, random)
        return Plane(land.start, u, v), line, line, None

    def _along_path(self, case: Case, land: Landscape, told: Tell) -> tuple[Plane, np.ndarray, np.ndarray, Any]:
        from runner.diagnose.contours import Plane
        from runner.diagnose.walk import principal, way

        points = way(case, self.steps, told).w
        (u, v), _ = principal(points)
        on = (points - land.start) @ np.stack([u, v], 1)
        lines = []
        for values in on.T:
            low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
            wide = MARGIN * max(high - low, float(np.ptp(on)) / 4, 1e-9)
            lines.append(np.linspace(low - wide, high + wide, self.points))
        return Plane(land.start, u, v), lines[0], lines[1], on


def filter_normalized(land: Landscape, random: np.random.Generator) -> np.ndarray:
    """A random direction [P] with the norm of each unit's weights, 0 elsewhere. ConfigError if all weights are 0."""
    direction = np.zeros(land.size)
    for name, where in land.slots.items():
        if land.kind(name).kind != "weight":
            continue
        drawn = random.normal(size=where.shape)
        size = np.linalg.norm(land.start[where], axis=-1, keepdims=True)
        direction[where] = drawn * size / np.linalg.norm(drawn, axis=-1, keepdims=True)
    if not direction.any():
        raise ConfigError("surface: all weights are 0, and random directions have their norm; use --directions axes")
    return direction


def advise(below: bool, subject: Subject) -> tuple[str, str]:
    """What to try next."""
    if below:
        text = "The weights are not at the bottom of this plane: training on, or a momentum, may reach lower."
        return text, subject.again("surface", "trainer.epochs=200")
    text = "The weights lie at the bottom of this plane; its curvature has numbers."
    return text, subject.ask("hessian")


def draw(n: dict[str, Any], at: str) -> bytes:
    """Contours, with the weights and the way to them."""
    from runner.diagnose.contours import draw_on
    from runner.diagnose.draw import INK, RED, explain, png, sheet

    xlabel, ylabel = AXIS_NAMES[n["directions"]]
    caption = (
        f"The objective around the {at} weights (cross); dark is high. Round rings: equally curved both ways; a narrow "
        f"valley: poor condition. It rises from {n['centre']:.3g} to {n['rim']:.3g} (mean on the rim)."
    )
    figure, ((axes,),) = sheet("loss surface", caption)
    draw_on(figure, axes, n["a"], n["b"], n["loss"])
    if n["path"] is not None:
        axes.plot(*n["path"].T, color=RED, linewidth=1.8, marker=".", markersize=3, label="way of the training")
    axes.plot(0, 0, "x", color=INK, markersize=12, markeredgewidth=3, label=f"{at} weights")
    explain(axes, xlabel, ylabel)
    return png(figure)
