"""Weights that come from others, by torch's own utilities: what a reference learns, and what its network uses."""

from __future__ import annotations

import torch
from parity_noise import mean, strengths
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

from runner.config.settings import Settings


class Standardized(nn.Module):
    """(w - mean) / sqrt(var + 1e-10) of each unit."""

    def forward(self, w: Tensor) -> Tensor:
        return nn.functional.layer_norm(w, w.shape[1:], eps=1e-10)


def reparametrize(network: nn.Sequential, settings: Settings) -> None:
    """Prune the linear layers as the settings say, then let their weights be computed from others."""
    layers, masks = [m for m in network if isinstance(m, nn.Linear)], {}
    for i, layer in enumerate(layers):
        if share := settings.model.pruned(i):
            prune.l1_unstructured(layer, "weight", share)
            masks[layer] = layer.weight_mask
            prune.remove(layer, "weight")  # which leaves zeros behind
    if settings.model.tied == "hidden":
        for layer in layers[2:-1]:
            layer.weight = layers[1].weight
    if settings.model.parametrization == "weight_norm":
        for layer in layers:
            parametrizations.weight_norm(layer)
    if settings.model.parametrization == "weight_standardization":
        for layer in layers[:-1]:
            parametrize.register_parametrization(layer, "weight", Standardized())
    for layer, mask in masks.items():
        learned(layer).register_hook(lambda g, mask=mask: g * mask)


def learned(layer: nn.Linear) -> Tensor:
    """The matrix that a layer learns."""
    if not parametrize.is_parametrized(layer):
        return layer.weight
    return list(layer.parametrizations.weight.parameters())[-1]


def used_state(network: nn.Module, settings: Settings) -> dict[str, Tensor]:
    """The network's state with the matrices that it multiplies with in evaluation, and nothing that they come from."""
    found = {n: tensor for n, tensor in network.state_dict().items() if "parametrizations" not in n}
    linear = [(name, m) for name, m in network.named_modules() if isinstance(m, nn.Linear)]
    with torch.no_grad():
        for place, (name, layer) in enumerate(linear):
            found[f"{name}.weight"] = layer.weight * mean(strengths(settings, place))
            if layer.bias is not None:
                found[f"{name}.bias"] = layer.bias.detach()
    return found
