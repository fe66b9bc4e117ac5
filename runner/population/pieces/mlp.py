"""The keys of `model.*`."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from runner.config.registry import choice, entries, integer, integers, number, register, switch
from runner.population.pieces.base import InputNorm, Norm, NormKeys
from runner.population.pieces.declared import Piece
from runner.population.pieces.linear import LINEAR

NORM = NormKeys()


@register("model", "mlp")
@dataclass
class MLP:
    """x -> (norm) -> [linear -> (norm) -> activation -> (dropout)] for each hidden width -> linear

    The first norm is there with norm_input. norm_position=after: linear -> activation -> norm -> dropout. residual: x +
    f(x) where a hidden layer f leads from one hidden layer to another of the same width (He et al. 2016).
    """

    hidden: list[int] = integers([128], ge=1, help="widths of the hidden layers; 128 means [128], [] is a linear model")
    activation: str = choice("relu", group="activation", help="nonlinearity after each hidden layer")
    norm: str = choice("none", "none", group="norm", help="normalization of each hidden layer")
    norm_position: str = choice("before", "before", "after", help="the norm comes before or after the activation")
    norm_input: bool = switch(
        False, lecture="003:1110, 003:1141", help="the norm also acts on what enters the first linear layer"
    )
    norm_groups: int = integer(
        NORM.groups, ge=1, lecture="003:1235", help="group norm: groups of neighbouring units; each width a multiple"
    )
    norm_momentum: float | None = number(
        NORM.momentum,
        above=0,
        le=1,
        optional=True,
        kind="structural",
        lecture="000:149, 003:1206",
        help="batch norm: share of the newest batch in the running statistics; null = 1/n, the mean over all batches",
    )
    norm_eps: float = number(
        NORM.eps, above=0, kind="structural", lecture="000:128", help="added to the variance, inside the root"
    )
    norm_affine: bool = switch(NORM.affine, lecture="000:140", help="gain and shift are learned; false: there are none")
    norm_statistics: str = choice(
        NORM.statistics,
        "running",
        "all",
        lecture="003:1196",
        help="batch norm is evaluated with running statistics, or with those of all training batches by the present "
        "weights, taken after each epoch (also of averaged weights)",
    )
    init: str = choice("torch", group="init", help="distribution of the initial weights")
    residual: bool = switch(False, help="a hidden layer as wide as the one before it adds its input to its output")

    def layers(self) -> list[list[Piece]]:
        """The pieces of each layer, in the order in which a number passes them; the last layer is linear alone."""
        after_linear: list[Piece] = [entries("activation")[self.activation].cls()]
        norm = self._norm()
        if norm:
            after_linear.insert(("before", "after").index(self.norm_position), norm)
        layers = [[LINEAR, *after_linear] for _ in self.hidden] + [[LINEAR]]
        if norm and self.norm_input:
            layers[0].insert(0, InputNorm(norm))
        return layers

    def _norm(self) -> Norm | None:
        """The norm with its keys."""
        if self.norm == "none":
            return None
        return entries("norm")[self.norm].cls().with_keys(self.norm_keys)

    @property
    def norm_keys(self) -> NormKeys:
        """What a norm is given."""
        return NormKeys(**{each.name: getattr(self, f"norm_{each.name}") for each in dataclasses.fields(NormKeys)})

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
