"""The torch.nn.Sequential of an architecture (`runner.population.export`). A residual network is a `Residual`, a
Sequential with the same names that adds the skips.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from runner.config.origin import missing
from runner.errors import ConfigError
from runner.population.export import Dropout, parts
from runner.population.pieces.declared import Piece
from runner.population.pieces.mlp import skips


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


def build(arch: dict[str, Any]) -> nn.Sequential:
    """The module, with torch's own initial weights; ConfigError that names the plug-in which it lacks."""
    if lacking := missing(arch.get("plugins", {})):
        raise ConfigError(lacking)
    layers, modules = zip(*((layer, _module(arch, layer, part)) for layer, part in parts(arch)), strict=True)
    if not arch.get("residual", False):
        return nn.Sequential(*modules)
    places = [[i for i, layer in enumerate(layers) if layer == n] for n in range(len(arch["widths"]) - 2)]
    added = skips(arch["widths"][1:-1])
    return Residual(*modules, skips=[(p[0], p[-1]) for p, add in zip(places, added, strict=True) if add])


def _module(arch: dict[str, Any], layer: Any, part: Piece | Dropout) -> nn.Module:
    if isinstance(part, Dropout):
        return getattr(nn, part.name)(part.p)
    return part.module(*arch["widths"][layer : layer + 2])
