"""What a first-order update rule is.

A rule works on R rows at once: weights `w` and gradient `g` are [R, P], state slots [R, P], hyper-parameters `h.lr`,
`h.momentum`, ... columns [R, 1] (None where neutral in all rows; `h.complement("beta1")` is 1 - beta1), `t` the 1-based
step of each row [R, 1]. `update` changes w and state in place and is the definition. Weight decay happens in
optimizers/segments.py; clipping, penalties and projections in training/engine.py.

On single columns [R, 1] only + - * / and sqrt are exact and so the same for one row as for many; a power or an
exponential of time belongs into `tables`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from runner.config.registry import name_of, number, switch

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from runner.config.settings import Settings


@dataclass
class Rule:
    """Keys every optimizer has."""

    slots: ClassVar[tuple[str, ...]] = ()
    decoupled: ClassVar[bool] = False  # decay shrinks w directly (AdamW) instead of entering the gradient

    lr: float = number(1e-2, above=0, help="learning rate, before the schedule")
    weight_decay: float = number(
        0.0, ge=0, neutral=0.0, help="decay of the weights, as torch's rule of this name applies it"
    )
    decay_biases: bool = switch(
        False, kind="segment", help="let weight_decay act on biases and normalization gains too"
    )
    clip_norm: float | None = number(
        None, above=0, optional=True, neutral=float("inf"), help="scale the gradient down to this norm if it is longer"
    )
    clip_value: float | None = number(
        None, above=0, optional=True, neutral=float("inf"), help="cut each element of the gradient to +- this"
    )
    proximal: bool = switch(
        False,
        kind="segment",
        help="penalties by their proximal step (exact zeros) instead of a gradient; the threshold of a weight is the "
        "penalty's strength times the rule's rate of that weight, as `runner list optimizer=NAME` says",
    )

    def slots_used(self, h: dict) -> tuple[str, ...]:
        """Slots that are needed; h maps key -> column, None where the key is neutral in all rows."""
        return self.slots

    def tables(self, h: dict[str, float], t: np.ndarray) -> dict[str, np.ndarray]:
        """Numbers that the steps t [S] of one row need and that depend on nothing but t and its hyper-parameters h
        (bias corrections): name -> [S], in double precision. `update` and `gain` find them as columns h.<name>.
        """
        return {}

    def update(self, w: Tensor, g: Tensor, state: dict[str, Tensor], h, t: Tensor) -> None:
        """One step in place: the definition."""
        raise TypeError(f"{type(self).__name__} must define update")

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


def segment_key(run: Settings) -> tuple:
    """Rows with equal keys share a segment: the same rule and switches."""
    rule = run.optimizer
    switches = (
        (f.name, getattr(rule, f.name)) for f in dataclasses.fields(rule) if f.metadata["option"].kind == "segment"
    )
    return (name_of(rule, "optimizer"), *switches)
