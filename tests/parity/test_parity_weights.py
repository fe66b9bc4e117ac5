"""Weights of examples against a loop in plain torch, and rows without weights beside rows with them."""

import dataclasses

import numpy as np
import pytest
import torch
from parity_engine import distance, named_state
from torch.nn import functional

from runner.data.encoding import Encoding
from runner.data.prepare import RunData
from runner.execution.configurations import read
from runner.population.arrays import as_array
from runner.population.export import architecture
from runner.population.modules import build
from runner.training.engine import Engine

torch.set_num_threads(1)

LOSSES = {  # loss -> its terms [B] of outputs [B, C] and answers [B]
    "cross_entropy": lambda z, y: functional.cross_entropy(z, y, reduction="none"),
    "binary_cross_entropy": lambda z, y: functional.binary_cross_entropy_with_logits(
        z, functional.one_hot(y, z.shape[1]).to(z), reduction="none"
    ).sum(1),
    "mse": lambda z, y: (z[:, 0] - y).square(),
    "mae": lambda z, y: (z[:, 0] - y).abs(),
    "huber": lambda z, y: functional.huber_loss(z[:, 0], y, reduction="none"),
}
NUMBERS = ("mse", "mae", "huber")


def table(loss="cross_entropy", weighted=True, dtype="float64", seed=0):
    """75 examples for training, 25 for validation; weights between 0 and 3, some of them 0, mean 1 over training."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(100, 6)).astype(dtype)
    scores = x @ random.normal(size=(6, 3))
    numbers = loss in NUMBERS
    y = scores[:, 0].astype(np.float64) if numbers else scores.argmax(1)
    names, task = list("abcdef"), "regression" if numbers else "classification"
    encoding = Encoding(task, "y", names, names, [0.0] * 6, [0.0] * 6, [1.0] * 6)
    weights = random.uniform(0, 3, 100) * (random.random(100) < 0.8)
    rows, labels = np.arange(100), None if numbers else list("uvw")
    parts = (rows[:75], rows[75:], rows[:0])
    data = RunData(task, x, y, *parts, encoding, labels, 1 if numbers else 3, None, "")
    return dataclasses.replace(data, weights=weights / weights[:75].mean() if weighted else None)


def settings(**changes):
    base = {"model.hidden": [7], "trainer.batch_size": 32, "trainer.epochs": 4, "trainer.dtype": "float64"}
    return read(base | {"optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9}} | changes)


@pytest.mark.parametrize("loss", LOSSES)
def test_weighted_training_is_plain_torchs(loss, way):
    run, data = settings(loss=loss, **way), table(loss)
    engine = Engine([run], [data])
    network = build(architecture(run, 6, data.outputs)).double()
    network.load_state_dict(named_state(engine))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    x, y, w = (torch.from_numpy(array) for array in (data.x, data.y, data.weights))
    for epoch in range(4):
        objectives = []
        order = engine.tables.order([run.seed], [epoch])[0]
        for batch in (order[a : a + 32] for a in range(0, 75, 32)):  # the last one holds 11
            objective = (w[batch] * LOSSES[loss](network(x[batch]), y[batch])).sum() / len(batch)
            optimizer.zero_grad()
            objective.backward()
            optimizer.step()
            objectives.append(objective.item())
        found = engine.train_epoch([1.0])
        np.testing.assert_allclose(found["objectives"][:, 0], objectives, rtol=1e-9)
    assert distance(named_state(engine), network.state_dict()) < 1e-10
    loss_of = LOSSES[loss](network(x[75:]), y[75:]).mean().item()
    assert engine.evaluate(("val",))["val/loss"][0] == pytest.approx(loss_of, rel=1e-9)  # metrics are unweighted


def trained(runs, tables, leave=None):
    engine = Engine(runs, tables)
    curve = []
    for epoch in range(4):
        curve.append(engine.train_epoch([1.0] * len(engine.runs))["objectives"][:, 0])
        if epoch == 1 and leave:
            engine.keep(leave)
    return as_array(engine.theta), np.array(curve), engine


@pytest.mark.parametrize("loss", LOSSES)
def test_a_row_without_weights_keeps_its_bits_beside_rows_with_them(loss, way):
    kinds = ((False, 0), (True, 0), (True, 5))
    plain, heavy, other = (table(loss, weighted, "float32", seed) for weighted, seed in kinds)
    runs = [settings(seed=i, loss=loss, **way | {"trainer.dtype": "float32"}) for i in range(3)]
    together, curve, _ = trained(runs, [plain, heavy, other])
    alone, own_curve, engine = trained(runs[:1], [plain])
    assert not engine.tables.weights.used
    assert together[0].tobytes() == alone[0].tobytes()
    np.testing.assert_array_equal(curve, own_curve)
    for row, data in ((1, heavy), (2, other)):
        by_itself = trained([runs[row]], [data])[0]
        assert together[row].tobytes() == by_itself[0].tobytes()
    without = trained([runs[1]], [dataclasses.replace(heavy, weights=None)])[0]
    assert not np.array_equal(together[1], without[0])


def test_rows_that_leave_take_their_weights_along(way):
    plain, heavy = (table(weighted=weighted, dtype="float32") for weighted in (False, True))
    runs = [settings(seed=i, **way | {"trainer.dtype": "float32"}) for i in range(3)]
    theta, _, engine = trained(runs, [heavy, plain, heavy], leave=[1, 2])
    for row, data in ((1, plain), (2, heavy)):
        assert np.array_equal(theta[row - 1], trained([runs[row]], [data])[0][0])
    assert engine.tables.weights.used
    left, _, engine = trained(runs[:2], [heavy, plain], leave=[1])
    assert not engine.tables.weights.used
    assert np.array_equal(left[0], theta[0])
