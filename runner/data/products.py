"""Further features of a table: powers of numbers, products of two, two categories as one.

`dataset.polynomial` and `dataset.crosses` say which. They are made of the numbers as the table has them, holes filled,
and scaled as all numbers are.

Shapes: N rows, F numbers of the table, E numbers made of them.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np

from runner.data.files import did_you_mean
from runner.data.sources.base import RawTable, Source
from runner.errors import ConfigError, DataError

MOST = 5000  # numbers that are made
Made = dict[str, list[str]]  # a new column -> the columns it is made of


def made_of_numbers(table: RawTable, source: Source) -> Made:
    """The new columns of numbers. ConfigError for too many, and for pairs that there are not."""
    names, crosses = table.numeric_names, source.crosses
    powers, count = source.polynomial - 1, len(names)
    every = crosses is True
    if (total := count * powers + every * count * (count - 1) // 2) > MOST:
        keys = [f"dataset.polynomial = {source.polynomial}"] * bool(powers) + ["dataset.crosses = true"] * every
        raise ConfigError(
            f"{' and '.join(keys)}: {count:,} numbers make {total:,} further features, at most {MOST:,} are allowed; "
            "lower dataset.polynomial, or name the pairs: dataset.crosses=[[a,b]]"
        )
    found = {f"{name}^{power}": [name] * power for name in names for power in range(2, source.polynomial + 1)}
    pairs = itertools.combinations(names, 2) if every else (p for p in _pairs(table, source) if p[0] in names)
    return found | {"*".join(pair): list(pair) for pair in pairs}


def made_of_categories(table: RawTable, source: Source) -> Made:
    """The new columns of categories."""
    return {" & ".join(pair): list(pair) for pair in _pairs(table, source) if pair[0] in table.categorical}


def _pairs(table: RawTable, source: Source) -> Iterator[tuple[str, str]]:
    """The pairs that are named, each once. ConfigError for what is no pair of numbers or of categories."""
    kinds = dict.fromkeys(table.numeric_names, "a number") | dict.fromkeys(table.categorical, "a category")
    seen = set()
    for one, other in source.crosses if isinstance(source.crosses, list) else []:
        said = f"dataset.crosses: [{one},{other}]: "
        for name in (one, other):
            if name not in kinds:
                raise ConfigError(f"{said}the table has no input {name!r}.{did_you_mean(name, list(kinds))}")
        if one == other:
            raise ConfigError(f"{said}a column and itself; powers of numbers are dataset.polynomial=2")
        if kinds[one] != kinds[other]:
            raise ConfigError(
                f"{said}{one!r} is {kinds[one]}, {other!r} {kinds[other]}; give two numbers or two categories"
            )
        if frozenset((one, other)) not in seen:
            seen.add(frozenset((one, other)))
            yield one, other


def products(block_NF: np.ndarray, factors: list[list[int]]) -> np.ndarray:
    """Numbers [N, F + E]: those given, without holes, then of each list of columns their product."""
    with np.errstate(over="ignore"):
        made = [block_NF[:, columns].prod(axis=1) for columns in factors]
    return np.column_stack([block_NF, *made]) if made else block_NF


def of_both(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The category [N] of two, None where either is a hole."""
    both = [None if a is None or b is None else f"{a} & {b}" for a, b in zip(one, other, strict=True)]
    return np.array(both, object)


def with_made(table: RawTable, fill: np.ndarray, numbers: Made, categories: Made) -> RawTable:
    """The table with the new columns, holes of numbers filled. DataError for a name there is already, and for a product
    that is too large.
    """
    taken = {*table.numeric_names, *table.categorical}
    if twice := next((name for name in (*numbers, *categories) if name in taken), None):
        raise DataError(f"dataset.polynomial or dataset.crosses would make a column {twice!r}, which the table has.")
    filled = np.where(np.isnan(table.numeric_ND), fill, table.numeric_ND).astype(np.float64)
    values = products(filled, positions(table.numeric_names, numbers))
    if not np.isfinite(values).all():
        name = [*table.numeric_names, *numbers][int(np.flatnonzero(~np.isfinite(values).all(axis=0))[0])]
        raise DataError(
            f"column {name!r}, made by dataset.polynomial or dataset.crosses, is too large for double precision: lower "
            "dataset.polynomial, or give its numbers in another unit"
        )
    words = {name: of_both(*(table.categorical[each] for each in pair)) for name, pair in categories.items()}
    names = [*table.numeric_names, *numbers]
    return dataclasses.replace(table, numeric_ND=values, numeric_names=names, categorical=table.categorical | words)


def positions(names: list[str], made: Made) -> list[list[int]]:
    """Where the factors of each new column stand among the names."""
    place = {name: i for i, name in enumerate(names)}
    return [[place[name] for name in factors] for factors in made.values()]
