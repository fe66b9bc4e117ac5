"""What `runner dashboard` adds to the runs of a sweep: the answer in words, the metric over the key that varies, and
which columns the HPARAMS page has.

It is written where the dashboard serves from, not into the sweep: in a log directory of several sweeps the columns of
one would hide those of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from runner.errors import RunnerError
from runner.records import crc
from runner.reports.answer import answer
from runner.reports.over import Over, across_conditions, choose
from runner.reports.report_text import columns, heading, plain
from runner.reports.runs import read_sources
from runner.reports.sections import Section, make_sections

FILE = "events.out.tfevents.1.overview"  # after that of the layout
TOP = 20  # settings in the table
GROUPS = 6  # curves of a figure


def write(sweep: Path, folder: Path, *, alone: bool) -> None:
    """Put the overview of a sweep into a folder; with `alone` the columns of HPARAMS, too. Nothing if no run of it has
    finished or it cannot be read.
    """
    from runner.records import events

    try:
        sources = read_sources(sweep)
        sections = make_sections(sources)
    except RunnerError:
        return
    if not any(setting.finished for section in sections for setting in section.settings):
        return
    parts = [events.header(), events.text("answer", "\n\n".join(map(_in_words, sections)))]
    charts = [*across_conditions(sources, sections), *zip(sections, choose(sections, None), strict=True)]
    for section, drawn in charts:
        parts += _figures(section, drawn) if drawn else []
    for section in sections:
        parts += _search(section)
    parts += [_columns(sections)] if alone else []
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(crc.records(parts))


def _in_words(section: Section) -> str:
    """Markdown: what was run, the answer, the best settings."""
    table = "\n".join(plain(columns(section, TOP)))
    return "\n\n".join([*heading(section), f"**{answer(section)}**", f"```\n{table}\n```"])


def _figures(section: Section, drawn: Over) -> list[bytes]:
    from runner.figures.draw.over import Curve, metric_over_key
    from runner.records import events

    found = []
    for metric in drawn.metrics:
        curves = []
        for group in drawn.groups[:GROUPS]:
            for split, name in drawn.recorded(metric, section).items():
                points = group.curve(name)
                numbers = np.array([(x, spread.mean, spread.sd or 0.0) for x, spread in points]).reshape(-1, 3).T
                curves += [Curve(group.name, split, *numbers)] if points else []
        picture = metric_over_key(curves, metric, drawn.name, title=section.title)
        about = "Means of the settings: validation solid, with one standard deviation; training dashed; test dotted."
        tag = f"over {drawn.name}/{metric}"
        found.append(events.image(tag, 0, picture, *events.png_size(picture), about))
    return found


def _search(section: Section) -> list[bytes]:
    """The best so far over the epochs of all trials, as a curve and as a figure."""
    from runner.records import events
    from runner.reports.searches.picture import CAPTION, picture, steps

    drawn = picture(section)
    if drawn is None:
        return []
    tag = "/".join(["search", *([section.title] if section.title else []), f"best {section.metric}"])
    found = [events.scalars(epochs, [(tag, value)]) for epochs, value in steps(section)]
    return [*found, events.image(f"{tag} so far", 0, drawn, *events.png_size(drawn), CAPTION)]


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
