"""The keys of `model.*`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from runner.config.registry import choice, integers, register, switch


@register("model", "mlp")
@dataclass
class MLP:
    """x -> [linear -> (norm) -> activation -> (dropout)] for each hidden width -> linear

    norm_position=after: linear -> activation -> norm -> dropout. residual: x + f(x) where a hidden layer f leads from
    one hidden layer to another of the same width (He et al. 2016).
    """

    hidden: list[int] = integers([128], ge=1, help="widths of the hidden layers; 128 means [128], [] is a linear model")
    activation: str = choice("relu", group="activation", help="nonlinearity after each hidden layer")
    norm: str = choice("none", "none", group="norm", help="normalization of each hidden layer")
    norm_position: str = choice("before", "before", "after", help="the norm comes before or after the activation")
    init: str = choice("torch", group="init", help="distribution of the initial weights")
    residual: bool = switch(False, help="a hidden layer as wide as the one before it adds its input to its output")


def skips(hidden: Sequence[int]) -> list[bool]:
    """For each hidden width whether a residual network adds that layer's input: it is the output of a hidden layer as
    wide.
    """
    return [False, *(a == b for a, b in itertools.pairwise(hidden))][: len(hidden)]
