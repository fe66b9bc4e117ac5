"""One row as a torch.nn.Sequential, and back.

Modules in order: (input dropout), then per hidden layer linear, (norm), activation, (dropouts), then the last linear;
with norm_position=after the norm follows the activation. A residual network is a `Residual`, a Sequential with the same
names that adds the skips. The architecture is a plain dict, so a saved network is rebuilt by name from the registry and
no code is ever loaded.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from runner.config.origin import missing, recorded
from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.population.layout import Layout, Slot
from runner.population.pieces.declared import Piece
from runner.population.pieces.mlp import MLP, skips

DROPOUTS = {"alpha_dropout": nn.AlphaDropout, "dropout": nn.Dropout}  # after a hidden layer, in this order


def architecture(settings: Settings, inputs: int, outputs: int) -> dict[str, Any]:
    """What is needed to rebuild the module: widths and names; and the link, which makes probabilities of its scores."""
    depth = len(settings.model.hidden)
    own = recorded([f"activation={settings.model.activation}", f"norm={settings.model.norm}"])
    dropouts = {name: settings.value(f"regularizer.{name}") for name in DROPOUTS}
    return {
        "widths": [inputs, *settings.model.hidden, outputs],
        "activation": settings.model.activation,
        "norm": settings.model.norm,
        "norm_position": settings.model.norm_position,
        "residual": settings.model.residual,
        "input_dropout": settings.value("regularizer.input_dropout"),
        "link": getattr(settings.loss, "link", "softmax"),
        **({"plugins": own} if own else {}),
        **{name: list(p) if isinstance(p, list) else [p] * depth for name, p in dropouts.items()},
    }


class Residual(nn.Sequential):
    """A Sequential in which the modules from `first` to `last` of each skip add their input to their output."""

    def __init__(self, *modules: nn.Module, skips: list[tuple[int, int]]):
        super().__init__(*modules)
        self.first_to_last = dict(skips)

    def forward(self, x: Tensor) -> Tensor:
        around, last = x, None
        for position, module in enumerate(self):
            if position in self.first_to_last:
                around, last = x, self.first_to_last[position]
            x = module(x)
            x = x + around if position == last else x
        return x


def _modules(arch: dict[str, Any]) -> list[tuple[nn.Module, int | None, Piece | None]]:
    """(module, its layer, its piece) in order; dropouts are no pieces."""
    found: list[tuple[nn.Module, int | None, Piece | None]] = []
    if arch["input_dropout"]:
        found.append((nn.Dropout(arch["input_dropout"]), None, None))
    widths = arch["widths"]
    model = MLP(widths[1:-1], arch["activation"], arch["norm"], arch.get("norm_position", "before"))
    for layer, pieces in enumerate(model.layers()):
        found += [(piece.module(*widths[layer : layer + 2]), layer, piece) for piece in pieces]
        for name, module in DROPOUTS.items():
            if layer < len(model.hidden) and name in arch and arch[name][layer]:
                found.append((module(arch[name][layer]), layer, None))
    return found


def build(arch: dict[str, Any]) -> nn.Sequential:
    """The module, with torch's own initial weights; ConfigError that names the plug-in which it lacks."""
    if lacking := missing(arch.get("plugins", {})):
        raise ConfigError(lacking)
    found = _modules(arch)
    modules = [module for module, _, _ in found]
    if not arch.get("residual", False):
        return nn.Sequential(*modules)
    places = [[i for i, (_, layer, _) in enumerate(found) if layer == n] for n in range(len(arch["widths"]) - 2)]
    added = skips(arch["widths"][1:-1])
    return Residual(*modules, skips=[(p[0], p[-1]) for p, add in zip(places, added, strict=True) if add])


def _addresses(arch: dict[str, Any], layout: Layout) -> tuple[dict[str, Slot], dict[str, int]]:
    """nn.Sequential name -> slot of what is trained and of running statistics, and -> value of what never changes."""
    slots: dict[str, Slot] = {}
    constants: dict[str, int] = {}
    for position, (_, layer, piece) in enumerate(_modules(arch)):
        if piece:
            for of, declared in ((layout.slots, piece.parameters), (layout.buffers, piece.buffers)):
                slots |= {f"{position}.{each.exported}": of[f"{layer}.{each.name}"] for each in declared}
            constants |= {f"{position}.{name}": value for name, value in piece.constants.items()}
    return slots, constants


def state_dict(arch: dict[str, Any], layout: Layout, theta: Tensor, buffers: Tensor) -> dict[str, Tensor]:
    """Parameters and running statistics of one row (theta [P], buffers [Q]) under nn.Sequential names, true shapes."""
    slots, constants = _addresses(arch, layout)
    found = {name: slot.true(_where(slot, theta, buffers))[0].clone() for name, slot in slots.items()}
    return found | {name: torch.tensor(value) for name, value in constants.items()}


def load_state_dict(
    arch: dict[str, Any], layout: Layout, state: dict[str, Tensor], theta: Tensor, buffers: Tensor
) -> None:
    """Copy a Sequential's parameters into one row (theta [P], buffers [Q]), in place."""
    for name, slot in _addresses(arch, layout)[0].items():
        slot.true(_where(slot, theta, buffers))[0].copy_(state[name])


def _where(slot: Slot, theta: Tensor, buffers: Tensor) -> Tensor:
    """The row [1, ...] in which a slot lies."""
    return (buffers if slot.kind == "buffer" else theta)[None]
