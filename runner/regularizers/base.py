"""Where a regularizer acts: one base class a site. All strengths are columns; the neutral value is bit for bit
"absent".

Shapes: M members, O outputs, I inputs, B batch, H width, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor


class Regularizer:
    """Base of everything under `regularizer.*`. A class with one key is set as `regularizer.<name>=value`."""

    role: ClassVar[str]  # what it does, by which the checks of a configuration know it

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if not hasattr(cls, "role"):
            raise TypeError(f"{cls.__name__} must derive from a kind of regularizer, such as Penalty or Constraint")


class Penalty(Regularizer):
    """A term added to the objective, on weights only (biases and normalization gains are exempt).

    Each key arrives as a column that broadcasts against `w`. `elementwise` penalties get all weights at once, flat
    [M, P], zero where there is padding, with columns [M, 1], or [M, P] where strengths differ by layer; the others get
    the true weights of one layer [M, O, I] with columns [M, 1, 1]. Strength 0 must be the technique absent, also for
    weights that are all zero: beware of 0/0.
    """

    role: ClassVar[str] = "penalty"
    elementwise: ClassVar[bool] = False

    def value(self, w: Tensor, **h: Tensor) -> Tensor:
        """The penalty of each member, [M]: the definition."""
        raise TypeError(f"{type(self).__name__} must define value")

    def gradient(self, w: Tensor, **h: Tensor) -> Tensor:
        """d value / d w, same shape as w. Default: autograd of `value`."""
        import torch

        with torch.enable_grad():
            leaf = w.detach().requires_grad_()
            return torch.autograd.grad(self.value(leaf, **h).sum(), leaf)[0]

    # prox(w, step, **h): optional. argmin_u |u - w|^2 / 2 + step * value(u), used where optimizer.proximal is true;
    # step has the shape of w, or [M, O, 1] for a penalty that is not elementwise.
    prox = None


class Constraint(Regularizer):
    """A set the weights are projected onto after every step."""

    role: ClassVar[str] = "constraint"

    def project(self, w: Tensor, **h: Tensor) -> Tensor:
        """The point of the set nearest to one layer's weights w [M, O, I]."""
        raise TypeError(f"{type(self).__name__} must define project")


class Noise(Regularizer):
    """Random changes of activations while training: y <- y factor + addend. `site` is "input" or "hidden".

    `draws` uniform 32-bit integers (int32) a position are handed to `change`, one tensor [K, M, B, W] each.
    """

    role: ClassVar[str] = "noise"
    site: ClassVar[str] = "hidden"
    draws: ClassVar[int] = 1

    def change(self, *bits: Tensor, **h: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """(factor, addend), either may be None; keys arrive as columns. A neutral row must get exactly 1 and 0."""
        raise TypeError(f"{type(self).__name__} must define change")


class ParameterNoise(Regularizer):
    """Random numbers added to parameters while training. `site` is "weights" (the forward and backward pass see
    perturbed weights, the step changes the true ones) or "gradient" (all parameters, after clipping).
    """

    role: ClassVar[str] = "parameter_noise"
    site: ClassVar[str] = "weights"

    def deviation(self, t: np.ndarray, **h: np.ndarray) -> np.ndarray:
        """Standard deviation [M] of the normal noise at step t [M], from 0; keys arrive as [M], all in float64.

        NumPy and not torch: its powers have the same bits for one row and for many.
        """
        raise TypeError(f"{type(self).__name__} must define deviation")


class Around(Regularizer):
    """What stands around the update rule, whichever that is: before it with another gradient (sharpness-aware
    minimization), or after the whole step with other weights (Lookahead).

    It gets the R rows that use it: `w` and `g` [R, P], state [R, P] a slot and [R, 1] a row slot, keys as columns
    [R, 1], `t` the 1-based step of each row [R, 1]. Padding is 0 in `w` and `g` and must stay so.
    """

    role: ClassVar[str] = "around"
    slots: ClassVar[tuple[str, ...]] = ()  # state of one number a parameter; begins at 0
    row_slots: ClassVar[tuple[str, ...]] = ()  # state of one number a row; begins at 0

    def begin(self, w: Tensor, state: dict[str, Tensor], new: Tensor) -> None:
        """Fill in place the state of the rows `new` [R, 1], which have made no step, if it does not begin at 0."""

    def gradient(self, evaluate: Callable, w: Tensor, g: Tensor, state: dict[str, Tensor], t: Tensor, **h: Tensor):
        """The gradient [R, P] that is clipped and that the rule gets; `g` is the one at w.

        evaluate(w [R, P]) gives (objective [R, 1], gradient [R, P]) at other weights, on the same batch with the same
        noise. Asking for it costs another pass.
        """
        return g

    def after(self, w: Tensor, state: dict[str, Tensor], t: Tensor, **h: Tensor) -> None:
        """Change w and state in place after a step, its proximal step and projection included."""


class Targets(Regularizer):
    """A change of the targets that are optimized (never of those that are evaluated).

    `draws` uniform 32-bit integers (int32) a position are handed to `targets`, one tensor [K, M, B, C] each; new ones
    in every step.
    """

    role: ClassVar[str] = "targets"
    task: ClassVar[str] = "classification"
    draws: ClassVar[int] = 0
    instead: ClassVar[str] = ""  # what there is for the other task, as a user writes it

    def targets(self, q: Tensor, classes: int, *bits: Tensor, **h: Tensor) -> Tensor:
        """New targets from q [K, M, B, C] with `classes` true columns (padding is cut off afterwards)."""
        raise TypeError(f"{type(self).__name__} must define targets")


def purpose(name: str, draw: int) -> str:
    """What the keys of a technique's draw are made from."""
    return name if draw == 0 else f"{name}/{draw}"
