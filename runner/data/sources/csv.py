"""A data set of your own in a CSV file."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register
from runner.data.sources.table_file import TableFile


@register("dataset", "csv")
@dataclass
class CSV(TableFile):
    """A table from a CSV file (UTF-8, a header; comma, semicolon or tab): dataset.path=FILE dataset.target=COLUMN."""
