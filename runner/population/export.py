"""One row under the names of a torch.nn.Sequential, and back. `runner.population.modules` makes the module itself.

Modules in order: (input dropout), (norm of the input), then per hidden layer linear, (norm), activation, (dropouts),
then the last linear; with norm_position=after the norm follows the activation. A residual network has the same names.
The architecture is a plain dict, so a saved network is rebuilt by name from the registry and no code is ever loaded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from runner.config.origin import recorded
from runner.config.settings import Settings
from runner.population.arrays import Values, as_array
from runner.population.layout import Layout, Rows, Slot
from runner.population.pieces.base import NormKeys
from runner.population.pieces.declared import Buffer, Piece
from runner.population.pieces.mlp import MLP

NORM_KEYS = ("norm_position", "norm_input", *(f"norm_{each.name}" for each in dataclasses.fields(NormKeys)))
DROPOUTS = {"alpha_dropout": "AlphaDropout", "dropout": "Dropout"}  # after a hidden layer, in this order


def architecture(settings: Settings, inputs: int, outputs: int) -> dict[str, Any]:
    """What is needed to rebuild the module: widths and names; and the link, which makes probabilities of its scores."""
    depth = len(settings.model.hidden)
    own = recorded([f"activation={settings.model.activation}", f"norm={settings.model.norm}"])
    dropouts = {name: settings.value(f"regularizer.{name}") for name in DROPOUTS}
    return {
        "widths": [inputs, *settings.model.hidden, outputs],
        "activation": settings.model.activation,
        "norm": settings.model.norm,
        **{key: getattr(settings.model, key) for key in NORM_KEYS},
        "residual": settings.model.residual,
        "input_dropout": settings.value("regularizer.input_dropout"),
        "link": getattr(settings.loss, "link", "softmax"),
        **({} if settings.model.bias else {"bias": False}),
        **({"plugins": own} if own else {}),
        **{name: list(p) if isinstance(p, list) else [p] * depth for name, p in dropouts.items()},
    }


class Dropout(NamedTuple):
    """A module without a piece: it acts in training only. `name` is its class in torch.nn."""

    name: str
    p: float


def parts(arch: dict[str, Any]) -> Iterator[tuple[int | None, Piece | Dropout]]:
    """(its layer, what it is) of every module, in order."""
    if arch["input_dropout"]:
        yield None, Dropout("Dropout", arch["input_dropout"])
    model = _model(arch)
    for layer, pieces in enumerate(model.layers()):
        yield from ((layer, piece) for piece in pieces)
        for key, name in DROPOUTS.items():
            if layer < len(model.hidden) and key in arch and arch[key][layer]:
                yield layer, Dropout(name, arch[key][layer])


def _model(arch: dict[str, Any]) -> MLP:
    keys = {key: arch[key] for key in (*NORM_KEYS, "bias") if key in arch}
    return MLP(arch["widths"][1:-1], arch["activation"], arch["norm"], **keys)


def layout_of(arch: dict[str, Any]) -> Layout:
    """Where the tensors of such a network lie in a row, without padding."""
    return Layout(arch["widths"], _model(arch).layers(), aligned=False)


def _addresses(arch: dict[str, Any], layout: Layout) -> tuple[dict[str, Slot], dict[str, int]]:
    """nn.Sequential name -> slot of what is trained and of running statistics, and -> value of what never changes."""
    slots: dict[str, Slot] = {}
    constants: dict[str, int] = {}
    for position, (layer, part) in enumerate(parts(arch)):
        if isinstance(part, Piece):
            for of, declared in ((layout.slots, part.parameters), (layout.buffers, part.buffers)):
                slots |= {f"{position}.{each.exported}": of[f"{layer}.{each.name}"] for each in declared}
            constants |= {f"{position}.{name}": value for name, value in part.constants.items()}
    return slots, constants


def state_dict(arch: dict[str, Any], layout: Layout, theta: Values, buffers: Values) -> dict[str, np.ndarray]:
    """Parameters and running statistics of one row (theta [P], buffers [Q]) under nn.Sequential names, true shapes."""
    slots, constants = _addresses(arch, layout)
    rows = as_array(theta), as_array(buffers)
    found = {name: _tensor(slot, _where(slot, *rows)) for name, slot in slots.items()}
    return found | {name: np.array(value, dtype=np.int64) for name, value in constants.items()}


def _tensor(slot: Slot, row: np.ndarray) -> np.ndarray:
    """A tensor of a row [1, ...] as the torch module holds it."""
    value = slot.true(row)[0].copy()
    counts = isinstance(slot.declared, Buffer) and slot.declared.count
    return np.array(round(value.item()), dtype=np.int64) if counts else value


def load_state_dict(arch: dict[str, Any], layout: Layout, state: dict[str, Rows], theta: Rows, buffers: Rows) -> None:
    """Copy a Sequential's parameters into one row (theta [P], buffers [Q]), in place."""
    for name, slot in _addresses(arch, layout)[0].items():
        slot.true(_where(slot, theta, buffers))[0][...] = state[name]


def _where(slot: Slot, theta: Rows, buffers: Rows) -> Rows:
    """The row [1, ...] in which a slot lies."""
    return (buffers if slot.kind == "buffer" else theta)[None]
