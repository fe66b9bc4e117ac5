"""Random numbers of compiled code are those of the definition."""

import numba
import numpy as np
import pytest
import torch

from runner.compiled import chance
from runner.compiled.compiler import OPTIONS
from runner.population import draws
from runner.regularizers.dropout import bernoulli_factor

KEYS = draws.key(3, "any", [0, 1])
WORDS = KEYS.view(np.uint32)
N = 5000


def drawn(which: int) -> torch.Tensor:
    return draws.bits(draws.words(KEYS[which : which + 1]), draws.positions(1, N, N))[0, 0]


def _bits(found, words):
    for i in range(found.shape[0]):
        found[i] = chance.bits(words[0], words[1], i)


def _normal(found, words):
    for i in range(found.shape[0]):
        found[i] = chance.normal(words[0], words[1], words[2], words[3], i)


def _log(found, of):
    for i in range(found.shape[0]):
        found[i] = chance.log_of(of[i])


def _cosine(found, of):
    for i in range(found.shape[0]):
        found[i] = chance.cosine_of_turns(of[i])


def test_bits_at_a_position_are_those_of_the_definition():
    found = np.empty(N, np.uint32)
    numba.njit(**OPTIONS)(_bits)(found, WORDS)
    assert np.array_equal(found.view(np.int32), drawn(0).numpy())


def test_normal_numbers_are_those_of_the_definition_to_rounding():
    found = np.empty(N)
    numba.njit(**OPTIONS)(_normal)(found, WORDS)
    assert np.abs(found - draws.normal(drawn(0), drawn(1)).numpy()).max() < 1e-14


def test_logarithm_and_cosine_have_the_last_digit_of_numpy_at_the_ends_too():
    middle = (np.random.default_rng(0).integers(0, 2**32, N) + 0.5) * 2.0**-32
    u = np.concatenate([middle, [2.0**-33, 1 - 2.0**-33, 0.25, 0.5, 0.75, np.sqrt(0.5), np.nextafter(1, 0)]])
    found = np.empty_like(u)
    numba.njit(**OPTIONS)(_log)(found, u)
    assert np.abs(found / np.log(u) - 1).max() < 4e-16
    numba.njit(**OPTIONS)(_cosine)(found, u)
    assert np.abs(found - np.cos(2 * np.pi * u)).max() < 2e-15


@pytest.mark.parametrize("p", [0.0, 1e-12, 0.1, 0.5, 0.999, 1 - 2.0**-33])
def test_a_draw_is_dropped_where_the_definition_drops_it(p):
    threshold = chance.threshold_of(p)
    edge = np.clip(np.arange(-2, 3) + int(threshold), -(2**31), 2**31 - 1).astype(np.int32)
    kept = bernoulli_factor(torch.from_numpy(edge), torch.tensor(p, dtype=torch.float64)).numpy() != 0
    assert np.array_equal(edge >= threshold, kept)
