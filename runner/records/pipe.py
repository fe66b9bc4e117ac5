"""Writing to a terminal or pipe that may have gone (`runner | head`): training must not care."""

from __future__ import annotations

import os
from typing import IO


def write(stream: IO[str], text: str) -> None:
    """Write and flush; if the reader has gone, this and all later output of the stream is dropped."""
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
