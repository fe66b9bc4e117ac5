"""The keys every `dataset` has, and the table a source returns."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, ClassVar

from runner.config.registry import choice, integer, number


@dataclass
class RawTable:
    """What a source read, before any split: N examples.

    `numeric_ND` floats with NaN for a hole; `categorical` one object array [N] a column with None for a hole. `target`
    holds class codes (int64, positions in `labels`) or numbers (float64). `split` is None or [N] of "train" / "val" /
    "test".
    """

    numeric_ND: Any
    target: Any
    task: str  # classification | regression
    numeric_names: list[str]
    sha256: str
    categorical: dict[str, Any] = field(default_factory=dict)
    column_order: list[str] = field(default_factory=list)  # input columns as the file has them
    target_name: str = "target"
    labels: list[str] | None = None  # class names by code
    split: Any = None
    image_shape: tuple[int, ...] | None = None  # (channels, height, width)
    divisor: float = 1.0  # the largest possible value, by which scaling "none" divides (255 for 8-bit pixels)
    notes: list[str] = field(default_factory=list)  # what reading inferred, for the screen


@dataclass
class Source:
    """Keys common to all data sets."""

    brings: ClassVar[tuple[str, ...]] = ()  # splits that the data set marks itself: no fraction is cut for them

    train_size: float | None = number(
        None, above=0, optional=True, kind="index", help="training examples used: a share (< 1) or a number; null = all"
    )
    val_fraction: float = number(0.15, ge=0, lt=1, kind="index", help="share of the examples held out for validation")
    test_fraction: float = number(
        0.15, ge=0, lt=1, kind="index", help="share held out for the test (ignored if the data has one)"
    )
    split_seed: int = integer(0, ge=0, kind="index", help="which examples go where")
    scaling: str = choice(
        "standardize",
        "standardize",
        "minmax",
        "quantile",
        "none",
        kind="index",
        help="features, fitted on the training split; quantile makes every column standard normal",
    )
    target_scaling: str = choice(
        "standardize", "standardize", "none", kind="index", help="regression target, fitted on the training split"
    )

    def read(self) -> RawTable:
        """Read the examples; raises DataError naming the file or key at fault."""
        raise TypeError(f"{type(self).__name__} must define read")

    def overdrawn(self, cut: Collection[str]) -> str | None:
        """What is wrong if the fractions of `cut`, the splits cut from one table, leave nothing to train on."""
        total = sum(getattr(self, f"{part}_fraction") for part in cut)
        if total < 1:
            return None
        return (
            f"dataset.val_fraction = {self.val_fraction:g} and dataset.test_fraction = {self.test_fraction:g}: "
            f"together {total:g}, which leaves nothing to train on; their sum must be < 1, for example 0.15 and 0.15"
        )
