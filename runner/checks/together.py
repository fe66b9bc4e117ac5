"""A run does not depend on its company: alone = together = in any subset, bit for bit (CPU, one thread).

By either engine: `engine` is what `trainer.engine` says.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from runner.checks.broken import require
from runner.checks.populations import (
    SHAPES,
    data,
    data_for,
    needs,
    neutral,
    same,
    settings,
    shape_for,
    train,
    variations,
)
from runner.config.engines import STACKED
from runner.config.registry import Entry
from runner.config.settings import Settings
from runner.data.prepare import RunData


def check_alone_is_together(
    runs: list[Settings], tables: list[RunData], leave: dict[int, int] | None = None, every: int = 1
) -> None:
    """Each run (or one in `every`) has the bits of itself alone, and of itself in every second place; `leave` maps run
    -> last epoch.
    """
    together = train(runs, tables, leave=leave)
    for i in range(0, len(runs), every):
        alone = train([runs[i]], [tables[i]], epochs=(leave or {}).get(i, 3))[0]
        require(same(together[i], alone), f"row {i} differs from the same run alone")
    subset = list(range(0, len(runs), 2))
    again = train([runs[i] for i in subset], [tables[i] for i in subset])
    for i, found in zip(subset, again, strict=True):
        require(bool((leave or {}).get(i)) or same(together[i], found), f"row {i} differs in a subset")


def every_key(entry: Entry, shape: tuple = SHAPES[0], engine: str = STACKED) -> None:
    """Rows that differ in every key of a choice, and one without it, which leaves early."""
    if shape[1] == [] and getattr(entry.cls, "site", None) == "hidden":
        shape = SHAPES[0]  # there is no hidden layer to disturb
    changes = [needs(entry), *variations(entry.group, entry.name)]
    shape, table = data_for(entry.group, entry.name, shape_for(entry, shape))
    runs = [settings(shape, seed=i, **change | {"trainer.engine": engine}) for i, change in enumerate(changes)]
    check_alone_is_together(runs, [table] * len(runs), leave={1: 1})


def seeds(entry: Entry, shape: tuple = SHAPES[0], engine: str = STACKED) -> None:
    """Rows of one piece of a network (or one metric) that differ in seed, rate and dropout."""
    asked, task = _asked(entry)
    asked |= {"trainer.engine": engine}
    moved: list[dict[str, Any]] = [{"optimizer.lr": 0.01 * (i + 1), "regularizer.dropout": 0.1 * i} for i in range(5)]
    runs = [settings(shape, seed=i, **asked | move | needs(entry)) for i, move in enumerate(moved)]
    check_alone_is_together(runs, [data(shape[0], shape[2], task)] * 5, leave={0: 1, 3: 2})


def _asked(entry: Entry) -> tuple[dict[str, Any], str]:
    """(what chooses an entry, the task that it is for)."""
    cls: Any = entry.cls
    if entry.group == "metric":
        task = cls.tasks[0]
        return {"trainer.metrics": [entry.name], "loss": "auto"}, task
    if entry.group == "loss":
        return {"loss": entry.name}, cls.task
    return {f"model.{entry.group}": entry.name}, "classification"


def neutral_is_absent(entry: Entry, engine: str = STACKED) -> None:
    """Beside a row that uses the technique, a row with the neutral value has the bits of a run without its code; and
    the technique does something.
    """
    fast = needs(entry) | {"trainer.engine": engine, "optimizer.lr": 0.3}  # so that weights outgrow a constraint
    group, name = entry.group, entry.name
    shape, table = data_for(group, name, SHAPES[1])
    absent = settings(shape, seed=7, **fast)
    using = settings(shape, seed=8, **fast | variations(group, name)[0])
    off = settings(shape, seed=7, **fast, **neutral(group, name))
    company = train([using, off], [table] * 2)
    require(same(company[1], train([absent], [table])[0]), "a row with the neutral value is not a row without it")
    without = train([settings(shape, seed=8, **fast)], [table])[0]
    require(not same(company[0], without), "the technique did nothing at its preset strength")


def neutral_keys_are_absent(entry: Entry, engine: str = STACKED) -> None:
    """A key of an optimizer that is neutral in one row and not in another does nothing in the first."""
    shape = shape_for(entry)
    table = data(shape[0], shape[2])
    common: dict[str, Any] = {"optimizer": entry.name, "trainer.engine": engine}
    plain = settings(shape, seed=7, **common)
    alone = train([plain], [table])[0]
    for key, option in entry.options.items():
        if option.kind == "column" and option.neutral is not None:
            moved: dict[str, Any] = {f"optimizer.{key}": 0.5}
            other = settings(shape, seed=8, **common | moved)
            require(same(train([other, plain], [table] * 2)[1], alone), f"{key} acts in a row where it is neutral")


def nan_harms_itself(entry: Entry, engine: str = STACKED) -> None:
    """Rows of a rule keep their bits when another turns to NaN."""
    shape = shape_for(entry)
    table = data(shape[0], shape[2])
    noisy: dict[str, Any] = {"optimizer": entry.name, "regularizer.dropout": 0.3, "trainer.engine": engine}
    wild: dict[str, Any] = {"optimizer": "sgd", "optimizer.lr": 1e30, "trainer.engine": engine}
    good = [settings(shape, seed=i, **noisy) for i in range(3)]
    bad = settings(shape, seed=9, **wild)
    found = train([*good, bad], [table] * 4)
    require(not np.isfinite(found[3]["curve"]).all(), "the row that was to diverge did not")
    for i, run in enumerate(good):
        require(
            same(found[i], train([run], [table])[0]),
            "a row that trains with one that diverges differs from itself alone",
        )
