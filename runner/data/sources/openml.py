"""Any data set of OpenML, by its number or its name."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from runner.config.registry import choice, integer, register, text
from runner.data.sources.base import AUTOENCODER, RawTable
from runner.data.sources.table_file import ROLES, TableFile
from runner.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

OFFLINE = (
    "Repeat this once where OpenML can be reached: scikit-learn keeps what it fetched in ~/scikit_learn_data or "
    "$SCIKIT_LEARN_DATA. Or save the table as CSV: dataset=csv dataset.path=FILE dataset.target=COLUMN"
)


@register("dataset", "openml", paper="Vanschoren, van Rijn, Bischl & Torgo 2014", lecture="003:169")
@dataclass
class OpenML(TableFile):
    """A table of openml.org, fetched once by scikit-learn: dataset.id=31, or dataset.openml_name=credit-g.

    Columns that OpenML calls nominal are categories, also where they hold numbers. A nominal target means
    classification, a numeric one regression, unless `dataset.task` says otherwise.
    """

    path: ClassVar[None] = None  # type: ignore[misc]  # a key of files only
    test_path: ClassVar[None] = None  # type: ignore[misc]

    id: int | None = integer(None, ge=1, optional=True, help="OpenML's number of the data set")
    openml_name: str | None = text(None, optional=True, help="its name there, instead of the number")
    version: int | None = integer(None, ge=1, optional=True, help="version of that name; null = the oldest in use")
    target: str | list[str] | None = text(
        None,
        optional=True,
        several=True,
        help="the column to predict, or a list of columns of numbers; null = the one OpenML names",
    )
    task: str = choice(
        "auto",
        "auto",
        "classification",
        "regression",
        AUTOENCODER,
        help="auto: a nominal target is classes, a numeric one numbers, as OpenML has it",
    )

    def read(self) -> RawTable:
        """The table. ConfigError or DataError naming key and column for everything that cannot be trained on."""
        from runner.data.openml import fetch
        from runner.data.reading.cells import cells
        from runner.data.reading.dialect import Dialect

        # This parser takes nominal columns from the header; the other guesses, and fails where they hold numbers.
        how = {"as_frame": "auto", "parser": "liac-arff"} | ({"target_column": None} if self.target else {})
        bunch, remarks = fetch(self._which(), otherwise=OFFLINE, **how)
        details = bunch.details
        where = f"OpenML's {details['name']} (version {details['version']}, id {details['id']})"
        if bunch.frame is None:
            raise DataError(f"{where} is stored as a sparse table, which is not supported. Choose another data set.")
        frame = bunch.frame.set_axis(bunch.frame.columns.map(str), axis=1)
        told, note = self._told(frame, list(map(str, bunch.target_names or [])), where)
        told._check_names(list(frame.columns), where)
        aside = [name for role in (*ROLES, "drop") for name in told.names(role)]
        inputs = [name for name in frame.columns if name not in aside]
        if not inputs:
            raise DataError(f"{where} has no input column besides the target {told.target!r}.")
        table = told._table(cells(frame, Dialect(decimal=".")), inputs, where)
        table.sha256 = _hash(frame)
        table.notes = [where, table.notes[0] + note, *table.notes[1:], *remarks]
        return table

    def contradictions(self):
        """No more than one data set is named."""
        yield from super().contradictions()
        if self.id is not None and self.openml_name is not None:
            yield (
                ("dataset.id", "dataset.openml_name"),
                f"dataset.id = {self.id}: dataset.openml_name = {self.openml_name} names a data set too; set one of "
                "the two to null",
            )
        if self.id is not None and self.version is not None:
            yield (
                ("dataset.version", "dataset.id"),
                f"dataset.version = {self.version}: dataset.id = {self.id} is one version already; set "
                "dataset.version=null, or dataset.openml_name instead of the id",
            )

    def _which(self) -> dict[str, Any]:
        """What scikit-learn is asked for; ConfigError if that is not clear."""
        problems = [text for _, text in self.contradictions()]
        if self.id is None and self.openml_name is None:
            problems.append("dataset.id or dataset.openml_name is not set. Name the data set of OpenML: dataset.id=31")
        if problems:
            raise ConfigError(problems)
        return {"data_id": self.id} if self.id else {"name": self.openml_name, "version": self.version or "active"}

    def _told(self, frame: pd.DataFrame, targets: list[str], where: str) -> tuple[OpenML, str]:
        """These keys, completed by what OpenML knows: target, task, categories; and why that task."""
        import pandas as pd

        if self.task == AUTOENCODER:
            return dataclasses.replace(self, drop=list(dict.fromkeys([*self.names("drop"), *targets]))), ""
        target = self.target or (targets[0] if len(targets) == 1 else None)
        if target is None:
            found = f"names {len(targets)} targets ({', '.join(targets)})" if targets else "names no target"
            raise ConfigError(
                f"dataset.target is not set and {where} {found}. Set it to one of: {', '.join(frame.columns[:20])}"
            )
        nominal = [name for name in frame.columns if isinstance(frame[name].dtype, pd.CategoricalDtype)]
        several = isinstance(target, list)
        aside = target if several else [target]
        categorical = [*self.names("categorical"), *(name for name in nominal if name not in aside)]
        task, note = self.task, ""
        if several:
            task = "regression" if task == "auto" and not set(aside) & set(nominal) else task
        elif task == "auto" and target in nominal:
            task, note = "classification", " (OpenML calls it nominal; else set dataset.task=regression)"
        elif task == "auto" and target in frame.columns and pd.api.types.is_numeric_dtype(frame[target].dtype):
            task, note = "regression", " (OpenML calls it numeric; else set dataset.task=classification)"
        return dataclasses.replace(self, target=target, task=task, categorical=categorical), note


def _hash(frame: pd.DataFrame) -> str:
    """SHA-256 of names and cells, column by column: numbers as float64, others as text."""
    import numpy as np
    import pandas as pd

    digest = hashlib.sha256()
    for name in frame.columns:
        column = frame[name]
        numeric = pd.api.types.is_numeric_dtype(column.dtype)
        cells = column.to_numpy(np.float64, na_value=np.nan).tobytes() if numeric else None
        digest.update(f"\x1d{name}\x1e".encode())
        digest.update(cells if cells is not None else "\x1f".join(map(str, column)).encode())
    return digest.hexdigest()
