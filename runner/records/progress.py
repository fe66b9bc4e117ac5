"""Progress of a training run: a bar on a terminal, plain lines when piped into a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import IO, Any

from runner.records import pipe

SLACK, SLACK_SECONDS = 0.2, 2.0  # by which an end may be later than was said: a share of what is left, or seconds
LINE_SECONDS = 2.0  # between lines when piped
DRAW_SECONDS = 0.1  # between redraws of the bar
SHOWN = ("train/loss", "val/loss", "val/accuracy", "val/rmse")  # those a run has
SHORT = {"train/loss": "loss", "val/loss": "val"}  # so that a bar fits 80 columns


class TimeLeft:
    """The time left as it is shown: about, counting down to an end.

    A pace wavers. An end that is expected later than was said, by less than SLACK, stays where it was; by more, it is
    said anew, as a slower machine is not to be hidden.
    """

    def __init__(self):
        self.end: float | None = None

    def shown(self, seconds: float, now: float) -> str:
        """In words, `seconds` being what the pace so far makes of it at the time `now`."""
        end = now + seconds
        if self.end is None or end < self.end or end - self.end > max(SLACK * seconds, SLACK_SECONDS):
            self.end = end
        left = max(self.end - now, min(seconds, 1.0))
        unit = 60 if left >= 600 else 5 if left >= 60 else 1 if left >= 10 else 0.1
        return f"about {duration(round(left / unit) * unit)}"


class Progress:
    """Context manager around training; `update` after each epoch costs about a microsecond unless it is time to draw.

    Args:
        total_epochs: the largest number of epochs a run may take.
        members: how many runs train side by side.
        enabled: False shows nothing.
        stream: where to; standard error unless given. A terminal gets a bar, anything else a line every two seconds.
        phase: what the epochs are of, where that is not the whole training.
    """

    def __init__(
        self,
        total_epochs: int,
        members: int = 1,
        enabled: bool = True,
        stream: IO[str] | None = None,
        phase: str = "",
    ):
        self.total, self.members, self.enabled = total_epochs, members, enabled
        self.counted = f"{phase}, epoch" if phase else "epoch"
        self.stream = stream if stream is not None else sys.stderr
        self._bar: Any = None
        self._task: Any = None
        self._began = self._shown_at = 0.0
        self._first_epoch: int | None = None
        self._latest: tuple | None = None  # what is not shown yet
        self._time_left = TimeLeft()

    def __enter__(self) -> Progress:
        if self.enabled and self.stream.isatty():
            self._bar = _bar(self.stream)
            self._task = self._bar.add_task(self.counted, total=self.total, text="", left="")
            self._bar.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._latest is not None:
            self._show(*self._latest)
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def update(
        self,
        epoch: int,
        row: Mapping[str, float | None],
        best: tuple[str, float, float] | None = None,
        running: int | None = None,
        done: int | None = None,
    ) -> None:
        """Show the state after an epoch.

        Args:
            epoch: epochs finished; the furthest one if runs differ.
            row: the latest metrics (of the first run that still trains).
            best: (monitored metric, its best value, the epoch of that).
            running, done: how many runs still train, how many have ended.
        """
        if not self.enabled:
            return
        if self._first_epoch is None:
            self._first_epoch, self._began = epoch, time.monotonic()  # a resumed run starts late
        self._latest = (epoch, row, best, running, done)
        interval = DRAW_SECONDS if self._bar is not None else LINE_SECONDS
        if time.monotonic() - self._shown_at >= interval:
            self._show(*self._latest)

    def _show(self, epoch, row, best, running, done) -> None:
        text, left = self._text(row, best, running, done), self._left(epoch)
        if self._bar is not None:
            self._bar.update(self._task, completed=epoch, text=text, left=left.replace("about ", "~"), refresh=True)
        else:
            width = len(str(self.total))
            left = f"  {left} left" if left else ""
            pipe.write(self.stream, f"{self.counted} {epoch:{width}d}/{self.total}  {text}{left}\n")
        self._shown_at, self._latest = time.monotonic(), None

    def _text(self, row, best, running, done) -> str:
        names = SHORT if self._bar is not None else {}
        metrics = [f"{names.get(n, n)} {short(row[n])}" for n in SHOWN if row.get(n) is not None]
        if best is not None:
            monitor, value, at = best
            metrics.insert(2, f"best {'' if monitor == 'val/loss' else monitor + ' '}{short(value)} at {at:.4g}")
        if self.members > 1:
            metrics.insert(0, f"{self.members if running is None else running} running, {done or 0} done")
        return "  ".join(metrics)

    def _left(self, epoch: int) -> str:
        """Time left if all epochs are needed, from the pace so far."""
        finished = epoch - (self._first_epoch or 0)
        if finished <= 0 or epoch >= self.total:
            return ""
        now = time.monotonic()
        return self._time_left.shown((now - self._began) / finished * (self.total - epoch), now)


def duration(seconds: float) -> str:
    """0.42 s, 12 s, 3 min 05 s, 2 h 07 min."""
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def epochs(count: float) -> str:
    """1 epoch, 2 epochs, 2.5 epochs."""
    return f"{count:.10g} epoch" if count == 1 else f"{count:.10g} epochs"


def short(value: float) -> str:
    return f"{value:.4f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.3g}"


def _bar(stream: IO[str]):
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn
    from rich.table import Column

    rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)  # what does not fit is cut, never wrapped
    return Progress(
        TextColumn("{task.description} {task.completed}/{task.total}", table_column=Column(no_wrap=True)),
        BarColumn(bar_width=6),
        TextColumn("{task.fields[left]}", style="dim", markup=False, table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[text]}", style="default", markup=False, table_column=rest),
        console=Console(file=stream),
        expand=True,
        auto_refresh=False,  # no second thread while training; `update` draws
    )
