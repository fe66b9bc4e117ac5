"""Products against NumPy's in double precision, whole and in parts, and rows in lines of the cache."""

import numpy as np
import pytest

from runner.compiled import products
from runner.compiled.kernels import compiled_as
from runner.population.arrays import LINE, in_lines

SHAPES = [
    (1, 1, 1),
    (3, 5, 7),
    (64, 64, 64),
    (64, 64, 10),
    (300, 64, 10),
    (130, 70, 33),
    (129, 300, 130),
    (70, 1200, 20),
]


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize(("batch", "inputs", "outputs"), SHAPES, ids=str)
def test_a_product_is_that_of_numpy_whatever_its_size(batch, inputs, outputs, dtype, bound):
    """Some are larger than what is computed at once, in rows, in columns or in both, and parts do not divide them."""
    random = np.random.default_rng(0)
    x, w, g = (random.normal(size=s).astype(dtype) for s in ((batch, inputs), (outputs, inputs), (batch, outputs)))
    space = np.empty(w.size, dtype)
    cases = {
        "times": ((g, w), g.astype(float) @ w, outputs),
        "transposed_times": ((g, x), g.T.astype(float) @ x, batch),
        "times_transposed": ((x, w), x.astype(float) @ w.T, inputs),
    }
    for name, (given, expected, inner) in cases.items():
        found = np.full(expected.shape, np.nan, dtype)
        more = (space,) if name == "times_transposed" else ()
        kind = name if more else "product"
        compiled_as(getattr(products, name), kind, dtype)(*given, found, *more)
        assert abs(found - expected).max() <= bound * inner**0.5 * abs(expected).max(), name


@pytest.mark.parametrize("sizes", [(64, 64, 64), (128, 128, 784), (1000, 130, 300), (4096, 10, 512), (512, 512, 4096)])
def test_parts_are_small_or_the_product_is_whole(sizes, monkeypatch):
    rows, columns, inner = sizes
    for small in (0, 10**6):
        monkeypatch.setattr(products, "SMALL", small)
        height, width = products.parts(rows, columns, inner)
        assert 0 < width <= columns and height > 0
        assert (height, width) == (rows, columns) or height * width * inner <= small


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_row_begins_with_a_line_of_the_cache(dtype):
    rows = in_lines((5, 37), dtype)
    assert rows.shape == (5, 37) and not rows.any()
    assert all(row.ctypes.data % LINE == 0 and row.flags.c_contiguous for row in rows)
