"""Pieces are told apart by the names under which they are registered, and layer-wise pieces see true units alone."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from runner.checks.gradients import engine_of
from runner.checks.populations import SHAPES, data, same, settings, train
from runner.config.registry import entries, register
from runner.optimizers.rules.base import Rule
from runner.population import devices
from runner.training.steps.compiled_rows import CompiledRows

STRENGTH = 0.1


@pytest.fixture
def backwards(more):
    """A second class called SignSGD, under a name of its own."""

    @register("optimizer", "backwards")
    @dataclass
    class SignSGD(Rule):
        """w <- w + lr g"""

        def update(self, w, g, state, h, t):
            w.add_(h.lr * g)

    return SignSGD


def test_two_classes_of_one_name_train_their_own_rows(backwards):
    runs = [settings(optimizer=name, **{"trainer.engine": "stacked"}) for name in ("signsgd", "backwards")]
    table = data(SHAPES[0][0], SHAPES[0][2])
    together = train(runs, [table, table])
    for mine, run in zip(together, runs, strict=True):
        assert same(mine, train([run], [table])[0])
    assert not torch.equal(together[0]["theta"], together[1]["theta"])


def test_a_second_class_for_a_name_is_refused(more):
    before = entries("optimizer")["signsgd"].cls

    @dataclass
    class SignSGD(Rule):
        """Another one."""

    with pytest.raises(
        ValueError, match=r"optimizer=signsgd is registered twice: by runner\.optimizers\.rules\.signsgd"
    ):
        register("optimizer", "signsgd")(SignSGD)
    assert entries("optimizer")["signsgd"].cls is before


@pytest.mark.parametrize("shape", SHAPES[:2])
def test_a_layerwise_penalty_is_that_of_the_true_units(shape):
    objectives, gradients = [], []
    for strength in (0.0, STRENGTH):
        engine = engine_of(shape, **{"regularizer.orthogonality": strength, "optimizer": "sgd"})
        slots = engine.layout.weight_slots
        weights = [slot.true(engine.theta).numpy().copy() for slot in slots]
        batch = next(engine.rows.stepper.batches.of(engine.plan([1.0] * 3), 0, 1))
        objective, gradient = engine.rows.stepper.gradient(batch, engine.theta)
        objectives.append(objective.numpy())
        gradients.append(gradient.clone())
    away = [w @ w.transpose(0, 2, 1) - np.eye(w.shape[1]) for w in weights]
    np.testing.assert_allclose(
        objectives[1] - objectives[0], STRENGTH * sum((each**2).sum((1, 2)) for each in away), rtol=1e-10
    )
    for slot, w, each in zip(slots, weights, away, strict=True):
        added = slot.true(gradients[1] - gradients[0]).numpy()
        np.testing.assert_allclose(added, 4 * STRENGTH * each @ w, rtol=1e-7, atol=1e-10)


def test_evaluation_a_few_rows_at_a_time_changes_no_bit(way, monkeypatch):
    changes = [{"averaging": "ema"}, {"trainer.metrics": ["f1", "roc_auc"]}, {"regularizer.dropout": 0.5}]
    runs = [settings(SHAPES[1], seed=i, **changes[i % 3] | way) for i in range(23)]
    table = data(SHAPES[1][0], SHAPES[1][2])
    found = []
    for many in (1 << 30, 1 << 9, 1):
        monkeypatch.setitem(devices.PROFILES, "cpu", replace(devices.CPU, evaluated=many))
        monkeypatch.setattr(CompiledRows, "evaluated", -(-many // 64))
        found.append(train(runs, [table] * len(runs)))
    assert len(found[0][0]["curve"][0]) > 8  # what some row asks for is measured in every block
    for one, other, third in zip(*found, strict=True):
        assert same(one, other) and same(one, third)
