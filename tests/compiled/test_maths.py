"""Elementary functions, as plain Python: single precision is the double precision of NumPy and SciPy to rounding."""

import numpy as np
import pytest
from scipy import special, stats

from runner.compiled import maths

EXACT = {
    maths.exp: np.exp,
    maths.expm1: np.expm1,
    maths.tanh: np.tanh,
    maths.sigmoid: special.expit,
    maths.softplus: lambda x: np.logaddexp(0, x),
    maths.normal_cdf: special.ndtr,
    maths.normal_density: stats.norm.pdf,
}
# e^(-x^2/2) magnifies the rounding of x^2; above 0 it is taken from 1.
SQUARED = {maths.normal_density: lambda x: x, maths.normal_cdf: lambda x: np.minimum(x, 0)}
SMALLEST = np.finfo(np.float32).tiny
NUMBERS = np.concatenate(
    [sign * np.geomspace(1e-37, 88.7, 1500) for sign in (1, -1)] + [np.linspace(-20, 20, 1501), np.array([0.0])]
).astype(np.float32)


def values(function, numbers):
    with np.errstate(all="ignore"):
        return np.array([function(x) for x in numbers])


def test_every_function_has_an_exact_one_here():
    assert maths.SINGLE.keys() == EXACT.keys()


@pytest.mark.parametrize("function", EXACT, ids=lambda f: f.__name__)
def test_single_precision_is_exact_to_rounding_however_tiny_the_result(function):
    found, expected = values(maths.SINGLE[function], NUMBERS), EXACT[function](NUMBERS.astype(np.float64))
    assert found.dtype == np.float32
    normal = abs(expected) >= SMALLEST
    relative = abs(found[normal] / expected[normal] - 1)
    squared = SQUARED[function](NUMBERS[normal].astype(np.float64)) if function in SQUARED else 0.0
    allowed = 4e-7 + np.finfo(np.float32).eps / 2 * np.square(squared)
    assert (relative <= allowed).all(), NUMBERS[normal][relative > allowed]
    assert (abs(found[~normal]) < 2 * SMALLEST).all()


@pytest.mark.parametrize("function", EXACT, ids=lambda f: f.__name__)
def test_double_precision_is_the_definition(function):
    numbers = NUMBERS[::10].astype(np.float64)
    np.testing.assert_allclose(values(function, numbers), EXACT[function](numbers), rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("function", EXACT, ids=lambda f: f.__name__)
def test_what_is_not_finite_or_huge_is_as_in_double_precision(function):
    numbers = [np.nan, np.inf, -np.inf, 1e30, -1e30, 3e38, -3e38]
    with np.errstate(all="ignore"):
        expected = EXACT[function](np.array(numbers)).astype(np.float32)
    np.testing.assert_array_equal(values(maths.SINGLE[function], np.float32(numbers)), expected)
    np.testing.assert_array_equal(values(function, np.float64(numbers)).astype(np.float32), expected)


def test_functions_that_saturate_reach_their_limit():
    large = np.float32([12.0, 30.0, 80.0])
    for function, low in ((maths.tanh_single, -1), (maths.sigmoid_single, None), (maths.normal_cdf_single, None)):
        assert (values(function, large[1:]) == 1).all()
        assert low is None or (values(function, -large) == low).all()
