"""Reading a data file whole, with errors that name it. What is hashed is what is parsed: a file is read once."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable
from pathlib import Path

from runner.config.suggest import closest
from runner.errors import ConfigError, DataError


def did_you_mean(word: str, options: Iterable[str]) -> str:
    """The sentence "Did you mean 'x'?" (with a leading space) if an option is close to `word`, else nothing."""
    by_lower = {str(option).lower(): option for option in options}
    near = closest(str(word).lower(), by_lower)
    return f" Did you mean {by_lower[near]!r}?" if near else ""


def data_path(path: str | Path | None, key: str = "dataset.path") -> Path:
    """The existing file that `key` names; ConfigError if the key is empty, DataError if there is no such file."""
    if path is None or str(path) == "":
        raise ConfigError(f"{key} is not set. Name the data file: {key}=FILE")
    found = Path(path).expanduser()
    if found.is_dir():
        raise DataError(f"{found} is a folder, not a file. Set {key} to one file.")
    if not found.exists():
        folder = found.parent
        near = did_you_mean(found.name, [p.name for p in folder.iterdir()]) if folder.is_dir() else ""
        raise DataError(f"{found} does not exist (from {key}; relative paths start at {Path.cwd()}).{near}")
    return found


def read_bytes(path: Path) -> bytes:
    """All bytes of a file, unpacked if they are gzip; DataError if it cannot be read or is cut short."""
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is not a whole gzip file ({len(raw):,} bytes found): {error}. Fetch it again."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
