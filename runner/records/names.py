"""Names of folders: what a shell, a file system or TensorBoard's legend minds is taken out."""

from __future__ import annotations

import os
import re
from pathlib import Path

LONGEST = 80  # characters of a name in the name of a folder


def sanitized(text: str) -> str:
    """The text as part of a folder's name: what a shell or a file system minds becomes _."""
    return re.sub(r"[^A-Za-z0-9=.,+-]+", "_", text).strip("_.")


def shown_path(folder: Path | str) -> str:
    """The shorter of the relative and the absolute path."""
    absolute = os.path.abspath(folder)
    relative = os.path.relpath(absolute)
    return relative if len(relative) < len(absolute) and not relative.startswith("..") else absolute
