"""What was decided about the columns of a table, in a line each for the screen, with the key that decides otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from runner.config.words import word
from runner.data.reading.dialect import Dialect
from runner.data.roles.dates import span
from runner.data.roles.inputs import Inputs
from runner.data.roles.odd_columns import odd_numbers, odd_words, spelt_alike
from runner.data.roles.targets import Target
from runner.data.roles.texts import text_notes

SHOWN = 10  # columns listed in a note


class Keys(Protocol):
    """What a user said about a table, as `runner.data.sources.table_file` has it."""

    target: str | list[str] | None
    task: str
    split_column: str | None
    group: str | None
    sample_weight: str | None
    test_path: str | None
    max_categories: int
    ngrams: int
    text_features: int
    day_first: bool | None
    split: str
    time_column: str | None

    def names(self, key: str) -> list[str]:
        """The columns that a key with several of them names."""

    def keys(self) -> Dialect:
        """How the file is said to be written."""


def notes(inputs: Inputs, target: Target, source: Keys, times: np.ndarray | None) -> Iterator[str]:
    """First what the target is, then the columns; `times` are those of the rows that have an answer."""
    rows = target.rows
    words = {name: column[rows] for name, column in inputs.words.items()}
    yield target.notes[0]
    yield from spelt_alike(target, words)
    yield f"{_kinds(inputs)}{_roles(source)}"
    yield from target.notes[1:]
    yield from text_notes(
        {name: column[rows] for name, column in inputs.texts.items()}, source.text_features, source.ngrams
    )
    yield from _left_out(inputs)
    yield from _holes(inputs, rows)
    yield from inputs.notes
    yield from _by_chance(inputs, source)
    yield from _undated(times)
    yield from odd_numbers({name: column[rows] for name, column in inputs.numeric.items()})
    yield from odd_words(words, source.names("categorical"), source.max_categories)


def _kinds(inputs: Inputs) -> str:
    dates = f", {len(inputs.dates)} of dates" if inputs.dates else ""
    texts = f", {len(inputs.texts)} of texts" if inputs.texts else ""
    return f"columns: {len(inputs.numeric)} numeric, {len(inputs.words)} categorical{dates}{texts}"


def _roles(source: Keys) -> str:
    roles = "".join(
        f", {role} {getattr(source, role)}"
        for role in ("split_column", "group", "sample_weight")
        if getattr(source, role)
    )
    return roles + (f", dropped: {', '.join(source.names('drop'))}" if source.names("drop") else "")


def _left_out(inputs: Inputs) -> Iterator[str]:
    """What was left out by itself, why, and how it comes back."""
    for names, why in ((inputs.empty, "empty in every row"), (inputs.constant, "the same date in every row")):
        if names:
            yield f"left out, {why}: {', '.join(names[:SHOWN])}{', ...' * (len(names) > SHOWN)}"
    names = list(inputs.left_out)
    if names:
        why = "; ".join(f"{name!r} ({inputs.left_out[name]})" for name in names[:SHOWN])
        more = f"; ... ({len(names)} in all)" * (len(names) > SHOWN)
        yield f"left out: {why}{more}. To have it back: {word('dataset.keep', names[:SHOWN])}"
    if inputs.prose:
        yield f"texts of several words: to learn from the words, {word('dataset.text', inputs.prose)}"


def because(inputs: Inputs) -> str:
    """Why no column is of use, where that is known."""
    why = [f"{name!r} is empty" for name in inputs.empty]
    why += [f"{name!r} is the same date in every row" for name in inputs.constant]
    return f": {'; '.join(why)}" if why else ""


def _holes(inputs: Inputs, rows: np.ndarray) -> Iterator[str]:
    """How many cells are missing in each column in use."""
    holes = {name: np.isnan(column) for name, column in (inputs.numeric | inputs.times).items()}
    holes |= {name: np.array([word is None for word in column]) for name, column in inputs.words.items()}
    counts = {name: int(hole[rows].sum()) for name, hole in holes.items()}
    shown = [f"{name} {n}" for name, n in counts.items() if n]
    if shown:
        yield (
            f"missing values: {', '.join(shown[:SHOWN])} (numbers: median of the training split; categories: their own "
            "category)"
        )


def _by_chance(inputs: Inputs, source: Keys) -> Iterator[str]:
    """A note on dates that a split by chance mixes."""
    if not inputs.dates or source.split == "time" or source.split_column or source.test_path or source.group:
        return
    spans = ", ".join(f"{name!r} ({span(times)})" for name, times in inputs.times.items())
    yield f"dates in {spans}, but rows are split by chance: dataset.split=time tests on the latest"


def _undated(times: np.ndarray | None) -> Iterator[str]:
    """A note on rows of which nobody knows how late they are."""
    count = 0 if times is None else int(np.isnan(times).sum())
    if count:
        yield f"rows that do not say how late they are (dataset.split=time) count as the earliest: {count:,}"
