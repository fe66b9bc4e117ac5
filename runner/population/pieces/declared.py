"""What a piece of a network declares: its parameters and running statistics, from which the layout, binding, gradients,
checkpoints and exported models follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import nn

KINDS = ("weight", "bias", "free")
MATRIX = ("unit", "input")


@dataclass(frozen=True)
class Declared:
    """A tensor that a piece has in each layer where it stands.

    `per` says for what there is a number: ("unit",) for each unit of the layer, ("input",) for each number that enters
    it, ("unit", "input") for each pair, () for the whole layer. `start` is its initial value. `torch` is its name in
    the torch module, where that is another.
    """

    name: str
    per: tuple[str, ...] = ("unit",)
    start: float | None = 0.0
    torch: str = ""
    kind: ClassVar[str] = "buffer"

    def __post_init__(self):
        if self.per not in ((), ("unit",), ("input",), MATRIX):
            raise ValueError(f"{self.name}: per = {self.per!r} is none of (), ('unit',), ('input',), {MATRIX}")

    def shape(self, inputs: int, units: int) -> tuple[int, ...]:
        """In a layer of so many inputs and units; one number for the whole layer is (1,)."""
        return tuple({"input": inputs, "unit": units}[each] for each in self.per) or (1,)

    @property
    def exported(self) -> str:
        """Its name in the torch module."""
        return self.torch or self.name


@dataclass(frozen=True)
class Buffer(Declared):
    """Running statistics: changed by `forward` in training, never by a gradient.

    A `count`, one for a layer, is a whole number in the torch module.
    """

    count: bool = False


@dataclass(frozen=True)
class Parameter(Declared):
    """What is learned. `start=None` marks the weight and the bias of a layer that `model.init` draws.

    kind: "weight" (a matrix, on which penalties, constraints, weight noise and weight decay act), "bias" (weight decay
    acts on it if `optimizer.decay_biases` says so) or "free" (none of them ever does).
    """

    kind: str = "bias"  # type: ignore[misc]  # a buffer's is fixed

    def __post_init__(self):
        super().__post_init__()
        if self.kind not in KINDS:
            raise ValueError(f"{self.name}: kind = {self.kind!r} is none of {', '.join(KINDS)}")
        if self.kind == "weight" and self.per != MATRIX:
            raise ValueError(f"{self.name}: penalties act on matrices, so a weight has per = {MATRIX}")


class Piece:
    """Base of what layers are made of. `forward` takes the input and then the piece's parameters, in their order here:
    a matrix as [M, O, I], any other so that it broadcasts against [M, B, W]: [M, 1, W] or, for a whole layer,
    [M, 1, 1].
    """

    parameters: tuple[Parameter, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    constants: Mapping[str, int] = MappingProxyType({})  # what the torch module holds besides, and what it is
    exact: ClassVar[bool] = True  # the same bits in vector and scalar code (no exp, tanh, ...): narrow padding will do

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        declared: list[Declared] = [*cls.parameters, *cls.buffers]
        for names in ([each.name for each in declared], [*(each.exported for each in declared), *cls.constants]):
            twice = [name for name, count in Counter(names).items() if count > 1]
            if twice:
                raise ValueError(f"{cls.__qualname__} declares {twice[0]!r} twice: rename one of them")

    @property
    def declared(self) -> tuple[Declared, ...]:
        """Parameters and buffers."""
        return (*self.parameters, *self.buffers)

    def module(self, inputs: int, width: int) -> nn.Module:
        """The same as a torch.nn module of a layer with so many inputs and units, for export."""
        raise TypeError(f"{type(self).__name__} must define module")
