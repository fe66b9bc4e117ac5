"""S14: weights over the strength of a penalty."""

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Lasso, Ridge

from runner.diagnose.penalized import Quadratic

DIABETES = ["dataset=diabetes", "model.hidden=[]", "dataset.val_fraction=0", "dataset.test_fraction=0"]
DIABETES += ["early_stopping=none"]


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 8))
    x[:, 3] = 0.95 * x[:, 1] + 0.05 * x[:, 3]
    return x, x @ random.normal(size=8) + random.normal(size=60) + 3


def test_the_minima_are_those_of_scikit_learn(table):
    """Its lasso halves the mean square, its ridge takes the sum."""
    x, y = table
    q = Quadratic.of(x, y, None, True)
    knots, points = q.l1_knots()
    for a in (0.003, 0.1, 1.0, 3.0):
        lasso = [np.interp(a, knots[::-1], column[::-1]) for column in points.T]
        assert lasso == pytest.approx(Lasso(alpha=a / 2, tol=1e-13, max_iter=10**6).fit(x, y).coef_, abs=1e-9)
        net = ElasticNet(alpha=a / 2, l1_ratio=0.3, tol=1e-13, max_iter=10**6).fit(x, y).coef_
        assert q.elastic_net(np.array([a]), 0.3)[0] == pytest.approx(net, abs=1e-9)
        assert q.l2(np.array([a]))[0] == pytest.approx(Ridge(alpha=a * len(y) / 2).fit(x, y).coef_, abs=1e-9)


def test_columns_enter_one_after_the_other(ask):
    found = ask("paths", *DIABETES, "--strength", "0.5")
    entries = [(each["column"], round(each["strength"], 6)) for each in found.numbers["entries"][:5]]
    expected = [("bmi", 1.1729), ("s5", 1.098628), ("bp", 0.559492), ("s3", 0.390466), ("sex", 0.160758)]
    assert entries == expected
    at = {name: round(w, 4) for name, w in found.numbers["at_strength"]["l1"].items() if w}
    assert at == {"bmi": 0.2394, "bp": 0.0172, "s5": 0.2023}
    assert "s3 at 0.0" in found.said and "becomes 0 again" in found.said
    strengths, weights = (np.array(each) for each in (found.numbers["strengths"], found.numbers["weights"]["l1"]))
    counts = [np.count_nonzero([np.interp(a, strengths, w) for w in weights.T]) for a in (0.1, 0.02)]
    assert counts == [6, 8]
    ridge = np.array(found.numbers["weights"]["l2"])
    assert ridge.all() and (np.diff(np.linalg.norm(ridge, axis=1)) < 0).all()


@pytest.mark.parametrize(("strength", "bmi", "s5"), [("1", 0.2369, 0.2029), ("10", 0.0785, 0.0713)])
def test_ridge_makes_the_weights_smaller(strength, bmi, s5, ask):
    found = ask("paths", *DIABETES, "--strength", strength).numbers["at_strength"]["l2"]
    assert (round(found["bmi"], 4), round(found["s5"], 4)) == (bmi, s5)


def test_of_equal_columns_ridge_and_elastic_net_take_both(ask, tmp_path):
    x = np.array([[-1.0], [1], [-1], [1], [-1], [1]]).repeat(2, 1)
    np.savez(tmp_path / "equal.npz", x=x, y=x[:, 0])
    words = ["dataset=npz", "dataset.path=equal.npz", "dataset.task=regression", "dataset.scaling=none"]
    words += ["dataset.target_scaling=none", *DIABETES[1:]]
    both = [ask("paths", *words, "--strength", a).numbers["at_strength"] for a in ("1", "0.2")]
    assert list(both[0]["l2"].values()) == pytest.approx([0.4, 0.4], abs=1e-12)
    assert [round(w, 6) for w in both[1]["elastic_net"].values()] == [0.463415, 0.463415]
    assert sum(both[0]["l1"].values()) == pytest.approx(0.5, abs=1e-12)


def test_a_sweep_shows_what_the_networks_learned(ask):
    words = ["-m", "dataset=diabetes", "model.hidden=[]", "regularizer.l1=0.01,0.3", "optimizer.proximal=true"]
    found = ask("paths", *words, "optimizer=sgd", "optimizer.lr=0.03", "trainer.epochs=40")
    assert found.numbers["key"] == "regularizer.l1" and found.numbers["strengths"] == [0.01, 0.3]
    small, large = np.array(found.numbers["weights"]["l1"])
    assert np.count_nonzero(large) < np.count_nonzero(small) and "runner report found/runs" in found.said


def test_only_linear_regression_has_paths_that_can_be_worked_out(refused):
    assert "model.hidden=[], one target" in refused("paths", "dataset=diabetes", "model.hidden=[4]")
    assert "set loss=auto" in refused("paths", "dataset=diabetes", "model.hidden=[]", "loss=mae")
    sweep = ["-m", "dataset=diabetes", "model.hidden=[]", "regularizer.l1=0.1,0.2", "optimizer.lr=0.1,0.2"]
    assert "differ in optimizer.lr, regularizer.l1" in refused("paths", *sweep)
