"""The linear layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.population.pieces.declared import MATRIX, Parameter, Piece

if TYPE_CHECKING:
    from torch import Tensor, nn


class Linear(Piece):
    """y = W x + b. Shapes: x [M, B, I], weight [M, O, I], bias [M, 1, O], g = d/dy [M, B, O].

    `forward` takes the weight transposed, [M, I, O]: the view is made once for all steps.
    """

    parameters = (Parameter("weight", MATRIX, start=None, kind="weight"), Parameter("bias", start=None))

    def forward(self, x: Tensor, transposed: Tensor, bias: Tensor) -> Tensor:
        """[M, B, O]"""
        return bias.baddbmm(x, transposed)

    def gradient(self, x: Tensor, g: Tensor, weight_grad: Tensor, bias_grad: Tensor) -> None:
        """Write d/dW [M, O, I] and d/db [M, O] where they belong: their copy would be as large as the layer."""
        import torch

        torch.bmm(g.transpose(1, 2), x, out=weight_grad)
        torch.sum(g, 1, out=bias_grad)

    def input_gradient(self, g: Tensor, weight: Tensor) -> Tensor:
        """d/dx [M, B, I]; not needed for the first layer."""
        return g.bmm(weight)

    def module(self, inputs: int, width: int) -> nn.Linear:
        """torch.nn.Linear"""
        from torch import nn

        return nn.Linear(inputs, width)


LINEAR = Linear()
