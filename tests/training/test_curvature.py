"""The Hessian that solvers are given is that of the objective whose gradient they are given, whatever is part of it."""

import numpy as np
import pytest
import torch

from runner.checks.populations import data, settings
from runner.training.engine import Engine
from runner.training.steps.objective import Further

SHAPE, EPS = (5, [4, 4], 3, 29), 1e-6
OBJECTIVES = {
    "plain": {},
    "penalties of weights": {"regularizer.l2": 0.1, "regularizer.orthogonality": 0.1},
    "penalties of activations": {"regularizer.activity_l2": 0.1},
    "weights from others": {"model.parametrization": "weight_norm", "model.prune": 0.3},
    "a norm of the batch": {"model.norm": "batch"},
    "dropout": {"regularizer.dropout": 0.3, "regularizer.dropconnect": 0.2},
    "adversarial inputs": {"regularizer.adversarial.epsilon": 0.3, "regularizer.adversarial.weight": 0.7},
    "adversarial inputs and more": {
        "regularizer.adversarial.epsilon": 0.3,
        "regularizer.activity_l2": 0.1,
        "model.norm": "batch",
        "model.parametrization": "weight_norm",
        "regularizer.input_dropout": 0.2,
    },
    "dropout by moments": {"regularizer.fast_dropout": 0.3, "model.activation": "relu"},
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_products_with_the_hessian_are_differences_of_gradients(name):
    change = {"model.activation": "tanh", "trainer.dtype": "float64", "trainer.engine": "stacked"} | OBJECTIVES[name]
    table = data(5, 3, dtype="float64")
    engine = Engine([settings(SHAPE, seed=seed, **change) for seed in (0, 1)], [table, table])
    engine.train_epoch([1.0, 1.0])
    rows = engine.rows
    rows.start_epoch(engine.plan([1.0, 1.0]))
    batch = next(iter(rows.stepper.batches.of(rows.stepper.epoch, 0, 1)))
    search = Further(rows, [0, 1]).search(batch, torch.zeros(2).double())
    w, random = rows.theta.clone(), torch.Generator().manual_seed(0)
    product = search.curvature(w)
    directions = torch.randn(2, *w.shape, generator=random, dtype=w.dtype) * torch.from_numpy(engine.layout.mask)
    at_once = product(directions)
    for v, found in zip(directions, at_once, strict=True):
        expected = (search.evaluate(w + EPS * v)[1] - search.evaluate(w - EPS * v)[1]) / (2 * EPS)
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(product(v), found, rtol=1e-10, atol=1e-12)
