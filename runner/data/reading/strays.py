"""Words that stand among numbers or dates: all of a column are named at once, with the key that makes them holes."""

from __future__ import annotations

from collections.abc import Iterable

from runner.config.words import word

MOST = 6  # different words that are named


def strays(cells: Iterable[str]) -> tuple[str, str]:
    """(" (also ...)" with the words after the first, if there are any; dataset.na_values with all, if they are few)."""
    found = list(dict.fromkeys(map(str, cells)))
    others = ", ".join(map(repr, found[1:MOST])) + ", ..." * (len(found) > MOST)
    return f" (also {others})" * bool(found[1:]), word("dataset.na_values", found if len(found) <= MOST else found[:1])
