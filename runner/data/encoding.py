"""From a table of numbers and words to the features of a network, and back: lists and categories, never pickled.

Features are the numeric columns in file order, then a 0/1 column for each category of each categorical column (one-hot,
as scikit-learn's OneHotEncoder with unknown words ignored), then the bins of numeric columns, if there are any
(`runner.data.piecewise`). A number x becomes (x - offset) / scale, or with scaling
"quantile" a standard normal number through the quantiles of the training split. A hole becomes the median of the
training split, or in a categorical column the category "missing" (all zeros where the training split had no hole).

Shapes: N rows, F numeric columns, D features, C classes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.data.files import did_you_mean
from runner.data.piecewise import through_bins
from runner.data.quantiles import to_normal
from runner.errors import DataError
from runner.population.arrays import in_lines

if TYPE_CHECKING:
    import pandas as pd

MISSING = "missing"
ADDED = ("quantiles", "edges")  # left out where empty: files of before do not have them
CHUNK = 4096  # rows encoded at a time, so that float64 copies stay small


@dataclass
class Encoding:
    """Everything `transform` and `decode` need; plain lists, so that equality and JSON are exact."""

    task: str
    target: str
    columns: list[str]  # input columns in file order
    numeric: list[str]
    fill: list[float]  # in place of a hole, by numeric column
    offset: list[float]
    scale: list[float]
    categories: dict[str, list[str]] = field(default_factory=dict)  # sorted, by categorical column
    labels: list[str] | None = None
    target_offset: float = 0.0
    target_scale: float = 1.0
    dtype: str = "float32"
    image_shape: tuple[int, ...] | None = None
    quantiles: list[list[float]] = field(default_factory=list)  # by numeric column; none = offset and scale alone
    edges: list[list[float]] = field(default_factory=list)  # of the bins of each numeric column; none = no bins

    @property
    def width(self) -> int:
        """Number of features D."""
        return len(self.columns_of_features)

    @property
    def columns_of_features(self) -> list[str]:
        """The column that each feature comes from."""
        words = [column for column, words in self.categories.items() for _ in words]
        return self.numeric + words + [column for column, *_ in self._bins()]

    @property
    def feature_names(self) -> list[str]:
        """One name a feature; `column=category` for the one-hot ones, `column a..b` for bins."""
        words = [f"{column}={word}" for column, words in self.categories.items() for word in words]
        return self.numeric + words + [f"{column} {low:g}..{high:g}" for column, low, high in self._bins()]

    def _bins(self) -> list[tuple[str, float, float]]:
        """(column, lower edge, upper edge) of every bin."""
        columns = zip(self.numeric, self.edges, strict=True) if self.edges else ()
        return [(name, *pair) for name, edges in columns for pair in pairwise(edges)]

    @property
    def text_columns(self) -> list[str]:
        """Columns whose text matters, which a CSV reader must not turn into numbers."""
        return list(self.categories) + ([self.target] if self.task == "classification" else [])

    def to_dict(self) -> dict[str, Any]:
        """Lists, numbers and strings only; floats survive JSON exactly because Python writes them in full."""
        tree = asdict(self) | {"image_shape": list(self.image_shape) if self.image_shape else None}
        return {key: value for key, value in tree.items() if value or key not in ADDED}

    @classmethod
    def from_dict(cls, tree: dict[str, Any]) -> Encoding:
        """The inverse of `to_dict`; DataError if keys are missing or unknown."""
        names = {f.name for f in fields(cls)}
        if wrong := {*tree, *ADDED} ^ names:
            raise DataError(f"this is no feature encoding: keys missing or unknown: {', '.join(sorted(wrong))}.")
        shape = tree["image_shape"]
        return cls(**{**tree, "image_shape": tuple(shape) if shape else None})

    def encode(self, numeric_NF: np.ndarray, words: dict[str, np.ndarray]) -> np.ndarray:
        """Features [N, D] of raw values; `words` holds one object array [N] a categorical column, None for a hole."""
        x_ND = in_lines((1, len(numeric_NF) * self.width), self.dtype)[0].reshape(len(numeric_NF), self.width)
        wide = len(self.numeric)
        fill, offset, scale = (np.array(v, np.float64) for v in (self.fill, self.offset, self.scale))
        for start in range(0, len(x_ND), CHUNK):
            block = numeric_NF[start : start + CHUNK].astype(np.float64)
            block = np.where(np.isnan(block), fill, block)
            x_ND[start : start + CHUNK, :wide] = (self._normal(block) - offset) / scale
            if self.edges:
                x_ND[start : start + CHUNK, -len(self._bins()) :] = self._through_bins(block)
        for column, known in self.categories.items():
            codes = self._codes(words[column], known)
            rows = np.flatnonzero(codes >= 0)
            x_ND[rows, wide + codes[rows]] = 1
            wide += len(known)
        return x_ND

    def _normal(self, block_NF: np.ndarray) -> np.ndarray:
        """Each column through its quantiles, if there are any."""
        if not self.quantiles:
            return block_NF
        columns = [to_normal(values, np.array(known)) for values, known in zip(block_NF.T, self.quantiles, strict=True)]
        return np.stack(columns, axis=1)

    def _through_bins(self, block_NF: np.ndarray) -> np.ndarray:
        """How far every number has come through the bins of its column, those of all columns beside each other."""
        columns = zip(block_NF.T, self.edges, strict=True)
        return np.concatenate([through_bins(values, np.array(edges)) for values, edges in columns if edges], axis=1)

    @staticmethod
    def _codes(words: np.ndarray, known: list[str]) -> np.ndarray:
        """Position of each word among the known ones, -1 for a word that the training split did not have."""
        position = {word: i for i, word in enumerate(known)}
        return np.array([position.get(MISSING if word is None else word, -1) for word in words], np.int64)

    def transform(self, frame: pd.DataFrame) -> np.ndarray:
        """Features [n, D] of a table with the training columns in any order; errors as in `transform_with_notes`."""
        return self.transform_with_notes(frame)[0]

    def transform_with_notes(self, frame: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
        """(features [n, D], sentences about ignored columns, filled holes and new categories).

        Raises DataError naming missing columns, text in a numeric column, infinities.
        """
        from runner.data.columns import numbers, texts

        self._check_columns(list(map(str, frame.columns)))
        numeric = np.empty((len(frame), len(self.numeric)))
        for i, name in enumerate(self.numeric):
            numeric[:, i] = numbers(frame[name], name, "Correct it, or leave the cell empty to have it filled")
        words = {name: texts(frame[name]) for name in self.categories}
        return self.encode(numeric, words), self._notes(frame, numeric, words)

    def _check_columns(self, given: list[str]) -> None:
        missing = [name for name in self.columns if name not in given]
        if missing:
            spare = [name for name in given if name not in self.columns]
            shown = ", ".join(f"{name!r}" for name in missing[:10]) + (
                f" and {len(missing) - 10} more" if len(missing) > 10 else ""
            )
            plural = "s" if len(missing) > 1 else ""
            raise DataError(
                f"the table lacks the column{plural} {shown} that the network was trained on."
                f"{did_you_mean(missing[0], spare)}"
            )

    def _notes(self, frame, numeric: np.ndarray, words: dict[str, np.ndarray]) -> list[str]:
        extra = [str(name) for name in frame.columns if name not in self.columns and name != self.target]
        notes = [f"ignored columns the network does not know: {', '.join(extra)}"] if extra else []
        holes = {name: int(n) for name, n in zip(self.numeric, np.isnan(numeric).sum(axis=0), strict=True) if n}
        shown = ", ".join(f"{name} {n:,}" for name, n in list(holes.items())[:10]) + (
            ", ..." if len(holes) > 10 else ""
        )
        notes += [f"missing numbers filled with the median of the training data: {shown}"] if holes else []
        for name, known in self.categories.items():
            new = words[name][self._codes(words[name], known) < 0]
            kinds = sorted({MISSING if word is None else word for word in new})
            if len(new):
                notes.append(
                    f"column {name!r}: {len(new):,} rows with categories not seen in training "
                    f"({', '.join(kinds[:5])}), encoded as zeros"
                )
        return notes

    def targets(self, frame: pd.DataFrame) -> np.ndarray:
        """What the network should have said, [n]: class codes, or numbers in original units.

        DataError for a hole or an unknown class.
        """
        from runner.data.columns import numbers, texts, without_holes

        if self.task == "regression":
            return without_holes(numbers(frame[self.target], self.target), self.target)
        words = without_holes(texts(frame[self.target]), self.target)
        codes = self._codes(words, self.labels or [])
        if (codes < 0).any():
            raise DataError(
                f"column {self.target!r} holds the class {words[codes < 0][0]!r}, known are "
                f"{', '.join(self.labels or [])}."
            )
        return codes

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs in the user's terms: numbers [n] in original units, or the label [n] of the largest of C outputs."""
        outputs = np.asarray(outputs)
        if self.task == "regression":
            return outputs.reshape(len(outputs)).astype(np.float64) * self.target_scale + self.target_offset
        return np.array(self.labels, object)[outputs.argmax(axis=1)]
