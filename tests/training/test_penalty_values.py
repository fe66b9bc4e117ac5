"""The logged objective of a row with penalties: the same digits whatever penalties its neighbours use, and how."""

import numpy as np
import pytest

import runner

NET = {"dataset": "wine", "model.hidden": [16, 16], "trainer.batch_size": 16, "trainer.epochs": 2}
QUICK = NET | {"trainer.figures": False, "early_stopping.patience": None}
MINE = {"regularizer.l1": 3e-4, "regularizer.l2": 0.01, "regularizer.group_lasso": 1e-3}
NEIGHBOURS = {
    "the same": MINE,
    "none": {},
    "another": {"regularizer.elastic_net.alpha": 0.01},
    "one a layer": {"regularizer.l2": [0.1, 0.0, 0.2], "regularizer.l1": [0.0, 0.1, 0.0]},
    "proximal": {"regularizer.l1": 0.01, "optimizer.proximal": True},
}


def objective(outcome):
    return runner.curves(outcome.folder)["train/objective"].to_numpy()


@pytest.fixture(scope="module")
def alone(tmp_path_factory, way):
    return [
        objective(runner.train([QUICK | MINE | way | {"seed": seed}], outputs=tmp_path_factory.mktemp("alone"))[0])
        for seed in range(3)
    ]


@pytest.mark.parametrize("kind", NEIGHBOURS)
def test_the_objective_does_not_depend_on_the_neighbours(tmp_path, alone, kind, way):
    rows = [QUICK | MINE | way | {"seed": seed} for seed in range(3)]
    beside = runner.train([*rows, QUICK | NEIGHBOURS[kind] | way | {"seed": 7}], outputs=tmp_path)
    for mine, outcome in zip(alone, beside[:3], strict=True):
        np.testing.assert_array_equal(objective(outcome), mine)
