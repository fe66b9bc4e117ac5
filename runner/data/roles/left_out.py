"""Columns from which nothing can be learned that holds for other rows: what counts or names the rows, what says the
answer already, free text. They are left out, which is said, and `dataset.keep` brings them back.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np

from runner.data.roles.odd_columns import around
from runner.data.roles.targets import Target

ROWS = re.compile(r"|unnamed: \d+|row[._ ]?(?:names?|num(?:ber)?s?|ids?)?|index|idx|__index_level_\d__")
NAMED = (
    "row|record|obs|case|item|object|user|member|client|customer|cust|patient|subject|person|participant|respondent|"
    "student|pupil|teacher|employee|emp|driver|player|passenger|household|order|product|transaction|trans|account|loan|"
    "invoice|visit|stay|trip|session|event|sample|specimen|station|site|plot|house|property|listing|school|company|firm|"
    "movie|film|book|song|image|message|post|device|sensor|vehicle|animal|plant|tree|[cgoprstuv]|uu|gu"
)
IDENTIFIER = re.compile(rf"(?:.*[^a-z])?id|.*[a-z]I[dD]|(?:{NAMED})id")
TOKENS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
TIMES = "t|time|year|month|day|date|week|hour|minute|second|quarter|season|period|decade|age"
TIME = re.compile(rf"(?:{TIMES})s?")
REPEATED = 10  # times that a number of rows stands in a table, at most
HEAD = 1000  # rows that tell most columns from a copy of the target
FEW_ROWS = 10  # fewer rows agree by chance
DIFFERENT = 0.9  # a column with a different text in this share of its rows names the rows
LONG = 40  # characters that free text has on average, at least


def why_not_numbers(name: str, values_N: np.ndarray, target: Target) -> str:
    """Why a column of numbers is left out; "" if it is not."""
    if len(values_N) > 2 and np.isfinite(values_N).all() and (values_N == np.floor(values_N)).all():
        before, after = values_N[:-1], values_N[1:]
        if ((after == before + 1).all() or (after == before - 1).all()) and not _is_time(name):
            return "counts the rows"
        kinds = len(np.unique(values_N))
        if ROWS.fullmatch(name.lower()) and REPEATED * kinds >= len(values_N):
            return "numbers the rows"
        if kinds == len(values_N) and (IDENTIFIER.fullmatch(name) or IDENTIFIER.fullmatch(name.lower())):
            return "has another number in every row"
    return _copy(values_N[target.rows], target)


def _is_time(name: str) -> bool:
    """Whether a column that grows by one from row to row is named as a time: it may be what the rows are about."""
    return any(TIME.fullmatch(token.lower()) for token in TOKENS.findall(name))


def why_not_words(name: str, words_N: np.ndarray, target: Target, most: int) -> str:
    """Why a column of words is left out; "" if it is not."""
    words = words_N[target.rows]
    known = [word for word in words if word is not None]
    kinds = len(set(known))
    if kinds >= FEW_ROWS and kinds >= DIFFERENT * len(known):
        signs = around(Counter(known))
        numbers = f": numbers with {signs}, which are inputs if they stand alone" if signs else ""
        return f"{kinds:,} different texts in {len(known):,} rows{numbers}"
    if kinds > most and sum(map(len, known)) >= LONG * len(known):
        return f"free text, {kinds:,} different ones"
    if ROWS.fullmatch(name.lower()) and kinds == len(words) > 2:
        return "names the rows"
    return _copy(np.array([str(word) for word in words]), target) if len(known) == len(words) else ""


def _copy(values_n: np.ndarray, target: Target) -> str:
    """Whether a column says the same as the target: equal numbers, or one value for each class."""
    if len(values_n) < FEW_ROWS:
        return ""
    if target.labels_of:
        told = next(filter(None, (_copy(values_n, each) for each in target.each())), "")
        return told.replace("the target", "one of the targets")
    if target.task == "regression":
        answers = target.values.reshape(len(values_n), -1).T
        same = values_n.dtype.kind == "f" and any(np.array_equal(values_n, each) for each in answers)
        return ("is the target" if len(answers) == 1 else "is one of the targets") * same
    classes = len(target.labels or ())
    if len(np.unique(values_n[:HEAD])) > classes:
        return ""
    kinds, codes = np.unique(values_n, return_inverse=True)
    if len(kinds) != classes:
        return ""
    pairs = len(np.unique(codes * len(kinds) + target.values))
    return "tells the target alone" * (pairs == len(kinds))
