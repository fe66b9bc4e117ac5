"""What a piece of a network is.

Shapes: M members, B batch, W padded width, n true width. Every piece leaves the padding (columns n..W) zero. `forward`
is the definition, in plain differentiable torch; the gradient is autograd's unless the class also gives an analytic
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import Tensor, nn


class Activation:
    """A function of each number.

    `gradient(x, y, g)`, if given, is g times the derivative, from the input x and the output y = forward(x).
    """

    zero_at_zero: ClassVar[bool] = False  # f(0) = 0, so padding stays zero by itself
    exact: ClassVar[bool] = (
        False  # the same bits in vector and scalar code (no exp, tanh, ...): narrower padding will do
    )
    gradient = None

    def forward(self, x: Tensor) -> Tensor:
        """f(x), any shape."""
        raise TypeError(f"{type(self).__name__} must define forward")

    def module(self) -> nn.Module:
        """The same as a torch.nn module, for export."""
        raise TypeError(f"{type(self).__name__} must define module")


class Norm:
    """A normalization with gain and bias per unit, and optional running statistics: `buffers`, name -> start."""

    buffers: ClassVar[dict[str, float]] = {}
    needs_batch: ClassVar[bool] = False  # statistics over the batch: a batch of one has none
    shifted: ClassVar[bool] = True  # has a bias; where not, `forward` gets None and `gradient` gives None
    gradient = None

    def forward(self, x: Tensor, gain: Tensor, bias: Tensor, mask: Tensor, buffers: dict[str, Tensor], training: bool):
        """x [M, B, W]; gain, bias [M, 1, W]; mask [W] is 1 on true columns. Buffers [M, W] are updated in place in
        training.

        Returns (y, saved); saved is what `gradient(saved, g) -> (g_x, g_gain [M, W], g_bias [M, W])` needs, if that is
        given.
        """
        raise TypeError(f"{type(self).__name__} must define forward")

    def module(self, width: int) -> nn.Module:
        """The same as a torch.nn module, for export."""
        raise TypeError(f"{type(self).__name__} must define module")


class Init:
    """A distribution of initial weights."""

    def fill(self, weight: Tensor, bias: Tensor, generator) -> None:
        """Fill one member's weight [O, I] and bias [O] in place, true shapes, drawing from `generator` only."""
        raise TypeError(f"{type(self).__name__} must define fill")


@dataclass
class Head:
    """The true columns among the padded outputs C."""

    count: int
    mask: Tensor  # [C], 1 on true columns, else 0
    offset: Tensor  # [C], 0 on true columns, else -1e30: added to logits it takes the padding out of a softmax


class Loss:
    """The data loss: `forward` is the definition, [M, B] per example; the mean over the batch is optimized.

    `gradient(outputs, prepared, head, weight)`, if given, takes the targets as `prepare` left them and returns from one
    pass the weighted terms [M, B, C], whose sum over B and C is weight times the sum of `forward`, and their gradient
    [M, B, C]. The weight is 1/B, or where examples have weights w a tensor w/B [M, B, 1].
    """

    task: ClassVar[str] = "classification"
    link: ClassVar[str] = "softmax"  # which of population/links.py makes probabilities of the scores of classes
    gradient = None

    def forward(self, outputs: Tensor, targets: Tensor, head: Head) -> Tensor:
        """outputs, targets [M, B, C] (targets are distributions or numbers)."""
        raise TypeError(f"{type(self).__name__} must define forward")

    def of_guessing(self, shares: Sequence[float]) -> float | None:
        """What always answering with the classes' shares costs on the average; None if that is not known."""
        return None

    def prepare(self, targets: Tensor, weight: float | Tensor) -> Tensor:
        """What `gradient` takes as targets; done for many steps at once."""
        return targets
