"""Columns of texts: that they hold words, and what is said about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from runner.config.words import word
from runner.data.hashing import words_of
from runner.errors import DataError


def check_texts(texts: Mapping[str, np.ndarray], where: str) -> None:
    """DataError for a column of texts in which no row has a word."""
    for name, column in texts.items():
        if not any(map(words_of, column)):
            others = [other for other in texts if other != name]
            raise DataError(
                f"{where}: column {name!r} holds no word (two letters or digits, or more) in any row, but dataset.text "
                f"names it: set {word('dataset.text', others)}"
            )


def wordless(texts: Mapping[str, np.ndarray]) -> str:
    """How many rows of each column have no word; "" if all have one."""
    counts = {name: sum(not words_of(text) for text in column) for name, column in texts.items()}
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)


def text_notes(texts: Mapping[str, np.ndarray], features: int, ngrams: int) -> Iterator[str]:
    """What is made of columns of texts."""
    for name, column in texts.items():
        words = [words_of(text) for text in column]
        kinds, mean = len({each for text in words for each in text}), sum(map(len, words)) / max(len(words), 1)
        runs = f" and runs of up to {ngrams}" if ngrams > 1 else ""
        yield (
            f"texts {name!r}: {mean:.3g} words a row, {kinds:,} different ones; words{runs} are hashed into "
            f"{features:,} features"
        )
    if without := wordless(texts):
        yield f"texts without a word: {without} (their features are 0)"
