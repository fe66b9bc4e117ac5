"""What CSV and Parquet share: which column is the target, which are inputs, what kind each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.config.registry import anything, choice, text
from runner.data.files import data_path, did_you_mean
from runner.data.sources.base import RawTable, Source
from runner.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

MANY = 1000  # more categories than this are names or identifiers
PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


@dataclass
class TableFile(Source):
    """Keys of a data set in a file: one row an example, a header with names."""

    path: str | None = text(None, optional=True, help="the file")
    target: str | None = text(None, optional=True, help="the column to predict")
    task: str = choice(
        "auto",
        "auto",
        "classification",
        "regression",
        help="auto: text, true/false and few whole numbers are classes, else numbers",
    )
    split_column: str | None = text(
        None, optional=True, help="a column that says train, val or test; parts it lacks are cut from train"
    )
    categorical: Any = anything([], help="columns that are categories although they hold numbers")
    drop: Any = anything([], help="columns that are left out")

    def read(self) -> RawTable:
        """The table. DataError or ConfigError naming file and column for everything that cannot be trained on."""
        from runner.data.frames import read_frame

        path = data_path(self.path)
        as_text = self._names("categorical") + [name for name in (self.target, self.split_column) if name]
        frame, sha256 = read_frame(path, as_text)
        self._check_names(list(frame.columns), str(path))
        inputs = [name for name in frame.columns if name not in (self.target, self.split_column, *self._names("drop"))]
        if not inputs:
            raise DataError(f"{path} has no input column besides the target {self.target!r}.")
        numeric, categorical = self._inputs(frame, inputs)
        notes = [
            f"columns: {len(numeric)} numeric, {len(categorical)} categorical{_dropped(self._names('drop'))}",
            *_holes(frame[inputs]),
        ]
        return self._table(frame, inputs, numeric, categorical, sha256, notes)

    def _table(self, frame, inputs, numeric, categorical, sha256, notes) -> RawTable:
        import numpy as np

        from runner.data.targets import read_target

        target = read_target(frame[self.target], str(self.target), self.task)
        return RawTable(
            numeric_ND=np.stack(list(numeric.values()), axis=1) if numeric else np.empty((len(frame), 0)),
            target=target.values,
            task=target.task,
            numeric_names=list(numeric),
            sha256=sha256,
            categorical=categorical,
            column_order=inputs,
            target_name=str(self.target),
            labels=target.labels,
            split=self._split(frame),
            notes=[target.note, *notes],
        )

    def _names(self, key: str) -> list[str]:
        value = getattr(self, key)
        return [] if value is None else [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]

    def _check_names(self, columns: list[str], path: str) -> None:
        """Every column that a key names must be in the file."""
        if self.target is None:
            raise ConfigError(f"dataset.target is not set. Columns of {path}: {_listed(columns)}.")
        named = [("target", self.target), ("split_column", self.split_column)]
        named += [(key, name) for key in ("categorical", "drop") for name in self._names(key)]
        for key, name in named:
            if name is not None and name not in columns:
                raise DataError(
                    f"{path} has no column {name!r} (dataset.{key}).{did_you_mean(name, columns)} Columns: "
                    f"{_listed(columns)}."
                )

    def _inputs(self, frame: pd.DataFrame, inputs: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
        """(numbers [N] by numeric column, words [N] by categorical column)."""
        from runner.data.columns import check_cells, is_empty, is_numeric, numbers, texts

        numeric, categorical = {}, {}
        for name in inputs:
            if is_empty(frame[name]):
                raise DataError(f"column {name!r} is empty in every row. Leave it out: dataset.drop=[{name}]")
            check_cells(frame[name], name)
            if name not in self._names("categorical") and is_numeric(frame[name]):
                numeric[name] = numbers(frame[name], name)
            else:
                categorical[name] = _few_enough(texts(frame[name]), name)
        return numeric, categorical

    def _split(self, frame: pd.DataFrame):
        """[N] of train / val / test, or None; DataError for another word or if no row trains."""
        import numpy as np

        from runner.data.columns import texts

        if self.split_column is None:
            return None
        words = texts(frame[self.split_column])
        parts = np.array([PARTS.get(str(word).lower()) for word in words], object)
        if None in parts:
            row = list(parts).index(None)
            shown = "nothing" if words[row] is None else repr(words[row])
            raise DataError(
                f"column {self.split_column!r} says {shown} in data row {row + 1}; allowed are train, val and test."
            )
        if "train" not in parts:
            raise DataError(f"column {self.split_column!r} marks no row as train. Mark the rows to train on.")
        return parts


def _few_enough(words, name: str):
    kinds = len(set(words))
    if kinds > MANY:
        raise DataError(
            f"column {name!r} holds {kinds:,} different texts, too many for categories (at most {MANY:,}). "
            f"If it is a name or an identifier, leave it out: dataset.drop=[{name}]"
        )
    return words


def _listed(columns: list[str], most: int = 20) -> str:
    return ", ".join(columns[:most]) + (f", ... ({len(columns)} in all)" if len(columns) > most else "")


def _dropped(names: list[str]) -> str:
    return f", dropped: {', '.join(names)}" if names else ""


def _holes(frame: pd.DataFrame) -> list[str]:
    counts = {name: int(n) for name, n in frame.isna().sum().items() if n}
    shown = ", ".join(f"{name} {n}" for name, n in list(counts.items())[:10])
    return (
        [f"missing values: {shown} (numbers: median of the training split; categories: their own category)"]
        if counts
        else []
    )
