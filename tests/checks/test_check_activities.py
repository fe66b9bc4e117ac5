"""Penalties of activations and what is recorded of them: numbers worked out by hand, and by loops in Python."""

import math

import numpy as np
import pytest
import torch

from runner.config.registry import entries
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.training.engine import Engine

H = torch.tensor([[[2.0, -2.2, 1.3]]], dtype=torch.float64)


def column(value: float) -> torch.Tensor:
    return torch.full((1, 1, 1), value, dtype=torch.float64)


def penalty(name: str, a: torch.Tensor, **h: float) -> float:
    return float(entries("regularizer")[name].cls().value(a, **{key: column(value) for key, value in h.items()}))


def test_the_lengths_of_a_representation():
    """|h|_1 = 5.5 and |h|^2/2 = 5.265 of h = (2, -2.2, 1.3)."""
    assert penalty("activity_l1", H, strength=1) == pytest.approx(5.5, rel=1e-15)
    assert penalty("activity_l2", H, strength=1) == pytest.approx(5.265, rel=1e-15)
    twice = torch.cat([H, 3 * H], 1)  # the mean over two examples
    assert penalty("activity_l1", twice, strength=0.5) == pytest.approx(0.5 * (5.5 + 16.5) / 2, rel=1e-15)


def test_the_divergence_of_mean_activations_from_rho():
    """rho 0.05, means 0.2, 0.05 and 0.5: 0.093943 + 0 + 0.494632 = 0.588575."""
    for mean, expected in ((0.2, 0.093943), (0.05, 0.0), (0.5, 0.494632)):
        a = torch.tensor([[[mean - 0.01], [mean + 0.01]]], dtype=torch.float64)
        assert penalty("activity_kl", a, strength=1, rho=0.05) == pytest.approx(expected, abs=5e-7)
    a = torch.tensor([[[0.1, 0.02, 0.9], [0.3, 0.08, 0.1]]], dtype=torch.float64)
    assert penalty("activity_kl", a, strength=1, rho=0.05) == pytest.approx(0.588575, abs=5e-7)


def test_a_unit_that_never_acts_is_still_led_back():
    """Its divergence is infinite: it counts as if its mean were 1e-6."""
    piece, dead = entries("regularizer")["activity_kl"].cls(), torch.zeros(1, 4, 1, dtype=torch.float64)
    found = piece.gradient(dead, strength=column(1), rho=column(0.05))
    np.testing.assert_allclose(found[0, :, 0], [(0.95 / (1 - 1e-6) - 0.05 / 1e-6) / 4] * 4, rtol=1e-12)
    value = 0.05 * math.log(0.05 / 1e-6) + 0.95 * math.log(0.95 / (1 - 1e-6))
    assert penalty("activity_kl", dead, strength=1, rho=0.05) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("change", [{}, {"model.norm": "batch"}, {"model.residual": True, "regularizer.dropout": 0.3}])
@pytest.mark.parametrize("engine", ["stacked", "native"])
def test_sparsity_and_dead_units_are_those_of_a_pass_by_hand(engine, change):
    common = {"model.hidden": [9, 9], "trainer.engine": engine, "trainer.metrics": ["hidden_sparsity", "dead_units"]}
    runs = [read(common | {"seed": i, "dataset": "two_moons"} | change) for i in range(2)]
    rows = Engine(runs, [prepare(run) for run in runs])
    rows.train_epoch([1.0, 1.0])
    for slot in (rows.layout.slots[name] for name in ("0.weight", "0.bias")):
        slot.true(rows.theta)[0, :2] = 0.0  # of the first run; with batch norm below its shift, so that they are dead
    if change.get("model.norm"):
        rows.layout.slots["0.gain"].true(rows.theta)[0, :2] = 0.0
        rows.layout.slots["0.shift"].true(rows.theta)[0, :2] = -1.0
    found = rows.evaluate(("train", "val"))
    for split in ("train", "val"):
        index = rows.tables.index["train_eval" if split == "train" else split]
        for row in range(2):
            hidden = by_hand(rows, row, rows.tables.data[row].x[index[row]].astype(np.float64))
            assert found[f"{split}/hidden_sparsity"][row] == pytest.approx(np.mean([h == 0 for h in hidden]), abs=1e-3)
            assert found[f"{split}/dead_units"][row] == sum(int((h == 0).all(0).sum()) for h in hidden)
    assert found["train/dead_units"][0] >= 2


def by_hand(rows: Engine, row: int, x: np.ndarray) -> list[np.ndarray]:
    """The activations of both hidden layers in evaluation mode."""
    true = {n: np.asarray(s.true(rows.theta))[row].astype(np.float64) for n, s in rows.layout.slots.items()}
    true |= {n: np.asarray(s.true(rows.buffers))[row].astype(np.float64) for n, s in rows.layout.buffers.items()}
    found = []
    for i in range(2):
        z = x @ true[f"{i}.weight"].T + true[f"{i}.bias"]
        if f"{i}.gain" in true:
            z = (z - true[f"{i}.running_mean"]) / np.sqrt(true[f"{i}.running_var"] + 1e-5)
            z = z * true[f"{i}.gain"] + true[f"{i}.shift"]
        a = np.maximum(z, 0)
        found.append(a)
        x = a + x if rows.runs[0].model.residual and i else a
    return found


def test_a_penalty_of_activations_records_them_and_makes_them_sparse():
    tables, found = {}, {}
    for strength in (0.0, 0.1):
        run = read({"dataset": "two_moons", "model.hidden": [30], "regularizer.activity_l1": strength})
        engine = Engine([run], [prepare(run)])
        for _ in range(30):
            engine.train_epoch([1.0])
        tables[strength] = set(engine.evaluate(("train",)))
        engine.metrics = ["hidden_sparsity", "dead_units"]
        found[strength] = engine.evaluate(("train",))["train/hidden_sparsity"][0]
    assert tables[0.1] - tables[0.0] == {"train/hidden_sparsity", "train/dead_units"}
    assert found[0.1] > found[0.0] + 0.1
