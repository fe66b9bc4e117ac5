"""Which examples train, validate and test: a pure function of the targets, the fractions and `dataset.split_seed`.

One random order of the rows is drawn from the seed. The test set takes the first rows of each class in that order,
validation the next ones, training the rest; so the test set depends neither on val_fraction nor on train_size.
Classes are stratified (`strata`): of n rows, f n are taken, and from every class its share rounded up or down (largest
remainder). A smaller train_size takes a prefix of a larger one. With `dataset.folds`, what is not test is dealt into
folds, of which one validates; with `dataset.test_folds` all rows are, and one fold is the test. With `dataset.group`,
groups are kept whole. With `dataset.split=time` nothing is drawn.

Shapes: N rows, C classes.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from runner.data.sources.base import RawTable, Source
from runner.data.splits.fold_numbers import Folds, fold_numbers
from runner.data.splits.groups import check_marks, check_trained, cut_groups
from runner.data.splits.split_order import random_order
from runner.data.splits.strata import strata
from runner.data.splits.time_split import cut_by_time
from runner.errors import ConfigError, DataError


@dataclass
class Split:
    """Sorted row numbers (int64) of each part."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


def split(table: RawTable, source: Source) -> Split:
    """Cut the rows as the keys of `source` say; a part that the table marks itself is taken as it is.

    Raises ConfigError for fractions or a train_size that cannot be met, DataError for a class or a table that is too
    small.
    """
    classes = strata(table)[0]
    fixed = {part: _marked(table, part) for part in ("train", "val", "test")}
    if source.folds is not None:  # what the table marks val is dealt into folds too
        fixed["train"], fixed["val"] = np.union1d(fixed["train"], fixed["val"]), np.empty(0, np.int64)
    pool = fixed["train"] if table.split is not None else np.arange(len(table.target))
    if source.test_folds is not None:
        fixed["test"] = _test_fold(table, source, pool, classes, fixed["test"])
        pool = np.setdiff1d(pool, fixed["test"])
    wanted = {part: getattr(source, f"{part}_fraction") for part in ("test", "val") if not len(fixed[part])}
    if source.folds is not None:
        del wanted["val"]
    problem = source.overdrawn(wanted)
    if problem:
        raise ConfigError(problem)
    _check_classes(table, pool)
    parts = fixed | _cut_pool(table, source, pool, classes, wanted)
    if source.folds is not None:
        parts |= _one_fold(table, source, parts["train"], classes)
    if table.groups is not None:
        check_trained(table, parts["train"], pool)
    train = _subset(parts["train"], classes[parts["train"]], source.train_size, source.split_seed)
    return Split(train, parts["val"], parts["test"])


def _test_fold(
    table: RawTable, source: Source, rows: np.ndarray, classes: np.ndarray, marked: np.ndarray
) -> np.ndarray:
    """The rows of fold `dataset.test_fold`, which are the test."""
    problems = [text for keys, text in source.contradictions() if "dataset.test_folds" in keys]
    if len(marked):
        problems.append(
            f"dataset.test_folds={source.test_folds}: the table marks {len(marked)} rows as its test itself. Leave it "
            "out, or mark no row as test."
        )
    if problems:
        raise ConfigError(problems)
    folds = Folds(int(source.test_folds or 1), source.split_seed, "dataset.test_folds", purpose=7)
    return rows[fold_numbers(table, folds, rows, classes) == source.test_fold]


def _cut_pool(
    table: RawTable, source: Source, pool: np.ndarray, classes: np.ndarray, wanted: dict[str, float]
) -> dict[str, np.ndarray]:
    if table.times is not None:
        return cut_by_time(table, pool, wanted)
    if table.groups is None:
        return _cut(pool, classes[pool], wanted, source.split_seed)
    if table.split is not None:
        sides = {part: _marked(table, part) for part in ("train", "val", "test")}
        if source.folds is not None:
            sides = {"train or val": pool, "test": sides["test"]}
        check_marks(table, sides)
    return cut_groups(table, pool, classes, wanted, source.folds or 1, source.split_seed)


def _one_fold(table: RawTable, source: Source, rows: np.ndarray, classes: np.ndarray) -> dict[str, np.ndarray]:
    """Validation is fold `dataset.fold` of the rows, training the others."""
    problems = [text for _, text in source.contradictions()]
    if problems:
        raise ConfigError(problems)
    if source.fold is None:
        raise ConfigError(
            f"dataset.folds={source.folds}: a run validates on one fold; which? Allowed: dataset.fold=0 to "
            f"{int(source.folds or 1) - 1}"
        )
    validates = fold_numbers(table, Folds(source.folds or 1, source.split_seed), rows, classes) == source.fold
    return {"train": rows[~validates], "val": rows[validates]}


def _marked(table: RawTable, part: str) -> np.ndarray:
    return np.flatnonzero(table.split == part) if table.split is not None else np.empty(0, np.int64)


def _check_classes(table: RawTable, pool: np.ndarray) -> None:
    """Every class needs a row to train on; a single one stays in training."""
    for name, (codes, labels) in table.classes().items():
        for code in np.flatnonzero(np.bincount(codes[pool], minlength=len(labels)) == 0):
            raise DataError(
                f"class {labels[code]!r} of {name!r} has no row in the training split. Mark "
                "some of its rows as train, or remove it."
            )


def _cut(pool: np.ndarray, classes: np.ndarray, wanted: dict[str, float], seed: int) -> dict[str, np.ndarray]:
    """Take each wanted part from the pool, in the order given; what is left is "train"."""
    order = random_order(len(pool), seed, 0)
    ties = random_order(int(classes.max(initial=0)) + 1, seed, 1)
    parts = {}
    for part, fraction in wanted.items():
        size = round(fraction * len(pool))
        if fraction > 0 and size == 0:
            raise DataError(
                f"dataset.{part}_fraction={fraction:g} of {len(pool)} rows is no row at all. Raise it, add rows, or "
                "set it to 0."
            )
        taken = _take(classes[order], size, fraction * np.bincount(classes), ties, part)
        parts[part], order = np.sort(pool[order[taken]]), order[~taken]
    return parts | {"train": np.sort(pool[order])}


def _take(classes: np.ndarray, size: int, quotas: np.ndarray, ties: np.ndarray, part: str) -> np.ndarray:
    """A mask of `size` rows: the first of each class, as many as `apportion` says, leaving each class one row."""
    counts = np.bincount(classes, minlength=len(quotas))
    limits = np.maximum(counts - 1, 0)
    if size > limits.sum():
        raise DataError(
            f"dataset.{part}_fraction asks for {size} of the {len(classes)} rows left, but {np.count_nonzero(counts)} "
            "must stay to train on. "
            "Lower dataset.val_fraction or dataset.test_fraction, or add rows."
        )
    return ranks(classes) < apportion(size, quotas, limits, ties)[classes]


def apportion(size: int, quotas: np.ndarray, limits: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Whole numbers [C] that sum to `size`: each quota rounded down or up where the limits allow it (Hamilton)."""
    seats = np.minimum(np.floor(quotas), limits).astype(np.int64)
    while seats.sum() != size:
        more = 1 if seats.sum() < size else -1
        gain = np.where((seats < limits) if more > 0 else (seats > 0), more * (quotas - seats), -np.inf)
        best = np.lexsort((ties, -gain))[0]
        seats[best] += more
    return seats


def ranks(classes: np.ndarray) -> np.ndarray:
    """For each row, how many rows of its class stand before it."""
    order = np.argsort(classes, kind="stable")
    counts = np.bincount(classes)
    starts = np.cumsum(counts) - counts
    result = np.empty(len(classes), np.int64)
    result[order] = np.arange(len(classes)) - starts[classes[order]]
    return result


def _subset(rows: np.ndarray, classes: np.ndarray, train_size: float | int | None, seed: int) -> np.ndarray:
    """The `train_size` rows, a float being a share and an integer a number, of nested, stratified subsets."""
    if train_size is None:
        return rows
    if isinstance(train_size, float) and train_size > 1:
        raise ConfigError(f"dataset.train_size={train_size:g} must be a share up to 1.0 or a whole number of rows.")
    size = round(train_size * len(rows)) if isinstance(train_size, float) else train_size
    if size > len(rows):
        raise ConfigError(
            f"dataset.train_size={size} is more than the {len(rows)} training rows. Use at most {len(rows)}, or null "
            "for all."
        )
    if size == 0:
        raise ConfigError(f"dataset.train_size={train_size:g} of {len(rows)} training rows is no row at all. Raise it.")
    order = random_order(len(rows), seed, 2)
    return np.sort(rows[order[stratified_order(classes[order])[:size]]])


def stratified_order(classes: np.ndarray) -> np.ndarray:
    """An order of the rows in which every prefix is stratified: after k rows, class c has had k n_c / N of them, to
    within one.

    Row r of a class may come once its share exceeds r and must come before it exceeds r + 1; the most urgent comes
    first (Tijdeman 1980, the chairman assignment problem). Rows of a class keep their order.
    """
    counts = np.bincount(classes)
    slack = 1 / (2 * max(int(np.count_nonzero(counts)), 2) - 2)
    spacing = len(classes) / np.maximum(counts, 1)  # rows of the order for each row of the class
    rank = ranks(classes)
    release = np.ceil((rank + slack) * spacing[classes] - 1e-9).astype(np.int64)
    deadline = (rank + 1 - slack) * spacing[classes]
    arrivals = np.argsort(release, kind="stable")
    waiting: list[tuple[float, int]] = []
    order: list[int] = []
    arrived = 0
    for k in range(1, len(classes) + 1):
        while arrived < len(arrivals) and (release[arrivals[arrived]] <= k or not waiting):
            heapq.heappush(waiting, (deadline[arrivals[arrived]], int(arrivals[arrived])))
            arrived += 1
        order.append(heapq.heappop(waiting)[1])
    return np.array(order, np.int64)
