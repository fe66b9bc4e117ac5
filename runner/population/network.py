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
from runner.population.pieces.base import Head, Norm
from runner.population.pieces.declared import Piece


@dataclass
class Step:
    """What one hidden layer leaves on the tape; the tape begins with what the norm of the input leaves."""

    x_MBW: Tensor
    a_MBW: Tensor  # what the activation gave
    normed: Any  # what the backward pass of the norm needs; None without one
    z_MBW: Tensor  # what entered the activation
    activated: Any  # the same of the activation
    noise_MBW: Tensor | None


class Network:
    """Pieces bound to rows of theta; `bind` again whenever the rows change."""

    def __init__(self, architecture: Architecture, dtype=torch.float32, device="cpu"):
        self.linear_map, self.activation, self.norm = architecture.linear, architecture.activation, architecture.norm
        self.input_norm = architecture.input_norm
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
        linear = self._of(self.linear_map, lambda slot: slot.beside(theta))
        self.weight = [weight for weight, *_ in linear]
        self.linear = [(weight.transpose(1, 2), *bias) for weight, *bias in linear]
        self.of_norm = self._of(self.norm, lambda slot: slot.beside(theta))
        self.of_input = self._of(self.input_norm, lambda slot: slot.beside(theta))
        self.of_activation = self._of(self.activation, lambda slot: slot.beside(theta))
        statistics = {} if buffers is None else {n: slot.view(buffers) for n, slot in self.layout.buffers.items()}
        self.buffers = [
            {b.name: statistics[f"{i}.{b.name}"] for b in self.norm.buffers} if self.norm and statistics else {}
            for i in range(self.layout.layers - 1)
        ]
        self.input_buffers = (
            {
                own.name: statistics[f"0.{declared.name}"]
                for own, declared in zip(self.input_norm.norm.buffers, self.input_norm.buffers, strict=True)
            }
            if self.input_norm and statistics
            else {}
        )
        if grad is not None:
            self.linear_grad = self._of(self.linear_map, lambda slot: slot.view(grad))
            self.norm_grad = self._of(self.norm, lambda slot: slot.view(grad))
            self.input_grad = self._of(self.input_norm, lambda slot: slot.view(grad))
            self.activation_grad = self._of(self.activation, lambda slot: slot.view(grad))
        return self

    def _of(self, piece: Piece | None, view: Callable[[Slot], Tensor]) -> list[list[Tensor]]:
        """The parameters of a piece in each layer where it stands, seen as `view` sees them."""
        layers = [i for i, pieces in enumerate(self.layout.pieces) if any(each is piece for each in pieces)]
        return [[view(slot) for slot in self.layout.of(i, piece)] for i in layers] if piece else []

    def forward(
        self,
        x: Tensor,
        *,
        training: bool = False,
        noise: list | None = None,
        tape: list | None = None,
        activations: list | None = None,
    ) -> Tensor:
        """Outputs [M, B, C] from x [M, B, D]. noise holds for the input and each hidden layer None or (factor, addend),
        each [M, B, W] or None. What the activation of each hidden layer gives is added to `activations`.
        """
        if noise and noise[0] is not None:
            x = changed(x, noise[0])
        normed = None
        if self.input_norm:
            x, normed = self._normalize(self.input_norm.norm, x, self.of_input[0], self._of_inputs(training), tape)
        if tape is not None:
            tape.append(normed)
        for i in range(self.layout.layers - 1):
            z = self.linear_map.forward(x, *self.linear[i])
            normed = None
            if self.norm and not self.norm_last:
                z, normed = self._normalize(self.norm, z, self.of_norm[i], self._of_layer(i, training), tape)
            a, activated = self._activate(i, z, tape is not None)
            if activations is not None:
                activations.append(a)
            out = a
            if self.norm_last:
                out, normed = self._normalize(self.norm, out, self.of_norm[i], self._of_layer(i, training), tape)
            change = noise[i + 1] if noise else None
            out = out if change is None else changed(out, change)
            out = out + x if self.skips[i] else out
            if tape is not None:
                tape.append(Step(x, a, normed, z, activated, change[0] if change else None))
            x = out
        if tape is not None:
            tape.append(x)
        return self.linear_map.forward(x, *self.linear[-1])

    def _activate(self, i: int, z: Tensor, taped: bool):
        if not taped or self.activation.gradient is not None:
            y = self.activation.forward(z, *self.of_activation[i])
            return (y * self.masks[i + 1] if self._mask_after[i] else y), (z, y)
        with torch.enable_grad():
            leaves = _leaves(z, *self.of_activation[i])
            y = self.activation.forward(*leaves)
            y = y * self.masks[i + 1] if self._mask_after[i] else y
        return y.detach(), (y, leaves)

    def _of_inputs(self, training: bool) -> dict[str, Any]:
        """What the norm of the input is told besides its parameters."""
        return {"mask": self.masks[0], "buffers": self.input_buffers, "training": training}

    def _of_layer(self, i: int, training: bool) -> dict[str, Any]:
        """The same of a hidden layer's."""
        return {"mask": self.masks[i + 1], "buffers": self.buffers[i], "training": training}

    @staticmethod
    def _normalize(norm: Norm, z: Tensor, parameters: list[Tensor], context: dict[str, Any], tape: list | None):
        if tape is None or norm.gradient is not None:
            return norm.forward(z, *parameters, **context)
        with torch.enable_grad():
            leaves = _leaves(z, *parameters)
            y, _ = norm.forward(*leaves, **context)
        return y.detach(), (y, leaves)

    def linear_at(self, theta: Tensor) -> list[tuple[Tensor, ...]]:
        """(weight [M, I, O], bias [M, 1, O] if there is one) of every layer at other parameters theta [M, P]."""
        found = self._of(self.linear_map, lambda slot: slot.beside(theta))
        return [(weight.transpose(1, 2), *bias) for weight, *bias in found]

    def backward(self, tape: list, g: Tensor, activities: Any = None) -> Tensor:
        """Write d/d parameters into grad, from g = d/d outputs [M, B, C], and what `activities` penalize.

        Returns what `input_slope` makes d/d input of: d/d output of the first linear layer, or d/d input of its norm.
        """
        x = tape.pop()
        self.linear_map.gradient(x, g, *self.linear_grad[-1])
        around = None
        for i in reversed(range(self.layout.layers - 1)):
            step = tape.pop()
            g = self.linear_map.input_gradient(g, self.weight[i + 1])
            g = g if around is None else g.add_(around)
            around = g.clone() if self.skips[i] else None
            if step.noise_MBW is not None:
                g = g.mul_(step.noise_MBW)
            if self.norm_last:
                g = self._norm_backward(self.norm, step.normed, g, self.norm_grad[i])
            if activities is not None:
                activities.add_gradient(i, step.a_MBW, g)
            g = self._activation_backward(i, step.activated, g)
            if self.norm and not self.norm_last:
                g = self._norm_backward(self.norm, step.normed, g, self.norm_grad[i])
            self.linear_map.gradient(step.x_MBW, g, *self.linear_grad[i])
        normed = tape.pop()
        if not self.input_norm:
            return g
        g = self.linear_map.input_gradient(g, self.weight[0])
        return self._norm_backward(self.input_norm.norm, normed, g, self.input_grad[0])

    def input_slope(self, g: Tensor, noise: list | None) -> Tensor:
        """d/d input [M, B, D] of what `backward` returned."""
        slope = g if self.input_norm else self.linear_map.input_gradient(g, self.weight[0])
        factor = noise[0][0] if noise and noise[0] is not None else None
        return slope if factor is None else slope * factor

    def _activation_backward(self, i: int, saved, g: Tensor) -> Tensor:
        if self.activation.gradient is None:
            return _by_autograd(saved, g, self.activation_grad[i])
        found = self.activation.gradient(*saved, g, *self.of_activation[i])
        g = _written(found, self.activation_grad[i]) if self.activation.parameters else found
        return g * self.masks[i + 1] if self._mask_after[i] else g

    @staticmethod
    def _norm_backward(norm: Norm, saved: Any, g: Tensor, grads: list[Tensor]) -> Tensor:
        if norm.gradient is None:
            return _by_autograd(saved, g, grads)
        return _written(norm.gradient(saved, g), grads)


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
