"""ensemble.tie: networks that are drawn to each other, their exact minimum, and that they train and end as one."""

import dataclasses

import numpy as np
import pytest

from runner.checks.populations import data, settings
from runner.config.settings import Tied
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.population.arrays import as_array
from runner.training.engine import Engine

HESSIAN = np.array([[2.0, -1, 0], [-1, 2, -1], [0, -1, 2]])
OPTIMA = np.array([[0.81, 0.91, 0.13], [0.0, 0, 0]])
EXPECTED = [[0.525714, 0.582857, 0.015714], [0.284286, 0.327143, 0.114286]]  # of strength 0.5


def bowls(tied, **more):
    """A row for each optimum."""
    keys = {
        "dataset": "quadratic", "model.hidden": [], "early_stopping": "none", "optimizer": "sgd", "optimizer.lr": 0.2,
        "trainer.dtype": "float64", "trainer.engine": "stacked", "trainer.epochs": 300, **more,
    }  # fmt: skip
    found = []
    for optimum in OPTIMA:
        run = read([f"{key}={value}" for key, value in (keys | {"dataset.optimum": optimum.tolist()}).items()])
        found.append(dataclasses.replace(run, tied=tied))
    return found


def weights(engine):
    return as_array(engine.layout.slots["0.weight"].true(engine.theta))[:, 0]


def test_two_tied_quadratics_settle_where_their_sum_is_least():
    """S17: the mean of both is kept, their difference is (H + 4 strength I)^-1 H times that of the optima."""
    runs = bowls(Tied("a", 0.5), **{"optimizer.lr": 0.3})
    engine = Engine(runs, [prepare(run) for run in runs])
    for _ in range(140):
        engine.train_epoch([1.0, 1.0])
    found = weights(engine)
    assert found.round(6).tolist() == EXPECTED
    apart = np.linalg.solve(HESSIAN + 2 * np.eye(3), HESSIAN @ (OPTIMA[0] - OPTIMA[1]))
    assert found[0] - found[1] == pytest.approx(apart, abs=1e-11)
    assert found.mean(0) == pytest.approx(OPTIMA.mean(0), abs=1e-11)


START = [[1.0, -2, 0.5], [0.3, 0.1, -1]]


def started(**more):
    """An engine of both, from other weights than 0."""
    runs = [
        dataclasses.replace(run, dataset=dataclasses.replace(run.dataset, start=w))
        for run, w in zip(bowls(Tied("a", 0.3), **more), START, strict=True)
    ]
    return Engine(runs, [prepare(run) for run in runs])


def test_what_is_optimized_and_each_step_are_those_of_the_formula():
    engine, w = started(), np.array(START)
    for _ in range(20):
        away = w - OPTIMA
        objective = (away @ HESSIAN * away).sum(1) / 2 + 0.3 * ((w[0] - w[1]) ** 2).sum()
        assert engine.train_epoch([1.0, 1.0])["objective"] == pytest.approx(objective, rel=1e-12)
        w = w - 0.2 * (away @ HESSIAN + 2 * 0.3 * (w - w[::-1]))
        assert weights(engine) == pytest.approx(w, abs=1e-13)


def test_groups_beside_each_other_and_beside_others_are_each_as_alone():
    shape, table = (13, [7, 5], 2, 29), data(13, 2)
    one, two = Tied("one", 0.1), Tied("two", 0.02)
    ties = [one, two, None, one, two, two]
    stacked = [{"trainer.engine": "stacked", "regularizer.dropout": 0.1 * (i % 2)} for i in range(len(ties))]
    runs = [dataclasses.replace(settings(shape, seed=i, **stacked[i]), tied=tie) for i, tie in enumerate(ties)]
    together = Engine(runs, [table] * len(runs))
    parts = [[i for i, tie in enumerate(ties) if tie == which] for which in (one, two, None)]
    alone = [Engine([runs[i] for i in part], [table] * len(part)) for part in parts]
    for _ in range(3):
        for engine in (together, *alone):
            engine.train_epoch([1.0] * len(engine.runs))
    for part, engine in zip(parts, alone, strict=True):
        assert np.array_equal(as_array(together.theta)[part], as_array(engine.theta))


def test_tied_rows_with_sharpness_aware_steps_see_the_tie_at_the_weights_they_look_at():
    engine, w = started(**{"regularizer.sam": 0.1}), np.array(START)

    def gradient(w):
        return (w - OPTIMA) @ HESSIAN + 0.6 * (w - w[::-1])

    for _ in range(5):
        g = gradient(w)
        w = w - 0.2 * gradient(w + 0.1 * g / np.linalg.norm(g, axis=1, keepdims=True))
        engine.train_epoch([1.0, 1.0])
    assert weights(engine) == pytest.approx(w, abs=1e-10)
