"""Where noise of inputs and activations acts, and how strong it is there, for either engine."""

from __future__ import annotations

from collections.abc import Iterator

from runner.config.settings import Settings
from runner.population.members import Columns
from runner.population.pieces.mlp import skips
from runner.regularizers.base import Noise


def layers_of(piece: Noise, run: Settings) -> list[int]:
    """-1 for the input, i for the i-th hidden layer, from 0."""
    if piece.site == "input":
        return [-1]
    hidden = run.model.hidden
    adding = skips(hidden) if run.model.residual else [False] * len(hidden)
    return [layer for layer, adds in enumerate(adding) if adds or not piece.beside_skips]


def keys_by_layer(columns: Columns, piece: Noise, paths: dict[str, str]) -> Iterator[tuple[int, dict[str, list]]]:
    """(layer, {key: its value in each row}) of the layers on which a technique acts; rows have the same network."""
    layers = layers_of(piece, columns.runs[0])
    for place, layer in enumerate(layers, 1):
        rows = zip(*(columns.values(path, max(layer, 0)) for path in paths.values()), strict=True)
        found = [piece.in_layer(place, len(layers), **dict(zip(paths, row, strict=True))) for row in rows]
        yield layer, {key: [row[key] for row in found] for key in paths}
