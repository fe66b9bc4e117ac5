"""Where each parameter that pieces declare lies in theta [M, P], and its padding, which lives here and nowhere else.

Every width is padded with zeros so that each member's slice of every tensor is a whole number of vector registers: then
arithmetic on a stack gives each member the bits it would get alone. Weights come first, then what weight decay may act
on besides (biases, normalization gains), then the rest, so that decay and penalties act on one contiguous block.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from runner.errors import ConfigError
from runner.population.draws import POSITION
from runner.population.pieces.declared import KINDS, Buffer, Declared, Piece
from runner.population.pieces.linear import Tied

if TYPE_CHECKING:
    from torch import Tensor

Rows = TypeVar("Rows", np.ndarray, "Tensor")
Kind = TypeVar("Kind", bound=Piece)
ALIGN = 16  # floats: 64 bytes
WIDE = 32  # floats: two vector registers, for functions whose vector and scalar code differ in the last bit


def pad(width: int, to: int) -> int:
    """The next multiple of `to`."""
    return -(-width // to) * to


@dataclass(frozen=True)
class Slot:
    """One tensor of one layer: its true and padded shape and where it begins in a row.

    Rows are a NumPy array or a torch tensor, and so are the views of them.
    """

    layer: int
    declared: Declared
    shape: tuple[int, ...]
    padded: tuple[int, ...]
    offset: int

    @property
    def name(self) -> str:
        """0.weight, 0.bias, 0.running_mean, ..."""
        return f"{self.layer}.{self.declared.name}"

    @property
    def kind(self) -> str:
        """weight | bias | free | buffer"""
        return self.declared.kind

    @property
    def size(self) -> int:
        """How many numbers of a row it takes."""
        return math.prod(self.padded)

    def view(self, rows: Rows) -> Rows:
        """This tensor of all rows, padded: a view [M, *padded] of rows [M, P]."""
        return rows[:, self.offset : self.offset + self.size].reshape(len(rows), *self.padded)

    def true(self, rows: Rows) -> Rows:
        """This tensor of all rows without padding: a view [M, *shape]."""
        view = self.view(rows)
        return view[(slice(None), *(slice(n) for n in self.shape))]

    def beside(self, rows: Rows) -> Rows:
        """As `Piece.forward` takes it: a matrix [M, O, I], any other to go with [M, B, W]."""
        view = self.view(rows)
        return view if view.ndim == 3 else view[:, None]


class Layout:
    """Slots of a network with `widths` (inputs, hidden..., outputs), and in each layer these pieces."""

    def __init__(self, widths: Sequence[int], pieces: Sequence[Sequence[Piece]], aligned: bool = True):
        self.aligned, self.align = aligned, ALIGN if aligned else 1
        exact = all(piece.exact for layer in pieces for piece in layer)
        self.widths = list(widths)
        self.padded = [
            pad(w, (WIDE if not exact and 0 < i < len(widths) - 1 else ALIGN) if aligned else 1)
            for i, w in enumerate(widths)
        ]
        self.layers = len(widths) - 1
        self.pieces = pieces
        _check_names(pieces)
        self.slots, ends = self._laid_out(KINDS)
        self.weights, self._decaying, self.size = ends
        self.buffers, (self.buffer_size,) = self._laid_out(("buffer",))
        self.weight_slots = [slot for slot in self.slots.values() if slot.kind == "weight"]
        weights = {slot.layer: slot for slot in self.weight_slots}
        self.ties = [(weights[layer], weights[tied.of], tied) for layer, tied in self.of_kind(Tied)]
        unused = {slot.name for slot, *_ in self.ties}
        self.learned = [slot for name, slot in self.slots.items() if name not in unused]
        self._weight_mask: Tensor | None = None  # the weights' part of `mask` where rows are; made when asked for

    def _laid_out(self, kinds: Sequence[str]) -> tuple[dict[str, Slot], list[int]]:
        """The slots of these kinds, one kind after the other, and where each kind ends."""
        slots: dict[str, Slot] = {}
        end, ends = 0, []
        for kind in kinds:
            for layer, pieces in enumerate(self.pieces):
                for declared in (d for piece in pieces for d in piece.declared if d.kind == kind):
                    true, padded = (declared.shape(*each[layer : layer + 2]) for each in (self.widths, self.padded))
                    slot = Slot(layer, declared, true, padded, end)
                    slots[slot.name], end = slot, end + pad(slot.size, self.align)
            ends.append(end)
        return slots, ends

    def of(self, layer: int, piece: Piece) -> list[Slot]:
        """A piece's parameters in a layer, in the order in which it declares them."""
        return [self.slots[f"{layer}.{declared.name}"] for declared in piece.parameters]

    def of_kind(self, kind: type[Kind]) -> list[tuple[int, Kind]]:
        """(layer, piece) of every piece of this kind."""
        return [(i, piece) for i, pieces in enumerate(self.pieces) for piece in pieces if isinstance(piece, kind)]

    def decaying(self, biases: bool) -> int:
        """How many of a row's first numbers weight decay acts on, without biases or with them."""
        return self._decaying if biases else self.weights

    @cached_property
    def mask(self) -> np.ndarray:
        """Which numbers of a row are true parameters, bool [size]; a weight of several layers is one."""
        mask = np.zeros((1, self.size), dtype=bool)
        for slot in self.learned:
            slot.true(mask)[...] = True
        return mask[0]

    def true_positions(self, size: int, device="cpu") -> tuple[Tensor, Tensor]:
        """For the first `size` numbers of a row: `draws.positions` counted over true parameters alone, int32 [1, size],
        and whether there is one, bool [size].
        """
        import torch

        mask = torch.from_numpy(self.mask[:size])
        place = (mask[None].cumsum(1) - 1).clamp_(min=0).to(torch.int32)
        return (place * POSITION).to(device), mask.to(device)

    def true_weights_of(self, rows: Rows) -> Rows:
        """The weights [M, weights] of rows [M, P], with zeros in the padding whatever it holds: arithmetic on numbers
        that are not finite (0 times infinity) fills it.
        """
        weights, mask = rows[:, : self.weights], self.mask[: self.weights]
        if isinstance(weights, np.ndarray):
            return np.where(mask, weights, weights.dtype.type(0))
        if self._weight_mask is None or self._weight_mask.device != weights.device:
            self._weight_mask = self.true_positions(self.weights, weights.device)[1]
        return weights.where(self._weight_mask, 0)

    def uncounted(self, buffers: Rows) -> Rows:
        """Running statistics [M, Q] in which no batch is counted, in place: the next one takes their place."""
        for slot in self.buffers.values():
            if isinstance(slot.declared, Buffer) and slot.declared.count:
                slot.view(buffers)[...] = 0
        return buffers

    @property
    def parameters(self) -> int:
        """Number of true parameters of one member; a weight of several layers counts once."""
        return sum(math.prod(slot.shape) for slot in self.learned)

    @property
    def true_weights(self) -> int:
        """Number of true weights (no biases, no gains) of one member."""
        return sum(math.prod(slot.shape) for slot in self.learned if slot.kind == "weight")


def _check_names(pieces: Sequence[Sequence[Piece]]) -> None:
    """ConfigError if two pieces of a layer declare a tensor of one name, which they would share."""
    for layer in pieces:
        owners: dict[str, Piece] = {}
        for piece in layer:
            for declared in piece.declared:
                owner = owners.setdefault(declared.name, piece)
                if owner is not piece:
                    mine, theirs = type(piece).__name__, type(owner).__name__
                    raise ConfigError(
                        f"{mine} declares {declared.name!r}, which {theirs} has taken in the same layer: rename one."
                    )
