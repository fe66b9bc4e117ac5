"""A data set of your own in a CSV file."""

from __future__ import annotations

from dataclasses import dataclass

from runner.config.registry import register, text
from runner.data.sources.table_file import TableFile
from runner.errors import ConfigError


@register("dataset", "csv")
@dataclass
class CSV(TableFile):
    """A table from a CSV file (UTF-8, a header): dataset.path=FILE dataset.target=COLUMN."""

    separator: str | None = text(
        None, optional=True, help="what stands between columns, or tab; null = comma, semicolon, tab or bar, as found"
    )

    def between(self) -> str | None:
        """The one character; ConfigError if it is none or more."""
        found = {"tab": "\t", "\\t": "\t"}.get(str(self.separator), self.separator)
        if found is not None and (len(found) != 1 or found in '"\r\n'):
            raise ConfigError(
                f"dataset.separator = {self.separator!r}: must be one character other than a quote, for example "
                "dataset.separator=';', tab, or null to have it found"
            )
        return found
