"""Small populations to check pieces in: synthetic data, settings from a nested change, and training by hand."""

from __future__ import annotations

import atexit
import copy
import dataclasses
import functools
import os
import tempfile
from typing import Any

import numpy as np
import torch

from runner.config.engines import STACKED, has_form
from runner.config.registry import Entry, Option, entries
from runner.config.settings import FLAT_GROUPS, Settings, flat_key
from runner.data.encoding import Encoding
from runner.data.prepare import RunData
from runner.execution.configurations import read
from runner.optimizers.rules.base import segment_key
from runner.training.engine import Engine
from runner.training.evaluation import recorded

SHAPES = [
    (13, [7, 5], 2, 29),
    (33, [50, 17], 3, 31),
    (5, [], 4, 16),
]  # inputs, hidden, outputs, batch: nothing a multiple of 16


def data(
    inputs: int, outputs: int, task: str = "classification", n: int = 75, seed: int = 0, dtype="float32"
) -> RunData:
    """Random examples; 75 in batches of 29 leave a ragged last batch."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n + 40, inputs)).astype(dtype)
    scores = x @ random.normal(size=(inputs, outputs))
    y = scores.argmax(1) if task == "classification" else scores[:, 0].astype(np.float64)
    names = [f"x{i}" for i in range(inputs)]
    encoding = Encoding(task, "y", names, names, [0.0] * inputs, [0.0] * inputs, [1.0] * inputs)
    rows = np.arange(n + 40)
    labels = [str(c) for c in range(outputs)] if task == "classification" else None
    return RunData(
        task,
        x,
        y,
        rows[:n],
        rows[n : n + 25],
        rows[n + 25 :],
        encoding,
        labels,
        outputs if labels else 1,
        None,
        "synthetic",
    )


def shape_for(entry: Entry, shape: tuple = SHAPES[1]) -> tuple:
    """A shape, of several registers a layer; with few hidden units for what holds a number a pair of parameters."""
    inputs, hidden, *rest = shape
    return inputs, [3] if hidden and "max_parameters" in entry.options else hidden, *rest


PIXELS = (3, 3, 4)  # small pictures in colour


def data_for(group: str, name: str, shape) -> tuple[tuple, RunData]:
    """(shape, examples) that an entry can act on: an augmentation may need images, or a table with categories."""
    table = data(shape[0], shape[2])
    if group != "augmentation":
        return shape, table
    width = int(np.prod(PIXELS))
    shape, table = (width, *shape[1:]), data(width, shape[2])
    names = table.encoding.numeric
    words: dict[str, list[str | None]] = {"c": list("abcdefg"), "d": list("abc")}
    kind: Any = entries(group)[name].cls
    if kind.inputs == ("signal",):
        return shape, table
    if kind.inputs == ("text",):
        return shape, _with_texts(table)
    if "image" in kind.inputs:
        scale = [0.1 + 0.01 * i for i in range(width)]
        encoding = dataclasses.replace(table.encoding, offset=[0.5] * width, scale=scale)
        return shape, dataclasses.replace(table, encoding=encoding, image_shape=PIXELS)
    few = width - sum(map(len, words.values()))
    encoding = dataclasses.replace(table.encoding, numeric=names[:few], categories=words)
    return shape, dataclasses.replace(table, encoding=encoding)


WORDS = ("apple", "bread", "cake", "dates", "eggs", "flour", "grapes", "honey")


def _with_texts(table: RunData) -> RunData:
    """The same examples described in words, which take the place of all features."""
    random, code = np.random.default_rng(1), table.encoding
    texts = np.array([" ".join(random.choice(WORDS, random.integers(0, 12))) for _ in table.x], object)
    code = dataclasses.replace(
        code, columns=["t"], numeric=[], fill=[], offset=[], scale=[], texts=["t"], text_features=code.width, ngrams=2
    )
    return dataclasses.replace(
        table, x=code.encode(np.empty((len(texts), 0)), {"t": texts}), encoding=code, texts={"t": texts}
    )


@functools.cache
def a_file() -> str:
    """The path of a file for keys that name one: each of WORDS has the two before it as synonyms."""
    lines = [f"{word},{WORDS[i - 1]},{WORDS[i - 2]}" for i, word in enumerate(WORDS)]
    with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as file:
        file.write("\n".join(lines))
    atexit.register(os.unlink, file.name)
    return file.name


def settings(shape=SHAPES[0], epochs: int = 3, **changes: Any) -> Settings:
    """Default settings with dotted changes: settings(**{"optimizer.lr": 0.1}); "optimizer" alone picks the rule.

    By the stacked engine, which is the definition, unless changed.
    """
    _, hidden, _, batch = shape
    used = [key.split(".")[1] for key in changes if key.startswith("augmentation.")]
    if used:  # on arrays, which may be images, a table or signals, or on a file with texts
        kinds = {entries("augmentation")[name].cls.inputs for name in used}
        arrays = {"dataset": "npz", "dataset.signals": ("signal",) in kinds}
        changes = ({"dataset": "csv", "dataset.text": ["t"]} if ("text",) in kinds else arrays) | changes
    base = {"model.hidden": hidden, "trainer.batch_size": batch, "trainer.epochs": epochs, "trainer.engine": "stacked"}
    return read(base | changes)


def train(
    runs: list[Settings], tables: list[RunData], epochs: int = 3, leave: dict[int, int] | None = None
) -> list[dict]:
    """Train `runs` together; for each the weights, buffers and metrics of every epoch. `leave` maps run -> epoch it
    leaves after.
    """
    order = sorted(range(len(runs)), key=lambda i: str(segment_key(runs[i])))
    engine = Engine([runs[i] for i in order], [tables[i] for i in order])
    found: list[dict] = [{"curve": []} for _ in runs]
    for epoch in range(1, epochs + 1):
        trained = engine.train_epoch([1.0] * len(order))
        metrics = engine.evaluate(("train", "val")) | engine.weight_statistics()
        columns = {k: trained[k] for k in ("objective", "grad_norm", "lr")} | metrics
        for row, i in enumerate(order):
            own = set(recorded(runs[i], *tables[i].tasks))  # company may have asked for more
            asked = [k for k in columns if "/" not in k or k.split("/")[1] in own]
            found[i]["curve"].append([float(columns[k][row]) for k in asked])
            present = {"theta": engine.theta, "buffers": engine.buffers}
            found[i] |= {name: torch.as_tensor(array[row]).clone() for name, array in present.items()}
            found[i]["kept"] = torch.cat([torch.as_tensor(array[row]) for array in engine.kept.values()])
        gone = [row for row, i in enumerate(order) if (leave or {}).get(i) == epoch]
        if gone:
            keep = [row for row in range(len(order)) if row not in gone]
            order = [order[row] for row in keep]
            engine.keep(keep)
    return found


def same(a: dict, b: dict) -> bool:
    """Bit for bit equal weights, running statistics and curves (NaN equals NaN)."""
    bits = all(a[k].numpy().tobytes() == b[k].numpy().tobytes() for k in ("theta", "buffers", "kept"))
    return bits and np.array_equal(np.array(a["curve"]), np.array(b["curve"]), equal_nan=True)


def examples(option: Option, default: Any) -> list[Any]:
    """Some valid values of an option, the default first."""
    if option.type == "switch":
        return [default, not default]
    if option.type == "choice":
        return [default, *[n for n in option.names() if n != default]]
    if option.file:
        return [a_file()]
    if option.type not in ("number", "integer"):
        return [default]
    tried = [default, *option.options, option.preset, option.neutral, 0.25, 0.9, 0.01, 1.5, 2, 5, 0]
    good: list[Any] = []
    for value in tried:
        checked, problem = option.check(value)
        if problem is None and checked not in good:
            good.append(checked)
    return good


def variations(group: str, name: str) -> list[dict[str, Any]]:
    """Changes that choose an entry and then move each of its keys in turn."""
    entry = entries(group)[name]
    if group in FLAT_GROUPS:
        keys = {flat_key(entry, key): key for key in entry.options}
        base = needs(entry) | {path: _strength(entry.options[key], entry.defaults[key]) for path, key in keys.items()}
        moved = [{path: v} for path, key in keys.items() for v in examples(entry.options[key], entry.defaults[key])[:4]]
        return [base, *[base | m for m in moved]]
    moved = [
        {f"{group}.{key}": value}
        for key, option in entry.options.items()
        if option.kind in ("column", "segment")
        for value in examples(option, entry.defaults[key])[1:3]
    ]
    return [{group: name}, *[{group: name} | m for m in moved]]


def needs(entry: Entry) -> dict[str, Any]:
    """Settings without which an entry is refused."""
    return dict(getattr(entry.cls, "needs", {}))


def anywhere(group: str, engine: str = STACKED) -> list[str]:
    """The entries that no network of a classification refuses, nor the engine."""
    able = {name: engine == STACKED or has_form(entry) is not False for name, entry in entries(group).items()}
    tasks = {name: getattr(entry.cls, "task", "classification") for name, entry in entries(group).items()}
    return [n for n, entry in entries(group).items() if able[n] and not needs(entry) and tasks[n] == "classification"]


def _strength(option: Option, default: Any) -> Any:
    if option.file:
        return a_file()
    return option.preset if option.preset is not None else default


def neutral(group: str, name: str) -> dict[str, Any]:
    """The change that switches an entry of a flat group off."""
    entry = entries(group)[name]
    defaults = entry.defaults
    return {flat_key(entry, key): copy.deepcopy(defaults[key]) for key in defaults}
