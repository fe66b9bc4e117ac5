"""Tables as users have them, small and made by chance: words, holes, constant columns, classes of one row, odd names.

A maker returns the dataset.* keys that train on the table it wrote, dotted key -> value.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

Random = random.Random
WORDS = ["red", "green", "blue", "a b", "ä,ö", 'quo"te', "NA?", "007", "true", "-"]
NAMES = ["x", "age (years)", "größe", "a.b", "2024_01", "Q1=ja", "1", "with space", "x[0]", "l'été", "a:b", "colour"]


def numbers(chosen: Random, n: int) -> np.ndarray:
    """A numeric column: of ordinary size, far from 0, tiny, whole, constant, or nearly so."""
    draw = np.random.default_rng(chosen.randrange(2**32))
    kind = chosen.choice(["normal", "normal", "far", "tiny", "whole", "constant", "outlier", "binary"])
    x = draw.normal(size=n)
    return {
        "normal": x,
        "far": 1e6 + x,
        "tiny": 1e-9 * x,
        "whole": np.round(3 * x),
        "constant": np.full(n, 7.0),
        "outlier": np.where(np.arange(n) == chosen.randrange(n), 1e9, x),
        "binary": (x > 0).astype(float),
    }[kind]


def words(chosen: Random, n: int) -> list[str]:
    """A column of a few categories."""
    few = chosen.sample(WORDS, chosen.randint(1, 5))
    return [chosen.choice(few) for _ in range(n)]


def with_holes(chosen: Random, column: list[Any]) -> list[Any]:
    """Some cells emptied, but not all."""
    share = chosen.choice([0, 0, 0.05, 0.3, 0.9])
    holed = [None if chosen.random() < share else cell for cell in column]
    return holed if any(cell is not None for cell in holed) else column


def answers(chosen: Random, n: int) -> tuple[list[Any], str]:
    """(target column, its task): balanced or lopsided classes, classes of a single row, numbers."""
    draw = np.random.default_rng(chosen.randrange(2**32))
    kind = chosen.choice(["words", "codes", "lopsided", "one-row", "numbers", "large numbers", "logical"])
    if kind in ("numbers", "large numbers"):
        return [float(v) for v in draw.normal(size=n) * (1e6 if kind[0] == "l" else 1)], "regression"
    share = 0.95 if kind == "lopsided" else 0.6
    codes = (draw.random(n) > share).astype(int) + (draw.random(n) > share) * (kind in ("words", "codes"))
    labels: list[Any] = [True, False] if kind == "logical" else ["no", "yes", "may be"]
    column = [int(code) if kind == "codes" else labels[code] for code in codes]
    if kind == "one-row":
        column[chosen.randrange(n)] = "rare"
    column[0], column[1] = [0, 1] if kind == "codes" else labels[:2]  # two classes at least
    return column, "classification"


def frame(chosen: Random) -> tuple[pd.DataFrame, str, str]:
    """(table, name of the target, task)."""
    n = chosen.randint(20, 90)
    names = chosen.sample(NAMES, chosen.randint(2, 7))
    target, task = answers(chosen, n)
    columns: dict[str, list[Any]] = {names[0]: target}
    for name in names[1:]:
        column = words(chosen, n) if chosen.random() < 0.4 else numbers(chosen, n).tolist()
        columns[name] = with_holes(chosen, column)
    order = chosen.sample(names, len(names))
    return pd.DataFrame({name: columns[name] for name in order}), names[0], task


def roles(chosen: Random, table: pd.DataFrame, task: str) -> dict[str, Any]:
    """Keys about the columns of a table, and the columns that they name, added to it."""
    n, keys = len(table), {}
    inputs = list(table.columns)
    if chosen.random() < 0.2:
        table["part"] = chosen.choices(["train", "train", "train", "val", "test"], k=n)
        keys["dataset.split_column"] = "part"
    if chosen.random() < 0.2:
        table["patient"] = [f"p{chosen.randrange(max(6, n // 4))}" for _ in range(n)]
        keys["dataset.group"] = "patient"
    if chosen.random() < 0.2:
        table["weight"] = [chosen.choice([0, 0.5, 1, 1, 3]) for _ in range(n)]
        keys["dataset.sample_weight"] = "weight"
    if chosen.random() < 0.2:
        keys["dataset.drop"] = chosen.sample(inputs, 1)
    if chosen.random() < 0.2:
        keys["dataset.categorical"] = chosen.sample(inputs, 1)
    if chosen.random() < 0.3:
        keys["dataset.task"] = task
    return keys


def csv(chosen: Random, folder: Path) -> dict[str, Any]:
    """A text file, with commas or other separators."""
    table, target, task = frame(chosen)
    keys = {"dataset.target": target} | roles(chosen, table, task)
    separator = chosen.choice([",", ",", ";", "\t", "|"])
    return _written(chosen, folder, table, keys, "csv", lambda t, path: t.to_csv(path, sep=separator, index=False))


def parquet(chosen: Random, folder: Path) -> dict[str, Any]:
    """A Parquet file."""
    table, target, task = frame(chosen)
    keys = {"dataset.target": target} | roles(chosen, table, task)
    return _written(chosen, folder, table, keys, "parquet", lambda t, path: t.to_parquet(path, index=False))


def _written(chosen: Random, folder: Path, table: pd.DataFrame, keys: dict[str, Any], end: str, write: Callable):
    path = folder / f"table-{chosen.randrange(2**32):08x}.{end}"
    write(table, path)
    if chosen.random() < 0.15:
        second = path.with_stem(f"{path.stem}-test")
        write(table.iloc[: chosen.randint(1, len(table))], second)
        keys["dataset.test_path"] = str(second)
    return {"dataset": end, "dataset.path": str(path)} | keys


def npz(chosen: Random, folder: Path) -> dict[str, Any]:
    """Arrays: columns, grey or coloured images, of floats or bytes; in one part or split already."""
    draw = np.random.default_rng(chosen.randrange(2**32))
    n, shape = chosen.randint(24, 80), chosen.choice([(5,), (1,), (4, 4), (3, 4, 3), (5, 4, 3), (1, 1)])
    x = draw.normal(size=(n, *shape)) if chosen.random() < 0.5 else draw.integers(0, 256, (n, *shape), dtype=np.uint8)
    y = draw.integers(0, chosen.randint(2, 4), n) if chosen.random() < 0.7 else draw.normal(size=n)
    path = folder / f"arrays-{chosen.randrange(2**32):08x}.npz"
    arrays = {"x": x, "y": y}
    if chosen.random() < 0.4:
        cut = n - chosen.randint(2, 8)
        arrays = {"x_train": x[:cut], "y_train": y[:cut], "x_test": x[cut:], "y_test": y[cut:]}
    np.savez(path, **arrays)
    return {"dataset": "npz", "dataset.path": str(path)}


MAKERS = {"csv": csv, "parquet": parquet, "npz": npz}
