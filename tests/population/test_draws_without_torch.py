"""Draws in NumPy are those of torch, to the last bit: permutations and initial weights."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from runner.population import draws
from runner.population.draws import generator, permutation
from runner.population.initial_draws import Draws, multiply_add

SEEDS = [0, 7, 2**32 - 1, 2**63 - 1]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 17, 623, 624, 625, 1437, 60_000])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_permutation_is_that_of_torch(n, seed):
    expected = torch.randperm(n, generator=generator(seed, "order", 3)).numpy()
    found = permutation(n, seed, "order", 3)
    assert found.dtype == np.int64 and np.array_equal(found, expected)


def test_a_permutation_without_a_compiler_is_the_same(monkeypatch):
    compiled = [permutation(n, 5, "order", 1) for n in (0, 1, 2, 1000)]
    monkeypatch.setattr(draws, "_compiled_shuffle", lambda: None)
    for expected in compiled:
        found = permutation(len(expected), 5, "order", 1)
        assert found.dtype == np.int64 and np.array_equal(found, expected)


def same(found: np.ndarray, expected: np.ndarray) -> bool:
    """To the last bit where torch multiplies and adds in one rounding, which processors older than AVX2 cannot."""
    if torch.backends.cpu.get_cpu_capability() != "DEFAULT":
        return np.array_equal(found, expected)
    return np.allclose(found, expected, rtol=0, atol=2 * np.finfo(expected.dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(0,), (1,), (5,), (16,), (33, 17), (128, 784)])
@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1 / 3, 1 / 3), (-(13**-0.5), 13**-0.5), (0.1, 0.3)])
def test_uniform_numbers_are_those_of_torch(dtype, shape, low, high):
    source, like = Draws(5, "init", 2), generator(5, "init", 2)
    for _ in range(2):
        expected = torch.empty(shape, dtype=getattr(torch, dtype)).uniform_(low, high, generator=like).numpy()
        found = source.uniform(low, high, shape, dtype)
        assert found.dtype == dtype and found.shape == shape and same(found, expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("order", ["nu", "un", "unun", "uunnu", "nnuu"])
@pytest.mark.parametrize("shape", [(3,), (8, 9)])
def test_uniform_and_normal_numbers_in_any_order_are_those_of_torch(dtype, order, shape):
    source, like = Draws(11, "init", 0), generator(11, "init", 0)
    for kind in order:
        draw = {"n": "normal", "u": "uniform"}[kind]
        expected = getattr(torch.empty(shape, dtype=getattr(torch, dtype)), f"{draw}_")(-1, 2, generator=like).numpy()
        assert same(getattr(source, draw)(-1, 2, shape, dtype), expected)


def test_a_product_and_sum_is_rounded_once():
    from fractions import Fraction

    random = np.random.default_rng(3)
    a, b, c = random.uniform(-1, 1, 3000), float(random.uniform(0.1, 2)), float(random.uniform(-1, 1))
    expected = [float(Fraction(x) * Fraction(b) + Fraction(c)) for x in a.tolist()]
    assert multiply_add(a, b, c).tolist() == expected
    assert (a * b + c).tolist() != expected


def test_uniform_draws_and_permutations_do_without_torch():
    code = (
        "import sys; from runner.population.draws import key, permutation; "
        "from runner.population.initial_draws import Draws; "
        "permutation(50, 1, 'order', 0); Draws(1, 'init', 0).uniform(0, 1, (3, 4), 'float64'); "
        "print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
