"""How far to go along a direction: steps that fulfil the strong Wolfe conditions.

A search is a generator of one row: it yields the step it wants to know of, is sent (objective, slope) there, and
returns the step it settles on. `along` runs those of all rows side by side; what a row finds depends on its own numbers
alone.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from torch import Tensor

    from runner.optimizers.rules.base import Search

DECREASE = 1e-4  # c1: the objective falls by this share of what the slope promises
NARROW = 1e-9  # a bracket whose ends are this near to each other in every weight is not searched on

Finding = Generator[float, tuple[float, float], float]


class Point(NamedTuple):
    """A step with the objective and its slope there."""

    t: float
    f: float
    slope: float

    @property
    def known(self) -> bool:
        """Whether both are numbers; far out they may be too large."""
        return math.isfinite(self.f) and math.isfinite(self.slope)


class Limits(NamedTuple):
    """What a row's search is content with."""

    curvature: float  # c2: the share of the first slope that may be left
    evaluations: int
    largest: float  # of the direction's numbers

    def falls(self, start: Point, p: Point) -> bool:
        """The first Wolfe condition."""
        return p.f <= start.f + DECREASE * p.t * start.slope

    def flat(self, start: Point, p: Point) -> bool:
        """The second one, in its strong form."""
        return abs(p.slope) <= -self.curvature * start.slope


def strong_wolfe(start: Point, t: float, limits: Limits) -> Finding:
    """Nocedal & Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6, with torch.optim.LBFGS's safeguards."""
    before, here, tried = start, Point(t, *(yield t)), 1
    while True:
        if not here.known or not limits.falls(start, here) or (tried > 2 and here.f >= before.f):
            break
        if limits.flat(start, here):
            return here.t
        if here.slope >= 0:
            break
        if tried > limits.evaluations:
            return here.t
        t = cubic(before, here, here.t + 0.01 * (here.t - before.t), here.t * 10)
        before, here, tried = here, Point(t, *(yield t)), tried + 1
    return (yield from _zoom(start, before, here, tried - 1, limits))


def _zoom(start: Point, a: Point, b: Point, tried: int, limits: Limits) -> Finding:
    """Between a and b lies a step that fulfils both conditions; the lower end is the best so far."""
    low, high = (a, b) if a.f <= b.f or not b.known else (b, a)
    stalled = False
    while tried < limits.evaluations and abs(a.t - b.t) * limits.largest >= NARROW:
        left, right = min(low.t, high.t), max(low.t, high.t)
        t, stalled = _inside(cubic(low, high, left, right), left, right, stalled)
        here, tried = Point(t, *(yield t)), tried + 1
        if not here.known or not limits.falls(start, here) or here.f >= low.f:
            low, high = (here, low) if here.known and here.f < low.f else (low, here)
        elif limits.flat(start, here):
            return here.t
        else:
            high = low if here.slope * (high.t - low.t) >= 0 else high
            low = here
        a, b = low, high
    return low.t


def _inside(t: float, left: float, right: float, stalled: bool) -> tuple[float, bool]:
    """A step away from the ends of a bracket: twice in a row within a tenth of one is no progress."""
    margin = 0.1 * (right - left)
    if min(right - t, t - left) >= margin:
        return t, False
    if stalled or t >= right or t <= left:
        return (right - margin if abs(t - right) < abs(t - left) else left + margin), False
    return t, True


def cubic(a: Point, b: Point, low: float, high: float) -> float:
    """Where the cubic through two points with these slopes is least, between low and high; exact on a parabola."""
    a, b = (a, b) if a.t <= b.t else (b, a)
    middle = (low + high) / 2
    if not (a.known and b.known) or a.t == b.t:
        return middle
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    if not square >= 0:
        return middle
    d2 = math.sqrt(square)
    below = b.slope - a.slope + 2 * d2
    if below == 0:
        return middle
    return min(max(b.t - (b.t - a.t) * ((b.slope + d2 - d1) / below), low), high)


def along(search: Search, w: Tensor, d: Tensor, slope: Tensor, trial: Tensor, limits: tuple[Tensor, int]) -> Tensor:
    """The steps [R, 1] of rows w [R, P] along d [R, P], of slope [R, 1] there, first tried at `trial` [R, 1]; 0 for a
    row that has no number to begin with. `limits` are the curvature condition [R, 1] and the most evaluations.
    """
    numbers = [each.double().flatten().tolist() for each in (search.objective, slope, trial, limits[0])]
    largest = d.abs().amax(1).double().tolist()
    starts = [Point(0.0, f, s) for f, s in zip(*numbers[:2], strict=True)]
    searches = [
        strong_wolfe(start, t, Limits(c2, limits[1], most)) if start.known and start.slope < 0 else None
        for start, t, c2, most in zip(starts, *numbers[2:], largest, strict=True)
    ]
    found = [0.0] * len(starts)
    asked = {row: next(each) for row, each in enumerate(searches) if each is not None}
    while asked:
        t = w.new_tensor([asked.get(row, 0.0) for row in range(len(found))]).unsqueeze(1)
        objective, g = search.evaluate(w + t * d)
        answers = zip(objective.double().flatten().tolist(), (g * d).sum(1).double().tolist(), strict=True)
        for row, answer in enumerate(answers):
            if row in asked:
                asked = _answered(asked, found, row, searches[row], answer)
    return w.new_tensor(found).unsqueeze(1)


def _answered(asked: dict[int, float], found: list[float], row: int, search, answer: tuple[float, float]):
    """What is asked once a row's search has its answer: its next step, or nothing if it has found one."""
    try:
        return asked | {row: search.send(answer)}
    except StopIteration as end:
        found[row] = end.value
        return {other: t for other, t in asked.items() if other != row}
