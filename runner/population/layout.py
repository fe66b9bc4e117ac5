"""Where each parameter lies in theta [M, P], and its padding, which lives here and nowhere else.

Every width is padded with zeros so that each member's slice of every tensor is a whole number of vector registers: then
arithmetic on a stack gives each member the bits it would get alone. Weights come first (the prefix `weights` long),
biases and normalization gains after, so that decay and penalties act on one contiguous block.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from runner.population.draws import POSITION

ALIGN = 16  # floats: 64 bytes
WIDE = 32  # floats: two vector registers, for functions whose vector and scalar code differ in the last bit


def pad(width: int, to: int) -> int:
    """The next multiple of `to`."""
    return -(-width // to) * to


@dataclass(frozen=True)
class Slot:
    """One parameter of one layer: its true and padded shape and where it begins in a row."""

    name: str  # "0.weight", "0.bias", "0.gain", "0.shift", "0.<buffer>"
    layer: int
    kind: str  # weight | bias | gain | shift | buffer
    shape: tuple[int, ...]
    padded: tuple[int, ...]
    offset: int

    def view(self, rows: Tensor) -> Tensor:
        """This parameter of all rows, padded: a view [M, *padded] of rows [M, P]."""
        return rows.narrow(1, self.offset, math.prod(self.padded)).unflatten(1, self.padded)

    def true(self, rows: Tensor) -> Tensor:
        """This parameter of all rows without padding: a view [M, *shape]."""
        view = self.view(rows)
        return view[(slice(None), *(slice(n) for n in self.shape))]


class Layout:
    """Slots of a network with `widths` (inputs, hidden..., outputs)."""

    def __init__(
        self, widths: list[int], *, exact: bool, normed: bool, shifted: bool = True, buffers: tuple[str, ...] = ()
    ):
        hidden = ALIGN if exact else WIDE
        self.widths = list(widths)
        self.padded = [pad(w, hidden if 0 < i < len(widths) - 1 else ALIGN) for i, w in enumerate(widths)]
        self.layers = len(widths) - 1
        self.slots: dict[str, Slot] = {}
        self.size = 0
        for layer in range(self.layers):
            self._add(layer, "weight", (widths[layer + 1], widths[layer]), (self.padded[layer + 1], self.padded[layer]))
        self.weights = self.size
        for layer in range(self.layers):
            gained = normed and layer < self.layers - 1
            kinds = ["bias"] + ["gain"] * gained + ["shift"] * (gained and shifted)
            for kind in kinds:
                self._add(layer, kind, (widths[layer + 1],), (self.padded[layer + 1],))
        self._weight_mask: Tensor | None = None  # [weights], True where there is one; made when asked for
        self.buffers = self._buffer_slots(buffers)
        self.buffer_size = sum(math.prod(slot.padded) for slot in self.buffers.values())

    def _add(self, layer, kind, shape, padded):
        self.slots[f"{layer}.{kind}"] = Slot(f"{layer}.{kind}", layer, kind, shape, padded, self.size)
        self.size += pad(math.prod(padded), ALIGN)

    def true_positions(self, size: int, device="cpu") -> tuple[Tensor, Tensor]:
        """For the first `size` numbers of a row: `draws.positions` counted over true parameters alone, int32 [1, size],
        and whether there is one, bool [size].
        """
        mask = torch.zeros(1, self.size, dtype=torch.bool)
        for slot in self.slots.values():
            slot.true(mask).fill_(True)
        place = (mask[:, :size].cumsum(1) - 1).clamp_(min=0).to(torch.int32)
        return (place * POSITION).to(device), mask[0, :size].to(device)

    def true_weights_of(self, rows: Tensor) -> Tensor:
        """The weights [M, weights] of rows [M, P], with zeros in the padding whatever it holds: arithmetic on numbers
        that are not finite (0 times infinity) fills it.
        """
        if self._weight_mask is None or self._weight_mask.device != rows.device:
            self._weight_mask = self.true_positions(self.weights, rows.device)[1]
        return rows[:, : self.weights].where(self._weight_mask, 0)

    def _buffer_slots(self, names) -> dict[str, Slot]:
        slots, offset = {}, 0
        for layer in range(self.layers - 1):
            for name in names:
                shape, padded = (self.widths[layer + 1],), (self.padded[layer + 1],)
                slots[f"{layer}.{name}"] = Slot(f"{layer}.{name}", layer, "buffer", shape, padded, offset)
                offset += padded[0]
        return slots

    @property
    def parameters(self) -> int:
        """Number of true parameters of one member."""
        return sum(math.prod(slot.shape) for slot in self.slots.values())

    @property
    def true_weights(self) -> int:
        """Number of true weights (no biases, no gains) of one member."""
        return sum(math.prod(slot.shape) for slot in self.slots.values() if slot.kind == "weight")
