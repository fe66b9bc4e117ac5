"""What a network is made of, before there are numbers: its pieces, its skips and the layout of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from runner.population.layout import Layout
from runner.population.pieces.base import Activation, InputNorm, Norm
from runner.population.pieces.declared import Piece
from runner.population.pieces.linear import Linear
from runner.population.pieces.mlp import skips


class Architecture:
    """A model with so many inputs and outputs; padded (`aligned`) where rows are stacked."""

    def __init__(self, model: Any, inputs: int, outputs: int, aligned: bool = True):
        pieces = model.layers()
        self.linear: Linear = _of_kind(Linear, pieces[-1])
        self.activation = _of_kind(Activation, pieces[0])
        self.norm = _of_kind(Norm, pieces[0])
        self.input_norm: InputNorm | None = _of_kind(InputNorm, pieces[0])
        self.norm_last = self.norm is not None and model.norm_position == "after"
        self.skips = skips(model.hidden) if model.residual else [False] * len(model.hidden)
        self.init = model.init
        self.layout = Layout([inputs, *model.hidden, outputs], pieces, aligned)


def _of_kind(kind: type, pieces: Sequence[Piece]) -> Any:
    """The piece of a layer that is of this kind; None if there is none."""
    return next((piece for piece in pieces if isinstance(piece, kind)), None)
