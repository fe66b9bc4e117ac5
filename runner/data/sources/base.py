"""The keys every `dataset` has, and the table a source returns."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from runner.config.registry import by_label, choice, integer, number, pairs
from runner.config.tasks import MULTITASK, TASKS
from runner.data.reading.dialect import Reading
from runner.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    from runner.config.settings import Settings
    from runner.data.roles.dates import DateColumn


GIVEN = "given"  # labels and inputs as they are
AUTOENCODER = "autoencoder"  # the task of giving back the inputs


@dataclass
class RawTable:
    """What a source read, before any split: N examples.

    `numeric_ND` floats with NaN for a hole; `categorical` one object array [N] a column with None for a hole. `target`
    holds class codes (int64, positions in `labels`) or numbers (float64), of several `targets` both as float64 [N, k].
    `split` is None or [N] of "train" / "val" / "test".
    """

    numeric_ND: np.ndarray
    target: np.ndarray
    task: str  # classification | regression | multitask, which is several targets of which some are classes
    numeric_names: list[str]
    sha256: str
    categorical: dict[str, np.ndarray] = field(default_factory=dict)
    texts: dict[str, np.ndarray] = field(default_factory=dict)  # columns of texts, object arrays, None for a hole
    text_features: int = 0  # of each column of texts
    ngrams: int = 0  # words of the longest n-gram of texts
    dates: dict[str, DateColumn] = field(default_factory=dict)  # columns whose parts are numbers of numeric_ND
    column_order: list[str] = field(default_factory=list)  # input columns as the file has them
    max_categories: int | None = None  # a column's most frequent ones that are features; None = all
    target_name: str = "target"
    targets: list[str] = field(default_factory=list)  # names of several targets; none = the one `target_name`
    labels: list[str] | None = None  # class names by code
    labels_of: list[list[str] | None] = field(default_factory=list)  # of each target of a multitask; None = a number
    split: np.ndarray | None = None
    groups: Any = None  # [N] texts: rows of one group stay on one side of every split
    group_name: str = ""
    times: np.ndarray | None = None  # [N] seconds or any number that grows with time, by which rows are split
    time_name: str = ""
    sample_weight: np.ndarray | None = None  # [N] float64, >= 0
    file_rows: np.ndarray | None = None  # [N] int64, which row of its file each is, from 0; None = all of them
    image_shape: tuple[int, ...] | None = None  # (channels, height, width)
    divisor: float = 1.0  # the largest possible value, by which scaling "none" divides (255 for 8-bit pixels)
    notes: list[str] = field(default_factory=list)  # what reading inferred, for the screen
    reading: Reading = field(default_factory=Reading)  # how a file was read, so that further tables are read alike

    def __post_init__(self):
        if problem := next(self._problems(), None):
            raise DataError(f"the table that a data set returned (RawTable): {problem}")

    def _problems(self) -> Iterator[str]:
        """What does not fit together: a source may be somebody's plug-in."""
        if self.task not in (*TASKS, MULTITASK):
            yield f"task = {self.task!r}: must be classification, regression or multitask"
        arrays = {"numeric_ND": self.numeric_ND, "target": self.target}
        if wrong := [name for name, array in arrays.items() if not hasattr(array, "dtype")]:
            yield f"{wrong[0]} must be a NumPy array, not a {type(arrays[wrong[0]]).__name__}"
        if self.numeric_ND.shape[1:] != (len(self.numeric_names),):
            yield f"numeric_ND {self.numeric_ND.shape} does not have a column for each of {self.numeric_names}"
        columns = {"target": self.target, "split": self.split, "groups": self.groups, **self.categorical, **self.texts}
        columns |= {"sample_weight": self.sample_weight, "times": self.times, "file_rows": self.file_rows}
        lengths = {name: len(column) for name, column in columns.items() if column is not None}
        if short := [name for name, length in lengths.items() if length != len(self.numeric_ND)]:
            yield f"numeric_ND has {len(self.numeric_ND)} rows, {short[0]} has {lengths[short[0]]}"
        if self.target.shape[1:] != ((len(self.targets),) if self.targets else ()):
            yield f"target {self.target.shape} does not have a column for each of {self.targets or [self.target_name]}"
        if self.task == MULTITASK and len(self.labels_of) != len(self.targets):
            yield "labels_of must have the labels of each target, None for a number"
        elif self.task == "classification" and len(self.target) and not self.labels:
            yield "labels must name the classes"
        elif self.task == "classification" and len(self.target) and self.target.dtype.kind not in "iu":
            yield f"target must hold whole numbers from 0 to {len(self.labels or ()) - 1}, positions in labels"
        else:
            for codes, labels in self.classes().values():
                if len(codes) and (codes.min() < 0 or codes.max() >= len(labels)):
                    yield f"target must hold whole numbers from 0 to {len(labels) - 1}, positions in labels"

    def answers(self) -> dict[str, np.ndarray]:
        """The column [N] of each target by its name."""
        return dict(zip(self.targets, self.target.T, strict=True)) if self.targets else {self.target_name: self.target}

    def classes(self) -> dict[str, tuple[np.ndarray, list[str]]]:
        """(codes [N], labels) of each target that is classes, by its name."""
        found = zip(self.answers().items(), self.labels_of or [self.labels], strict=False)
        return {name: (values.astype("int64"), labels) for (name, values), labels in found if labels}


def _listed(last: int) -> str:
    """0,1,...,4"""
    return ",".join(map(str, range(last + 1))) if last < 3 else f"0,1,...,{last}"


@dataclass
class Source:
    """Keys common to all data sets."""

    image_shape: ClassVar[tuple[int, ...] | None] = ()  # (channels, height, width); () = tables; None = the data tell
    brings: ClassVar[tuple[str, ...]] = ()  # splits that the data set marks itself: no fraction is cut for them

    train_size: float | None = number(
        None,
        above=0,
        optional=True,
        share=True,
        kind="index",
        help="training examples used: 1.0 or less is a share, 1 or more a number; null = all",
        lecture="000:57, 003:177, 003:240, 004:168",
    )
    val_fraction: float = number(0.15, ge=0, lt=1, kind="index", help="share of the examples held out for validation")
    test_fraction: float = number(
        0.15, ge=0, lt=1, kind="index", help="share held out for the test (ignored if the data has one)"
    )
    split_seed: int = integer(0, ge=0, kind="index", luck="split", help="which examples go where")
    scaling: str = choice(
        "standardize",
        "standardize",
        "minmax",
        "minmax_symmetric",
        "quantile",
        "none",
        kind="index",
        lecture="001:548, 003:1099, 003:1105",
        help="features, fitted on the training split; minmax to [0, 1], minmax_symmetric to [-1, 1]; "
        "quantile makes every column standard normal",
    )
    numbers: str = choice(
        "linear",
        "linear",
        "piecewise",
        kind="index",
        help="tables: a number is one feature, or one and how far it has come through each of `bins` bins, in which a "
        "first layer can bend (Gorishniy 2022): sweep both",
    )
    bins: int = integer(16, ge=2, kind="index", help="bins of a number with numbers=piecewise, between quantiles")
    polynomial: int = integer(
        1,
        ge=1,
        le=20,
        kind="index",
        lecture="003:239",
        help="tables: powers 2 to this one of every number are features too, scaled as it is; 1 = none",
    )
    crosses: Any = pairs(
        False,
        kind="index",
        lecture="003:239",
        help="tables: products of numbers as further features: true, all pairs; or pairs of columns [[a,b],...], of "
        "which two of categories become one of both",
    )
    class_weights: Any = by_label(
        None,
        "balanced",
        kind="index",
        optional=True,
        help="weight of each class in the loss: null | balanced (total weight equal) | {label: weight}, others 1; "
        "metrics stay unweighted",
    )
    label_noise: float = number(
        0.0,
        ge=0,
        le=1,
        kind="index",
        help="share of the training labels replaced by another class at random; train/* is measured on them; 1 leaves "
        "no right one, so that the network learns what a class is not",
        lecture="000:65, 001:995",
    )
    labels: str = choice(
        GIVEN,
        GIVEN,
        "random",
        "shuffled",
        kind="index",
        lecture="001:995",
        help="of the training rows: given; random, of which one in C is still right; shuffled, each class as frequent "
        "as before (Zhang 2017)",
    )
    inputs: str = choice(
        GIVEN,
        GIVEN,
        "shuffled_pixels",
        "random_pixels",
        "noise",
        kind="index",
        help="images: given; one random order of the pixels for all; one for each; noise of the same mean and "
        "deviation (Zhang 2017)",
    )
    folds: int | None = integer(
        None, ge=2, optional=True, kind="index", help="cross-validation: a run a fold of all that is not test"
    )
    fold: int | None = integer(
        None,
        ge=0,
        optional=True,
        kind="index",
        luck="fold",
        help="the fold that validates, from 0; null = each in turn",
    )
    test_folds: int | None = integer(
        None,
        ge=2,
        optional=True,
        kind="index",
        help="nested cross-validation: one of so many folds of all rows is the test, not test_fraction (runner nested)",
    )
    test_fold: int | None = integer(
        None,
        ge=0,
        optional=True,
        kind="index",
        luck="fold of the test",
        help="the fold of test_folds that is the test, from 0",
    )
    target_scaling: str = choice(
        "standardize",
        "standardize",
        "log",
        "quantile",
        "none",
        kind="index",
        help="regression target, fitted on the training split; log is of 1 + y, for heavy tails as is quantile; "
        "predictions and metrics (but the loss) are in its own unit",
    )
    target_weights: Any = by_label(
        None,
        kind="index",
        optional=True,
        help="weight of each of several targets in the loss, the weighted mean of theirs: null, all alike, or "
        "{target: weight}, others 1",
    )
    task: str = choice(
        "auto",
        "auto",
        AUTOENCODER,
        kind="index",
        help="auto: what the data are for; autoencoder: the network gives back its inputs, as they are scaled",
    )

    def read(self) -> RawTable:
        """Read the examples; raises DataError naming the file or key at fault."""
        raise TypeError(f"{type(self).__name__} must define read")

    def holds_signals(self) -> bool:
        """Whether an example is a signal: a table's row whose columns are values one after the other in time."""
        return False

    def cuts(self) -> tuple[str, ...]:
        """The splits that are cut by a fraction, as far as the keys tell."""
        by_fold = ("val",) * (self.folds is not None) + ("test",) * (self.test_folds is not None)
        return tuple(part for part in ("val", "test") if part not in (*self.brings, *by_fold))

    def contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """(keys, sentence) for values that contradict each other."""
        if self.labels != GIVEN and self.label_noise:
            text = (
                f"dataset.label_noise = {self.label_noise:g}: dataset.labels = {self.labels} leaves no label to falsify"
            )
            yield ("dataset.label_noise", "dataset.labels"), f"{text}; set dataset.label_noise=0"
        yield from self._test_fold_problems()
        if self.fold is None or (self.folds is not None and self.fold < self.folds):
            return
        allowed = f"allowed: 0 to {self.folds - 1} or null" if self.folds else "set dataset.folds too, such as 5"
        why = f"there are {self.folds} folds, counted from 0" if self.folds else "dataset.folds = null: there are none"
        yield ("dataset.fold", "dataset.folds"), f"dataset.fold = {self.fold}: {why}; {allowed}"

    def _test_fold_problems(self) -> Iterator[tuple[tuple[str, ...], str]]:
        keys = ("dataset.test_fold", "dataset.test_folds")
        if self.test_folds is None and self.test_fold is not None:
            text = f"dataset.test_fold = {self.test_fold}: dataset.test_folds = null: there are none"
            yield keys, f"{text}; set dataset.test_folds too, such as 5"
        elif (
            self.test_folds is not None
            and not 0 <= (-1 if self.test_fold is None else self.test_fold) < self.test_folds
        ):
            last = self.test_folds - 1
            text = f"dataset.test_fold = {'null' if self.test_fold is None else self.test_fold}: one of the "
            text += f"{self.test_folds} folds is the test; allowed: 0 to {last}"
            yield keys, f"{text}; `runner nested` takes each in turn, and so does -m dataset.test_fold={_listed(last)}"
        if self.test_folds is not None and "test" in self.brings:
            text = f"dataset.test_folds = {self.test_folds}: this data set brings its own test"
            yield keys[1:], f"{text}; leave it out, or use dataset.folds"

    def conflicts_with(self, settings: Settings) -> Iterator[tuple[tuple[str, ...], str]]:
        """(keys, sentence) for what of the rest of a run this data set cannot be trained with."""
        return iter(())

    def initial_weights(self) -> list[float] | None:
        """Where the weights of a linear network begin, its bias being 0; None = where `model.init` draws them."""
        return None

    def overdrawn(self, cut: Collection[str]) -> str | None:
        """What is wrong if the fractions of `cut`, the splits cut from one table, leave nothing to train on."""
        total = sum(getattr(self, f"{part}_fraction") for part in cut)
        if total < 1:
            return None
        return (
            f"dataset.val_fraction = {self.val_fraction:g} and dataset.test_fraction = {self.test_fraction:g}: "
            f"together {total:g}, which leaves nothing to train on; their sum must be < 1, for example 0.15 and 0.15"
        )
