"""Ctrl-C and SIGTERM: an orderly end with a checkpoint, and an immediate one when asked twice."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_signals() -> Iterator[Callable[[], bool]]:
    """Gives a function that says whether SIGINT or SIGTERM came; a second one ends at once (its checkpoint stands).

    Outside the main thread, where Python takes no signals, it is never asked to stop.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return

    def handle(_number, _frame):
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        print("\nstopping after this epoch (Ctrl-C once more stops at once)", file=sys.stderr)

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
