"""The files of one run while it trains: metrics.csv, steps.csv, TensorBoard events, train.log and, last, summary.json.

Everything is buffered and written on `flush`, which returns how many bytes of each file are now valid. A checkpoint
stores these offsets; a resumed run cuts every file back to them and continues, so that no line and no point is ever
there twice.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner.errors import RunError
from runner.records import crc, disk, events
from runner.records.checksums import EVENTS, LOG, METRICS, write_summary
from runner.records.flat import flatten
from runner.records.run_folder import STEPS
from runner.records.summary import SUMMARY
from runner.records.tags import BEST, meaning, tag_of, together

ALWAYS = (METRICS, EVENTS, LOG)  # what every run writes
NAMES = (*ALWAYS, STEPS)
PICTURES = "figures"  # the folder of the figures that are files
NOT_DRAWN = ("epoch", "step", "phase", "seconds")
FAILURES = ("failed", "diverged")
STARTS = 3  # events of the start of a run: the format, its hyper-parameters, its configuration


class RunFiles:
    """The records of one run. Files are open only while flushing, so that thousands of runs can train side by side.

    Args:
        folder: an existing folder that belongs to this run alone.
        offsets: None starts a run; what `flush` returned, from a checkpoint, continues one: named files are cut back
            to their offset, the others emptied.
        charted: whether TensorBoard's Custom Scalars page is to show training and validation in one chart; of a sweep
            its own folder says so for all runs.

    Raises:
        RunError: the folder holds a run already (offsets is None), or a file is shorter than its offset.
    """

    def __init__(self, folder: Path, offsets: Mapping[str, int] | None = None, *, charted: bool = False):
        self.folder, self.charted = Path(folder), charted
        self._size = dict.fromkeys(NAMES, 0)
        self._pending: dict[str, list[bytes]] = {name: [] for name in NAMES}
        self._columns: list[str] = []
        self._known: set[str] = set()
        self._drawn: list[tuple[str, str]] = []  # (column, TensorBoard tag)
        self._written = hashlib.sha256()  # over metrics.csv
        if offsets is None:
            refuse_to_overwrite(self.folder)
        else:
            self._cut_back(offsets)

    def epoch(self, row: Mapping[str, float | int | None], at: int | None = None) -> None:
        """Add one line to metrics.csv and one TensorBoard event with all its values at step `at`, or row["epoch"].

        The first row fixes the columns. None leaves the cell empty and draws no point. Raises ValueError for an
        unknown column.
        """
        first = not self._columns
        if first:
            self._set_columns(list(row))
            self._pending[METRICS].append((",".join(self._columns) + "\n").encode())
            if self.charted:
                self._event(events.layout({"train and val": together(self._columns)}, {}))
        if not row.keys() <= self._known:
            raise ValueError(f"{self.folder / METRICS}: row has columns {list(row)}, the file has {self._columns}")
        cells = [_cell(row.get(column)) for column in self._columns]
        self._pending[METRICS].append((",".join(cells) + "\n").encode())
        points = [(tag, value) for column, tag in self._drawn if (value := row.get(column)) is not None]
        about = meaning if first else None
        self._event(events.scalars(int(row["epoch"]) if at is None else at, points, about))  # type: ignore[arg-type]

    def step(self, step: int, loss: float, lr: float) -> None:
        """Add one line to steps.csv, and draw the training objective of the step as objective/step."""
        if not self._size[STEPS] and not self._pending[STEPS]:
            self._pending[STEPS].append(b"step,loss,lr\n")
        self._pending[STEPS].append(f"{step},{_cell(loss)},{_cell(lr)}\n".encode())
        self._event(events.scalars(step, [("objective/step", loss)]))

    def histogram(self, tag: str, epoch: int, array: Any) -> None:
        """Draw the distribution of an array's finite elements."""
        self._event(events.histogram(tag, epoch, array))

    def image(self, tag: str, epoch: int, png: bytes, about: str = "") -> None:
        """Show a PNG picture, `about` saying what is to be seen in it."""
        self._event(events.image(tag, epoch, png, *events.png_size(png), about))

    def text(self, tag: str, markdown: str) -> None:
        """Show a Markdown text, such as `flat.markdown(settings.tree())`."""
        self._event(events.text(tag, markdown))

    def hparams(self, flat: Mapping[str, Any]) -> None:
        """List the run on the HParams page; once, at the start. Use the same keys in every run."""
        self._event(events.session_start(flatten(flat)))

    def end(self, status: str, metrics: Mapping[str, float | None], epoch: int) -> None:
        """Draw the final metrics as best/<name> at the best epoch, for the HParams page, and mark the run as ended.

        An interrupted run is not marked, as it continues later and TensorBoard keeps the first mark it sees.
        """
        self._event(events.scalars(epoch, [(f"{BEST}/{k}", v) for k, v in metrics.items() if v is not None], meaning))
        if status != "interrupted":
            self._event(events.session_end(events.FAILURE if status in FAILURES else events.SUCCESS))

    def log(self, line: str) -> None:
        """Add a time-stamped entry (it may have several lines, such as a traceback) to train.log."""
        now = time.time()
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(now)) + f".{int(now * 1000) % 1000:03d}"
        self._pending[LOG].append(f"{stamp}  {line.rstrip()}\n".encode(errors="backslashreplace"))

    def take_over(self, other: Path) -> None:
        """Add what the run in `other` has recorded, after the start of this one: its tables, and of its events all but
        those of its own start (the format, `hparams` and the `text` of its configuration).
        """
        for name in (METRICS, STEPS):
            if (other / name).exists():
                self._pending[name].append(disk.content(other / name))
        self._pending[EVENTS] += crc.contents(disk.content(other / EVENTS))[STARTS:]

    def flush(self, sync: bool = False) -> dict[str, int]:
        """Write what is buffered; return file name -> bytes now valid. `sync` makes them durable, for a checkpoint.

        Raises RunError (full disk, ...); what was not written stays buffered and a later flush writes it.
        """
        created = False
        for name in NAMES:
            pending = self._pending[name]
            data = crc.records(pending) if name == EVENTS else b"".join(pending)
            if data or (sync and self._size[name]):
                created |= not self._size[name]
                self._size[name] = disk.append(self.folder / name, data, self._size[name], sync=sync)
                pending.clear()
                if name == METRICS:
                    self._written.update(data)
        if sync and created:
            disk.sync_folder(self.folder)
        return {name: size for name, size in self._size.items() if size}

    def summary(self, content: Mapping[str, Any], files: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Make everything durable, then put summary.json in place at once: its presence says that the run is whole.

        `files` are the checksums of files that others have written; returned is the summary with all of them.
        """
        self.flush(sync=True)
        return write_summary(self.folder, content, {**(files or {}), METRICS: self.digest()})

    def digest(self) -> str:
        """The checksum of metrics.csv as far as it is written."""
        return self._written.hexdigest()

    def _event(self, data: bytes) -> None:
        if not self._size[EVENTS] and not self._pending[EVENTS]:
            self._pending[EVENTS].append(events.header())
        self._pending[EVENTS].append(data)

    def _set_columns(self, columns: list[str]) -> None:
        self._columns, self._known = columns, set(columns)
        self._drawn = [(column, tag_of(column)) for column in columns if column not in NOT_DRAWN]

    def _cut_back(self, offsets: Mapping[str, int]) -> None:
        unknown = sorted(set(offsets) - set(NAMES))
        if unknown:
            raise RunError(f"{self.folder}: the checkpoint names files that a run does not have: {', '.join(unknown)}")
        for name in NAMES:
            self._size[name] = int(offsets.get(name, 0))
            disk.truncate(self.folder / name, self._size[name])
        if self._size[METRICS]:
            data = (self.folder / METRICS).read_bytes()
            self._written.update(data)
            self._set_columns(data.partition(b"\n")[0].decode(errors="replace").split(","))


def refuse_to_overwrite(folder: Path) -> None:
    """RunError if the folder holds a run that has recorded something."""
    found = [name for name in (*NAMES, SUMMARY) if (Path(folder) / name).exists()]
    if METRICS in found or SUMMARY in found:
        raise RunError(f"{folder} already holds a run ({', '.join(found)}); choose another with hydra.run.dir=FOLDER")


def _cell(value: Any) -> str:
    """A number that reads back exactly: shortest repr of the double; nan, inf; None is empty."""
    if value is None:
        return ""
    return repr(value if type(value) in (int, float) else value.item() if hasattr(value, "item") else float(value))
