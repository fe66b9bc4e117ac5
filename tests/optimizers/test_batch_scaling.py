"""A rate that follows the batch: exactly batch/reference or its root, with the examples a step really takes."""

import functools

import numpy as np
import pytest

from runner.config.registry import entries
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.training.engine import Engine

MOONS = {"dataset": "two_moons", "trainer.epochs": 3, "model.hidden": [4]}


@functools.cache
def moons():
    """Prepared once."""
    return prepare(read(MOONS))


def rates(**change) -> np.ndarray:
    """The rate of every step of three epochs, as the engine hands it to the rule."""
    engine = Engine([read(MOONS | change)], [moons()])
    found = []
    for _ in range(3):
        engine.train_epoch([1.0])
        found.append(engine.epoch.rates[0])
    return np.array(found)


@pytest.mark.parametrize("name", sorted(entries("scheduler")))
def test_every_schedule_is_multiplied(name):
    plain = rates(scheduler=name)
    half = {"scheduler.batch_scaling": "linear", "scheduler.reference_batch": 64}
    np.testing.assert_array_equal(rates(scheduler=name, **half), plain / 2)
    quarter = {"scheduler.batch_scaling": "sqrt", "scheduler.reference_batch": 512}
    np.testing.assert_array_equal(rates(scheduler=name, **quarter), plain / 4)


def test_the_reference_batch_itself_changes_nothing():
    assert np.array_equal(rates(**{"scheduler.batch_scaling": "sqrt"}), rates())


def test_a_batch_larger_than_the_data_counts_as_the_data():
    n = len(moons().train)
    large = {"trainer.batch_size": 10_000}
    scaled = rates(**large, **{"scheduler.batch_scaling": "linear", "scheduler.reference_batch": 100})
    assert scaled.shape == (3, 1)
    np.testing.assert_allclose(scaled, rates(**large) * n / 100, rtol=1e-15)
