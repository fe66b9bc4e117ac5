"""The experiments on a quadratic, each as one configuration of the product: `dataset=quadratic`.

Numbers by hand and by NumPy; sources: Goodfellow, Bengio & Courville (2016), chapters 4, 7, 8; Sutskever et al. (2013).
"""

import numpy as np
import pytest

from runner.data.prepare import prepare
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.plan.read_data import data_of
from runner.population.arrays import as_array
from runner.training.engine import Engine

HESSIAN = np.array([[2.0, -1, 0], [-1, 2, -1], [0, -1, 2]])
OPTIMUM = np.array([0.81, 0.91, 0.13])
BOWL = {
    "dataset": "quadratic",
    "model.hidden": [],
    "early_stopping": "none",
    "optimizer": "sgd",
    "trainer.dtype": "float64",
}
RINGS = {"dataset.hessian": [[1, 0], [0, 100]], "dataset.optimum": [0, 0], "dataset.start": [-10, 1]}


def path(settings, steps):
    """Weights [1 + steps, D] of a run, the first ones first; a step is an epoch."""
    words = [f"{key}={value}" for key, value in (BOWL | settings | {"trainer.epochs": steps}).items()]
    run = read(words)
    engine = Engine([run], [prepare(run)])
    slot = engine.layout.slots["0.weight"]
    found = [as_array(slot.true(engine.theta))[0, 0].copy()]
    for _ in range(steps):
        engine.train_epoch([1.0])
        found.append(as_array(slot.true(engine.theta))[0, 0].copy())
    biases = [as_array(each.true(engine.theta)) for each in engine.layout.slots.values() if each.kind == "bias"]
    assert all(np.abs(bias).max() < 1e-15 * np.abs(found).max() for bias in biases)
    return np.stack(found)


@pytest.mark.parametrize(("away", "loss"), [((1, 0, 0), 1), ((1, 1, 0), 1), ((1, -1, 0), 3)])
def test_the_loss_around_the_optimum_is_its_surface(away, loss):
    """S13: a^2 - ab + b^2 at w* + a e1 + b e2."""
    start = f"dataset.start={(OPTIMUM + away).tolist()}"
    run = read([f"{key}={value}" for key, value in BOWL.items()] + [start])
    assert Engine([run], [prepare(run)]).evaluate(("train",))["train/loss"][0] == pytest.approx(loss, rel=1e-14)


def test_the_loss_is_the_quadratic_itself():
    run = read([f"{key}={value}" for key, value in (BOWL | {"dataset.start": [1, -2, 0.5]}).items()])
    engine = Engine([run], [prepare(run)])
    away = np.array([1, -2, 0.5]) - OPTIMUM
    assert engine.evaluate(("train",))["train/loss"][0] == pytest.approx(away @ HESSIAN @ away / 2, rel=1e-14)
    assert engine.train_epoch([1.0])["grad_norm"][0] == pytest.approx(np.linalg.norm(HESSIAN @ away), rel=1e-14)


@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_l2_shrinks_along_the_eigenvectors(engine):
    """A1: (H + aI)^-1 H w*, a = 2."""
    found = path({"regularizer.l2": 2, "optimizer.lr": 0.3, "trainer.engine": engine}, 200)[-1]
    assert found.round(6).tolist() == [0.241429, 0.255714, -0.098571]
    assert round(float(np.linalg.norm(found)), 6) == 0.365231
    _, vectors = np.linalg.eigh(HESSIAN)
    assert ((vectors.T @ found) / (vectors.T @ OPTIMUM)).round(4).tolist() == [0.2265, 0.5, 0.6306]


def test_l1_cuts_softly_where_the_hessian_is_diagonal_and_only_there():
    """A2: strength .5; on A1's Hessian the soft threshold fails."""
    soft = {"regularizer.l1": 0.5, "optimizer.proximal": "true", "optimizer.lr": 0.2}
    diagonal = path(soft | {"dataset.hessian": [[1, 0, 0], [0, 2, 0], [0, 0, 4]]}, 300)[-1]
    assert diagonal.round(6).tolist() == [0.31, 0.66, 0.005]
    coupled = path(soft, 300)[-1]
    assert coupled.round(4).tolist() == [0.2667, 0.3233, 0.0]
    assert coupled[2] == 0


def test_early_stopping_is_l2_of_strength_one_over_steps_times_rate():
    """A3: rate .01 from 0; relative distance to the ridge point of alpha = 1/(tau eta)."""
    points = path({"optimizer.lr": 0.01}, 100)
    gaps = []
    for steps in (1, 10, 100):
        ridge = np.linalg.solve(HESSIAN + np.eye(3) / (steps * 0.01), HESSIAN @ OPTIMUM)
        gaps.append(round(float(np.linalg.norm(points[steps] - ridge) / np.linalg.norm(ridge)), 4))
    assert gaps == [0.0214, 0.0953, 0.2451]


def test_nesterov_damps_what_momentum_rings():
    """A6: from (-10, 1), rate .01, momentum .9; Nesterov's point is the one that is looked ahead to.

    Along the curvature 100 the rate is 1/100: theta is 0 after its first step, its look-ahead point after the second.
    """
    heavy = path(RINGS | {"optimizer": "momentum", "optimizer.momentum": 0.9, "optimizer.lr": 0.01}, 100)
    ahead = path(RINGS | {"optimizer": "nesterov", "optimizer.momentum": 0.9, "optimizer.lr": 0.01}, 100)
    behind = np.concatenate([ahead[:1], ahead[:-1] - 0.01 * ahead[:-1] * [1, 100]])
    ends = (heavy[-1], behind[-1], ahead[-1])
    assert [round(float(np.linalg.norm(end)), 6) for end in ends] == [0.026371, 0.004348, 0.007083]
    assert [changes_of_sign(points[:, 1]) for points in (heavy, behind, ahead)] == [(35, 33), (1, 0), (2, 1)]


def changes_of_sign(values):
    """How often the sign changes: with 0, within rounding, as a sign of its own, and from one sign to the other."""
    signs = np.where(np.abs(values) > 1e-12, np.sign(values), 0)
    return int((signs[1:] != signs[:-1]).sum()), int((signs[1:] * signs[:-1] < 0).sum())


def test_momentum_survives_a_rate_at_which_nesterov_diverges():
    """A6: rate .015, momentum .95."""
    keys = RINGS | {"optimizer.momentum": 0.95, "optimizer.lr": 0.015}
    assert round(float(np.linalg.norm(path(keys | {"optimizer": "momentum"}, 100)[-1])), 3) == 0.66
    nesterov = path(keys | {"optimizer": "nesterov"}, 100)
    behind = nesterov[:-1] - 0.015 * nesterov[:-1] * [1, 100]
    assert [f"{np.linalg.norm(end[-1]):.1e}" for end in (nesterov, behind)] == ["3.7e+12", "1.4e+12"]


def test_momentum_takes_the_root_of_the_condition_number():
    """A7: curvatures 1 and 100: the best rate of descent and that of heavy ball, by the distance of late steps."""
    plain = path(RINGS | {"dataset.start": [1, 1], "optimizer.lr": 2 / 101}, 400)
    size = np.linalg.norm(plain, axis=1)
    assert (size[400] / size[300]) ** 0.01 == pytest.approx(0.980198, abs=5e-7)
    best = {"optimizer": "momentum", "optimizer.lr": (2 / 11) ** 2, "optimizer.momentum": (9 / 11) ** 2}
    points = path(RINGS | {"dataset.start": [1, 1]} | best, 30)
    for x in points.T:  # x'' = a x' + b x, whose roots say how it falls
        a, b = np.linalg.lstsq(np.stack([x[1:-1], x[:-2]], 1), x[2:])[0]
        assert np.abs(np.roots([1, -a, -b])).max() == pytest.approx(0.818182, abs=2e-6)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"dataset.hessian": [[1, 2], [0, 1]]}, "not symmetric: 0 in row 2, column 1, 2 across"),
        ({"dataset.hessian": [[1, 2], [2, 1]]}, "its smallest eigenvalue is -1, but all must be > 0"),
        ({"dataset.hessian": [[1, 0]]}, "a square matrix of 1 to 20 rows is needed"),
        ({"dataset.hessian": [[1, 0], [1]]}, "its rows differ in length"),
        ({"dataset.optimum": [1, 2]}, "2 numbers, but dataset.hessian is 3 x 3; give 3"),
        ({"dataset.start": [1, 2]}, "such as dataset.start=[0,0,0]"),
        ({"dataset.val_fraction": 0.1}, "no rows to spare; set dataset.val_fraction=0"),
        ({"dataset.scaling": "standardize"}, "dataset.scaling = standardize"),
        ({"model.hidden": [3]}, "set model.hidden=[]"),
        ({"loss": "huber"}, "is a mean squared error; set loss=auto"),
        ({"trainer.batch_size": 4}, "a step needs all 6 rows; set trainer.batch_size=6"),
    ],
)
def test_what_is_no_bowl_is_refused_with_a_way_out(keys, said):
    with pytest.raises(ConfigError, match="dataset") as caught:
        data_of([read([f"{key}={value}" for key, value in (BOWL | keys).items()])])
    assert said in str(caught.value)
