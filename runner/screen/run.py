"""A run, or the folds of one, on the screen: what is about to train, where it continues from, how far it is."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from runner.config.engines import explained
from runner.execution.events import Begun, Broken, Done, Event, Given, Progressed, Said
from runner.execution.session import Screen, Session, Watch
from runner.execution.trials import describe
from runner.execution.work import Work
from runner.records import pipe
from runner.records.console import banner
from runner.records.progress import Progress


@contextmanager
def run_screen(session: Session, *, resumed: bool = False) -> Iterator[Watch]:
    """Gives what `Session.watch` calls: the lines and the bar around a run, or around all folds of one."""
    shown = _Shown(resumed)
    try:
        yield shown.hear
        if resumed and not shown.trained:
            pipe.write(sys.stdout, f"{session.root}: this run has ended already; nothing to do\n")
    finally:
        shown.say_notes(session)
        shown.close()


resumed_run: Screen = functools.partial(run_screen, resumed=True)


SECOND = "second phase"


class _Shown:
    """The screen of one session."""

    def __init__(self, resumed: bool):
        self.resumed, self.trained, self.second = resumed, False, False
        self.work: Work | None = None
        self.progress: Progress | None = None

    def hear(self, session: Session, event: Event | None) -> None:
        """Take in an event and show it."""
        self.say_notes(session)
        if isinstance(event, Said):
            pipe.write(sys.stderr, f"runner: {event.text}\n")
        elif isinstance(event, Given):
            self.work = event.work
        elif isinstance(event, Begun):
            self._introduce(session, event)
            self._open(session)
        elif isinstance(event, Progressed) and self.progress and event.leading:
            epoch, (metrics, best, second) = next(iter(event.rows.values()))[0], event.leading
            if second:
                epoch, most = second
                self._show_second(session, most)
            self.progress.update(epoch, metrics, best, len(event.rows), len(session.outcomes))
        elif isinstance(event, (Done, Broken)):
            self.close()

    def say_notes(self, session: Session) -> None:
        """On standard error, each once."""
        while session.notes:
            pipe.write(sys.stderr, f"runner: {session.notes.pop(0)}\n")

    def _introduce(self, session: Session, event: Begun) -> None:
        """Say where it continues from and, once, what is trained."""
        if self.resumed and event.epoch is not None:
            pipe.write(sys.stdout, f"resuming after epoch {event.epoch}\n")
        elif self.resumed and not self.trained:
            pipe.write(sys.stdout, "no checkpoint yet: starting from the beginning\n")
        if not self.trained:
            first, data, count = session.runs[0], session.data[0], session.training
            about, engine = describe(first.settings, data), explained(first.settings, data.task)
            place, warnings = first.folder, session.warnings
            banner(first.settings, about, event.parameters, place, members=count, engine=engine, warnings=warnings)
        self.trained = True

    def _open(self, session: Session) -> None:
        members = self.work.members if self.work else ()
        runs = [session.runs[i].settings for i in members]
        enabled = session.runs[0].settings.trainer.progress
        self.second = False
        self.progress = Progress(max(run.trainer.epochs for run in runs), session.training, enabled)
        self.progress.__enter__()

    def _show_second(self, session: Session, most: int) -> None:
        """Count the epochs of a second phase by themselves."""
        if not self.second:
            self.close()
            enabled = session.runs[0].settings.trainer.progress
            self.progress = Progress(most, session.training, enabled, phase=SECOND)
            self.progress.__enter__()
        self.second = True

    def close(self) -> None:
        """Take the bar off the screen."""
        if self.progress:
            self.progress.__exit__()
            self.progress = None
