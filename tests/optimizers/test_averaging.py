"""Averages of weights: exact coefficients, and rows that do not know of each other, even if numbers are infinite."""

import numpy as np
import pytest
import torch

from runner.execution.configurations import read
from runner.optimizers.averaging.means import EMA, SWA, NoAveraging
from runner.training.averaging import Average


def average_of(rule, values: np.ndarray, steps: int) -> np.ndarray:
    """avg after each step, of one number."""
    epochs, found = len(values) // steps, []
    c = np.concatenate([rule.weights(epoch, steps, epochs) for epoch in range(epochs)])
    for weight, value in zip(c, values, strict=True):
        found.append(value if weight == 1 else found[-1] + weight * (value - found[-1]))
    return np.array(found)


def test_swa_is_the_mean_of_the_last_epochs():
    values = np.random.default_rng(0).standard_normal(40)
    found = average_of(SWA(start=0.75), values, steps=5)
    ends = values[4::5]
    np.testing.assert_array_equal(found[:30], values[:30])
    np.testing.assert_allclose(found[34::5], [ends[6], ends[6:8].mean()], rtol=1e-14)


@pytest.mark.parametrize(("start", "first"), [(0, 0), (0.5, 4), (0.99, 7), (1, 7)])
def test_swa_begins_after_its_share_and_no_later_than_the_last_epoch(start, first):
    begins = [SWA(start=start).weights(epoch, 3, 8).tolist() for epoch in range(8)]
    assert begins[:first] == [[1.0] * 3] * first
    assert begins[first] == [0.0, 0.0, 1.0]


def test_ema_is_the_sum_of_the_past_with_falling_weights():
    values = np.random.default_rng(1).standard_normal(12)
    powers = 0.8 ** np.arange(12)[::-1]
    weights = np.r_[powers[0], 0.2 * powers[1:]]
    assert average_of(EMA(decay=0.8), values, steps=4)[-1] == pytest.approx((weights * values).sum(), rel=1e-13)
    np.testing.assert_array_equal(average_of(EMA(decay=0), values, steps=4), values)
    np.testing.assert_array_equal(average_of(NoAveraging(), values, steps=4), values)


def shown(names: list[str], theta: torch.Tensor) -> torch.Tensor:
    """The averages of rows whose weights were 1, 2, 3 and then `theta` [M, P]."""
    runs = [read({"averaging": name, "trainer.epochs": 2}) for name in names]
    weights = torch.ones_like(theta)
    average = Average(runs, weights, torch.zeros(len(runs), 0))
    for epoch in range(2):
        average.start_epoch(np.full(len(runs), epoch), 2)
        for s in range(2):
            weights.copy_(theta if epoch and s else torch.full_like(theta, 1.0 + 2 * epoch + s))
            if average.active:
                average.update(s)
    return average.shown["theta"]


@pytest.mark.parametrize("value", [4.0, float("inf"), float("nan")])
def test_a_row_that_does_not_average_shows_its_weights_whatever_they_are(value):
    theta = torch.tensor([4.0, value]).repeat(3, 8)
    together = shown(["none", "ema", "swa"], theta)
    assert torch.equal(together[0].nan_to_num(7.0), theta[0].nan_to_num(7.0))
    for row, name in enumerate(["none", "ema", "swa"]):
        alone = shown([name], theta[row : row + 1])
        assert torch.equal(alone[0].nan_to_num(7.0), together[row].nan_to_num(7.0))


def test_without_averages_nothing_is_kept_beside_theta():
    theta, buffers = torch.ones(2, 16), torch.zeros(2, 0)
    average = Average([read({}), read({})], theta, buffers)
    assert not average.active
    assert average.shown["theta"] is theta
    assert average.state() == {}
