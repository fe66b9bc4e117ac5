"""What a Ray actor is: it carries out works in one thread, and tells of them, or is told to stop, in others.

It shares the files of the runs with the launcher, nothing else: a node that does not see the sweep's folder says so.
"""

from __future__ import annotations

import ctypes
import os
import queue
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runner import __version__
from runner.config import plugins
from runner.data.prepare import RunData
from runner.execution.carry_out import carry_out
from runner.execution.events import Event
from runner.execution.executors.crew import TELL_SECONDS, Told
from runner.execution.work import Run, Work
from runner.records import disk
from runner.records.checksums import sha256
from runner.records.run_folder import LIST

THREADS = 3  # in which an actor is asked things at a time
WAIT_SECONDS = 1.0  # how long an actor looks for news before it says that it has none


@dataclass(frozen=True)
class Sweep:
    """What a worker has to know of a sweep before its works."""

    root: Path
    listed: str  # SHA-256 of the list of its runs
    machine: str
    folder: str  # in which the command was given
    plugins: str
    version: str
    fates_shared: bool  # whether the cluster is the launcher's own, and ends with it

    @classmethod
    def of(cls, root: Path, *, fates_shared: bool) -> Sweep:
        """Of the sweep in `root`, which this process launches."""
        named = os.environ.get(plugins.VARIABLE, "")
        return cls(root, _listed(root), machine(), os.getcwd(), named, __version__, fates_shared)


class RayWorker:
    """One actor. `fetch` gets tables of data by their reference."""

    def __init__(self, fetch: Callable[[Any], list[RunData]]):
        self.fetch = fetch
        self.events: queue.SimpleQueue[list[Event]] = queue.SimpleQueue()
        self.asked = [False]
        self.tables: dict[int, list[RunData]] = {}

    def begin(self, sweep: Sweep) -> str:
        """Make ready for works; why it cannot carry out any, "" if it can."""
        node = f"node {socket.gethostname()}"
        if sweep.version != __version__:
            return f"{node} has runner {__version__}, this one is {sweep.version}; install the same"
        if _listed(sweep.root) != sweep.listed:
            return (
                f"{node} does not see {sweep.root}: all nodes must share the folder of a sweep; "
                "choose one on a disk that they share with hydra.sweep.dir=FOLDER"
            )
        os.environ[plugins.VARIABLE] = sweep.plugins
        with suppress(OSError):
            os.chdir(sweep.folder)
        if sweep.machine == machine():
            disk.grouped()  # the launcher settles what all processes of its machine write
        if sweep.fates_shared:
            share_fate()
        return ""

    def carry_out(
        self,
        number: int,
        work: Work,
        runs: Mapping[int, Run],
        places: Mapping[int, tuple[int, int]],
        blobs: dict[int, Any],
    ) -> None:
        """Carry out a work, as worker `number`. The data of run i is at places[i]: a blob, a position in it."""
        for blob, reference in blobs.items():
            if blob not in self.tables:
                self.tables[blob] = self.fetch(reference)
        data = {i: self.tables[blob][position] for i, (blob, position) in places.items()}
        told = Told(self.events.put, self.asked)
        how: dict[str, Any] = {"tell": told.events.append, "asked_to_stop": told.asked_to_stop, "every": TELL_SECONDS}
        told.events.append(carry_out(number, work, runs, data, **how))
        told.send()

    def told(self) -> list[Event]:
        """What has happened since it was asked last; nothing if nothing does for a while."""
        found: list[Event] = []
        with suppress(queue.Empty):
            found += self.events.get(timeout=WAIT_SECONDS)
            while True:
                found += self.events.get_nowait()
        return found

    def stop(self) -> None:
        """Save a checkpoint, and end the work."""
        self.asked[0] = True


def share_fate() -> None:
    """Die with the parent, a daemon of Ray that dies with the launcher."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def machine() -> str:
    """What tells machines apart: the number that the kernel has drawn when it started, or else the name."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return socket.gethostname()


def _listed(root: Path) -> str:
    """The checksum of the list of the runs in `root`; "" where there is none."""
    try:
        return sha256((root / LIST).read_bytes())
    except OSError:
        return ""
