"""One process a run: an advisory lock on the folder itself, gone with the process, so a crash leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runner.errors import ConfigError


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold `folder`; ConfigError if another process trains in it."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise ConfigError(f"{folder} is in use: another process trains there. Wait for it, or stop it first.") from error
    finally:
        os.close(fd)
