"""A solver's run may end before its last epoch: where nothing is left to gain."""

import numpy as np
import pytest

import runner


@pytest.mark.parametrize("optimizer", ["newton", "cg", "bfgs", "lbfgs"])
def test_a_run_ends_where_its_gradient_vanishes(optimizer, tmp_path):
    words = {"optimizer": optimizer, "optimizer.tolerance": 1e-3, "regularizer.l2": 0.1, "trainer.batch_size": 150}
    words |= {"dataset": "iris", "model.hidden": [], "early_stopping.patience": None, "trainer.epochs": 60}
    (found,) = runner.train([words], tmp_path)
    assert found.status == "completed"
    log = (found.folder / "train.log").read_text()
    assert "converged after" in log and "is at most optimizer.tolerance = 0.001" in log
    norms = np.genfromtxt(found.folder / "metrics.csv", delimiter=",", names=True)["grad_norm"]
    assert len(norms) < 61 and norms[-1] <= 1e-3 < norms[-2]


def test_negative_curvature_is_said_once(tmp_path):
    words = {"optimizer": "newton", "dataset": "iris", "model.hidden": [4], "trainer.epochs": 4}
    (found,) = runner.train([words], tmp_path)
    log = (found.folder / "train.log").read_text()
    assert log.count("newton has met negative curvature") == 1
    assert "optimizer.damping" in log
