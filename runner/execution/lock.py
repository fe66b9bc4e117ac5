"""One process a run: an advisory lock on the folder itself, gone with the process, so a crash leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.errors import ConfigError, RunError

HELD: set[int] = set()  # descriptors; a forked child lets go of them, so that it does not hold on when its parent dies


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold `folder`; ConfigError if another process trains in it, RunError if it cannot be opened."""
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise RunError(f"can't open {folder}: {error.strerror}; the folder must be there and readable.") from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            place = folder.parent if folder.name == ".hydra" else folder
            raise ConfigError(f"{place} is in use: another process trains there. Wait for it, or stop it.") from error
        HELD.add(fd)
        yield
    finally:
        HELD.discard(fd)
        os.close(fd)


def _let_go() -> None:
    for fd in HELD:
        os.close(fd)
    HELD.clear()


os.register_at_fork(after_in_child=_let_go)
