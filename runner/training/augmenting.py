"""Training batches changed at random: every technique of `augmentation.*` on the rows that use it, and on no others.

Images are taken back from the network's encoding to pixels between 0 and 1, signals to their own units; they are
changed and encoded again. What happens to
an example depends on its row's seed, the step and its place in the batch alone.

Shapes: K steps, M rows, B batch, D features, C outputs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from runner.data.augmentation.base import Deformation, Features, Geometry, Mixing, Pixels, Shape, Signals, Words
from runner.data.hashing import Vocabulary, compact
from runner.data.images import compose, sample
from runner.population.chance import Chance
from runner.population.members import Columns, active_entries, using

if TYPE_CHECKING:
    from runner.data.encoding import Encoding
    from runner.data.prepare import RunData

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


@dataclass
class AugmentationSource:
    """A technique and rows that use it with the same switches, with their columns [rows, 1]."""

    name: str
    piece: Any
    rows: list[int]
    h: dict[str, Tensor]


class Augmenting:
    """The augmentation of a population; `active` if some row uses any."""

    def __init__(self, columns: Columns, data: list[RunData]):
        self.columns, self.data, self.device = columns, data, columns.device
        self.seeds = np.array([run.seed for run in columns.runs], dtype=np.uint64)
        self.image = data[0].image_shape
        self.geometry = self._sources(Geometry) if self.image else []
        self.bending = self._sources(Deformation) if self.image else []
        self.pixels = self._sources(Pixels) if self.image else []
        signals = [] if self.image else self._sources(Signals)
        self.signals = sorted(signals, key=lambda source: source.piece.last)
        self.features = [] if self.image else self._sources(Features)
        self.words = self._sources(Words)
        self.spoken = _union(self.words)
        weighted = [row for row, run in enumerate(data) if run.weights is not None]
        self.mixing = self._sources(Mixing, [row for row in range(len(data)) if row not in weighted])
        self.weighted_mixing = self._sources(Mixing, weighted)
        self.moved = _union(self.geometry + self.bending)
        self.painted = sorted({*self.moved, *_union(self.pixels + self.signals)})
        self.active = any((self.painted, self.spoken, self.features, self.mixing, self.weighted_mixing))
        width, blocks = data[0].x.shape[1], []
        if self.painted:
            maps = [data[row].pixel_map for row in self.painted]
            self.factor, self.offset = (self._stack(each).to(columns.dtype) for each in zip(*maps, strict=True))
        if self.features:
            blocks = [self._stack(each) for each in zip(*(_blocks(run.encoding) for run in data), strict=True)]
        self.shape = Shape(self.image, width, *blocks)

    def _sources(self, base: type, among: Collection[int] | None = None) -> list[AugmentationSource]:
        """The techniques of a kind with the rows that use them (of those `among`)."""
        found = []
        for name, _, paths in active_entries(self.columns, base, "augmentation"):
            used = using(self.columns, paths)
            rows = [row for row, uses in enumerate(used) if uses and (among is None or row in among)]
            found += [self._source(name, paths, alike) for alike in self._by_switches(paths, rows)]
        return found

    def _by_switches(self, paths: dict[str, str], rows: list[int]) -> list[list[int]]:
        """The rows of a technique, those with the same switches together."""
        options = self.columns.runs[0].options()
        groups: dict[tuple[str, ...], list[int]] = {}
        switches = [path for path in paths.values() if options[path].kind != "column"]
        for row in rows:
            key = tuple(str(self.columns.runs[row].value(path)) for path in switches)
            groups.setdefault(key, []).append(row)
        return list(groups.values())

    def _source(self, name: str, paths: dict[str, str], rows: list[int]) -> AugmentationSource:
        options = self.columns.runs[0].options()
        columns = {key: path for key, path in paths.items() if options[path].kind == "column"}
        h = {
            key: torch.tensor(self.columns.values(path), dtype=torch.float64)[rows, None]
            for key, path in columns.items()
        }
        piece = self.columns.runs[rows[0]].augmentation[name]
        return AugmentationSource(name, piece, rows, {key: column.to(self.device) for key, column in h.items()})

    def _stack(self, arrays) -> Tensor:
        return torch.from_numpy(np.stack(arrays)).to(self.device)

    def apply(
        self, x: Tensor, q: Tensor, steps_KM: np.ndarray, index_KMB: np.ndarray, weights: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """Features [K, M, B, padded D], targets [K, M, B, padded C] and, where a row weights its examples, weights
        [K, M, B, 1] of the steps [K, M] and the examples `index_KMB`, changed in place.
        """
        self.steps, self.batch = steps_KM, x.shape[2]
        true = x[..., : self.shape.features]  # padding is left alone
        if self.painted:
            rows = _of(self.painted, len(self.seeds))
            true[:, rows] = self._changed(true[:, rows])
        for row in self.spoken:
            self._change_texts(true[:, row], index_KMB[:, row], row)
        for source in self.features:
            rows = _of(source.rows, len(self.seeds))
            true[:, rows] = source.piece.features(self._chance(source), true[:, rows], self.shape.of(rows), **source.h)
        for source in self.mixing:
            rows = _of(source.rows, len(self.seeds))
            true[:, rows], q[:, rows] = self._mixed(source, true[:, rows], q[:, rows])
        if weights is not None:
            self._mix_weighted(true, q, weights)
        return x, q, weights

    def _mixed(self, source: AugmentationSource, x: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
        """Each example of the rows that use the technique mixed with another one of its batch."""
        shape = self.shape.of(_of(source.rows, len(self.seeds)))
        return source.piece.mixed(self._chance(source), x, q, shape, **source.h)

    def _mix_weighted(self, x: Tensor, q: Tensor, weights: Tensor) -> None:
        """The same in place where examples have weights: w q and w are mixed, so that the loss w q is the mean of both
        weighted losses.
        """
        for source in self.weighted_mixing:
            rows = _of(source.rows, len(self.seeds))
            joint = torch.cat([q[:, rows] * weights[:, rows], weights[:, rows]], -1)
            x[:, rows], joint = self._mixed(source, x[:, rows], joint)
            weight = joint[..., -1:]
            q[:, rows], weights[:, rows] = joint[..., :-1] / weight.masked_fill(weight == 0, 1), weight

    def _change_texts(self, x_KBD: Tensor, index_KB: np.ndarray, row: int) -> None:
        """The features of a row's texts made anew of texts with other words."""
        encoding = self.data[row].encoding
        for column, corpus in self.data[row].corpora.items():
            ids = self.other_words(index_KB, row, column)
            found = torch.from_numpy(corpus.vocabulary.hashed(ids))
            begin = encoding.columns_of_features.index(column)
            x_KBD[..., begin : begin + encoding.text_features] = found.view(*index_KB.shape, -1).to(x_KBD)

    def other_words(self, index_KB: np.ndarray, row: int, column: str) -> np.ndarray:
        """A row's texts of the steps that were changed last, as numbers of their words [K B, longest]."""
        corpus = self.data[row].corpora[column]
        ids = corpus.of(index_KB.ravel())
        for source in self.words:
            if row in source.rows:
                ids = compact(self._other_words(source, row, column, ids, corpus.vocabulary))
        return ids

    def _other_words(self, source, row: int, column: str, ids: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
        purpose = f"augmentation/{source.name}/{column}"
        one = Chance(purpose, self.seeds[[row]], self.steps[:, [row]], self.batch)
        h = {key: values[source.rows.index(row), 0].item() for key, values in source.h.items()}

        def chance(draw: int) -> np.ndarray:
            return one.features(ids.shape[1], draw).numpy().reshape(ids.shape)

        return source.piece.words(chance, ids, vocabulary, **h)

    def _chance(self, source: AugmentationSource, steps: slice = slice(None)) -> Chance:
        purpose = f"augmentation/{source.name}"
        return Chance(purpose, self.seeds[source.rows], self.steps[steps, source.rows], self.batch, self.device)

    def _changed(self, x: Tensor) -> Tensor:
        """Encoded images or signals [K, rows, B, D] of the rows `painted`, changed."""
        factor, offset = self.factor[:, None], self.offset[:, None]
        raw = x.mul(factor).add_(offset)
        return (self._changed_images(raw) if self.image else self._changed_signals(raw)).sub_(offset).div_(factor)

    def _changed_signals(self, s: Tensor) -> Tensor:
        for source in self.signals:
            rows = _of([self.painted.index(row) for row in source.rows], len(self.painted))
            s[:, rows] = source.piece.signals(self._chance(source), s[:, rows], **source.h)
        return s

    def _changed_images(self, raw: Tensor) -> Tensor:
        p = raw.unflatten(3, self.image)
        if self.moved:
            rows = _of([self.painted.index(row) for row in self.moved], len(self.painted))
            p[:, rows] = self._moved(p[:, rows])
        for source in self.pixels:
            rows = _of([self.painted.index(row) for row in source.rows], len(self.painted))
            changed = source.piece.pixels(self._chance(source), p[:, rows], **source.h)
            p[:, rows] = changed.clamp_(0, 1) if source.piece.clipped else changed
        return p.flatten(3)

    def _moved(self, p: Tensor) -> Tensor:
        """Images [K, rows, B, channels, height, width] of the rows `moved` at their new places."""
        maps = torch.tensor(IDENTITY, dtype=torch.float64, device=self.device).repeat(*p.shape[:3], 1, 1)
        for source in self.geometry:
            rows = _of([self.moved.index(row) for row in source.rows], len(self.moved))
            inner = source.piece.matrix(self._chance(source), *p.shape[-2:], **source.h)
            maps[:, rows] = compose(maps[:, rows], inner)
        return sample(p.flatten(0, 2), maps.flatten(0, 2), self._displacements(p)).view_as(p)

    def _displacements(self, p: Tensor) -> Tensor | None:
        """How far the pixels of the images p are displaced, [K rows B, 2, height, width]; None if none are."""
        if not self.bending:
            return None
        field = p.new_zeros(*p.shape[:3], 2, *p.shape[-2:])
        for source in self.bending:
            rows = _of([self.moved.index(row) for row in source.rows], len(self.moved))
            for k in range(len(p)):  # a step at a time, as the fields are far larger than the images
                at = slice(k, k + 1)
                field[at, rows] += source.piece.field(self._chance(source, at), p[at, rows], **source.h)
        return field.flatten(0, 2)


def _union(sources: list[AugmentationSource]) -> list[int]:
    """The rows that use any of the techniques."""
    return sorted({row for source in sources for row in source.rows})


def _of(rows: list[int], count: int) -> Any:
    """An index for these rows of `count`: all of them are a view, not a copy."""
    return slice(None) if len(rows) == count else rows


def _blocks(encoding: Encoding) -> tuple[np.ndarray, np.ndarray]:
    """(whether a feature is a number [D], the first feature of its block [D]); a block comes from one column."""
    columns = encoding.columns_of_features
    first = {column: i for i, column in reversed(list(enumerate(columns)))}
    return np.arange(len(columns)) < len(encoding.numeric), np.array([first[column] for column in columns])
