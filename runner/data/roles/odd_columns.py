"""What is odd about columns that are inputs all the same, in sentences for the screen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from runner.config.words import word
from runner.data.reading.columns import MOSTLY, parse
from runner.data.reading.spelling import alike
from runner.data.roles.targets import Target

ALIKE = 2  # rows a category has on average in a column of categories; with fewer it looks like an identifier
FEW = 10  # different texts that a column always may hold
AROUND = re.compile(r"(?P<before>[^\w\d]*)(?P<number>[+-]?\d[\d.,]*)(?P<after>\D*)")
SHOWN = 6  # words or columns listed in a note
WAYS = 3  # different things that may stand around the numbers of one column


def odd_numbers(numeric: Mapping[str, np.ndarray]) -> Iterator[str]:
    """A note on numeric columns that hold one number only."""
    same = [name for name, values in numeric.items() if np.nanmin(values) == np.nanmax(values)]
    if same:
        more = f", ... ({len(same)} in all)" * (len(same) > SHOWN)
        drop = word("dataset.drop", same[:SHOWN])
        yield f"the same number in every row, an input of zeros: {', '.join(same[:SHOWN])}{more}; {drop}"


def spelt_alike(target: Target, words: Mapping[str, np.ndarray]) -> Iterator[str]:
    """A note for each column with words that may be meant to be one."""
    labels = [label for each in (target.labels, *target.labels_of) for label in each or ()]
    found = {"the target": alike(labels), **{repr(name): alike(cells) for name, cells in words.items()}}
    for name, same in found.items():
        if same:
            more = f", ... ({len(same)} in all)" * (len(same) > SHOWN)
            yield (
                f"{name} has words that differ in case or blanks only, each a value of its own: "
                f"{', '.join(same[:SHOWN])}{more}"
            )


def odd_words(words: Mapping[str, np.ndarray], categorical: Collection[str], most: int) -> Iterator[str]:
    """Notes on columns of words that look like numbers with a unit, or like identifiers."""
    for name, column in words.items():
        if name in categorical:
            continue
        counts = Counter(cell for cell in column if cell is not None)
        kinds = len(counts)
        signs = around(counts) if kinds > FEW else ""
        if signs:
            yield (
                f"column {name!r} is taken as {min(kinds, most):,} categories, but holds numbers with {signs}: write "
                f"the numbers alone to have them as numbers, or {word('dataset.categorical', [name])}"
            )
        elif FEW <= kinds <= most and ALIKE * kinds > len(column):
            yield (
                f"column {name!r} holds {kinds:,} different texts in {len(column):,} rows, each a separate input: if "
                f"it is a name or an identifier, leave it out: {word('dataset.drop', [name])}"
            )


def around(counts: Counter[str]) -> str:
    """What stands before or after the numbers, if nearly every text is a number, some with something around it."""
    numbers, ways = 0, Counter[str]()
    for text, rows in counts.items():
        found = AROUND.fullmatch(text)
        if parse(text) is not None:
            numbers += rows
        elif found:
            numbers += rows
            ways[" ".join(part for part in (found["before"].strip(), found["after"].strip()) if part)] += rows
    if numbers < MOSTLY * counts.total() or not 0 < len(ways) <= WAYS:
        return ""
    return " or ".join(f"{way!r} ({n:,} rows)" for way, n in ways.items())
