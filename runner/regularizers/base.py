"""Where a regularizer acts: one base class a site. All strengths are columns; the neutral value is bit for bit
"absent".

Shapes: M members, O outputs, I inputs, B batch, H width, C classes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from torch import Tensor


class Regularizer:
    """Base of everything under `regularizer.*`. A class with one key is set as `regularizer.<name>=value`."""

    role: ClassVar[str]  # what it does, by which the checks of a configuration know it
    needs: ClassVar[dict[str, Any]] = {}  # settings without which it is refused: its contracts are tried with them

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


class Activity(Regularizer):
    """A term added to the objective, on the activations of each hidden layer: what its activation function gives,
    before a norm that comes after it, noise, and the sum of a residual layer.

    The keys arrive as columns [M, 1, 1]; strength 0 must be the technique absent.
    """

    role: ClassVar[str] = "activity"
    site: ClassVar[str] = "hidden"
    of_shares: ClassVar[bool] = False  # whether it is defined for activations between 0 and 1 only

    def value(self, a: Tensor, **h: Tensor) -> Tensor:
        """The penalty [M] of the activations a [M, B, n] of a batch: the definition."""
        raise TypeError(f"{type(self).__name__} must define value")

    def gradient(self, a: Tensor, **h: Tensor) -> Tensor:
        """d value / d a, [M, B, n]. Default: autograd of `value`."""
        import torch

        with torch.enable_grad():
            leaf = a.detach().requires_grad_()
            return torch.autograd.grad(self.value(leaf, **h).sum(), leaf)[0]


class Constraint(Regularizer):
    """A set the weights are projected onto after every step."""

    role: ClassVar[str] = "constraint"

    def project(self, w: Tensor, **h: Tensor) -> Tensor:
        """The point of the set nearest to one layer's weights w [M, O, I]."""
        raise TypeError(f"{type(self).__name__} must define project")


class Noise(Regularizer):
    """Random changes of activations while training: y <- y factor + addend. `site` is "input" or "hidden".

    `draws` uniform 32-bit integers (int32) a position are handed to `change`, one tensor [K, M, B, W] each; where
    `per` is "example", one for all units of a layer, [K, M, B, 1].
    """

    role: ClassVar[str] = "noise"
    site: ClassVar[str] = "hidden"
    draws: ClassVar[int] = 1
    per: ClassVar[str] = "unit"  # what there is a draw for: each "unit" of an example, or each "example"
    beside_skips: ClassVar[bool] = False  # acts on those hidden layers only that add their input to their output

    def in_layer(self, place: int, count: int, **h: float) -> dict[str, float]:
        """Its keys in one layer, which is number `place` (from 1) of the `count` it acts on; by default as given."""
        return h

    # mean(**h): optional, where the factor's mean is not 1. In evaluation and in the exported network the weights that
    # read what was changed are multiplied by it; keys arrive as arrays [M].
    mean = None

    def change(self, *bits: Tensor, **h: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """(factor, addend), either may be None; keys arrive as columns. A neutral row must get exactly 1 and 0.

        If its draws are those of examples, it gets `units` as well: the numbers 1 ... n of the layer's units and 0 for
        padding, [W].
        """
        raise TypeError(f"{type(self).__name__} must define change")


class OtherInputs(Regularizer):
    """Other inputs x' at which the objective is taken too: (1 - weight) J(x) + weight J(x'). One key is `weight`."""

    role: ClassVar[str] = "inputs"

    def inputs(self, x: Tensor, slope: Tensor, **h: Tensor) -> Tensor:
        """x' from x and dJ/dx [M, B, D]; the other keys arrive as columns [M, 1, 1]. Padding is 0 and must stay so."""
        raise TypeError(f"{type(self).__name__} must define inputs")


class Moments(Regularizer):
    """What hidden layers pass on is a random number, of which mean and variance are known instead of a sample."""

    role: ClassVar[str] = "moments"
    site: ClassVar[str] = "hidden"

    def passed_on(self, mean: Tensor, variance: Tensor, **h: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance [M, B, W] of what a layer passes on, from those of its activations; keys as columns."""
        raise TypeError(f"{type(self).__name__} must define passed_on")


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


class Connections(Regularizer):
    """Random factors of the weights while training: the passes of a step see w factor, and its gradient goes back by
    the same factors. The weights themselves, which penalties see and the step changes, are evaluated as they are.
    """

    role: ClassVar[str] = "connections"

    def factor(self, bits: Tensor, **h: Tensor) -> Tensor:
        """Factors [M, P] of weights, whose mean is 1, from uniform int32; keys arrive as columns [M, 1], or [M, P]
        where strengths differ by layer. A neutral row must get exactly 1.
        """
        raise TypeError(f"{type(self).__name__} must define factor")


class Around(Regularizer):
    """What stands around the update rule, whichever that is: before it with another gradient (sharpness-aware
    minimization), or after the whole step with other weights (Lookahead).

    It gets the R rows that use it: `w` and `g` [R, P], state [R, P] a slot and [R, 1] a row slot, keys as columns
    [R, 1], `t` the 1-based step of each row [R, 1]. Padding is 0 in `w` and `g` and must stay so. A technique
    `of_weights` gets and changes weights alone, no biases or gains: what it is handed has so many numbers a row.
    """

    role: ClassVar[str] = "around"
    of_weights: ClassVar[bool] = False
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
