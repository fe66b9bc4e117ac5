"""The keys of `model.*`."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from runner.config.registry import choice, entries, integer, integers, number, register, switch, text
from runner.population.pieces.base import InputNorm, Norm, NormKeys
from runner.population.pieces.declared import Piece
from runner.population.pieces.inits_special import CONNECTIONS, SCALE, SD, VALUE
from runner.population.pieces.linear import LINEAR, LINEAR_WITHOUT_BIAS, MASK, Tied

NORM = NormKeys()
NOT_TIED, TRANSPOSED, HIDDEN = "none", "transposed", "hidden"  # model.tied


@register("model", "mlp", lecture="000:67")
@dataclass
class MLP:
    """x -> (norm) -> [linear -> (norm) -> activation -> (dropout)] for each hidden width -> linear

    The first norm is there with norm_input. norm_position=after: linear -> activation -> norm -> dropout. residual: x +
    f(x) where a hidden layer f leads from one hidden layer to another of the same width (He et al. 2016).
    """

    hidden: list[int] = integers(
        [128],
        ge=1,
        help="widths of the hidden layers; 128 means [128], [] is a linear model",
        lecture="000:52, 003:111, 003:150, 003:371, 004:182",
    )
    activation: str = choice("relu", group="activation", help="nonlinearity after each hidden layer")
    norm: str = choice("none", "none", group="norm", lecture="003:1079", help="normalization of each hidden layer")
    norm_position: str = choice(
        "before", "before", "after", help="the norm comes before or after the activation", lecture="003:1141"
    )
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
    bias: bool = switch(True, help="linear layers have biases; norms keep their shifts")
    parametrization: str = choice(
        "none",
        "none",
        group="parametrization",
        help="what the weights of a layer are computed from",
        lecture="003:1244, 003:1258",
    )
    init: str = choice("torch", group="init", help="distribution of the initial weights", lecture="001:484")
    init_sd: float = number(SD, above=0, help="standard deviation of model.init=normal", lecture="001:485")
    init_scale: float = number(SCALE, above=0, help="a of model.init=uniform, U(-a, a)", lecture="001:485")
    init_value: float = number(VALUE, help="the weight of model.init=constant", lecture="001:478")
    init_k: int = integer(
        CONNECTIONS, ge=1, kind="column", help="inputs of each unit with model.init=sparse", lecture="001:509"
    )
    init_from: str | None = text(
        None,
        optional=True,
        file=True,
        help="folder of a finished run (on the command line also `last`) whose weights to start from, as its network "
        "uses them, in the place of what model.init draws",
    )
    mask: str | None = text(
        None,
        optional=True,
        file=True,
        help=".npz file with an array of 0 and 1 [units, inputs] for each layer, named 0, 1, ... (a layer without one "
        "keeps all): weights where it is 0 are 0 and stay so",
        lecture="003:952",
    )
    prune: float = number(
        0.0,
        ge=0,
        lt=1,
        kind="structural",
        per_layer=True,
        help="share of each layer's weights, the smallest first, that are set to 0 at the start and stay 0",
        lecture="003:952",
    )
    tied: str = choice(
        NOT_TIED,
        NOT_TIED,
        TRANSPOSED,
        HIDDEN,
        lecture="003:950",
        help="layers with one weight, which is learned, penalized and counted once: transposed, of an autoencoder the "
        "layer i from the end has the weight of layer i transposed; hidden, the layers between hidden layers have that "
        "of the first of them; biases are each layer's own",
    )
    residual: bool = switch(
        False, help="a hidden layer as wide as the one before it adds its input to its output", lecture="002:27"
    )

    def layers(self) -> list[list[Piece]]:
        """The pieces of each layer, in the order in which a number passes them; the last layer is linear alone."""
        of_weights, output = self._of_weights()
        after_linear: list[Piece] = [entries("activation")[self.activation].cls()]
        norm = self._norm()
        if norm:
            after_linear.insert(("before", "after").index(self.norm_position), norm)
        layers = [[*of_weights, *after_linear] for _ in self.hidden] + [output]
        if norm and self.norm_input:
            layers[0].insert(0, InputNorm(norm))
        ties = self.ties()
        return [[*pieces, *([ties[i]] if i in ties else [])] for i, pieces in enumerate(layers)]

    def ties(self) -> dict[int, Tied]:
        """The layers that have the weight of another one."""
        depth = len(self.hidden)
        if self.tied == TRANSPOSED:
            return {depth - i: Tied(i, transposed=True) for i in range((depth + 1) // 2)}
        return {i: Tied(1) for i in range(2, depth)} if self.tied == HIDDEN else {}

    def _norm(self) -> Norm | None:
        """The norm with its keys."""
        if self.norm == "none":
            return None
        return entries("norm")[self.norm].cls().with_keys(self.norm_keys)

    @property
    def norm_keys(self) -> NormKeys:
        """What a norm is given."""
        return NormKeys(**{each.name: getattr(self, f"norm_{each.name}") for each in dataclasses.fields(NormKeys)})

    def _of_weights(self) -> tuple[list[Piece], list[Piece]]:
        """The linear map of a hidden layer, and of the last one, each with what its weights come from."""
        linear: list[Piece] = [LINEAR if self.bias else LINEAR_WITHOUT_BIAS, *([MASK] if self.masked else [])]
        if self.parametrization == "none":
            return linear, linear
        piece = entries("parametrization")[self.parametrization].cls()
        return [*linear, piece], [*linear, *([piece] if piece.of_output else [])]

    @property
    def masked(self) -> bool:
        """Whether some weights stay 0."""
        return self.mask is not None or any(self.prune if isinstance(self.prune, list) else [self.prune])

    def pruned(self, layer: int) -> float:
        """The share of a layer's weights that is set to 0."""
        return self.prune[layer] if isinstance(self.prune, list) else self.prune

    @property
    def init_keys(self) -> dict[str, float]:
        """What the chosen initialization takes."""
        return {key: getattr(self, f"init_{key}") for key in entries("init")[self.init].cls.keys}

    def parameters(self, inputs: int, outputs: int) -> int:
        """How many numbers a network with so many inputs and outputs learns."""
        sizes = list(itertools.pairwise([inputs, *self.hidden, outputs]))
        declared = [[each for piece in layer for each in piece.parameters] for layer in self.layers()]
        every = sum(math.prod(each.shape(*size)) for size, of in zip(sizes, declared, strict=True) for each in of)
        return every - sum(math.prod(sizes[layer]) for layer in self.ties())


def skips(hidden: Sequence[int]) -> list[bool]:
    """For each hidden width whether a residual network adds that layer's input: it is the output of a hidden layer as
    wide.
    """
    return [False, *(a == b for a, b in itertools.pairwise(hidden))][: len(hidden)]
