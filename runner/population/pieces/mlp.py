"""The keys of `model.*`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from runner.config.registry import choice, entries, integers, register, switch
from runner.population.pieces.declared import Piece
from runner.population.pieces.linear import LINEAR


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

    def layers(self) -> list[list[Piece]]:
        """The pieces of each layer, in the order in which a number passes them; the last layer is linear alone."""
        after_linear: list[Piece] = [entries("activation")[self.activation].cls()]
        if self.norm != "none":
            place = ("before", "after").index(self.norm_position)
            after_linear.insert(place, entries("norm")[self.norm].cls())
        return [[LINEAR, *after_linear] for _ in self.hidden] + [[LINEAR]]

    def parameters(self, inputs: int, outputs: int) -> int:
        """How many numbers a network with so many inputs and outputs learns."""
        sizes = itertools.pairwise([inputs, *self.hidden, outputs])
        declared = [[each for piece in layer for each in piece.parameters] for layer in self.layers()]
        return sum(math.prod(each.shape(*size)) for size, of in zip(sizes, declared, strict=True) for each in of)


def skips(hidden: Sequence[int]) -> list[bool]:
    """For each hidden width whether a residual network adds that layer's input: it is the output of a hidden layer as
    wide.
    """
    return [False, *(a == b for a, b in itertools.pairwise(hidden))][: len(hidden)]
