"""The stacked network: M multilayer perceptrons of one shape, forward and backward.

Shapes: M members, B batch, D inputs, W padded width, C padded outputs. `forward` is the definition and plain torch, so
autograd can differentiate it any number of times. Given a `tape` it also saves what `backward` needs, which writes the
analytic gradient of each piece (or autograd's, piece by piece, where there is none) into `grad`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from runner.config.registry import entries
from runner.population.layout import Layout
from runner.population.pieces.base import Head
from runner.population.pieces.mlp import skips


@dataclass
class Step:
    """What one hidden layer leaves on the tape."""

    x_MBW: Tensor
    normed: Any
    z_MBW: Tensor
    y_MBW: Tensor
    noise_MBW: Tensor | None


class Network:
    """Pieces bound to rows of theta; `bind` again whenever the rows change."""

    def __init__(self, model, inputs: int, outputs: int, dtype=torch.float32, device="cpu"):
        self.activation = entries("activation")[model.activation].cls()
        self.norm: Any = None if model.norm == "none" else entries("norm")[model.norm].cls()
        self.norm_last = self.norm is not None and model.norm_position == "after"
        self.skips = skips(model.hidden) if model.residual else [False] * len(model.hidden)
        self.layout = Layout(
            [inputs, *model.hidden, outputs],
            exact=self.activation.exact,
            normed=self.norm is not None,
            shifted=self.norm is not None and self.norm.shifted,
            buffers=tuple(self.norm.buffers) if self.norm else (),
        )
        self.masks = [
            (torch.arange(padded, device=device) < width).to(dtype)
            for width, padded in zip(self.layout.widths, self.layout.padded, strict=True)
        ]
        self.head = Head(outputs, self.masks[-1], (self.masks[-1] - 1) * 1e30)
        ragged = [w != p for w, p in zip(self.layout.widths, self.layout.padded, strict=True)]
        self._mask_after = [ragged[i + 1] and not self.activation.zero_at_zero for i in range(self.layout.layers)]

    def bind(self, theta: Tensor, grad: Tensor | None = None, buffers: Tensor | None = None) -> Network:
        """Take the parameters from theta [M, P], put gradients into grad, running statistics into buffers [M, Q]."""
        views = {name: slot.view(theta) for name, slot in self.layout.slots.items()}
        layers = range(self.layout.layers)
        self.weight = [views[f"{i}.weight"] for i in layers]
        self.weight_t = [w.transpose(1, 2) for w in self.weight]
        self.bias = [views[f"{i}.bias"].unsqueeze(1) for i in layers]
        if self.norm:
            self.gain = [views[f"{i}.gain"].unsqueeze(1) for i in layers[:-1]]
            self.shift = [views[f"{i}.shift"].unsqueeze(1) if self.norm.shifted else None for i in layers[:-1]]
            self.buffers = [
                {} if buffers is None else {n: self.layout.buffers[f"{i}.{n}"].view(buffers) for n in self.norm.buffers}
                for i in layers[:-1]
            ]
        if grad is not None:
            slots = {name: slot.view(grad) for name, slot in self.layout.slots.items()}
            self.weight_grad = [slots[f"{i}.weight"] for i in layers]
            self.bias_grad = [slots[f"{i}.bias"] for i in layers]
            self.norm_grad = [(slots[f"{i}.gain"], slots.get(f"{i}.shift")) for i in layers[:-1]] if self.norm else []
        return self

    def forward(
        self, x: Tensor, *, training: bool = False, noise: list | None = None, tape: list | None = None
    ) -> Tensor:
        """Outputs [M, B, C] from x [M, B, D]. noise holds for the input and each hidden layer None or (factor, addend),
        each [M, B, W] or None.
        """
        if noise and noise[0] is not None:
            x = _changed(x, noise[0])
        for i in range(self.layout.layers - 1):
            z = torch.baddbmm(self.bias[i], x, self.weight_t[i])
            normed = None
            if self.norm and not self.norm_last:
                z, normed = self._normalize(i, z, training, tape is not None)
            y = out = self._activate(i, z, tape is not None)
            if self.norm_last:
                out, normed = self._normalize(i, y, training, tape is not None)
            change = noise[i + 1] if noise else None
            out = out if change is None else _changed(out, change)
            out = out + x if self.skips[i] else out
            if tape is not None:
                out = out.detach() if out.requires_grad else out
                tape.append(Step(x, normed, z, y, change[0] if change else None))
            x = out
        if tape is not None:
            tape.append(x)
        return torch.baddbmm(self.bias[-1], x, self.weight_t[-1])

    def _activate(self, i: int, z: Tensor, taped: bool) -> Tensor:
        local = taped and self.activation.gradient is None
        with torch.set_grad_enabled(local or torch.is_grad_enabled()):
            y = self.activation.forward(z.requires_grad_() if local else z)
            return y * self.masks[i + 1] if self._mask_after[i] else y

    def _normalize(self, i: int, z: Tensor, training: bool, taped: bool):
        gain, shift = self.gain[i], self.shift[i]
        if not taped or self.norm.gradient is not None:
            return self.norm.forward(z, gain, shift, self.masks[i + 1], self.buffers[i], training)
        with torch.enable_grad():
            leaves = [t if t is None else t.detach().requires_grad_() for t in (z, gain, shift)]
            y, _ = self.norm.forward(*leaves, self.masks[i + 1], self.buffers[i], training)
        return y.detach(), (y, leaves)

    def backward(self, tape: list, g: Tensor) -> None:
        """Write d/d parameters into grad, from g = d/d outputs [M, B, C]."""
        x = tape.pop()
        self._linear_backward(self.layout.layers - 1, x, g)
        around = None
        for i in reversed(range(self.layout.layers - 1)):
            step = tape.pop()
            g = torch.bmm(g, self.weight[i + 1])
            g = g if around is None else g.add_(around)
            around = g.clone() if self.skips[i] else None
            if step.noise_MBW is not None:
                g = g.mul_(step.noise_MBW)
            if self.norm_last:
                g = self._norm_backward(i, step.normed, g)
            g = self._activation_backward(i, step, g)
            if self.norm and not self.norm_last:
                g = self._norm_backward(i, step.normed, g)
            self._linear_backward(i, step.x_MBW, g)

    def _linear_backward(self, i: int, x: Tensor, g: Tensor) -> None:
        torch.bmm(g.transpose(1, 2), x, out=self.weight_grad[i])
        torch.sum(g, 1, out=self.bias_grad[i])

    def _activation_backward(self, i: int, step: Step, g: Tensor) -> Tensor:
        if self.activation.gradient is None:
            return torch.autograd.grad(step.y_MBW, step.z_MBW, g)[0]
        g = self.activation.gradient(step.z_MBW, step.y_MBW, g)
        return g * self.masks[i + 1] if self._mask_after[i] else g

    def _norm_backward(self, i: int, saved, g: Tensor) -> Tensor:
        if self.norm.gradient is None:
            y, leaves = saved
            g, gain, *shifts = torch.autograd.grad(y, [leaf for leaf in leaves if leaf is not None], g)
            gain, shift = gain.squeeze(1), shifts[0].squeeze(1) if shifts else None
        else:
            g, gain, shift = self.norm.gradient(saved, g)
        for slot, found in zip(self.norm_grad[i], (gain, shift), strict=True):
            if slot is not None and found is not None:
                slot.copy_(found)
        return g


def _changed(y: Tensor, change: tuple[Tensor | None, Tensor | None]) -> Tensor:
    """y factor + addend."""
    factor, addend = change
    y = y if factor is None else y * factor
    return y if addend is None else y + addend
