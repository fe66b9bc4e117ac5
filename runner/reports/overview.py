"""What `runner dashboard` adds to the runs of a sweep: the answer in words, the metric over the key that varies, and
which columns the HPARAMS page has.

It is written where the dashboard serves from, not into the sweep: in a log directory of several sweeps the columns of
one would hide those of the others.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from runner.errors import RunnerError
from runner.records import crc
from runner.records.run_folder import RESULTS
from runner.reports import facets
from runner.reports.answer import answer
from runner.reports.over import Over, across_conditions, choose
from runner.reports.report_text import columns, heading, plain
from runner.reports.runs import read_sources
from runner.reports.sections import Section, make_sections

FILE = "events.out.tfevents.{}.overview"  # numbered from 000001 on, after that of the layout
PATIENCE = 50  # times as long as writing one took is waited for the next
TOP = 20  # settings in the table


class Follower:
    """Writes the overview of a sweep into a folder whenever more of its runs have ended."""

    def __init__(self, sweep: Path, folder: Path, *, alone: bool):
        self.sweep, self.folder, self.alone = sweep, folder, alone
        self.state: tuple[int, int] | None = None  # of the results that were read last
        self.times, self.due = 0, 0.0

    def follow(self) -> None:
        """Write it if results have come, of a large sweep not each time that they have."""
        started = time.monotonic()
        try:
            found = (self.sweep / RESULTS).stat()
        except OSError:
            return
        state = (found.st_mtime_ns, found.st_size)
        if state == self.state or started < self.due:
            return
        self.state, self.times = state, self.times + 1
        write(self.sweep, self.folder, alone=self.alone, number=self.times)
        self.due = time.monotonic() + PATIENCE * (time.monotonic() - started)


def write(sweep: Path, folder: Path, *, alone: bool, number: int = 1) -> None:
    """Put the overview of a sweep into a folder, for the first time or another; with `alone` the columns of HPARAMS,
    too. Nothing if no run of it has finished or it cannot be read.

    A file is not written twice, as TensorBoard continues to read where it was. Figures of one tag are steps of it.
    """
    from runner.records import events

    try:
        sources = read_sources(sweep)
        sections = make_sections(sources)
    except RunnerError:
        return
    if not any(setting.finished for section in sections for setting in section.settings):
        return
    parts = [events.header(), events.text("answer", "\n\n".join(map(_in_words, sections)), number)]
    for drawn in filter(None, [*across_conditions(sources, sections), *choose(sections, None)]):
        parts += _figures(drawn, number)
    for section in sections:
        parts += _search(section, number)
    parts += [_columns(sections)] if alone else []
    folder.mkdir(parents=True, exist_ok=True)
    for old in sorted(folder.glob(FILE.format("*")))[:-1]:  # one may be being read
        old.unlink()
    (folder / FILE.format(f"{number:06d}")).write_bytes(crc.records(parts))


def _in_words(section: Section) -> str:
    """Markdown: what was run, the answer, the best settings."""
    table = "\n".join(plain(columns(section, TOP)))
    return "\n\n".join([*heading(section), f"**{answer(section)}**", f"```\n{table}\n```"])


def _figures(drawn: Over, number: int) -> list[bytes]:
    from runner.figures.draw.over import Curve, metric_over_key
    from runner.records import events

    found = []
    for metric in drawn.metrics:
        curves = []
        for group in drawn.groups:
            for split, name in drawn.recorded(metric).items() if group.name in drawn.colours[: facets.COLOURS] else ():
                points = group.curve(name)
                x, mean, sd = np.array([(x, spread.mean, spread.sd or 0.0) for x, spread in points]).reshape(-1, 3).T
                curves += [Curve(group.name, split, x, mean, sd, group.panel)] if points else []
        picture = metric_over_key(curves, metric, drawn.name, title=drawn.section.title, panels=drawn.panels)
        about = "Means of the settings: validation solid, with one standard deviation; training dashed; test dotted."
        about += f" Each is the best over {drawn.best_over}." if drawn.best_over else ""
        tag = f"over {drawn.name}/{metric}"
        found.append(events.image(tag, number, picture, *events.png_size(picture), about))
    return found


def _search(section: Section, number: int) -> list[bytes]:
    """The best so far over the epochs of all trials, as a curve and as a figure."""
    from runner.records import events
    from runner.reports.searches.picture import CAPTION, picture

    way = picture(section)
    if way is None:
        return []
    tag = "/".join(["search", *([section.title] if section.title else []), f"best {section.metric}"])
    found = [events.scalars(epochs, [(tag, value)]) for epochs, value in way.steps]
    return [*found, events.image(f"{tag} so far", number, way.png, *events.png_size(way.png), CAPTION)]


def _columns(sections: Sequence[Section]) -> bytes:
    """The keys that vary, then the seed; of the metrics the one that ranks first."""
    from runner.records import events

    varied = dict.fromkeys(key for section in sections for key in section.varied)
    kinds = {key: _kind([s.keys.get(key, "") for section in sections for s in section.settings]) for key in varied}
    ranking = [section.metric for section in sections] + [metric for section in sections for metric in section.beside]
    return events.experiment({**kinds, "seed": float}, [f"best/{metric}" for metric in dict.fromkeys(ranking)])


def _kind(values: Sequence[str]) -> type:
    """What HPARAMS lists of a key: numbers, switches, or words."""
    found = {value for value in values if value}
    if found <= {"true", "false"}:
        return bool
    try:
        [float(value) for value in found]
    except ValueError:
        return str
    return float
