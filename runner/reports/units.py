"""What the n of an interval or a test counts: draws of the data, splits, folds or seeds, never their product.

Repetitions are nested: a draw of the data is split, a split has folds, a fold is trained with seeds. Runs that share an
outer one share what is particular to it, however many they are, so that counting each of them would find differences
where there are none: in a third of the sweeps over 5 draws x 5 seeds. The rule: the unit is the outermost kind of which
there are several; everything within a unit is averaged first. With one draw, one split and one fold the unit is the
seed, and what is said holds for this split.

Seeds and draws of the data are independent. Splits and folds of one table share training rows: `overlap` allows for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping

from runner.config.settings import luck
from runner.reports.statistics import unit_means

NESTED = ("draw of the data", "split", "fold of the test", "fold", "seed")  # kinds of luck, the outermost first
Luck = tuple[str, ...]  # what chance gave a run: its value of each of `keys`


@functools.cache
def keys() -> tuple[str, ...]:
    """The keys by which chance decides, the outermost first; seed is the last."""
    return tuple(sorted(luck(), key=lambda key: NESTED.index(luck()[key])))


def luck_of(value: Callable[[str], str]) -> Luck:
    """What chance gave the run that has these values of keys; a fold is one of so many."""
    found = {key: value(key) for key in keys()}
    for key in ("dataset.fold", "dataset.test_fold"):
        if found[key] not in ("", "null"):
            found[key] += f" of {value(f'{key}s')}"
    return tuple(found.values())


def unit_of(lucks: Collection[Luck]) -> int:
    """The position of the outermost key of which there are several values; that of the seed if there is none."""
    several = (i for i in range(len(keys())) if len({each[i] for each in lucks}) > 1)
    return next(several, len(keys()) - 1)


def kind(position: int) -> str:
    """Draw of the data, split, fold or seed."""
    return luck()[keys()[position]]


def averaged(values: Mapping[Luck, float]) -> list[float]:
    """The mean of each unit of runs with these values."""
    unit = unit_of(values)
    return list(unit_means(values, lambda each: each[unit]).values())


def overlap(value: Callable[[str], str], lucks: Collection[Luck], metric: str) -> float:
    """Rows that score a unit for each that trains it, if units share training rows, as folds and splits do; else 0.

    `value` gives the value of any key. A split that has folds is scored by the rows of all its folds.
    """
    unit = unit_of(lucks)
    if kind(unit) not in ("split", "fold of the test", "fold"):
        return 0.0
    val, test = (float(value(f"dataset.{part}_fraction")) for part in ("val", "test"))
    folds, test_folds = value("dataset.folds"), value("dataset.test_folds")
    test = test if test_folds in ("", "null") else 1 / int(test_folds)
    scored = 1
    if folds not in ("", "null"):
        val = (1 - test) / int(folds)
        scored = len({each[:-1] for each in lucks}) // len({each[unit] for each in lucks})
    return (test if metric.startswith("test/") else val * scored) / (1 - test - val)


def units(n: int, what: str) -> str:
    """The word for n of a kind: seed, seeds, draws of the data."""
    first, _, rest = what.partition(" ")
    return f"{first}{'s' * (n != 1)} {rest}".rstrip()


def in_words(lucks: Collection[Luck]) -> str:
    """What an interval is over: "5 seeds, on this split", "3 folds, each the mean of 2 seeds"."""
    unit = unit_of(lucks)
    within: dict[str, list[Luck]] = {}
    for each in lucks:
        within.setdefault(each[unit], []).append(each)
    counts = [max(len({each[i] for each in part}) for part in within.values()) for i in range(len(keys()))]
    counts[unit] = len(within)
    said = [f"{n} {units(n, kind(i))}" for i, n in enumerate(counts) if i == unit or (i > unit and n > 1)]
    if kind(unit) == "seed":
        return f"{said[0]}, on this split"
    return ", each the mean of ".join(filter(None, (said[0], " x ".join(said[1:]))))
