"""Normal numbers by position: distribution, independence, and equal bits for one row and many."""

import numpy as np
import pytest
import torch
from scipy import stats

from runner.population.draws import bits, key, normal, positions, words


def drawn(seeds, steps, layers, rows=32, width=48):
    """[seeds, steps, layers, rows, width]"""
    keys = [key(seeds[:, None, None], name, steps[:, None], layers) for name in ("noise", "noise/1")]
    return normal(*(bits(words(k), positions(rows, width, width)) for k in keys))


@pytest.fixture(scope="module")
def numbers():
    return drawn(np.arange(4), np.arange(30), np.arange(3)).numpy()


def test_moments_and_distribution(numbers):
    flat = numbers.ravel()
    n = len(flat)
    assert abs(flat.mean()) < 4 / n**0.5
    assert abs(flat.var() - 1) < 4 * (2 / n) ** 0.5
    assert abs((flat**3).mean()) < 4 * (15 / n) ** 0.5
    assert abs((flat**4).mean() - 3) < 4 * (96 / n) ** 0.5
    assert stats.kstest(flat, "norm").pvalue > 1e-3


def test_tails_are_as_heavy_as_they_should_be(numbers):
    flat = np.abs(numbers.ravel())
    for limit in (2, 3, 4):
        expected = 2 * stats.norm.sf(limit) * len(flat)
        assert abs((flat > limit).sum() - expected) < 4 * expected**0.5 + 1


@pytest.mark.parametrize("axis", range(5), ids=["seeds", "steps", "layers", "examples", "units"])
def test_neighbours_are_independent(numbers, axis):
    """Neither the numbers nor their squares are correlated."""
    a, b = (np.take(numbers, range(k, numbers.shape[axis] - 1 + k), axis).ravel() for k in (0, 1))
    for f in (lambda x: x, np.square):
        assert abs(np.corrcoef(f(a), f(b))[0, 1]) < 4.5 / len(a) ** 0.5


def test_every_integer_has_a_finite_number():
    ends = torch.tensor([-(2**31), -(2**31) + 1, -1, 0, 1, 2**31 - 1], dtype=torch.int32)
    found = normal(ends.repeat(6), ends.repeat_interleave(6))
    assert found.isfinite().all()
    assert found.abs().max() < 7


def test_a_row_alone_has_the_bits_it_has_in_company():
    every = drawn(np.arange(7), np.arange(3), np.arange(2), rows=5, width=16)
    for seed in range(7):
        assert torch.equal(drawn(np.array([seed]), np.arange(3), np.arange(2), rows=5, width=16)[0], every[seed])
