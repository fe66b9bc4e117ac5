"""Workers that carry out one work each at a time, whatever they are: processes of this machine, actors of a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from runner.data.prepare import RunData
from runner.execution.events import Broken, Done, Event, Given
from runner.execution.work import Run, Work

POLL_SECONDS = 0.2  # how soon a crew looks for signals and for dead workers
TELL_SECONDS = 0.25  # between two reports of a worker about runs in training


class Died(Exception):
    """A worker is dead; the message says how it died."""


class Worker(ABC):
    """One worker as its crew sees it."""

    def __init__(self, number: int):
        self.number = number
        self.work: Work | None = None  # that it carries out

    @property
    def free(self) -> bool:
        """Whether it can be given a work."""
        return self.work is None

    @abstractmethod
    def give(self, work: Work) -> bool:
        """Hand it a work; False if it is dead."""

    @abstractmethod
    def stop(self) -> None:
        """Tell it to save a checkpoint and to end."""

    @abstractmethod
    def told(self) -> list[Event]:
        """What it says, once it has something to say. Raises Died."""

    @abstractmethod
    def end(self) -> None:
        """Kill it unless it is dead."""


Kind = TypeVar("Kind", bound=Worker)


class Crew(ABC, Generic[Kind]):
    """Carries out works by at most `size` workers; one that dies is replaced, and its work is reported as broken."""

    what = "worker"  # what a worker is, in messages

    def __init__(self, runs: Sequence[Run], data: Sequence[RunData], size: int):
        self.runs, self.data, self.size = runs, data, size
        self.members: list[Kind] = []

    @abstractmethod
    def _start(self, number: int) -> Kind:
        """A new worker, which may become free only later."""

    @abstractmethod
    def _with_news(self) -> list[Kind]:
        """The workers that have something to say, waiting for POLL_SECONDS at most."""

    def _dismiss(self) -> None:
        """Let nobody be under way any more."""
        for member in self.members:
            member.end()
        self.members.clear()

    def close(self) -> None:
        """Let go of all that the crew holds."""
        self._dismiss()

    def run(self, waiting: list[Work], hear: Callable[[Event | None], None], stopping: Callable[[], bool]) -> None:
        """Carry out what waits, and tell what happens, as it happens, until nothing is under way; None when nothing
        has for a while, so that `hear` can look. Workers that are to stop save before they end.
        """
        try:
            told_to_stop = False
            while (waiting and not stopping()) or self._busy():
                if stopping() and not told_to_stop:
                    told_to_stop = True
                    for member in self._busy():
                        member.stop()
                self._hand_out(waiting, hear, stopping)
                ready = self._with_news()
                for member in ready:
                    for event in self._told(member):
                        hear(event)
                if not ready and self._busy():
                    hear(None)
        finally:
            self._dismiss()

    def _busy(self) -> list[Kind]:
        return [member for member in self.members if member.work]

    def _hand_out(
        self, waiting: list[Work], hear: Callable[[Event | None], None], stopping: Callable[[], bool]
    ) -> None:
        while waiting and not stopping():
            free = next((member for member in self.members if member.free), None)
            if free is None:
                coming = len(self.members) - len(self._busy())
                if len(self.members) == self.size or coming >= len(waiting):
                    return
                number = min(set(range(self.size)) - {member.number for member in self.members})
                self.members.append(self._start(number))
            elif free.give(waiting[0]):
                hear(Given(free.number, waiting.pop(0), len(waiting)))
            else:  # it has died since its last work
                self.members.remove(free)
                free.end()

    def _told(self, member: Kind) -> list[Event]:
        """What a worker says next, or that it has died."""
        try:
            events = member.told()
        except Died as death:
            self.members.remove(member)
            member.end()
            error = f"the {self.what} died ({death})"
            return [Broken(member.work, error, "", died=True)] if member.work else []
        if ends(events):
            member.work = None
        return events


def ends(events: Sequence[Event]) -> bool:
    """Whether what a worker has said ends its work."""
    return bool(events) and isinstance(events[-1], (Done, Broken))


class Told:
    """What a worker has to tell, sent between two epochs: of many short runs that end together it speaks once."""

    def __init__(self, send: Callable[[list[Event]], None], asked: list[bool]):
        self._send, self.asked = send, asked
        self.events: list[Event] = []

    def asked_to_stop(self) -> bool:
        """Whether it has been asked to, which is looked at between two epochs."""
        self.send()
        return self.asked[0]

    def send(self) -> None:
        """Tell whoever hears."""
        if self.events:
            self._send([*self.events])
            self.events.clear()
