"""The same seam as `Pool` without processes: works carried out here, one after the other. For debugging."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from runner.execution.pool import Done, Event, Given, carry_out_and_tell
from runner.execution.work import Run, Work


class Serial:
    """Carries out works in this process; what happens in a work is heard of when it has ended."""

    def __init__(self, runs: Sequence[Run], data: Sequence[Any], asked_to_stop: Callable[[], bool]):
        self.runs, self.data, self.asked_to_stop = runs, data, asked_to_stop
        self.waiting: list[Work] = []
        self.stopping = False

    def __enter__(self) -> Serial:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.waiting.clear()

    def submit(self, work: Work) -> None:
        """Carry `work` out after those that wait."""
        self.waiting.append(work)

    def stop(self) -> None:
        """What is waiting is not begun."""
        self.stopping = True
        self.waiting.clear()

    def events(self) -> Iterator[Event | None]:
        """What has happened in each work; None after each."""
        while self.waiting:
            heard: list[Event] = []
            work = self.waiting.pop(0)
            yield Given(0, work, len(self.waiting))
            last = carry_out_and_tell(
                0, work, self.runs, self.data, tell=heard.append, asked_to_stop=self.asked_to_stop
            )
            self.stopping |= isinstance(last, Done) and last.interrupted
            yield from (*heard, last)
            yield None
