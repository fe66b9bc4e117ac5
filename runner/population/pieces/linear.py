"""The linear layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.population.pieces.declared import MATRIX, Buffer, Parameter, Piece

if TYPE_CHECKING:
    from torch import Tensor, nn


class Linear(Piece):
    """y = W x + b, b only in a layer with biases. Shapes: x [M, B, I], weight [M, O, I], bias [M, 1, O], g = d/dy
    [M, B, O].

    `forward` takes the weight transposed, [M, I, O]: the view is made once for all steps.
    """

    parameters: tuple[Parameter, ...] = (
        Parameter("weight", MATRIX, start=None, kind="weight"),
        Parameter("bias", start=None),
    )

    def forward(self, x: Tensor, transposed: Tensor, bias: Tensor | None = None) -> Tensor:
        """[M, B, O]"""
        return x.bmm(transposed) if bias is None else bias.baddbmm(x, transposed)

    def gradient(self, x: Tensor, g: Tensor, weight_grad: Tensor, bias_grad: Tensor | None = None) -> None:
        """Write d/dW [M, O, I] and d/db [M, O] where they belong: their copy would be as large as the layer."""
        import torch

        torch.bmm(g.transpose(1, 2), x, out=weight_grad)
        if bias_grad is not None:
            torch.sum(g, 1, out=bias_grad)

    def input_gradient(self, g: Tensor, weight: Tensor) -> Tensor:
        """d/dx [M, B, I]; not needed for the first layer."""
        return g.bmm(weight)

    def module(self, inputs: int, width: int) -> nn.Linear:
        """torch.nn.Linear"""
        from torch import nn

        return nn.Linear(inputs, width, bias=len(self.parameters) > 1)


class LinearWithoutBias(Linear):
    """y = W x"""

    parameters = Linear.parameters[:1]


class Mask(Piece):
    """Which weights of a layer may not be 0 (1), and which stay 0 (0)."""

    buffers = (Buffer("mask", MATRIX, start=1.0),)


class Tied(Piece):
    """The weight of a layer is that of the layer `of`, or the same transposed; its own stays 0 and is not learned."""

    def __init__(self, of: int, transposed: bool = False):
        self.of, self.transposed = of, transposed

    def seen(self, weight: Tensor) -> Tensor:
        """A view of a weight [M, O, I] of one of the two layers as the other one has it."""
        return weight.transpose(1, 2) if self.transposed else weight


LINEAR, LINEAR_WITHOUT_BIAS, MASK = Linear(), LinearWithoutBias(), Mask()
