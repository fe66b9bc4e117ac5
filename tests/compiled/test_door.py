"""How Python calls compiled code: what is given comes in as it is, and what would not fit is refused."""

from typing import NamedTuple

import numpy as np
import pytest

from runner.compiled.kernels import compiled_as, driver


class Pair(NamedTuple):
    """A named tuple with another in it."""

    matrix: np.ndarray
    numbers: tuple


def example(dtype):
    v = np.zeros(0, dtype)
    return v, 1.0, Pair(v.reshape(0, 0), (2, True, v.reshape(0, 0, 0))), np.zeros(0, np.uint32)


@driver(example)
def gathered(values, factor, pair, words):
    """A number made of everything that is given, and how many numbers the block holds."""
    matrix, (count, flag, block) = pair
    total = 0.0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            total += 10 * i * matrix[i, j] + j
    values[0] = total
    last = block[block.shape[0] - 1, 0, block.shape[2] - 1]
    return factor * total + 100 * count + (1000 if flag else 0) + last + words[1], block.size


@driver(lambda dtype: (np.zeros(0, dtype),))
def doubled(values):
    for i in range(values.shape[0]):
        values[i] *= 2


def given(dtype=np.float64, flag=True):
    block = np.arange(8, dtype=dtype).reshape(2, 2, 2)
    pair = Pair(np.array([[1, 2, 3], [4, 5, 6]], dtype), (7, flag, block))
    return np.zeros(3, dtype), 0.5, pair, np.array([0, 2**32 - 1], np.uint32)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("flag", [True, False])
def test_arrays_numbers_and_tuples_come_in_as_they_are(dtype, flag):
    arguments, total = given(dtype, flag), 10 * (4 + 5 + 6) + 2 * (0 + 1 + 2)
    expected = gathered.py_func(*arguments)
    assert expected[0] == 0.5 * total + 700 + 1000 * flag + 5 + 2**32 - 1
    arguments[0][:] = 0
    assert gathered(*arguments) == expected == (expected[0], 8)
    assert arguments[0].tolist() == [total, 0, 0]


def test_what_gives_nothing_gives_none():
    values = np.ones(3, np.float32)
    assert doubled(values) is None and values.tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((2, 2)),
        np.zeros(6)[::2],
        np.frombuffer(bytes(33), np.uint8)[1:].view(np.float64),
    ],
    ids=["dimensions", "gaps", "not aligned"],
)
def test_an_array_of_another_kind_is_refused(values):
    with pytest.raises(TypeError, match="doubled refuses arrays of another type"):
        doubled(values)


def test_an_array_of_another_type_is_refused():
    values, factor, pair, words = given()
    with pytest.raises(TypeError, match="gathered refuses arrays of another type"):
        gathered(values, factor, pair, words.astype(np.int64))


def test_too_many_or_too_few_arrays_are_refused():
    values, factor, pair, _ = given()
    with pytest.raises(TypeError, match="gathered: given 3 arrays, takes 4"):
        gathered(values, factor, pair, 1)
    with pytest.raises(TypeError, match="doubled: given 2 arrays, takes 1"):
        doubled(values, values)


@driver(lambda dtype: (np.zeros((2, 2), dtype)[:, :1],))
def weighed(table):
    total = 0.0
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            total += table[i, j] * (10 * i + j + 1)
    return total


def test_where_gaps_are_allowed_an_array_comes_in_with_them():
    table = np.arange(24, dtype=np.float32).reshape(4, 6)
    for part in (table, table[:, 1:4], table[::2, ::-3], table.T, table[:0]):
        assert weighed(part) == weighed.py_func(part)


def half(w, h):
    """A penalty."""
    return w[0, 0] * w.dtype.type(0.5)


def test_what_compiled_code_gives_has_the_type_that_its_kind_says():
    call = compiled_as(half, "penalty", "float32")
    assert call.code.gives == "d" and call(np.full((1, 1), 3, np.float32), np.zeros(1, np.float32)) == 1.5


def test_memory_of_an_array_is_held_no_longer_than_the_call():
    import sys

    values = np.ones(3)
    before = sys.getrefcount(values)
    for _ in range(10):
        doubled(values)
    assert sys.getrefcount(values) == before
