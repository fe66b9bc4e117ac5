"""A data set of your own in a Parquet file."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.data.sources.table_file import TableFile


@register("dataset", "parquet")
@dataclass
class Parquet(TableFile):
    """A table from a Parquet file: dataset.path=FILE dataset.target=COLUMN."""
