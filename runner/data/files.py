"""Reading a data file whole, with errors that name it. What is hashed is what is parsed: a file is read once."""

from __future__ import annotations

import gzip
import io
import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from runner.config.suggest import closest
from runner.errors import ConfigError, DataError

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
ROOM = 3  # times its size that a file takes in memory while it is read, and besides,
CELL = 48  # bytes that each of its cells takes until it is encoded (40 to 65 were measured)
BLOCK = 1 << 24


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
    """All bytes of a file, unpacked if they are gzip; DataError if it cannot be read, is cut short or too large."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP
            check_size(path, os.fstat(file.fileno()).st_size)
        return _unpacked(gzip.open(path), path) if packed else path.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path} is not a whole gzip file ({path.stat().st_size:,} bytes found): {error}. Fetch it again."
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def only_member(raw: bytes, path: Path) -> tuple[bytes, str]:
    """(content, name) of the one file in a zip archive; DataError if there are several, or the archive is damaged."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            inside = [each for each in archive.infolist() if not each.is_dir() and "__MACOSX/" not in each.filename]
            if len(inside) != 1:
                names = ", ".join(each.filename for each in inside[:10]) + (", ..." if len(inside) > 10 else "")
                raise DataError(
                    f"{path} is a zip archive of {len(inside)} files ({names or 'none'}); one is read. Unpack the one "
                    "that is meant."
                )
            check_size(path, inside[0].file_size)
            return archive.read(inside[0]), inside[0].filename
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{path} is a zip archive that cannot be unpacked ({error}). Unpack it, or fetch it again."
        ) from (error)


def _unpacked(file: gzip.GzipFile, path: Path) -> bytes:
    """What is in a gzip file, which does not say its size before it is unpacked."""
    blocks, size = [], 0
    with file:
        while block := file.read(BLOCK):
            size += len(block)
            check_size(path, size)
            blocks.append(block)
    return b"".join(blocks)


def check_size(path: Path, size: int, cells: int = 0) -> None:
    """DataError if a table of so many bytes, and of so many cells where that is known, does not fit the free memory."""
    free, room = free_memory(), ROOM * size + CELL * cells
    if room > free:
        what = f" in {cells:,} cells" if cells else ""
        raise DataError(
            f"{path} holds {size / 2**30:.2g} GB{what}, which take about {room / 2**30:.2g} GB of memory to read, but "
            f"{free / 2**30:.2g} GB are free. Take a part of its rows or columns, or a machine with more memory."
        )


def free_memory() -> int:
    """Bytes of memory that can be had without swapping, as the system says."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
