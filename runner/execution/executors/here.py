"""The same seam as `Pool` without processes: works carried out here, one after the other, and heard of meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runner.data.prepare import RunData
from runner.execution.carry_out import carry_out
from runner.execution.events import Event, Given
from runner.execution.work import Run, Work


class Here:
    """Carries out works in this process."""

    size = 1

    def __init__(self, runs: Sequence[Run], data: Sequence[RunData]):
        self.runs, self.data = runs, data

    def close(self) -> None:
        """There is nothing to let go of."""

    def run(self, waiting: list[Work], hear: Callable[[Event | None], None], stopping: Callable[[], bool]) -> None:
        """Carry out what waits, and tell what happens, as it happens, until nothing is left or all is to stop."""

        def tell(event: Event) -> None:
            try:
                hear(event)
            except Exception as error:
                raise _Deaf from error

        try:
            while waiting and not stopping():
                work = waiting.pop(0)
                hear(Given(0, work, len(waiting)))
                hear(carry_out(0, work, self.runs, self.data, tell=tell, asked_to_stop=stopping))
        except _Deaf as deaf:
            raise (deaf.__cause__ or deaf) from None


class _Deaf(BaseException):
    """Whoever hears of a work has failed, which is not the work's failure."""
