"""From a table of numbers and words to the features of a network, and back: lists and categories, never pickled.

Features are the numeric columns in file order, then a 0/1 column for each category of each categorical column (one-hot,
as scikit-learn's OneHotEncoder with unknown words ignored), then the hashed words of columns of texts
(`runner.data.hashing`), then the bins of numeric columns, if there are any (`runner.data.piecewise`). A number x
becomes (x - offset) / scale, or with scaling "quantile" a standard normal number through the quantiles of the training
split. A hole becomes the median of the training split, or in a categorical column a category that is no word (all zeros
where the training split had no hole). A column with more than `dataset.max_categories` has one feature more, for all
but its most frequent ones. The numbers that dates become come after the numeric columns.

Shapes: N rows, F numeric columns, D features, C classes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.data.files import did_you_mean
from runner.data.hashing import features_of
from runner.data.heads import TargetHead, heads_of
from runner.data.piecewise import through_bins
from runner.data.products import of_both, positions, products
from runner.data.quantiles import from_normal, to_normal
from runner.data.reading.columns import Column
from runner.data.reading.dialect import Reading
from runner.data.reading.spelling import Spelling
from runner.data.roles.dates import DateColumn
from runner.data.roles.texts import wordless
from runner.data.target_scaling import TargetScale, TargetScales
from runner.errors import DataError
from runner.population.arrays import in_lines

if TYPE_CHECKING:
    import pandas as pd

    from runner.data.reading.cells import Cells

MISSING = "missing"  # what the category of holes is called
REST = "(rest)"  # what the feature of all rare categories is called
LATER = {
    "quantiles",
    "edges",
    "reading",
    "ranges",
    "dates",
    "rest",
    "texts",
    "text_features",
    "ngrams",
    "target_log",
    "target_quantiles",
    "order",
    "products",
    "crossed",
    "targets",
    "labels_of",
    "reconstructs",
}  # fields that model files did not always have
CHUNK = 4096  # rows encoded at a time, so that float64 copies stay small


@dataclass
class Encoding:
    """Everything `transform` and `decode` need; plain lists, so that equality and JSON are exact."""

    task: str
    target: str
    columns: list[str]  # input columns in file order
    numeric: list[str]  # with the names of what dates become, and last those of `products`
    fill: list[float]  # in place of a hole, by numeric column
    offset: list[float]
    scale: list[float]
    categories: dict[str, list[str | None]] = field(default_factory=dict)  # sorted, by column; None is a hole
    labels: list[str] | None = None
    target_offset: float = 0.0
    target_scale: float = 1.0
    dtype: str = "float32"
    image_shape: tuple[int, ...] | None = None
    quantiles: list[list[float]] = field(default_factory=list)  # by numeric column; none = offset and scale alone
    edges: list[list[float]] = field(default_factory=list)  # of the bins of each numeric column; none = no bins
    ranges: list[list[float]] = field(default_factory=list)  # [lowest, highest] in training, by numeric column
    dates: dict[str, DateColumn] = field(default_factory=dict)  # by column of dates
    rest: list[str] = field(default_factory=list)  # categorical columns with a feature for all other words
    texts: list[str] = field(default_factory=list)  # columns of texts
    text_features: int = 0  # of each of them
    ngrams: int = 0  # words of their longest n-gram
    target_log: bool = False
    target_quantiles: list[float] = field(default_factory=list)
    targets: dict[str, TargetScale] = field(default_factory=dict)  # of several targets; none = the one `target`
    labels_of: list[list[str] | None] = field(default_factory=list)  # of each, where some are classes; None = a number
    reconstructs: bool = False  # whether the targets are the features
    products: dict[str, list[str]] = field(default_factory=dict)  # a number made of others -> these
    crossed: dict[str, list[str]] = field(default_factory=dict)  # a category made of two -> these
    order: list[int] = field(default_factory=list)  # of all pixels, where they are shuffled; none = as they are
    reading: Reading = field(default_factory=Reading)  # how the table was read, so that others are read alike

    @property
    def width(self) -> int:
        """Number of features D."""
        return len(self.columns_of_features)

    @property
    def given(self) -> list[str]:
        """The numbers that are read, not made of others."""
        return self.numeric[: len(self.numeric) - len(self.products)]

    @property
    def columns_of_features(self) -> list[str]:
        """The column that each feature comes from."""
        words = [column for column, words in self.blocks.items() for _ in words]
        texts = [column for column in self.texts for _ in range(self.text_features)]
        return self.numeric + words + texts + [column for column, *_ in self._bins()]

    @property
    def blocks(self) -> dict[str, list[str]]:
        """What the features of each categorical column stand for."""
        hole = {column: MISSING if MISSING not in words else "no value" for column, words in self.categories.items()}
        return {
            column: [hole[column] if word is None else word for word in words] + [REST] * (column in self.rest)
            for column, words in self.categories.items()
        }

    @property
    def scale_of_target(self) -> TargetScale | TargetScales:
        """What a regression is trained on in place of its target, or of its targets."""
        if self.targets:
            return TargetScales(tuple(self.targets.values()))
        return TargetScale(self.target_offset, self.target_scale, self.target_log, self.target_quantiles)

    @cached_property
    def heads(self) -> list[TargetHead]:
        """One for each of several targets of which some are classes; none in all other cases."""
        return heads_of(self)

    @property
    def target_columns(self) -> list[str]:
        """The columns that hold the answers; none where they are the features."""
        return [] if self.reconstructs else list(self.targets) or [self.target]

    @property
    def told_apart(self) -> list[str]:
        """What the metrics of each target are called by: its name without what separates columns, or with its number
        where two are alike. None where there is one target, or where the targets are the features.
        """
        names = [] if self.reconstructs else [re.sub(r'[,"\s]+', " ", name).strip() for name in self.targets]
        return [name if names.count(name) == 1 else f"{name} {j}" for j, name in enumerate(names, 1)]

    @property
    def questions(self) -> dict[str, str]:
        """`told_apart` -> the task of the target: that of one head, or "" of numbers that are predicted together."""
        tasks = [head.encoding.task for head in self.heads] or [""] * len(self.targets)
        return dict(zip(self.told_apart, tasks, strict=False))

    @property
    def feature_names(self) -> list[str]:
        """One name a feature; `column=category` for the one-hot ones, `column #i` for texts, `column a..b` for bins."""
        words = [f"{column}={word}" for column, words in self.blocks.items() for word in words]
        texts = [f"{column} #{i}" for column in self.texts for i in range(self.text_features)]
        return self.numeric + words + texts + [f"{column} {low:g}..{high:g}" for column, low, high in self._bins()]

    def _bins(self) -> list[tuple[str, float, float]]:
        """(column, lower edge, upper edge) of every bin."""
        columns = zip(self.numeric, self.edges, strict=True) if self.edges else ()
        return [(name, *pair) for name, edges in columns for pair in pairwise(edges)]

    def to_dict(self) -> dict[str, Any]:
        """Lists, numbers and strings only; floats survive JSON exactly because Python writes them in full."""
        tree = asdict(self) | {"image_shape": list(self.image_shape) if self.image_shape else None}
        tree["reading"] = self.reading.to_dict()
        return {key: value for key, value in tree.items() if key == "reading" or key not in LATER or value}

    @classmethod
    def from_dict(cls, tree: dict[str, Any]) -> Encoding:
        """The inverse of `to_dict`; DataError if keys are missing or unknown."""
        names = {f.name for f in fields(cls)}
        if set(tree) | LATER != names:
            wrong = ", ".join(sorted((set(tree) | LATER) ^ names))
            raise DataError(f"this is no feature encoding: keys missing or unknown: {wrong}.")
        shape = tree["image_shape"]
        dates = {name: DateColumn(**column) for name, column in tree.get("dates", {}).items()}
        targets = {name: TargetScale(**scale) for name, scale in tree.get("targets", {}).items()}
        tree = tree | {"image_shape": tuple(shape) if shape else None, "dates": dates, "targets": targets}
        if "reading" in tree:
            return cls(**tree | {"reading": Reading.from_dict(tree["reading"])})
        words = {column: [None if w == MISSING else w for w in known] for column, known in tree["categories"].items()}
        return cls(**tree | {"categories": words})  # of a version in which holes were the word "missing"

    def encode(self, numeric_NF: np.ndarray, words: dict[str, np.ndarray]) -> np.ndarray:
        """Features [N, D] of raw values; `words` holds one object array [N] for each column of categories or
        texts, None for a hole.
        """
        rows, width, bins = len(numeric_NF), self.width, len(self._bins())
        x_ND = in_lines((rows * width,), self.dtype).reshape(rows, width)
        wide, factors = len(self.numeric), positions(self.numeric, self.products)
        words = words | {name: of_both(*(words[each] for each in pair)) for name, pair in self.crossed.items()}
        fill, offset, scale = (np.array(v, np.float64) for v in (self.fill, self.offset, self.scale))
        for start in range(0, len(x_ND), CHUNK):
            block = numeric_NF[start : start + CHUNK].astype(np.float64)
            block = products(np.where(np.isnan(block), fill[: block.shape[1]], block), factors)
            x_ND[start : start + CHUNK, :wide] = (self._normal(block) - offset) / scale
            if bins:
                x_ND[start : start + CHUNK, width - bins :] = self._through_bins(block)
        for column, features in self.blocks.items():
            codes = self.codes(column, words[column])
            known = np.flatnonzero(codes >= 0)
            x_ND[known, wide + codes[known]] = 1
            wide += len(features)
        for column in self.texts:
            x_ND[:, wide : wide + self.text_features] = features_of(words[column], self.text_features, self.ngrams)
            wide += self.text_features
        if self.order:
            x_ND[:] = x_ND[:, self.order]
        return x_ND

    def original(self, x_ND: np.ndarray) -> np.ndarray:
        """Numeric features alone [N, F] in original units: the inverse of the encoding."""
        values = x_ND.astype(np.float64)
        if self.quantiles:
            known = map(np.array, self.quantiles)
            return np.stack([from_normal(z, each) for z, each in zip(values.T, known, strict=True)], axis=1)
        return values * np.array(self.scale) + np.array(self.offset)

    def codes(self, column: str, words: np.ndarray) -> np.ndarray:
        """The feature [N] of each word in its column's block, -1 for a word that has none."""
        known = self.categories[column]
        return _codes(words, known, len(known) if column in self.rest else -1)

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

    def cells(self, table: pd.DataFrame) -> Cells:
        """The columns of a data frame, read as those of the training data were."""
        from runner.data.reading.cells import cells

        keys = self.reading.keys
        return cells(table, keys.without("decimal"), keys.decimal or self.reading.decimal)

    def transform(self, table: pd.DataFrame) -> np.ndarray:
        """Features [n, D] of a table with the training columns in any order; errors as in `transform_with_notes`."""
        return self.transform_with_notes(self.cells(table))[0]

    def transform_with_notes(self, cells: Cells) -> tuple[np.ndarray, list[str]]:
        """(features [n, D], sentences about ignored columns, filled holes, new categories, numbers far out).

        Raises DataError naming missing columns, and all columns with text among numbers or infinities at once.
        """
        from runner.data.reading.cells import Problems
        from runner.data.roles.same_inputs import read_alike

        self._check_columns(list(cells.columns))
        problems = Problems("", cells.place)
        advice = "Correct it, or leave the cell empty to have it filled"
        words_of = [*(name for name in self.categories if name not in self.crossed), *self.texts]
        numeric, words = read_alike(cells, self.given, self.dates, words_of, self.reading, problems, advice)
        problems.refuse()
        return self.encode(numeric, words), self._notes(list(cells.columns), numeric, words)

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

    def _notes(self, given: list[str], numeric: np.ndarray, words: dict[str, np.ndarray]) -> list[str]:
        extra = [name for name in given if name not in (*self.columns, *self.target_columns)]
        notes = [f"ignored columns the network does not know: {', '.join(extra)}"] if extra else []
        holes = {name: int(n) for name, n in zip(self.given, np.isnan(numeric).sum(axis=0), strict=True) if n}
        shown = ", ".join(f"{name} {n:,}" for name, n in list(holes.items())[:10]) + (
            ", ..." if len(holes) > 10 else ""
        )
        notes += [f"missing numbers filled with the median of the training data: {shown}"] if holes else []
        for name in (each for each in self.categories if each in words):
            new = words[name][self.codes(name, words[name]) < 0]
            kinds = sorted({MISSING if word is None else word for word in new})
            if len(new):
                notes.append(
                    f"column {name!r}: {len(new):,} rows with categories not seen in training "
                    f"({', '.join(kinds[:5])}), encoded as zeros"
                )
        without = wordless({name: words[name] for name in self.texts})
        notes += [f"texts without a word: {without} (their features are 0)"] if without else []
        return notes + self._far(numeric)

    def _far(self, numeric: np.ndarray) -> list[str]:
        """Columns with numbers as far outside the training range as that is wide."""
        notes = []
        for name, (low, high), values in zip(self.numeric, self.ranges, numeric.T, strict=False):
            far = values[(values < low - (high - low)) | (values > high + (high - low))]
            if len(far):
                notes.append(
                    f"column {name!r}: far outside the training range {low:g} to {high:g} in {len(far):,} of "
                    f"{len(values):,} rows ({far.min():g} to {far.max():g}); is it in other units?"
                )
        return notes

    def answers(self, column: Column) -> tuple[np.ndarray, np.ndarray]:
        """(what the network should have said, whether that is known), each [n]: class codes, or numbers of a target.

        Not known are a hole, a class that training did not have, and in regression what is no finite number.
        """
        if self.task == "regression":
            values = column.loose_numbers()
            return values, np.isfinite(values)
        codes = _codes(column.words(self.reading.spelling.get(self.target, Spelling())), self.labels or [], -1)
        return codes, codes >= 0

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs in the user's terms: numbers [n] in original units, of several targets [n, k]; or the label [n] of
        the largest of C outputs. Of several targets of which some are classes both, as objects [n, k].
        """
        outputs = np.asarray(outputs)
        if self.heads:
            each = [head.encoding.decode(outputs[:, head.columns]).astype(object) for head in self.heads]
            return np.stack(each, axis=1)
        if self.task == "regression":
            numbers = outputs if self.targets else outputs.reshape(len(outputs))
            return self.scale_of_target.original(numbers.astype(np.float64))
        return np.array(self.labels, object)[outputs.argmax(axis=1)]


def _codes(words: np.ndarray, known: Sequence[str | None], other: int) -> np.ndarray:
    """Position [N] of each word among the known ones, `other` for a word that is none of them."""
    position = {word: i for i, word in enumerate(known)}
    return np.array([position.get(word, other) for word in words], np.int64)
