"""Tests do not wait for disks: what is durable shows only after a loss of power, and waiting takes a tenth of the time.

Processes that start by themselves (tests/execution has some that are killed there) write as users' do.
"""

import os


def do_not_wait() -> None:
    """From now on this process and its forks leave out what makes files durable."""
    os.fsync, os.sync = _fsync, lambda: None


def _fsync(fd: int) -> None:
    os.fstat(fd)  # a closed file is still an error
