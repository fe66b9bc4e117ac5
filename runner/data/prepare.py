"""From settings to the arrays a run trains on; what runs have in common is read and encoded once."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from runner.config.registry import name_of
from runner.config.settings import Settings
from runner.data.autoencoding import without_target
from runner.data.encoding import Encoding
from runner.data.fitting import fit
from runner.data.hashing import Corpus, words_of
from runner.data.label_noise import check_noise, with_noise
from runner.data.products import of_both
from runner.data.randomized import randomized_notes, with_inputs, with_labels
from runner.data.roles.repeats import repeats_note
from runner.data.sizes import beyond, check_target
from runner.data.sources.base import AUTOENCODER, GIVEN, RawTable, Source
from runner.data.splits.split import split
from runner.data.splits.strata import strata
from runner.data.target_scaling import TargetScale, tail_note
from runner.data.weights import row_weights, target_weights

CUT_KEYS = tuple(f.name for f in dataclasses.fields(Source) if f.name != "task")  # all others say what is read


@dataclass
class RunData:
    """What one run trains on. N rows, D features; train, val and test are sorted row numbers (int64) into x and y."""

    task: str  # classification | regression | multitask
    x: np.ndarray  # [N, D], encoded and scaled
    y: np.ndarray  # [N], class codes (int64) or scaled numbers (float64), of several targets [N, k]
    train: np.ndarray
    val: np.ndarray
    test: np.ndarray
    encoding: Encoding
    labels: list[str] | None
    outputs: int  # number of classes, or of numbers, of several targets together
    image_shape: tuple[int, ...] | None
    sha256: str  # of the raw data
    name: str = ""
    split_seed: int = 0
    notes: list[str] = field(default_factory=list)
    pixel_range: tuple[float, float] = (0.0, 1.0)  # raw values of black and white, if these are images
    weights: np.ndarray | None = None  # [N] float64 in the loss, mean 1 over the training rows; None = all alike
    target_weights: np.ndarray | None = None  # [k] float64 of several targets in the loss; None = all alike
    how: str = ""  # how the rows were split, in words
    file_rows: np.ndarray | None = None  # [N] which row of its file each is; None = all of them
    target: np.ndarray | None = None  # as y, in its own unit, where y does not tell (a test value beyond all quantiles)

    asked: np.ndarray | None = None  # rows that a member of an ensemble tells about besides those of its splits
    texts: dict[str, np.ndarray] = field(default_factory=dict)  # columns of texts [N] as they were read

    @cached_property
    def heads(self) -> list[RunData]:
        """The same for each of several targets of which some are classes, as if it were the only one; else none."""
        return [
            dataclasses.replace(
                self,
                task=head.encoding.task,
                y=self.y[:, head.place].astype(np.int64) if head.classes else self.y[:, head.place],
                encoding=head.encoding,
                labels=head.encoding.labels,
                outputs=head.width,
                target_weights=None,
                target=None
                if head.encoding.scale_of_target.linear or self.target is None
                else self.target[:, head.place],
            )
            for head in self.encoding.heads
        ]

    @property
    def tasks(self) -> tuple[str, ...]:
        """The task, or those of the heads."""
        return tuple(dict.fromkeys(head.task for head in self.heads)) or (self.task,)

    @cached_property
    def shares(self) -> np.ndarray:
        """[k] of each of several targets in the loss, which sum to 1."""
        weights = np.ones(len(self.encoding.targets)) if self.target_weights is None else self.target_weights
        return weights / weights.sum()

    @cached_property
    def with_validation(self) -> RunData:
        """The same, but that the validation rows train, too; features and targets are encoded and scaled as before."""
        train = np.sort(np.concatenate([self.train, self.val]))
        weights = None if self.weights is None else self.weights / self.weights[train].mean()
        return dataclasses.replace(self, train=train, weights=weights)

    @property
    def pixel_map(self) -> tuple[np.ndarray, np.ndarray]:
        """(factor [D], offset [D]): the pixel of an encoded feature x is x factor + offset, 0 if black, 1 if white."""
        black, white = self.pixel_range
        scale, offset = np.array(self.encoding.scale), np.array(self.encoding.offset)
        return scale / (white - black), (offset - black) / (white - black)

    @cached_property
    def corpora(self) -> dict[str, Corpus]:
        """The words of every column of texts, for what changes them."""
        code = self.encoding
        return {name: Corpus(column, code.text_features, code.ngrams) for name, column in self.texts.items()}

    @cached_property
    def text_lengths(self) -> np.ndarray:
        """The words [N] of all texts of a row."""
        return np.sum([[len(words_of(text)) for text in column] for column in self.texts.values()], axis=0)

    def rows_in_file(self, split: str) -> np.ndarray:
        """The rows of train, val or test as their file counts them, from 0; test may have a file of its own."""
        rows = getattr(self, split)
        return rows if self.file_rows is None else self.file_rows[rows]

    def targets(self, rows: np.ndarray) -> np.ndarray:
        """The target [n] or targets [n, k] of some rows of a regression in their own units."""
        return self.encoding.decode(self.y[rows]) if self.target is None else self.target[rows]

    @cached_property
    def encoding_json(self) -> str:
        """The encoding as a model file keeps it; the same for every run on this data."""
        return json.dumps(self.encoding.to_dict())

    @cached_property
    def class_counts(self) -> dict[str, list[int]]:
        """Rows of each class by split, where there are classes."""
        codes = {split: self.y[getattr(self, split)] for split in ("train", "val", "test")}
        return {split: np.bincount(code, minlength=self.outputs).tolist() for split, code in codes.items()}

    def describe(self) -> list[str]:
        """What was read and inferred, in lines for the screen."""
        return list(self._description)

    @cached_property
    def _description(self) -> list[str]:
        rows, width = self.x.shape
        image = f", images {'x'.join(map(str, self.image_shape))}" if self.image_shape else ""
        sizes = ", ".join(f"{part} {len(getattr(self, part)):,}" for part in ("train", "val", "test"))
        return [
            f"{self.name}: {rows:,} rows, {width} feature{'' if width == 1 else 's'}{image}, {self._answer()}",
            f"split: {sizes} ({self.how})",
            *self.notes,
            *self._weighting(),
            *self._classes(),
        ]

    def _answer(self) -> str:
        if self.heads:
            each = [(head.encoding.target, head._answer() if head.labels else "a number") for head in self.heads]
            return f"{len(each)} targets: {', '.join(f'{name!r} {answer}' for name, answer in each)}"
        if self.labels:
            return f"{self.outputs} classes ({_short(self.labels)})"
        if self.encoding.reconstructs:
            return "autoencoder"
        names = self.encoding.target_columns
        return f"regression of {', '.join(map(repr, names[:10]))}{', ...' * (len(names) > 10)}"

    def _weighting(self) -> list[str]:
        if self.weights is None:
            return []
        low, high = self.weights[self.train].min(), self.weights[self.train].max()
        return [f"weights in the loss: {low:.3g} to {high:.3g}, mean 1 (metrics are unweighted)"]

    def _classes(self) -> list[str]:
        """How many training rows each class has, if some have twice those of others."""
        if not self.labels:
            return [f"{head.encoding.target!r}: {note}" for head in self.heads for note in head._classes()]
        counts = np.bincount(self.y[self.train], minlength=len(self.labels))
        shown = _short([f"{label} {n:,}" for label, n in zip(self.labels, counts, strict=True)])
        uneven = [f"training rows by class: {shown}"] if counts.max() >= 2 * counts.min() > 0 else []
        return uneven + [f"no training row of class {self.labels[code]!r}" for code in np.flatnonzero(counts == 0)]


def _short(words: list[str] | None, most: int = 10) -> str:
    words = words or []
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")


def prepare(settings: Settings, cache: dict | None = None) -> RunData:
    """Read, split and encode the data of one run.

    With one `cache` for several runs, a table is read once, and runs with the same features and targets get the same x
    and y objects: always if their data keys are equal, and also when only the split differs but the encoding does not
    depend on it. Raises DataError and ConfigError.
    """
    cache = {} if cache is None else cache
    source, dtype = settings.dataset, settings.trainer.dtype
    keys = {f.name: getattr(source, f.name) for f in dataclasses.fields(source)}
    table_key = ("table", name_of(source, "dataset"), _text({k: v for k, v in keys.items() if k not in CUT_KEYS}))
    run_key = ("run", table_key, dtype, _text({k: keys[k] for k in CUT_KEYS}))
    if run_key not in cache:
        table = _once(cache, table_key, lambda: _read(source))
        with np.errstate(over="ignore", invalid="ignore"):  # what is too large is said in words
            cache[run_key] = _run_data(table, table_key, source, dtype, cache)
    return cache[run_key]


def _read(source: Source) -> RawTable:
    table = source.read()
    return without_target(table) if source.task == AUTOENCODER else table


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _once(cache: dict, key: Any, make):
    if key not in cache:
        cache[key] = make()
    return cache[key]


def _run_data(table: RawTable, table_key, source: Source, dtype: str, cache: dict) -> RunData:
    check_noise(table, source)
    images = source.inputs, source.split_seed if source.inputs != GIVEN else 0
    table = _once(cache, ("images", table_key, *images), lambda: with_inputs(table, source))
    rows = split(table, source)
    encoding = fit(table, rows.train, source, dtype)
    x = _once(
        cache, ("x", table_key, images, _text(encoding.to_dict())), lambda: _features(table, encoding, source.scaling)
    )
    y = x
    if not encoding.reconstructs:
        y = _once(cache, ("y", table_key, str(encoding.scale_of_target)), lambda: _targets(table, encoding))
        _check_targets(table, encoding, y, source)
    if source.labels != GIVEN and table.task == "classification":
        y = with_labels(y, rows.train, len(table.labels or []), source)
    if source.label_noise:
        y = with_noise(y, rows.train, len(table.labels or []), source.label_noise, source.split_seed)
    return RunData(
        task=table.task,
        x=x,
        y=y,
        train=rows.train,
        val=rows.val,
        test=rows.test,
        encoding=encoding,
        labels=table.labels,
        outputs=_outputs(encoding, y),
        image_shape=table.image_shape,
        sha256=table.sha256,
        name=name_of(source, "dataset"),
        split_seed=source.split_seed,
        pixel_range=_once(cache, ("pixels", table_key, images), lambda: _pixel_range(table)),
        notes=[
            *table.notes,
            *_words(table, rows.train, encoding),
            *_noise(source, len(rows.train)),
            *randomized_notes(source, len(rows.train)),
            *_tail(table, source),
            *repeats_note(table, rows),
        ],
        weights=row_weights(table, source, y, rows.train),
        target_weights=target_weights(source, list(encoding.targets)),
        how=_how(table, source),
        file_rows=table.file_rows,
        target=_own_unit(table, encoding, y),
        texts=table.texts,
    )


def _how(table: RawTable, source: Source) -> str:
    if table.times is not None:
        return f"by time: the latest rows by {table.time_name!r} are the test"
    fold = f", fold {source.fold} of {source.folds} validates" if source.folds is not None else ""
    fold += f", the test is fold {source.test_fold} of {source.test_folds}" if source.test_folds is not None else ""
    groups = f", groups of {table.group_name!r} kept whole" if table.groups is not None else ""
    by = f" by {' and '.join(map(repr, strata(table)[1]))}" if table.labels_of else ""
    return f"split_seed {source.split_seed}{f', stratified{by}' * bool(table.classes())}{fold}{groups}"


def _tail(table: RawTable, source: Source) -> list[str]:
    numbers = {} if source.task == AUTOENCODER else table.answers()
    classes = table.classes()
    numbers = {name: y for name, y in numbers.items() if name not in classes}
    return [note for name, y in numbers.items() for note in tail_note(name, y, source.target_scaling)]


def _noise(source: Source, rows: int) -> list[str]:
    """What was done to the labels, in words."""
    count = round(source.label_noise * rows)
    return [f"label noise: {count:,} of {rows:,} training labels are wrong on purpose"] if source.label_noise else []


def _words(table: RawTable, train: np.ndarray, encoding: Encoding) -> list[str]:
    """Categories that are no feature of their own: rare ones, or those that only rows outside training have."""
    found = []
    words_of = table.categorical | {
        name: of_both(*(table.categorical[each] for each in pair)) for name, pair in encoding.crossed.items()
    }
    for name, words in words_of.items():
        known = set(encoding.categories[name])
        others = [str(word) for word in words if word is not None and str(word) not in known]
        if name in encoding.rest:
            found.append(
                f"column {name!r}: the {len(known)} most frequent of its texts are inputs, the {len(set(others)):,} "
                f"others ({len(others):,} rows) together one: dataset.max_categories"
            )
        elif others:
            new = _short(sorted(set(others)), 5)
            found.append(f"column {name!r}: not in the training split, encoded as zeros: {new}")
    return found


def _pixel_range(table: RawTable) -> tuple[float, float]:
    """(black, white): 0 and the largest value that the format allows, else the largest (and smallest) there is."""
    if not table.image_shape or table.divisor != 1:
        return 0.0, float(table.divisor)
    low, high = min(float(table.numeric_ND.min()), 0.0), float(table.numeric_ND.max())
    return low, high if high > low else low + 1.0


def _features(table: RawTable, encoding: Encoding, scaling: str) -> np.ndarray:
    """The encoded table; DataError naming a number that the number format cannot hold."""
    try:
        with np.errstate(over="raise"):
            return encoding.encode(table.numeric_ND, table.categorical | table.texts)
    except FloatingPointError as error:
        columns = dict(zip(table.numeric_names, table.numeric_ND.T, strict=True))
        count = len(columns)
        raise beyond(columns, encoding.scale[:count], encoding.offset[:count], encoding.dtype, scaling) from error


def _own_unit(table: RawTable, encoding: Encoding, y: np.ndarray) -> np.ndarray | None:
    """The targets in their own unit where they are not scaled linearly."""
    if encoding.scale_of_target.linear:
        return None
    return encoding.decode(y) if encoding.reconstructs else table.target


def _check_targets(table: RawTable, encoding: Encoding, y: np.ndarray, source: Source) -> None:
    """DataError for a scaled target that the number format does not hold."""
    if table.task == "classification":
        return
    whole = encoding.scale_of_target
    scales = [whole] if isinstance(whole, TargetScale) else whole.parts
    for name, scale, column in zip(table.answers(), scales, y.reshape(len(y), -1).T, strict=True):
        if scale.linear:
            check_target(name, column, encoding.dtype, scale.scale, scale.offset, source.target_scaling)


def _outputs(encoding: Encoding, y: np.ndarray) -> int:
    """The columns of the last layer."""
    heads = encoding.heads
    return heads[-1].columns.stop if heads else len(encoding.labels) if encoding.labels else int(np.prod(y.shape[1:]))


def _targets(table: RawTable, encoding: Encoding) -> np.ndarray:
    if table.task == "classification":
        return np.ascontiguousarray(table.target, np.int64)
    return encoding.scale_of_target.scaled(table.target)
