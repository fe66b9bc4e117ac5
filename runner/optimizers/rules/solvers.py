"""What solvers share: line searches along a direction, and matrices of the true parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from runner.config.registry import integer, number
from runner.optimizers.rules.base import Solver, rate
from runner.optimizers.rules.line_search import along

if TYPE_CHECKING:
    from torch import Tensor


@dataclass
class Converging(Solver):
    """A solver whose runs may end where the gradient vanishes."""

    tolerance: float = number(
        0.0, ge=0, neutral=0.0, help="ends the run when the norm of the gradient has fallen to this; 0 = never"
    )


@dataclass
class Dense(Converging):
    """A solver that holds a number for every pair of parameters."""

    max_parameters: int = integer(
        2000,
        ge=1,
        kind="free",
        help="refuse larger networks, whose parameters x parameters have no room",
    )

    def true(self, w: Tensor) -> Tensor:
        """Where the true parameters of w [R, P] lie, [N]."""
        import torch

        if self.layout is None:
            return torch.arange(w.shape[1], device=w.device)
        return torch.from_numpy(self.layout.mask).nonzero().squeeze(1).to(w.device)


@dataclass
class Searching(Solver):
    """A solver that goes along a direction as far as the strong Wolfe conditions say.

    It remembers where the last step began and the gradient there (slots "w" and "g"); the first step goes down the
    gradient.
    """

    full_batch: ClassVar[bool] = True

    lr: float = rate(1.0, help="step that a line search tries first, before the schedule; lr/|g|_1 at the start")
    curvature: float = number(
        0.9, above=0, lt=1, help="share of the slope that a line search may leave; small is nearly exact"
    )
    max_evaluations: int = integer(25, ge=1, kind="segment", help="most gradients that a line search asks for")

    def direction(self, w: Tensor, g: Tensor, state: dict[str, Tensor], h, t: Tensor) -> Tensor:
        """Where a row goes that has gone before, [R, P]; s = w - state["w"] and y = g - state["g"] are its last step
        and what that changed. State other than "w" and "g" is brought up to date, of rows with t > 1 only.
        """
        raise TypeError(f"{type(self).__name__} must define direction")

    def trial(self, g: Tensor, slope: Tensor, state: dict[str, Tensor], h) -> Tensor:
        """The first step [R, 1] that the line search of such a row tries."""
        return h.lr

    def advance(self, search, w, g, state, h, t):
        d = self.direction(w, g, state, h, t).where(t > 1, -g)
        slope = dot(d, g)
        down = slope < 0  # also false where it is not a number
        d = d.where(down, -g)
        slope = slope.where(down, dot(d, g))
        first = h.lr * (1 / g.abs().sum(1, keepdim=True)).clamp(max=1)
        trial = first.where((t == 1) | ~down, self.trial(g, slope, state, h).expand_as(first))
        state["w"].copy_(w)
        state["g"].copy_(g)
        step = along(search, w, d, slope, trial, (h.curvature, self.max_evaluations))
        self.remember(d, slope, step, state)
        w.add_(step * d)

    def remember(self, d: Tensor, slope: Tensor, step: Tensor, state: dict[str, Tensor]) -> None:
        """Keep what the next direction needs besides w and g."""


def dot(a: Tensor, b: Tensor) -> Tensor:
    """a . b of each row, [R, 1]."""
    return (a * b).sum(1, keepdim=True)
