"""What CSV and Parquet share: which column is the target, which are inputs, what kind each is."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from runner.config.registry import choice, integer, switch, text, texts
from runner.config.words import word
from runner.data.files import data_path, did_you_mean
from runner.data.reading.dialect import UNSAID, Dialect
from runner.data.sources.base import AUTOENCODER, RawTable, Source
from runner.errors import ConfigError, DataError

if TYPE_CHECKING:
    from runner.data.reading.cells import Cells

ROLES = ("target", "split_column", "group", "sample_weight")  # keys that name a column which is no input
LISTS = ("categorical", "drop", "keep", "text")  # keys that name columns


@dataclass
class TableFile(Source):
    """Keys of a data set in a file: one row an example, a header with names."""

    path: str | None = text(None, optional=True, file=True, help="the file")
    test_path: str | None = text(
        None, optional=True, file=True, help="a second file, with the same columns: its rows are the test"
    )
    target: str | list[str] | None = text(
        None, optional=True, several=True, help="the column to predict, or a list of columns", lecture="003:920"
    )
    task: str = choice(
        "auto",
        "auto",
        "classification",
        "regression",
        AUTOENCODER,
        help="of each target; auto: text, true/false and few whole numbers are classes, else numbers",
    )
    split_column: str | None = text(
        None, optional=True, help="a column that says train, val or test; parts it lacks are cut from train"
    )
    group: str | None = text(
        None, optional=True, help="a column, no input: rows that agree in it (a patient, a day) stay in one split"
    )
    sample_weight: str | None = text(
        None, optional=True, help="a column, no input: how much each row counts in the loss (metrics stay unweighted)"
    )
    categorical: list[str] | None = texts(
        [], optional=True, help="columns that are categories although they hold numbers"
    )
    drop: list[str] | None = texts([], optional=True, help="columns that are left out")
    keep: list[str] | None = texts(
        [], optional=True, help="columns that are inputs although they count or name the rows, or repeat the target"
    )
    max_categories: int = integer(
        50, ge=1, help="categories of a column that are inputs, the most frequent ones; all others are one more"
    )
    day_first: bool | None = switch(
        None, optional=True, help="whether 01/02/2020 is the first of February; null = as all dates of the column allow"
    )
    split: str = choice(
        "random", "random", "time", help="time: the latest rows are the test, those before them validate"
    )
    time_column: str | None = text(
        None, optional=True, help="the column that says how late a row is; null = the one with dates"
    )
    ngrams: int = integer(2, ge=1, le=5, help="texts: the longest run of neighbouring words that is counted")
    text_features: int = integer(
        1024, ge=1, le=2**20, help="texts: features of a column, into which n-grams are hashed"
    )
    text: list[str] | None = texts(
        [],
        optional=True,
        help="columns of texts: inputs are how often words and runs of `ngrams` words stand in them, as signed hashes",
        lecture="003:626",
    )

    def keys(self) -> Dialect:
        """How the file is said to be written; nothing where the content tells."""
        return UNSAID

    def cuts(self) -> tuple[str, ...]:
        """A split column may mark any split; a test file is one."""
        by_file = ("test",) if self.test_path else ()
        return () if self.split_column else tuple(part for part in super().cuts() if part not in by_file)

    def contradictions(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """A split by time deals out no rows by chance; a column is not left out and kept."""
        yield from super().contradictions()
        if self.split == "time":
            for key, value in (("folds", self.folds), ("test_folds", self.test_folds), ("group", self.group)):
                if value is not None:
                    yield (
                        ("dataset.split", f"dataset.{key}"),
                        f"dataset.split = time: dataset.{key} = {value} deals out rows by chance; set one of the two "
                        f"to its default (dataset.split=random, dataset.{key}=null)",
                    )
        elif self.time_column is not None:
            yield (
                ("dataset.time_column", "dataset.split"),
                f"dataset.time_column = {self.time_column}: dataset.split = {self.split} asks nothing of it; set "
                "dataset.split=time too",
            )
        names = self.names("target")
        if names and self.task == AUTOENCODER:
            yield (
                ("dataset.target", "dataset.task"),
                f"dataset.target = {', '.join(names)}: dataset.task = autoencoder predicts the inputs; set "
                f"dataset.target=null, and {word('dataset.drop', names)} if that is no input",
            )
        for key in ("drop", "categorical"):
            for name in sorted({*self.names(key)} & {*self.names("text")}):
                yield (
                    (f"dataset.{key}", "dataset.text"),
                    f"dataset.text = {name}: dataset.{key} names it too; name it in one of the two",
                )
        for name in self.names("keep"):
            if name in self.names("drop"):
                yield (
                    ("dataset.keep", "dataset.drop"),
                    f"dataset.keep = {name}: dataset.drop leaves it out; name it in one of the two",
                )

    def read(self) -> RawTable:
        """The table. DataError or ConfigError naming file and column for everything that cannot be trained on."""
        from runner.data.reading.frames import read_frame, read_further
        from runner.data.roles.files_together import First, join

        if problems := [text for _, text in self.contradictions()]:
            raise ConfigError(problems)
        path, keys = data_path(self.path), self.keys()
        read = read_frame(path, keys)
        names = list(map(str, read.frame.columns))
        self._check_names(names, str(path), read.how())
        roles = [name for role in ROLES for name in self.names(role)]
        inputs = [name for name in names if name not in (*roles, *self.names("drop"))]
        if not inputs:
            dropped = f" (dataset.drop leaves out {_listed(self.names('drop'))})" if self.names("drop") else ""
            besides = f" besides the target {', '.join(map(repr, self.names('target')))}" if self.target else ""
            raise DataError(f"{path} has no input column{besides}{dropped}.")
        table = self._table(read.cells(keys), inputs, str(path))
        table.sha256 = read.sha256
        table.reading = dataclasses.replace(table.reading, no_header=read.dialect.header == 0)
        if self.test_path:
            test_path = data_path(self.test_path, "dataset.test_path")
            test, test_cells = read_further(test_path, table.reading, names)
            spare = frozenset(set(names) - {*table.column_order, *self.names("target"), self.group})
            table = join(table, First(str(self.path), names, spare), test_cells, test_path)
            table.sha256 = hashlib.sha256(f"{read.sha256}{test.sha256}".encode()).hexdigest()
        return table

    def _table(self, cells: Cells, inputs: list[str], where: str) -> RawTable:
        from runner.data.roles.from_cells import raw_table

        return raw_table(cells, inputs, self, where)

    def names(self, key: str) -> list[str]:
        """The columns that a key with several of them names."""
        value = getattr(self, key)
        return [value] if isinstance(value, str) else list(value or [])

    def _check_names(self, columns: list[str], path: str, how: Sequence[str] = ()) -> None:
        """Every column that a key names must be in the file, which was read `how`, and have one part to play."""
        if self.target is None and self.task != AUTOENCODER:
            raise ConfigError(f"dataset.target is not set. Columns of {path}: {_listed(columns)}.")
        named = [(role, name) for role in ROLES for name in self.names(role)]
        roles = len(named)
        named += [(key, name) for key in LISTS for name in self.names(key)]
        named += [("time_column", name) for name in self.names("time_column")]
        missing = [(key, name) for key, name in named if name not in columns]
        if missing:
            words = [f"{name!r} (dataset.{key}).{did_you_mean(name, columns)}" for key, name in missing]
            read = f" ({'; '.join(how)})" if how else ""
            raise DataError(f"{path} has no column {' '.join(words)} Columns: {_listed(columns)}{read}.")
        used: dict[str, str] = {}
        for role, name in named[:roles]:
            if used.setdefault(name, role) != role:
                raise ConfigError(
                    f"dataset.{role} = {name}: is dataset.{used[name]} already; name another column, or set "
                    f"dataset.{role}=null"
                )
        for name in self.names("target"):
            if wrong := [key for key in LISTS if name in self.names(key)]:
                classes = "; to predict its values as classes, set dataset.task=classification"
                raise ConfigError(
                    f"dataset.{wrong[0]} = {name}: is dataset.target, which is no input; take it out of "
                    f"dataset.{wrong[0]}, or choose another target{classes if wrong[0] == 'categorical' else ''}"
                )
        if self.test_path and self.split_column:
            raise ConfigError(
                f"dataset.test_path = {Path(self.test_path)}: the test rows are marked already, by "
                f"dataset.split_column = {self.split_column}; set one of the two to null"
            )


def _listed(columns: list[str], most: int = 20) -> str:
    return ", ".join(columns[:most]) + (f", ... ({len(columns)} in all)" if len(columns) > most else "")
