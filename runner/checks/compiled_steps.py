"""Compiled steps train a run to what stacked steps do, in both number formats: with any technique, alone or in company.

In double precision the difference is rounding and little more; single precision shows that nothing else is done there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from runner.checks.broken import require
from runner.checks.populations import SHAPES, data, settings, variations
from runner.config.registry import Entry
from runner.optimizers.rules.base import segment_key
from runner.population.layout import Slot
from runner.training.engine import Engine
from runner.training.steps.compiled_rows import CompiledRows
from runner.training.steps.stacked_rows import StackedRows

AWAY = {"float32": 2e-4, "float64": 1e-10}  # of a tensor's largest magnitude, after three epochs
FACTORS = (1.0, 0.5, 0.1)  # of the rates in each epoch, as a plateau schedule gives them


def trains_alike(entry: Entry) -> None:
    """Rows that differ in the keys of an entry, at gentle rates, as others would only show how rounding grows."""
    gentle = {"optimizer.lr": 0.01} if entry.group != "optimizer" else {}
    changes = [each | gentle for each in variations(entry.group, entry.name) if "optimizer.lr" not in each]
    for dtype in AWAY:
        check_alike(changes, dtype)


def check_alike(
    changes: list[dict[str, Any]], dtype: str, shape: tuple = SHAPES[0], task: str = "classification"
) -> None:
    """Rows of these changes train together to the same weights, averages and running statistics by both engines, and
    compiled each alone to the same bits.
    """
    runs = [settings(shape, seed=i, **change | {"trainer.dtype": dtype}) for i, change in enumerate(changes)]
    runs.sort(key=lambda run: str(segment_key(run)))
    table = data(shape[0], shape[2], task, dtype=dtype)
    stacked, compiled = (Engine(runs, [table] * len(runs), None, way) for way in (StackedRows, CompiledRows))
    for factor in FACTORS:
        by_torch, found = (engine.train_epoch([factor] * len(runs)) for engine in (stacked, compiled))
    for name in ("objective", "grad_norm"):
        _alike(np.asarray(found[name]), np.asarray(by_torch[name]), dtype, name)
    for row, run in enumerate(runs):
        expected, got = _kept(stacked, row), _kept(compiled, row)
        for name in expected:
            _alike(got[name].numpy(), expected[name].numpy(), dtype, f"{name} of seed {run.seed}")
        alone = Engine([run], [table], None, CompiledRows)
        for factor in FACTORS:
            alone.train_epoch([factor])
        same = all(torch.equal(each.nan_to_num(7), got[n].nan_to_num(7)) for n, each in _kept(alone, 0).items())
        require(same, f"seed {run.seed}, compiled, has other bits alone than together")


def _kept(engine: Engine, row: int) -> dict[str, Tensor]:
    """Name -> the true numbers of what a row trains and of what is kept of it."""
    present = {"theta": engine.theta, "buffers": engine.buffers}
    every = [(name, torch.as_tensor(array)) for name, array in present.items()]
    every += [(f"averaged {name}", torch.as_tensor(array)) for name, array in engine.kept.items()]
    of_theta, of_buffers = engine.layout.slots, engine.layout.buffers
    return {name: _true(tensor[row : row + 1], of_buffers if "buffers" in name else of_theta) for name, tensor in every}


def _true(rows: Tensor, slots: dict[str, Slot]) -> Tensor:
    return torch.cat([rows.new_zeros(0), *(slot.true(rows).flatten() for slot in slots.values())])


def _alike(found: np.ndarray, expected: np.ndarray, dtype: str, what: str) -> None:
    away, allowed = np.abs(found - expected).max(initial=0), AWAY[dtype] * np.abs(expected).max(initial=0)
    require(bool(away <= allowed), f"{what} in {dtype}: compiled steps are {away:.2g} away, more than {allowed:.2g}")
