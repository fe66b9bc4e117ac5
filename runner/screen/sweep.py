"""A sweep on the screen: what is going to happen, how far it is while it trains, and what came of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from runner.execution.events import Broken, Event, Given, Said
from runner.records import pipe
from runner.records.console import shown_path, warning_lines
from runner.records.names import plural
from runner.records.progress import duration
from runner.records.sweep_log import SweepLog
from runner.reports.sweep_events import write_layout, write_means
from runner.screen.conclusion import SECONDS, conclude_sweep
from runner.screen.sweep_state import State, workers_text
from runner.training.loop import Interrupted

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from runner.execution.session import Session, Watch

__all__ = ["conclude_sweep", "display"]

DRAW_SECONDS = 0.1  # between redraws on a terminal
LINE_SECONDS = 2.0  # between the first lines when piped
RARER = 0.1  # later a line a tenth of the time that has gone by ...
LONGEST_WAIT = 60.0  # ... and at least one a minute


@contextmanager
def display(sweep: Session) -> Iterator[Watch]:
    """Gives what `Sweep.watch` calls with (sweep, event): the screen, sweep.log and, at the end, the events of means.

    The screen is drawn between two events and not by a thread, as workers are forked meanwhile.
    """
    shown = Display(sweep, enabled=sweep.runs[0].settings.trainer.progress)
    try:
        yield shown.hear
    except Interrupted:
        shown.end("interrupted")
        raise
    except BaseException as error:
        shown.end(f"broken off: {type(error).__name__}: {error}")
        raise
    shown.end("ended")


class Display:
    """The screen and the log of one sweep. Nothing is shown or written before the sweep's first event, by when its
    folder is locked.

    Args:
        sweep: a `runner.execution.session.Session`.
        enabled: False shows no progress (`trainer.progress=false`); the log is written all the same.
        stream: where progress goes; standard error unless given. A terminal gets a live display, anything else lines.
    """

    def __init__(self, sweep: Session, enabled: bool = True, stream: IO[str] | None = None):
        self.sweep, self.enabled = sweep, enabled
        self.stream = stream if stream is not None else sys.stderr
        self.state: State | None = None
        self._log: SweepLog | None = None
        self._live: Live | None = None
        self._shown_at = 0.0

    def hear(self, _sweep: Session, event: Event | None) -> None:
        """Take in an event and show it if it is time to."""
        if isinstance(event, Said):
            pipe.write(sys.stderr, f"runner: {event.text}\n")
            return
        state, log = self._begun(event)
        if state.begins_round():
            log.add(*state.round_text())
        if isinstance(event, Given):
            log.add(
                f"worker {event.worker} trains {plural(len(event.work.members), 'run')}: {ranges(event.work.members)}"
            )
        elif isinstance(event, Broken):
            log.add(f"{event.work.path.stem} broke: {event.error}")
        for run in state.hear(event):
            self._note(run, log)
        log.flush()
        self._show(state)

    def end(self, how: str) -> None:
        """Take the display off the screen and note how the sweep ended."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        if self.state is None and how != "ended":
            return  # it never began
        state, log = self._begun(None)
        for run in state.hear(None):
            self._note(run, log)
        if how == "ended":
            write_means(self.sweep)
        SECONDS[self.sweep.root] = state.seconds
        log.add(f"{how} after {duration(state.seconds)}: {state.counts_text()}")
        log.flush()

    def _begun(self, event: Event | None) -> tuple[State, SweepLog]:
        if self.state is None or self._log is None:
            self.state, self._log = State(self.sweep), SweepLog(self.sweep.root)
            self._announce(self.state, self._log, 1 + event.waiting if isinstance(event, Given) else 0)
        return self.state, self._log

    def _announce(self, state: State, log: SweepLog, shares: int) -> None:
        ended = state.ended_before
        said = state.total_text()
        if ended:
            said += f", {ended:,} ended before; {state.total - ended:,} to go" if ended < state.total else ", all ended"
        if shares:
            said += f" in {plural(shares, 'share')} on {workers_text(self.sweep)}"
        log.add(f"{'resumed' if log.goes_on else 'begun'}: {said}")
        write_layout(self.sweep.root, self.sweep.results.metrics)
        for note in [*self.sweep.notes, *warning_lines(self.sweep.warnings)]:
            log.add(note)
            pipe.write(sys.stderr, f"runner: {note}\n")
        list(state.hear(None))  # those were noted when they ended
        pipe.write(sys.stdout, f"{said}, {shown_path(self.sweep.root)}\n")

    def _note(self, run: int, log: SweepLog) -> None:
        outcome = self.sweep.outcomes[run]
        if outcome.status in ("failed", "diverged"):
            log.add(f"{outcome.folder.name} {outcome.status}: {outcome.reason}")

    # ---- the screen

    def _show(self, state: State) -> None:
        if not self.enabled:
            return
        now = time.monotonic()
        terminal = self._live is not None or self.stream.isatty()
        wait = DRAW_SECONDS if terminal else min(max(LINE_SECONDS, RARER * state.seconds), LONGEST_WAIT)
        if now - (self._shown_at or (0.0 if terminal else state.began)) < wait:
            return
        self._shown_at = now
        if terminal and self._draw(state):
            return
        parts = [f"{len(self.sweep.outcomes):,}/{state.total:,} {state.nouns}: {state.counts_text()}"]
        parts += [*state.round_text(), state.pace_text()]
        pipe.write(self.stream, "; ".join([*parts, *filter(None, [state.best_text()])]) + "\n")

    def _draw(self, state: State) -> bool:
        """Redraw the live display; False on a terminal that cannot move its cursor."""
        if self._live is None:
            self._live = _live(self.stream)
        if self._live.console.is_dumb_terminal:
            return False
        self._live.update(_picture(state), refresh=True)
        return True


def ranges(numbers: Sequence[int]) -> str:
    """Numbers of runs in short: 0-5, 8, 12-13."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1][1:] = [number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)


def _live(stream: IO[str]) -> Live:
    from rich.console import Console
    from rich.live import Live

    live = Live(
        console=Console(file=stream), auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
    )
    live.start()
    return live


def _picture(state: State) -> Group:
    """Three lines: a bar with the counts, the pace, the best so far; what does not fit is cut, never wrapped."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    def line(text: str, style: str = "") -> Text:
        return Text(text, style=style, no_wrap=True, overflow="ellipsis")

    bar = Table.grid(padding=(0, 1))
    ended = len(state.sweep.outcomes)
    bar.add_row(
        line(f"{ended:,}/{state.total:,} {state.nouns}"),
        ProgressBar(1.0, state.fraction(), width=12),
        line(state.counts_text()),
    )
    pace = ", ".join([*state.round_text(), state.pace_text()])
    return Group(bar, line(f"  {pace}", "dim"), line(f"  {state.best_text()}"))
