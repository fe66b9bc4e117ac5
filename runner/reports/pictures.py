"""What a single run has to show on a report's page: its verdict and its figures."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from pathlib import Path

from runner.errors import RunError
from runner.records.run_folder import EVENTS
from runner.records.summary import read_summary
from runner.reports.run_row import RunRow
from runner.reports.sections import Section

TAG = "figures/"
WIDE = 1.4  # times as wide as high
DRAWN = ("learning_curves",)  # that the page has as charts


def verdict(section: Section) -> str:
    """What a single run's own verdict is; "" of several runs, or if its summary cannot be read."""
    row = single(section)
    try:
        found = read_summary(row.folder).get("verdict", "") if row else ""
    except RunError:
        return ""
    return f"Verdict: {found}" if found else ""


def single(section: Section) -> RunRow | None:
    """The run of a section that has only one, if it has finished."""
    rows = [row for setting in section.settings for row in setting.rows]
    return rows[0] if len(rows) == 1 and rows[0].finished else None


def of_a_run(section: Section) -> str:
    """The figures of a single run, from its TensorBoard events; nothing of several runs."""
    row = single(section)
    if row is None:
        return ""
    found = [each for each in shown(row.folder) if each[0] not in DRAWN]
    if not found:
        return '<p class="dim">No figures were drawn: trainer.figures=true draws them.</p>'
    drawn = "".join(
        f'<figure{_wide(png)}><img alt="{escape(name)}" src="{inline(png)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for name, caption, png in found
    )
    return f'<h3>Figures</h3><div class="pictures">{drawn}</div>'


def _wide(png: bytes) -> str:
    """A picture of many panels has a row of the page for itself."""
    from runner.records.events import png_size

    width, height = png_size(png)
    return ' class="across"' if width > WIDE * height else ""


def inline(png: bytes) -> str:
    """A picture as a part of the page."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def shown(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """(name, what it shows, PNG) of each figure in a run's events; none if there are no events that can be read."""
    from tensorboard.compat.proto.event_pb2 import Event

    from runner.records import crc

    try:
        records = crc.contents((folder / EVENTS).read_bytes())
    except (OSError, ValueError, RunError):
        return
    for record in records:
        for value in Event.FromString(record).summary.value if TAG.encode() in record else ():
            if value.tag.startswith(TAG) and value.metadata.plugin_data.plugin_name == "images":
                yield value.tag.removeprefix(TAG), value.metadata.summary_description, value.tensor.string_val[2]
