"""One row as a torch.nn.Sequential, and back.

Modules in order: (input dropout), then per hidden layer linear, (norm), activation, (dropouts), then the last linear;
with norm_position=after the norm follows the activation. A residual network is a `Residual`, a Sequential with the same
names that adds the skips. The architecture is a plain dict, so a saved network is rebuilt by name from the registry and
no code is ever loaded.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from runner.config.origin import missing, recorded
from runner.config.registry import entries
from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.population.layout import Layout
from runner.population.pieces.mlp import skips

DROPOUTS = {"alpha_dropout": nn.AlphaDropout, "dropout": nn.Dropout}  # after a hidden layer, in this order
_NAMES = {"weight": "weight", "bias": "bias", "gain": "weight", "shift": "bias"}


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


def _modules(arch: dict[str, Any]) -> list[tuple[nn.Module, int | None, str]]:
    """(module, its layer, "linear" | "norm" | "activation" | "dropout") in order."""
    found: list[tuple[nn.Module, int | None, str]] = []
    if arch["input_dropout"]:
        found.append((nn.Dropout(arch["input_dropout"]), None, "dropout"))
    widths, last = arch["widths"], len(arch["widths"]) - 2
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        found.append((nn.Linear(inputs, outputs), layer, "linear"))
        if layer == last:
            break
        pair = [(entries("activation")[arch["activation"]].cls().module(), layer, "activation")]
        if arch["norm"] != "none":
            after = {"before": 0, "after": 1}[arch.get("norm_position", "before")]
            pair.insert(after, (entries("norm")[arch["norm"]].cls().module(outputs), layer, "norm"))
        found += pair
        for name, module in DROPOUTS.items():
            if name in arch and arch[name][layer]:
                found.append((module(arch[name][layer]), layer, "dropout"))
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


def _addresses(arch: dict[str, Any], layout: Layout) -> dict[str, tuple[str, Any]]:
    """nn.Sequential name -> ("theta" | "buffers", slot)."""
    found: dict[str, tuple[str, Any]] = {}
    for position, (_, layer, kind) in enumerate(_modules(arch)):
        for slot in layout.slots.values():
            if slot.layer == layer and kind == ("linear" if slot.kind in ("weight", "bias") else "norm"):
                found[f"{position}.{_NAMES[slot.kind]}"] = ("theta", slot)
        for name, slot in layout.buffers.items():
            if slot.layer == layer and kind == "norm":
                found[f"{position}.{name.split('.', 1)[1]}"] = ("buffers", slot)
    return found


def state_dict(arch: dict[str, Any], layout: Layout, theta: Tensor, buffers: Tensor) -> dict[str, Tensor]:
    """Parameters and running statistics of one row (theta [P], buffers [Q]) under nn.Sequential names, true shapes."""
    source = {"theta": theta[None], "buffers": buffers[None]}
    found = {name: slot.true(source[where])[0].clone() for name, (where, slot) in _addresses(arch, layout).items()}
    for name in [n for n in found if n.endswith("running_mean")]:
        found[name.replace("running_mean", "num_batches_tracked")] = torch.tensor(0)
    return found


def load_state_dict(
    arch: dict[str, Any], layout: Layout, state: dict[str, Tensor], theta: Tensor, buffers: Tensor
) -> None:
    """Copy a Sequential's parameters into one row (theta [P], buffers [Q]), in place."""
    target = {"theta": theta[None], "buffers": buffers[None]}
    for name, (where, slot) in _addresses(arch, layout).items():
        slot.true(target[where])[0].copy_(state[name])
