"""Exact properties of weights that come from others: direct dropout, DropConnect, weight norm, standardization.

The numbers were worked out by hand or by enumerating every mask.
"""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

from runner.checks.populations import settings
from runner.config.registry import entries
from runner.population.arrays import as_array
from runner.training.engine import Engine
from runner.training.steps.compiled_rows import CompiledRows
from runner.training.steps.stacked_rows import StackedRows

X, Y, KEEP = np.array([[1.0, 2], [2, 1], [3, 3], [0, 1]]), np.array([1.0, 2, 2, 0]), 0.5
DIRECT, USED, LEAST_SQUARES = (0.596125, 0.408346), (0.298063, 0.204173), (0.853659, -0.073171)
WAYS = {"stacked": StackedRows, "native": CompiledRows}


def minimum(scale: float) -> np.ndarray:
    """argmin of sum over examples of E_m (y - w . scale m x)^2, m every mask with probability KEEP a one."""
    hessian, slope = np.zeros((2, 2)), np.zeros(2)
    for m in itertools.product((0.0, 1.0), repeat=2):
        share = np.prod([KEEP if each else 1 - KEEP for each in m])
        seen = scale * X * m
        hessian, slope = hessian + share * seen.T @ seen, slope + share * seen.T @ Y
    return np.linalg.solve(hessian, slope)


def examples():
    """The four examples as data of a run, as they are."""
    from runner.data.encoding import Encoding
    from runner.data.prepare import RunData

    none, rows = np.zeros(0, np.int64), np.arange(4)
    encoding = Encoding("regression", "y", ["a", "b"], ["a", "b"], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0])
    return RunData("regression", X.copy(), Y.copy(), rows, rows, none, encoding, None, 1, None, sha256="")


def at(weights, engine: str, rows: int = 1, **changes) -> Engine:
    """A linear model without biases at these weights, in rows that differ in their seed; steps do not move it."""
    common = {"model.bias": False, "trainer.dtype": "float64", "optimizer": "sgd", "optimizer.lr": 1e-300, **changes}
    run = settings((2, [], 1, 4), **common)
    runs = [dataclasses.replace(run, seed=i) for i in range(rows)]
    made = Engine(runs, [examples()] * rows, way=WAYS[engine])
    made.layout.slots["0.weight"].true(made.theta)[...] = made.rows.own(np.asarray(weights))
    return made


def test_the_minimum_of_direct_dropout_is_that_of_ridge_once_it_is_used():
    np.testing.assert_allclose(minimum(1.0), DIRECT, atol=5e-7)
    np.testing.assert_allclose(minimum(1.0) * KEEP, USED, atol=5e-7)
    ridge = X.T @ X + (1 - KEEP) / KEEP * np.diag(np.diag(X.T @ X))
    np.testing.assert_allclose(np.linalg.solve(ridge, X.T @ Y), USED, atol=5e-7)
    np.testing.assert_allclose(minimum(1 / KEEP), USED, atol=5e-7)
    np.testing.assert_allclose(np.linalg.lstsq(X, Y)[0], LEAST_SQUARES, atol=5e-7)


@pytest.mark.parametrize("engine", WAYS)
def test_weights_are_used_times_what_is_kept(engine):
    found = at(minimum(1.0), engine, **{"regularizer.direct_input_dropout": 1 - KEEP})
    used = found.layout.slots["0.weight"].true(as_array(found.shown["theta"]))[0, 0]
    np.testing.assert_allclose(used, USED, atol=5e-7)
    loss = np.square(X @ (minimum(1.0) * KEEP) - Y).mean()
    assert found.evaluate(("train",))["train/loss"][0] == pytest.approx(loss, rel=1e-12)
    assert found.weight_statistics()["weight_norm"][0] == pytest.approx(float(np.linalg.norm(USED)), abs=1e-6)


@pytest.mark.parametrize(
    ("key", "scale", "weights"), [("direct_input_dropout", 1.0, DIRECT), ("input_dropout", 1 / KEEP, USED)]
)
@pytest.mark.parametrize("engine", WAYS)
def test_the_mean_objective_of_steps_is_least_at_the_minimum(engine, key, scale, weights):
    """Of 400 seeds and ten steps each, there and near it on the same masks, within the error of a mean."""
    best, moved = minimum(scale), {}
    np.testing.assert_allclose(best, weights, atol=5e-7)
    for away in ((0.0, 0.0), (0.2, 0.0), (-0.2, 0.0), (0.0, 0.2), (0.0, -0.2)):
        found = at(best + away, engine, rows=400, **{f"regularizer.{key}": 1 - KEEP})
        moved[away] = np.concatenate([found.train_epoch([1.0] * 400)["objectives"][0] for _ in range(10)])
    curvature = np.diag(sum(_seen(m, scale).T @ _seen(m, scale) / 4 for m in itertools.product((0, 1), repeat=2)) / 4)
    here = moved.pop((0.0, 0.0))
    for away, there in moved.items():
        more = there - here
        expected = 0.04 * curvature[0 if away[0] else 1]
        assert abs(more.mean() - expected) < 4.5 * more.std() / len(more) ** 0.5


def _seen(mask, scale: float) -> np.ndarray:
    return scale * X * np.array(mask, float)


def test_dropconnect_keeps_the_mean_of_a_unit_and_has_the_variance_of_its_terms():
    """w (1, -2, .5), x (2, 1, 4), p .3: over all eight masks mean 2 and variance p/(1-p) sum w^2 x^2."""
    w, x, p = np.array([1, -2, 0.5]), np.array([2.0, 1, 4]), 0.3
    masks = np.array(list(itertools.product((0, 1), repeat=3)))
    shares = np.where(masks, 1 - p, p).prod(1)
    ends = torch.from_numpy(np.where(masks, 2**31 - 1, -(2**31)).astype(np.int32))  # bits that keep, bits that drop
    factor = entries("regularizer")["dropconnect"].cls().factor(ends, torch.tensor(p, dtype=torch.float64))
    outcomes = factor.numpy() * w @ x
    assert shares @ outcomes == pytest.approx(2, rel=1e-12)
    variance = shares @ (outcomes - 2) ** 2
    assert variance == pytest.approx(5.142857, abs=5e-7)
    assert variance == pytest.approx(p / (1 - p) * (w**2 * x**2).sum(), rel=1e-12)


@pytest.mark.parametrize("engine", WAYS)
def test_a_step_with_dropconnect_sees_each_mask_as_often_as_it_should(engine):
    """E (y - w m x / (1-p))^2 = (y - w x)^2 + p/(1-p) sum w^2 x^2 (p .3): of the four examples, over 4,000 steps."""
    w, p = np.array([0.7, -0.4]), 0.3
    found = at(w, engine, rows=400, **{"regularizer.dropconnect": p})
    objectives = np.concatenate([found.train_epoch([1.0] * 400)["objectives"][0] for _ in range(10)])
    expected = np.mean((X @ w - Y) ** 2 + p / (1 - p) * (X**2 @ w**2))
    assert abs(objectives.mean() - expected) < 4.5 * objectives.std() / len(objectives) ** 0.5
    assert len(np.unique(objectives.round(9))) == 4  # a mask a step, the same for all of its examples


def test_weight_norm_learns_length_and_direction():
    """v (3, 4), g 2, dL/dW (1, 2): W (1.2, 1.6), dL/dg 2.2, dL/dv (-.128, .096), which is orthogonal to v."""
    piece = entries("parametrization")["weight_norm"].cls()
    v, g, of_w = (torch.tensor(each).double() for each in ([[[3.0, 4]]], [[[2.0]]], [[[1.0, 2]]]))
    torch.testing.assert_close(
        piece.effective(v, g)[0, 0], torch.tensor([1.2, 1.6], dtype=torch.float64), rtol=1e-14, atol=0
    )
    of_v, of_g = piece.gradient(v, g, of_w)
    assert of_g.item() == pytest.approx(2.2, rel=1e-14)
    torch.testing.assert_close(of_v[0, 0], torch.tensor([-0.128, 0.096], dtype=torch.float64), rtol=1e-12, atol=1e-15)
    assert (of_v * v).sum().item() == pytest.approx(0, abs=1e-15)


def test_standardized_weights_have_mean_0_and_variance_1():
    piece = entries("parametrization")["weight_standardization"].cls()
    w = piece.effective(torch.tensor([[[1.0, 2, 3, 4]]]).double())[0, 0]
    expected = torch.tensor([-1.341641, -0.447214, 0.447214, 1.341641], dtype=torch.float64)
    torch.testing.assert_close(w, expected, rtol=0, atol=5e-7)


@pytest.mark.parametrize("name", entries("parametrization"))
@pytest.mark.parametrize("engine", WAYS)
def test_a_unit_of_zeros_stays_finite(engine, name):
    run = settings((2, [3], 1, 4), **{"model.parametrization": name, "model.init": "zeros"})
    found = Engine([run], [examples()], way=WAYS[engine])
    for _ in range(3):
        found.train_epoch([1.0])
    assert np.isfinite(as_array(found.theta)).all()
    assert np.isfinite(found.evaluate(("train",))["train/loss"]).all()
