"""The only place that writes run files: append at a known offset, replace atomically, truncate.

Every function leaves the file either as it was or as asked, and turns an OSError (full disk, read-only folder) into a
RunError that names the path, the cause and the fix. A file is open only during the call.

A sweep writes thousands of small files, and an fsync takes milliseconds: its workers write `grouped`, without one, and
`settle` makes all of it durable at once, before a checkpoint or a row of results.csv counts on it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runner.errors import RunError
from runner.records.run_folder import TEMPORARY

GROUPED = [False]  # of this process: an fsync a file is left out until `settle`
FIXES = {
    errno.ENOSPC: "free some space, then `runner resume` the run",
    errno.EDQUOT: "your quota is used up: free some space, then `runner resume` the run",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), then `runner resume` the run",
    errno.EROFS: "choose a folder on a writable disk with hydra.run.dir=FOLDER",
    errno.EACCES: "choose a folder you may write to with hydra.run.dir=FOLDER",
    errno.EPERM: "choose a folder you may write to with hydra.run.dir=FOLDER",
    errno.ENOENT: "the folder is gone: was it moved or deleted during the run?",
    errno.ENOTDIR: "a file is where the folder should be",
}


def append(path: Path, data: bytes, at: int, *, sync: bool = False) -> int:
    """Write `data` at byte `at`, which becomes the end of what was valid; return the new size.

    Bytes beyond `at` are left over from a write that failed and are cut off first. If this write fails they are cut
    off again, so a full disk never leaves half a line. Raises RunError if the file holds fewer than `at` bytes.
    """
    with _reported(path, "write"), _opened(path, os.O_WRONLY | os.O_CREAT) as fd:
        _cut(fd, path, at)
        os.lseek(fd, at, os.SEEK_SET)
        try:
            _write_all(fd, data)
            if sync:
                _sync(fd)
        except OSError:
            if os.fstat(fd).st_size > at:
                os.ftruncate(fd, at)
            raise
    return at + len(data)


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` all at once and durably: write next to it, fsync, rename over it, fsync the folder."""
    temporary = f"{path}{TEMPORARY}"
    with _reported(path, "write"):
        try:
            with _opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as fd:
                _write_all(fd, data)
                _sync(fd)
            os.replace(temporary, path)
        except OSError:
            with suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
    sync_folder(path.parent)


def size(path: Path) -> int:
    """How many bytes a file has; 0 if there is none."""
    return path.stat().st_size if path.is_file() else 0


def names(folder: Path) -> set[str]:
    """What lies in a folder; nothing if there is no such folder."""
    with _reported(folder, "read"), suppress(FileNotFoundError, NotADirectoryError):
        return set(os.listdir(folder))
    return set()


def content(path: Path) -> bytes:
    """The bytes of a file."""
    with _reported(path, "read"):
        return path.read_bytes()


def remove(path: Path) -> None:
    """Delete a file that may be there."""
    with _reported(path, "delete"):
        path.unlink(missing_ok=True)


def remove_empty(folder: Path) -> None:
    """Delete a folder that may be there, unless something is in it."""
    with suppress(OSError):
        folder.rmdir()


def move(path: Path, to: Path) -> None:
    """Give a file or folder another name on the same disk, durably."""
    with _reported(path, "move"):
        os.rename(path, to)
    sync_folder(to.parent)
    sync_folder(path.parent)


def make_folder(path: Path, *, parents: bool = False) -> None:
    """Make one folder, unless it is there; with `parents` those above it, too."""
    with _reported(path, "make"):
        path.mkdir(parents=parents, exist_ok=True)


def truncate(path: Path, size: int) -> None:
    """Cut a file back to `size` bytes; a missing file has 0. Raises RunError if it holds fewer."""
    if size == 0 and not os.path.exists(path):
        return
    with _reported(path, "truncate"), _opened(path, os.O_WRONLY) as fd:
        _cut(fd, path, size)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (after creating or renaming files in it)."""
    if GROUPED[0]:
        return
    with _reported(folder, "sync"), _opened(folder, os.O_RDONLY) as fd:
        _sync(fd)


def grouped() -> None:
    """From now on this process leaves out the fsync of each file; `settle` makes up for it."""
    GROUPED[0] = True


@contextmanager
def grouping() -> Iterator[None]:
    """Many small files: no fsync for each, and all durable at the end."""
    grouped()
    try:
        yield
    finally:
        GROUPED[0] = False
    settle()


def settle() -> None:
    """Make everything durable that has been written `grouped` by any process."""
    os.sync()


def settle_grouped() -> None:
    """The same, if this process writes `grouped`."""
    if GROUPED[0]:
        settle()


def _cut(fd: int, path: Path, size: int) -> None:
    found = os.fstat(fd).st_size
    if found < size:
        raise RunError(
            f"{path}: holds {found} bytes, but {size} were written and recorded in the checkpoint; "
            "the file was changed or damaged since, so the run can't be continued. Start it anew."
        )
    if found > size:
        os.ftruncate(fd, size)


def _sync(fd: int) -> None:
    if not GROUPED[0]:
        os.fsync(fd)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


@contextmanager
def _opened(path: Path | str, flags: int) -> Iterator[int]:
    fd = os.open(path, flags | os.O_CLOEXEC, 0o644)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _reported(path: Path, action: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fix = FIXES.get(error.errno or 0)
        raise RunError(f"can't {action} {path}: {error.strerror or error}" + (f"; {fix}" if fix else "")) from error
