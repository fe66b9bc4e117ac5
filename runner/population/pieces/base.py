"""What a piece of a network is.

Shapes: M members, B batch, W padded width, n true width. Every piece leaves the padding (columns n..W) zero. `forward`
is the definition, in plain differentiable torch; the gradient is autograd's unless the class also gives an analytic
one.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from runner.config.registry import entries, name_of
from runner.population.pieces.declared import Piece

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from runner.population.initial_draws import Draws


class Activation(Piece):
    """A function of each number.

    `gradient(x, y, g, *parameters)`, if given, is g times the derivative, from the input x and the output y =
    forward(x); with parameters it is (that, the gradient of each of them [M, W], or [M, 1] for a whole layer).
    """

    zero_at_zero: ClassVar[bool] = False  # f(0) = 0, so padding stays zero by itself
    exact: ClassVar[bool] = False
    of_shares: ClassVar[bool] = False  # f(x) lies between 0 and 1 for all x
    gradient = None

    def forward(self, x: Tensor, *parameters: Tensor) -> Tensor:
        """f(x), of the shape of x."""
        raise TypeError(f"{type(self).__name__} must define forward")

    def module(self, inputs: int, width: int) -> nn.Module:
        """The class of torch.nn that the registration names, else a module of `forward`."""
        named = _torch_class(self, "activation")
        return named() if named else _of_forward(self)


class TorchActivation(Activation):
    """A function that torch has, and its derivative by torch's own kernel: aten's `derivative(g, x, ...)`."""

    derivative: ClassVar[str]
    of_output: ClassVar[bool] = False  # the kernel takes y in the place of x
    constants_of_derivative: ClassVar[tuple] = ()  # what it takes besides

    @functools.cached_property
    def function(self):
        """The forward pass of the torch module."""
        return self.module(0, 0).forward

    @functools.cached_property
    def kernel(self):
        """The derivative's."""
        import torch

        return getattr(torch.ops.aten, self.derivative).default

    def forward(self, x):
        """As torch computes it."""
        return self.function(x)

    def gradient(self, x, y, g):
        """As torch computes it."""
        return self.kernel(g, y if self.of_output else x, *self.constants_of_derivative)


@dataclass(frozen=True)
class NormKeys:
    """The keys `model.norm_*` of a norm, by what comes after norm_."""

    groups: int = 1
    momentum: float | None = 0.1
    eps: float = 1e-5
    affine: bool = True
    statistics: str = "running"

    @property
    def cumulative(self) -> bool:
        """Whether running statistics are the means over all batches that were counted."""
        return self.momentum is None or self.statistics == "all"

    def number(self, name: str) -> float:
        """A key, or "1-key", as compiled code takes it; what is absent is 0."""
        value = getattr(self, name.removeprefix("1-")) or 0.0
        return 1 - value if name.startswith("1-") else value


class Norm(Piece):
    """A normalization. What it divides by is that of the true units: the padding of x is 0 and `mask` tells it.

    It is made without arguments; `with_keys` gives it the values of the keys that it `uses`.
    """

    needs_batch: ClassVar[bool] = False  # statistics over the batch: a batch of one has none
    uses: ClassVar[tuple[str, ...]] = ()  # names of `NormKeys`; others must be at their defaults
    keys = NormKeys()
    gradient = None

    def with_keys(self, keys: NormKeys) -> Norm:
        """The same with these keys; what it learns goes with affine=False."""
        other = copy.copy(self)
        other.keys = keys
        other.parameters = self.parameters if keys.affine else ()
        return other

    def forward(self, x: Tensor, *parameters: Tensor, mask: Tensor, buffers: dict[str, Tensor], training: bool):
        """x [M, B, W]; mask [W] is 1 on true columns. Buffers [M, W] are updated in place in training.

        Returns (y, saved); saved is what `gradient(saved, g) -> (g_x, the gradient [M, W] of each parameter)` needs, if
        that is given.
        """
        raise TypeError(f"{type(self).__name__} must define forward")


class InputNorm(Piece):
    """A norm of what enters the network: what it declares is for each input, and its names begin with input_."""

    def __init__(self, norm: Norm):
        self.norm, self.constants = norm, norm.constants
        self.parameters, self.buffers = (tuple(map(_of_input, each)) for each in (norm.parameters, norm.buffers))

    def module(self, inputs: int, width: int) -> nn.Module:
        """The norm's."""
        return self.norm.module(inputs, inputs)


def _of_input(declared: Any) -> Any:
    per = tuple("input" if each == "unit" else each for each in declared.per)
    return dataclasses.replace(declared, name=f"input_{declared.name}", per=per, torch=declared.exported)


def _torch_class(piece: Piece, group: str) -> type[nn.Module] | None:
    from torch import nn

    named = entries(group)[name_of(piece, group)].torch
    return getattr(nn, named) if named else None


def _of_forward(activation: Activation) -> nn.Module:
    from torch import nn

    if activation.parameters:
        raise TypeError(f"{type(activation).__name__} has parameters: it must define module")
    module = nn.Module()
    module.forward = activation.forward
    return module


class Parametrization(Piece):
    """What the weights of a layer are computed from: W = effective(v, parameters), of what is learned in their place.

    Passes, evaluation and the exported network use W, which is a plain matrix there; penalties, constraints and decay
    act on v. Shapes: v, W, g = d/dW [M, O, I], true and not padded, parameters [M, O, 1].
    `gradient(v, *parameters, g)`, if given, is (d/dv, the gradient [M, O, 1] of each parameter).
    """

    of_output: ClassVar[bool] = True  # whether the last layer is parametrized as well
    least_inputs: ClassVar[int] = 1  # fewer inputs a unit leave nothing to learn
    gradient = None

    def effective(self, v: Tensor, *parameters: Tensor) -> Tensor:
        """W: the definition."""
        raise TypeError(f"{type(self).__name__} must define effective")

    def begin(self, v: np.ndarray, *parameters: np.ndarray) -> None:
        """Fill the parameters [M, O] in place so that training begins at W = v, if it can."""


class Init:
    """A distribution of initial weights. `keys` are those of `model.init_<key>` that `fill` takes besides."""

    keys: ClassVar[tuple[str, ...]] = ()
    needs_torch: ClassVar[bool] = True  # false where `fill` draws no normal numbers, which torch does

    def fill(self, weight: np.ndarray, bias: np.ndarray, draws: Draws, **keys: float) -> None:
        """Fill one member's weight [O, I] and bias [O] in place, true shapes, with numbers from `draws` only."""
        raise TypeError(f"{type(self).__name__} must define fill")


@dataclass
class Head:
    """The true columns among the padded outputs C."""

    count: int
    mask: Tensor  # [C], 1 on true columns, else 0
    offset: Tensor  # [C], 0 on true columns, else -1e30: added to logits it takes the padding out of a softmax
    divisors: Tensor | None = None  # [C], sum w / w where targets have weights w, else 1; None = none has

    @property
    def divisor(self) -> int | Tensor:
        """By what each term is divided for a mean over the outputs: their number, or [C] for a weighted mean."""
        return self.count if self.divisors is None else self.divisors


class Loss:
    """The data loss: `forward` is the definition, [M, B] per example; the mean over the batch is optimized. A mean over
    the outputs is the sum of terms divided by `head.divisor`, so that targets may have weights.

    `gradient(outputs, prepared, head, weight)`, if given, takes the targets as `prepare` left them and returns from one
    pass the weighted terms [M, B, C], whose sum over B and C is weight times the sum of `forward`, and their gradient
    [M, B, C]. The weight is 1/B, or where examples have weights w a tensor w/B [M, B, 1].
    """

    task: ClassVar[str] = "classification"
    # expected(mean, variance, prepared, head, weight), if given: as the first of `gradient`, of outputs that are normal
    # numbers [M, B, C], by autograd.
    expected = None
    link: ClassVar[str] = "softmax"  # which of population/links.py makes probabilities of the scores of classes
    gradient = None

    def forward(self, outputs: Tensor, targets: Tensor, head: Head) -> Tensor:
        """outputs, targets [M, B, C] (targets are distributions or numbers)."""
        raise TypeError(f"{type(self).__name__} must define forward")

    def by_target(self, outputs: Tensor, targets: Tensor, head: Head) -> Tensor:
        """What is recorded of each example: `forward` [M, B], or of several heads the loss of each [M, B, k]."""
        return self.forward(outputs, targets, head)

    def of_guessing(self, shares: Sequence[float]) -> float | None:
        """What always answering with the classes' shares costs on the average; None if that is not known."""
        return None

    def prepare(self, targets: Tensor, weight: float | Tensor) -> Tensor:
        """What `gradient` takes as targets; done for many steps at once."""
        return targets
