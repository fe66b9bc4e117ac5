"""The stacked network: M multilayer perceptrons of one shape, forward and backward.

Shapes: M members, B batch, D inputs, W padded width, C padded outputs. `forward` is the definition and plain torch, so
autograd can differentiate it any number of times. Given a `tape` it also saves what `backward` needs, which writes the
analytic gradient of each piece (or autograd's, piece by piece, where there is none) into `grad`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from runner.population.architecture import Architecture
from runner.population.layout import Slot
from runner.population.pieces.base import Head
from runner.population.pieces.declared import Piece
from runner.population.pieces.linear import LINEAR


@dataclass
class Step:
    """What one hidden layer leaves on the tape."""

    x_MBW: Tensor
    a_MBW: Tensor  # what the activation gave
    normed: Any  # what the backward pass of the norm needs; None without one
    activated: Any  # the same of the activation
    noise_MBW: Tensor | None


class Network:
    """Pieces bound to rows of theta; `bind` again whenever the rows change."""

    def __init__(self, architecture: Architecture, dtype=torch.float32, device="cpu"):
        self.activation, self.norm = architecture.activation, architecture.norm
        self.norm_last, self.skips = architecture.norm_last, architecture.skips
        self.layout = architecture.layout
        outputs = self.layout.widths[-1]
        self.masks = [
            (torch.arange(padded, device=device) < width).to(dtype)
            for width, padded in zip(self.layout.widths, self.layout.padded, strict=True)
        ]
        self.head = Head(outputs, self.masks[-1], (self.masks[-1] - 1) * 1e30)
        ragged = [w != p for w, p in zip(self.layout.widths, self.layout.padded, strict=True)]
        self._mask_after = [each and not self.activation.zero_at_zero for each in ragged[1:-1]]

    def bind(self, theta: Tensor, grad: Tensor | None = None, buffers: Tensor | None = None) -> Network:
        """Take the parameters from theta [M, P], put gradients into grad, running statistics into buffers [M, Q]."""
        linear = self._of(LINEAR, lambda slot: slot.beside(theta))
        self.weight = [weight for weight, _ in linear]
        self.linear = [(weight.transpose(1, 2), bias) for weight, bias in linear]
        self.of_norm = self._of(self.norm, lambda slot: slot.beside(theta))
        self.of_activation = self._of(self.activation, lambda slot: slot.beside(theta))
        statistics = {} if buffers is None else {n: slot.view(buffers) for n, slot in self.layout.buffers.items()}
        self.buffers = [
            {b.name: statistics[f"{i}.{b.name}"] for b in self.norm.buffers} if self.norm and statistics else {}
            for i in range(self.layout.layers - 1)
        ]
        if grad is not None:
            self.linear_grad = self._of(LINEAR, lambda slot: slot.view(grad))
            self.norm_grad = self._of(self.norm, lambda slot: slot.view(grad))
            self.activation_grad = self._of(self.activation, lambda slot: slot.view(grad))
        return self

    def _of(self, piece: Piece | None, view: Callable[[Slot], Tensor]) -> list[list[Tensor]]:
        """The parameters of a piece in each layer where it stands, seen as `view` sees them."""
        layers = [i for i, pieces in enumerate(self.layout.pieces) if piece in pieces]
        return [[view(slot) for slot in self.layout.of(i, piece)] for i in layers] if piece else []

    def forward(
        self, x: Tensor, *, training: bool = False, noise: list | None = None, tape: list | None = None
    ) -> Tensor:
        """Outputs [M, B, C] from x [M, B, D]. noise holds for the input and each hidden layer None or (factor, addend),
        each [M, B, W] or None.
        """
        if noise and noise[0] is not None:
            x = changed(x, noise[0])
        for i in range(self.layout.layers - 1):
            z = LINEAR.forward(x, *self.linear[i])
            normed = None
            if self.norm and not self.norm_last:
                z, normed = self._normalize(i, z, training, tape is not None)
            a, activated = self._activate(i, z, tape is not None)
            out = a
            if self.norm_last:
                out, normed = self._normalize(i, out, training, tape is not None)
            change = noise[i + 1] if noise else None
            out = out if change is None else changed(out, change)
            out = out + x if self.skips[i] else out
            if tape is not None:
                tape.append(Step(x, a, normed, activated, change[0] if change else None))
            x = out
        if tape is not None:
            tape.append(x)
        return LINEAR.forward(x, *self.linear[-1])

    def _activate(self, i: int, z: Tensor, taped: bool):
        if not taped or self.activation.gradient is not None:
            y = self.activation.forward(z, *self.of_activation[i])
            return (y * self.masks[i + 1] if self._mask_after[i] else y), (z, y)
        with torch.enable_grad():
            leaves = _leaves(z, *self.of_activation[i])
            y = self.activation.forward(*leaves)
            y = y * self.masks[i + 1] if self._mask_after[i] else y
        return y.detach(), (y, leaves)

    def _normalize(self, i: int, z: Tensor, training: bool, taped: bool):
        context = {"mask": self.masks[i + 1], "buffers": self.buffers[i], "training": training}
        if not taped or self.norm.gradient is not None:
            return self.norm.forward(z, *self.of_norm[i], **context)
        with torch.enable_grad():
            leaves = _leaves(z, *self.of_norm[i])
            y, _ = self.norm.forward(*leaves, **context)
        return y.detach(), (y, leaves)

    def linear_at(self, theta: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(weight [M, I, O], bias [M, 1, O]) of every layer at other parameters theta [M, P]."""
        found = self._of(LINEAR, lambda slot: slot.beside(theta))
        return [(weight.transpose(1, 2), bias) for weight, bias in found]

    def backward(self, tape: list, g: Tensor, activities: Any = None) -> Tensor:
        """Write d/d parameters into grad, from g = d/d outputs [M, B, C], and what `activities` penalize.

        Returns d/d output of the first linear layer, of which `input_slope` makes that of the input.
        """
        x = tape.pop()
        LINEAR.gradient(x, g, *self.linear_grad[-1])
        around = None
        for i in reversed(range(self.layout.layers - 1)):
            step = tape.pop()
            g = LINEAR.input_gradient(g, self.weight[i + 1])
            g = g if around is None else g.add_(around)
            around = g.clone() if self.skips[i] else None
            if step.noise_MBW is not None:
                g = g.mul_(step.noise_MBW)
            if self.norm_last:
                g = self._norm_backward(i, step.normed, g)
            if activities is not None:
                activities.add_gradient(i, step.a_MBW, g)
            g = self._activation_backward(i, step.activated, g)
            if self.norm and not self.norm_last:
                g = self._norm_backward(i, step.normed, g)
            LINEAR.gradient(step.x_MBW, g, *self.linear_grad[i])
        return g

    def input_slope(self, g: Tensor, noise: list | None) -> Tensor:
        """d/d input [M, B, D] of what `backward` returned."""
        slope = LINEAR.input_gradient(g, self.weight[0])
        factor = noise[0][0] if noise and noise[0] is not None else None
        return slope if factor is None else slope * factor

    def _activation_backward(self, i: int, saved, g: Tensor) -> Tensor:
        if self.activation.gradient is None:
            return _by_autograd(saved, g, self.activation_grad[i])
        found = self.activation.gradient(*saved, g, *self.of_activation[i])
        g = _written(found, self.activation_grad[i]) if self.activation.parameters else found
        return g * self.masks[i + 1] if self._mask_after[i] else g

    def _norm_backward(self, i: int, saved, g: Tensor) -> Tensor:
        if self.norm.gradient is None:
            return _by_autograd(saved, g, self.norm_grad[i])
        return _written(self.norm.gradient(saved, g), self.norm_grad[i])


def _leaves(*tensors: Tensor) -> list[Tensor]:
    return [tensor.detach().requires_grad_() for tensor in tensors]


def _by_autograd(saved: tuple[Tensor, list[Tensor]], g: Tensor, grads: list[Tensor]) -> Tensor:
    """d/dx of a piece y(x, parameters) that has no `gradient`; d/d parameters goes where it belongs."""
    y, leaves = saved
    x_grad, *found = torch.autograd.grad(y, leaves, g)
    return _written((x_grad, *(each.reshape(into.shape) for each, into in zip(found, grads, strict=True))), grads)


def _written(found: Sequence[Tensor], grads: list[Tensor]) -> Tensor:
    """The first of a piece's gradients, d/dx; those of its parameters are copied to where they belong."""
    x_grad, *of_parameters = found
    for each, into in zip(of_parameters, grads, strict=True):
        into.copy_(each)
    return x_grad


def changed(y: Tensor, change: tuple[Tensor | None, Tensor | None]) -> Tensor:
    """y factor + addend."""
    factor, addend = change
    y = y if factor is None else y * factor
    return y if addend is None else y + addend
