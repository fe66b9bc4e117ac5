"""What a first-order update rule is.

A rule works on R rows at once: weights `w` and gradient `g` are [R, P], state slots [R, P], hyper-parameters `h.lr`,
`h.momentum`, ... columns [R, 1] (None where neutral in all rows; `h.complement("beta1")` is 1 - beta1), `t` the 1-based
step of each row [R, 1]. `update` changes w and state in place and is the definition. Weight decay happens in
optimizers/segments.py; clipping, penalties and projections in training/steps.

On single columns [R, 1] only + - * / and sqrt are exact and so the same for one row as for many; a power or an
exponential of time belongs into `tables`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from runner.config.registry import name_of, number, switch

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor

    from runner.config.settings import Settings
    from runner.population.layout import Layout


def rate(default: float, help: str = "learning rate, before the schedule"):
    """The key `lr`, which the schedule turns into the rate of each step."""
    return number(default, above=0, stage="rate", help=help, lecture="002:60")


@dataclass
class Rule:
    """Keys every optimizer has."""

    slots: ClassVar[tuple[str, ...]] = ()  # state of one number a weight; begins at 0
    row_slots: ClassVar[tuple[str, ...]] = ()  # state of one number a row, [R, 1]; begins at 0
    matrix_slots: ClassVar[tuple[str, ...]] = ()  # state of one number a pair of true parameters; begins at 0
    searches: ClassVar[bool] = False  # asks for gradients at further weights in a step: a `Solver`
    stochastic: ClassVar[bool] = False  # a solver that expects another objective in every step
    apart: ClassVar[bool] = False  # what is evaluated and kept is not w, but what `kept` says
    full_batch: ClassVar[bool] = False  # compares steps, which must be on the same examples without noise
    layout: ClassVar[Layout | None] = None  # where matrices lie in w; a segment's rule has its own
    decoupled: ClassVar[bool] = False  # decay shrinks w directly (AdamW) instead of entering the gradient

    lr: float = rate(1e-2)
    weight_decay: float = number(
        0.0,
        ge=0,
        neutral=0.0,
        help="decay of the weights, as torch's rule of this name applies it",
        lecture="000:209, 001:763, 003:329",
    )
    decay_biases: bool = switch(
        False,
        kind="segment",
        help="let weight_decay act on biases and normalization gains too",
        lecture="001:769, 003:300",
    )
    clip_norm: float | None = number(
        None,
        above=0,
        optional=True,
        neutral=float("inf"),
        stage="clip",
        help="scale the gradient down to this norm if it is longer",
        lecture="001:177, 003:1002",
    )
    clip_value: float | None = number(
        None,
        above=0,
        optional=True,
        neutral=float("inf"),
        stage="clip",
        help="cut each element of the gradient to +- this",
    )
    proximal: bool = switch(
        False,
        kind="segment",
        help="penalties by their proximal step (exact zeros) instead of a gradient; the threshold of a weight is the "
        "penalty's strength times the rule's rate of that weight, as `runner list optimizer=NAME` says",
        lecture="003:469",
    )

    def slots_used(self, h: dict) -> tuple[str, ...]:
        """Slots that are needed; h maps key -> column, None where the key is neutral in all rows."""
        return self.slots

    def tables(self, h: dict[str, float], t: np.ndarray) -> dict[str, np.ndarray]:
        """Numbers that the steps t [S] of one row need and that depend on nothing but t and its hyper-parameters h
        (bias corrections): name -> [S], in double precision. `update` and `gain` find them as columns h.<name>.
        """
        return {}

    def shrink(self, w: Tensor, state: dict[str, Tensor], amount: Tensor, h: dict[str, Tensor]) -> None:
        """Decoupled decay in place: of the weights w [R, D] that decay, with their state, by amount [R, 1] = rate times
        decay; amount and the columns h are in double precision.
        """
        w.mul_((1 - amount).to(w.dtype))

    def kept(self, w: Tensor, state: dict[str, Tensor], h: dict[str, Tensor]) -> Tensor:
        """The weights that are evaluated and kept, where these lie `apart`; columns h are in double precision."""
        return w

    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor], h, t: Tensor) -> None:
        """One step in place: the definition."""
        raise TypeError(f"{type(self).__name__} must define update")

    def advance(self, search: Search | None, w: Tensor, g: Tensor, state: dict[str, Tensor], h, t: Tensor) -> None:
        """One step in place; only a rule that searches needs more than `update`."""
        self.update(w, g, state, h, t)

    def remark(self, state: dict[str, Tensor]) -> str:
        """What a run's log says once, from the state of its row; "" if nothing."""
        return ""

    def gain(self, state: dict[str, Tensor], h, t: Tensor) -> Tensor:
        """How far w moves, in the long run, per unit of a constant gradient: the step of the proximal operator.

        With it the fixed point of "rule, then prox" minimizes loss + penalty. [R, 1], or [R, P] for rules that scale
        each weight (Yun, Lozano & Yang 2021). Called after `update`, with the state of step t.
        """
        return h.lr

    def plain(self) -> Rule:
        """The simplest rule, with the simplest values, that makes the same steps to the last bit: what does nothing,
        given the other values, is at its default.
        """
        return self if self.weight_decay else dataclasses.replace(self, decay_biases=False)

    # fused(w, g, state, h, t): optional kernel for one block [n] whose rows share all hyper-parameters: w, g, state are
    # flat contiguous tensors, h plain numbers, t a tensor of one number. Must equal `update` to rounding.
    fused: ClassVar[Any] = None


class Search(NamedTuple):
    """What a rule that searches may ask for in a step."""

    objective: Tensor  # [R, 1], at w as the step begins
    evaluate: Callable[[Tensor], tuple[Tensor, Tensor]]  # w [R, P] -> objective [R, 1] and gradient [R, P]
    curvature: Callable[[Tensor], Callable[[Tensor], Tensor]]  # w -> (v [..., R, P] -> H v, H the Hessian at w)
    signs: Callable[[], Tensor] | None = None  # random signs [R, P], 0 in the padding, others in every step


@dataclass
class Solver(Rule):
    """A rule that looks at the objective at further weights before it moves: line searches, quasi-Newton methods.

    `advance` gets all rows of its segment at once. `search.evaluate` is the objective of the step's batch with its
    noise, penalties and coupled weight decay included. A row that has found its step must be masked (`torch.where`)
    while others search, so that what it finds does not depend on them.
    """

    searches = True

    def advance(self, search, w, g, state, h, t):
        """One step in place; g is the gradient at w, clipped."""
        raise TypeError(f"{type(self).__name__} must define advance")


def segment_key(run: Settings) -> tuple:
    """Rows with equal keys share a segment: the same rule and switches."""
    rule = run.optimizer
    switches = (
        (f.name, getattr(rule, f.name)) for f in dataclasses.fields(rule) if f.metadata["option"].kind == "segment"
    )
    return (name_of(rule, "optimizer"), *switches)
