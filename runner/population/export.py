"""One row as a plain torch.nn.Sequential, and back.

Modules in order: (input dropout), then per hidden layer linear, (norm), activation, (dropout), then the last linear.
The architecture is a plain dict, so a saved network is rebuilt by name from the registry and no code is ever loaded.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from runner.config.registry import entries
from runner.config.settings import Settings
from runner.population.layout import Layout

_NAMES = {"weight": "weight", "bias": "bias", "gain": "weight", "shift": "bias"}


def architecture(settings: Settings, inputs: int, outputs: int) -> dict[str, Any]:
    """What is needed to rebuild the module: widths and names."""
    dropout = settings.value("regularizer.dropout")
    depth = len(settings.model.hidden)
    return {
        "widths": [inputs, *settings.model.hidden, outputs],
        "activation": settings.model.activation,
        "norm": settings.model.norm,
        "dropout": list(dropout) if isinstance(dropout, list) else [dropout] * depth,
        "input_dropout": settings.value("regularizer.input_dropout"),
    }


def _modules(arch: dict[str, Any]) -> list[tuple[nn.Module, int | None, str]]:
    """(module, its layer, "linear" | "norm" | "") in order."""
    found: list[tuple[nn.Module, int | None, str]] = []
    if arch["input_dropout"]:
        found.append((nn.Dropout(arch["input_dropout"]), None, ""))
    widths, last = arch["widths"], len(arch["widths"]) - 2
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        found.append((nn.Linear(inputs, outputs), layer, "linear"))
        if layer == last:
            break
        if arch["norm"] != "none":
            found.append((entries("norm")[arch["norm"]].cls().module(outputs), layer, "norm"))
        found.append((entries("activation")[arch["activation"]].cls().module(), None, ""))
        if arch["dropout"][layer]:
            found.append((nn.Dropout(arch["dropout"][layer]), None, ""))
    return found


def build(arch: dict[str, Any]) -> nn.Sequential:
    """The module, with torch's own initial weights."""
    return nn.Sequential(*(module for module, _, _ in _modules(arch)))


def _addresses(arch: dict[str, Any], layout: Layout) -> dict[str, tuple[str, Any]]:
    """nn.Sequential name -> ("theta" | "buffers", slot)."""
    found: dict[str, tuple[str, Any]] = {}
    for position, (_, layer, kind) in enumerate(_modules(arch)):
        for slot in layout.slots.values():
            if slot.layer == layer and (slot.kind in ("weight", "bias")) == (kind == "linear") and kind:
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
