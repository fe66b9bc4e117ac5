"""A command line that Hydra cannot read, corrected: what the shell took apart put together, what is open closed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from runner.config.overrides import may_be_text, parse
from runner.config.settings import TEXTS, written_keys

PAIRS = {"(": ")", "[": "]", "{": "}"}


def repaired(words: list[str], multirun: bool = False, flags: Sequence[str] = ()) -> str | None:
    """The command line `runner ...` that was probably meant, quoted for a shell; None if no guess can be read."""
    better = []
    for word in _joined(words):
        readable = next((guess for guess in _guesses(word) if _reads(guess)), None)
        if readable is None:
            return None
        better.append(readable)
    start = ["runner", "-m"] if multirun else ["runner"]
    return " ".join(start + [quoted(word) for word in [*flags, *better]]) if better != words else None


def quoted(word: str) -> str:
    """The word for a shell: in double quotes if it holds anything that a shell might take apart."""
    if all(each.isalnum() or each in "=.,_-+/:@~%" for each in word):
        return word
    return '"' + "".join(f"\\{each}" if each in '"\\$`' else each for each in word) + '"'


def _joined(words: list[str]) -> list[str]:
    """Words put together again where one ends in the middle of a list: `lr=interval(1e-4,` and `1e-1)`."""
    left, joined = list(words), []
    while left:
        torn = left[0].endswith(",") or bool(_open(left[0]))
        values = list(itertools.takewhile(lambda word: "=" not in word, left[1:])) if torn else []
        tries = ["".join([left[0], *values[: i + 1]]) for i in range(len(values))]
        taken = next((i + 1 for i, text in enumerate(tries) if _reads(text)), 0)
        joined.append("".join(left[: taken + 1]))
        del left[: taken + 1]
    return joined


def _guesses(word: str) -> list[str]:
    """The word, and what it may have been meant to be, the likeliest first."""
    key, equals, value = word.partition("=")
    if not equals or set(key) & set("'\""):  # what was meant by half a key nobody knows
        return [word]
    closed = [value + _open(value)] if _open(value) else []
    for quote in "'\"":
        if value.count(quote) % 2:
            guesses = [value + quote, value.replace(quote, "")]
            closed += guesses if may_be_text(key) else guesses[1:]
    quotes = [_text(value)] if may_be_text(key) else []
    listed = key in written_keys(TEXTS) and value[:1] + value[-1:] == "[]"  # names of columns, perhaps
    as_list = [f"[{','.join(map(_text, value[1:-1].split(',')))}]"] if listed else []
    return [word, *(f"{key}={guess}" for guess in [value.rstrip(","), *closed, *as_list, *quotes])]


def _text(value: str) -> str:
    """The value in quotes."""
    return "'" + value.strip().strip("'\"").replace("'", "\\'") + "'"


def _open(text: str) -> str:
    """The brackets that are missing at the end."""
    missing: list[str] = []
    for each in text:
        if each in PAIRS:
            missing.append(PAIRS[each])
        elif missing and each == missing[-1]:
            missing.pop()
    return "".join(reversed(missing))


def _reads(word: str) -> bool:
    return not parse([word])[1]
