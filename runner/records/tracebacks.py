"""Where a traceback goes: into a log, never onto the screen."""

from __future__ import annotations

import traceback
from pathlib import Path

from runner.records import disk


def write_traceback(error: BaseException, log: Path) -> str:
    """Append the traceback of `error` to a file and return it; raises RunError if the file cannot be written."""
    text = "".join(traceback.format_exception(error))
    append(text, log)
    return text


def append(text: str, log: Path) -> None:
    """Append a traceback that another process has made."""
    disk.append(log, text.rstrip().encode() + b"\n", log.stat().st_size if log.exists() else 0)
