"""The same seam as `Pool` without processes: works carried out here, one after the other, and heard of meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runner.data.prepare import RunData
from runner.execution.carry_out import carry_out
from runner.execution.events import Done, Event, Given
from runner.execution.work import Run, Work


class Here:
    """Carries out works in this process."""

    def __init__(self, runs: Sequence[Run], data: Sequence[RunData], asked_to_stop: Callable[[], bool]):
        self.runs, self.data, self.asked_to_stop = runs, data, asked_to_stop
        self.waiting: list[Work] = []
        self.stopping = False

    def __enter__(self) -> Here:
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

    def run(self, hear: Callable[[Event | None], None]) -> None:
        """Tell what happens, as it happens, until nothing is left."""

        def tell(event: Event) -> None:
            try:
                hear(event)
            except Exception as error:
                raise _Deaf from error

        try:
            while self.waiting:
                work = self.waiting.pop(0)
                hear(Given(0, work, len(self.waiting)))
                last = carry_out(0, work, self.runs, self.data, tell=tell, asked_to_stop=self.asked_to_stop)
                self.stopping |= isinstance(last, Done) and last.interrupted
                hear(last)
        except _Deaf as deaf:
            raise (deaf.__cause__ or deaf) from None


class _Deaf(BaseException):
    """Whoever hears of a work has failed, which is not the work's failure."""
