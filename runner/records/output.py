"""Files that a user names for a result: checked before any work is done, and written all at once.

What is written is told by the ending, so an ending that means nothing here is refused.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import ConfigError, RunError
from runner.records.run_folder import METRICS, RESULTS

if TYPE_CHECKING:
    import pandas as pd

CSV, PARQUET, HTML = (".csv",), (".parquet", ".pq"), (".html", ".htm")
RECORDS = (METRICS, RESULTS)  # what runs and sweeps write, which a result must not replace


def check_output(option: str, path: Path, endings: Sequence[str], source: Path | None = None) -> None:
    """ConfigError naming the option if the result can't or mustn't go there; `source` is a file that it must not be."""
    if path.suffix.lower() not in endings:
        raise ConfigError(f"{option} {path}: what to write is told by the ending; allowed: {', '.join(endings)}")
    if path.is_dir():
        raise ConfigError(f"{option} {path}: is a folder; name a file in it, such as {path / f'result{endings[0]}'}")
    if not path.parent.is_dir():
        raise ConfigError(f"{option} {path}: there is no folder {path.parent}; make it first: mkdir -p {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise ConfigError(f"{option} {path}: the folder {path.parent} can't be written to; choose another")
    if source is not None and path.exists() and path.samefile(source):
        raise ConfigError(f"{option} {path}: is the input itself, which would be lost; choose another name")
    if path.name in RECORDS and path.exists():
        raise ConfigError(f"{option} {path}: looks like the record of a run, which would be lost; choose another name")


def write_output(option: str, path: Path, data: bytes) -> None:
    """Put the result in place, whole or not at all; RunError naming the option if the disk does not take it."""
    from runner.records import disk

    try:
        disk.replace(path, data)
    except RunError as error:
        cause = error.__cause__
        reason = getattr(cause, "strerror", None) or cause
        raise RunError(f"{option} {path}: can't be written ({reason}); nothing was changed") from error


def parquet(table: pd.DataFrame) -> bytes:
    """The table as the content of a Parquet file."""
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()
