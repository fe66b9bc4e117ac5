"""What initializations promise beyond moments: orthonormal rows, 15 connections a unit, no tail, symmetry."""

import numpy as np
import pytest
import torch

from runner.checks.populations import data, settings
from runner.config.registry import entries
from runner.population.arrays import as_array
from runner.population.initial_draws import Draws
from runner.training.engine import Engine


def drawn(name: str, units: int, inputs: int) -> torch.Tensor:
    """Weights of one layer."""
    weight, bias = np.full((units, inputs), 9.0), np.full(units, 9.0)
    entries("init")[name].cls().fill(weight, bias, Draws(3, "init", 0))
    assert (bias == 0).all()
    return torch.from_numpy(weight)


@pytest.mark.parametrize("shape", [(5, 9), (9, 5), (7, 7), (1, 4), (4, 1)])
def test_orthogonal(shape):
    w = drawn("orthogonal", *shape)
    product = w @ w.T if shape[0] < shape[1] else w.T @ w
    torch.testing.assert_close(product, torch.eye(min(shape), dtype=torch.float64), rtol=0, atol=1e-14)


@pytest.mark.parametrize("inputs", [4, 15, 16, 100])
def test_sparse_units_have_fifteen_connections_or_all(inputs):
    w = drawn("sparse", 400, inputs)
    assert ((w != 0).sum(1) == min(15, inputs)).all()
    assert (w != 0).any(0).all()
    assert float(w[w != 0].std()) == pytest.approx(1, rel=0.06)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"model.init": "normal", "model.init_sd": 0.3}, lambda w: w.std() == pytest.approx(0.3, rel=0.02)),
        ({"model.init": "uniform", "model.init_scale": 2.0}, lambda w: 1.99 < np.abs(w).max() <= 2),
        ({"model.init": "constant", "model.init_value": -0.7}, lambda w: (w == -0.7).all()),
        ({"model.init": "sparse", "model.init_k": 4}, lambda w: ((w != 0).sum(1) == 4).all()),
    ],
    ids=lambda keys: keys["model.init"] if isinstance(keys, dict) else "",
)
def test_the_keys_of_an_initialization_act_and_rows_may_differ_in_them(keys, expected):
    name = next(key for key in keys if key != "model.init")
    usual = {key: value for key, value in keys.items() if key != name}
    runs = [settings((60, [80], 3, 16), **each, **{"trainer.dtype": "float64"}) for each in (keys, usual)]
    engine = Engine(runs, [data(60, 3, dtype="float64")] * 2)
    weights = as_array(engine.layout.slots["0.weight"].true(engine.theta))
    assert expected(weights[0])
    assert not expected(weights[1])


def test_truncated_normal_has_the_variance_of_lecun_and_no_tail():
    w = drawn("truncated_normal", 1000, 100)
    assert float(w.std()) == pytest.approx(0.1, rel=0.01)
    assert 1.99 * 0.1 / 0.8797 < float(w.abs().max()) <= 2 * 0.1 / 0.8796


def test_hidden_units_that_begin_equal_stay_equal(engine):
    """To the last bit where units are padded; unpadded, the last ones may be the remainder of a matrix product, which
    the BLAS of some processors (AVX2) rounds otherwise.
    """
    from parity_case import settings_of, synthetic

    from runner.training.engine import Engine

    keys = {"model.init": "zeros", "model.activation": "sigmoid", "trainer.epochs": 3, "trainer.engine": engine}
    trained = Engine([settings_of(keys)], [synthetic("classification", "float64")])
    for _ in range(3):
        trained.train_epoch([1.0])
    weight = trained.layout.slots["0.weight"].true(as_array(trained.theta))[0]
    assert (weight != 0).any()
    apart = np.abs(weight - weight[:1]).max()
    assert apart <= (1e-13 * np.abs(weight).max() if engine == "native" else 0)
