"""The keys of `model.*`."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import choice, integers, register


@register("model", "mlp")
@dataclass
class MLP:
    """x -> [linear -> (norm) -> activation -> (dropout)] for each hidden width -> linear."""

    hidden: list[int] = integers([128], ge=1, help="widths of the hidden layers; 128 means [128], [] is a linear model")
    activation: str = choice("relu", group="activation", help="nonlinearity after each hidden layer")
    norm: str = choice("none", "none", group="norm", help="normalization before the activation")
    init: str = choice("torch", group="init", help="distribution of the initial weights")
