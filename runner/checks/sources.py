"""What a data set promises that needs no files: a table, the same one each time, that can be split and encoded."""

from __future__ import annotations

from runner.checks.broken import require
from runner.config.registry import Entry
from runner.data.prepare import prepare
from runner.data.sources.base import RawTable
from runner.execution.configurations import read


def needs_no_file(entry: Entry) -> bool:
    """Whether a data set is there as it stands: no key names what it is read from."""
    return all(option.type not in ("text", "texts") for option in entry.options.values())


def same_table(entry: Entry) -> None:
    """`read` returns a table that a run can be made of, and the same one when it is asked again: a run is resumed."""
    first, again = entry.cls().read(), entry.cls().read()
    require(isinstance(first, RawTable), f"`read` returned a {type(first).__name__} instead of a RawTable")
    require(first.sha256 == again.sha256, "`sha256` is another when the data are read again")
    for name in ("numeric_ND", "target"):
        same = getattr(first, name).tobytes() == getattr(again, name).tobytes()
        require(same, f"`{name}` is another when the data are read again")
    prepare(read({"dataset": entry.name}))
