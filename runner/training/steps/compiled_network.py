"""A network as compiled code is given it (`runner.compiled.records`): a table of places and addresses of pieces.

Shapes: L layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from runner.compiled import network, products, records
from runner.compiled.kernels import address
from runner.config.registry import entries, name_of
from runner.population.architecture import Architecture
from runner.population.layout import ALIGN, Layout, pad
from runner.population.pieces.base import Parametrization
from runner.population.pieces.linear import MASK

PRODUCTS = ("transposed_times", "times")
ALWAYS = ("take_batch", "forward", "data_loss", "backward")


def form(group: str, piece: Any) -> Any:
    """The compiled form of a registered piece."""
    return entries(group)[name_of(piece, group)].compiled


def functions_of(architecture: Architecture, loss: Any) -> dict[str, Callable | None]:
    """What every step and every evaluation of a network calls, by the names of `PIECES`; None where there is none."""
    activation = form("activation", architecture.activation) if architecture.activation else None
    norm = form("norm", architecture.norm) if architecture.norm else None
    found = {name: getattr(products, name) for name in (*PRODUCTS, "times_transposed")}
    found |= {name: getattr(network, name) for name in ALWAYS}
    return found | {
        "activation": activation and activation.forward,
        "activation_backward": activation and activation.backward,
        "norm": norm and norm.forward,
        "norm_backward": norm and norm.backward,
        "loss": form("loss", loss).loss,
    }


def kind_of(name: str) -> str:
    """Of the functions by the names of `PIECES`: as what they are compiled."""
    return "product" if name in PRODUCTS else name


def described(
    architecture: Architecture, loss: Any, batch: int, dtype: str, noisy: Collection[int], functions: dict
) -> tuple[records.Network, int]:
    """The network with its `functions`, and how many numbers the workspace of a batch of this size holds."""
    layers, size = table(architecture, batch, noisy)
    pieces = [address(functions[n], kind_of(n), dtype) if functions.get(n) else 0 for n in records.PIECES]
    h = [getattr(loss, key) for key in form("loss", loss).keys]
    return records.Network(layers, np.array([*pieces, int(architecture.norm_last)]), np.array(h, dtype)), size


def table(architecture: Architecture, batch: int, noisy: Collection[int]) -> tuple[np.ndarray, int]:
    """The table `layers`, and how many numbers the workspace holds; `noisy` are the places (0 = input) with noise."""
    layout, end = architecture.layout, 0

    def take(size: int) -> int:
        nonlocal end
        end += pad(size, ALIGN)
        return end - pad(size, ALIGN)

    found = np.zeros((layout.layers + 1, records.COLUMNS), np.int64)
    found[:, records.WIDTH] = layout.widths
    for i, width in enumerate(layout.widths):
        p, hidden = found[i], 0 < i < layout.layers
        skips = hidden and architecture.skips[i - 1]
        p[records.KIND] = records.SKIPS * skips + records.NOISY * (i in noisy)
        p[records.Y] = p[records.A] = take(batch * width)
        p[records.FACTOR] = take(batch * width) if i in noisy else 0
        p[records.AROUND] = take(batch * width) if skips else 0
        if i > 0:
            p[records.Z], p[records.G] = take(batch * width), take(batch * width)
            _of_weights(p, i - 1, layout)
        if hidden:
            if skips or i in noisy or architecture.norm_last:  # between the activation and the layer's end is more
                p[records.A] = take(batch * width)
            if architecture.norm:
                p[records.NORMAL], p[records.INVERSE] = take(batch * width), take(max(batch, width))
            _of_pieces(p, i - 1, layout, architecture)
    outputs = layout.widths[-1]
    sizes = {records.TARGETS: batch * outputs, records.SHARES: batch, records.LOSSES: batch}
    sizes[records.SPACE] = max(math.prod(slot.shape) for slot in layout.weight_slots)
    for column, size in sizes.items():
        found[0, column] = take(size)
    return found, end


def _of_weights(p: np.ndarray, layer: int, layout: Layout) -> None:
    """Where weights and biases of a layer lie, what the weights are computed from, and their mask."""
    p[records.WEIGHT] = layout.slots[f"{layer}.weight"].offset
    if bias := layout.slots.get(f"{layer}.bias"):
        p[records.BIAS], p[records.BIASES] = bias.offset, bias.size
    for piece in (piece for i, piece in layout.of_kind(Parametrization) if i == layer):
        p[records.KIND] |= records.REPARAMETRIZED
        for slot in layout.of(layer, piece):
            p[records.SCALE], p[records.SCALES] = slot.offset, slot.size
    if MASK in layout.pieces[layer]:
        mask = layout.buffers[f"{layer}.mask"]
        p[records.MASK], p[records.MASKS] = mask.offset, mask.size


def _of_pieces(p: np.ndarray, layer: int, layout: Layout, architecture: Architecture) -> None:
    """Where parameters and running statistics of the pieces of a layer lie, and how many numbers they are."""
    norm = architecture.norm
    groups = [(records.SLOPE, layout.of(layer, architecture.activation))]
    if norm:
        groups.append((records.GAIN, layout.of(layer, norm)))
        groups.append((records.MEAN, [layout.buffers[f"{layer}.{each.name}"] for each in norm.buffers]))
    for column, slots in groups:
        for k, slot in enumerate(slots):
            p[column + 2 * k : column + 2 * k + 2] = slot.offset, slot.size
