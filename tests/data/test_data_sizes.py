"""Numbers that are too large to be computed with are named before training; those that can be scaled are used."""

from __future__ import annotations

import numpy as np
import pytest

from runner.data.sources.csv import CSV
from runner.errors import DataError

SIGNS = np.resize([1, -1, -1, 1, 1], 40)


@pytest.fixture
def table(csv_file, run_data):
    """table(size, dtype, **keys): forty rows with `big` = +-size and small, the target y."""

    def make(size, dtype="float32", target="y", **keys):
        lines = [f"{i % 7},{float(sign) * size!r},{'ab'[i % 2]}\n" for i, sign in enumerate(SIGNS)]
        return run_data(CSV(path=csv_file("small,big,y\n" + "".join(lines)), target=target, **keys), dtype=dtype)

    return make


@pytest.mark.parametrize(
    ("size", "keys", "dtype"),
    [
        (3.3e38, {"scaling": "none"}, "float32"),
        (3.5e38, {"scaling": "none"}, "float64"),
        (1e39, {"scaling": "standardize"}, "float32"),
        (1e140, {"scaling": "standardize"}, "float32"),
        (1e300, {"scaling": "minmax"}, "float32"),
        (1e300, {"scaling": "quantile"}, "float32"),
        (3.3e38, {"target": "big", "target_scaling": "none", "task": "regression"}, "float32"),
        (1e140, {"target": "big", "task": "regression"}, "float32"),
    ],
)
def test_what_can_be_scaled_is_finite(size, keys, dtype, table, recwarn):
    data = table(size, dtype, **keys)
    assert data.x.dtype == dtype and np.isfinite(data.x).all()
    assert np.isfinite(data.y.astype(dtype)).all()
    scaled = data.y if keys.get("target") == "big" else data.x[:, 1]
    assert len(set(scaled[SIGNS > 0])) == 1 and (scaled[SIGNS > 0][0] > scaled[SIGNS < 0]).all()
    assert not list(recwarn)


@pytest.mark.parametrize(
    ("size", "keys", "dtype", "message"),
    [
        (3.5e38, {"scaling": "none"}, "float32",
         r"column 'big' holds -?3\.5e\+38, beyond what float32 can hold \(3\.4e\+38 after scaling\): set "
         r"trainer\.dtype=float64, correct it, use dataset\.scaling=standardize.*drop=\[big\]"),
        (1e300, {"scaling": "standardize"}, "float32", r"column 'big' holds -?1e\+300, too large to be scaled"),
        (1.5e308, {"scaling": "minmax"}, "float64", r"column 'big' holds -?1\.5e\+308, too large to be scaled"),
        (1e300, {"target": "big", "task": "regression"}, "float32", r"target 'big' holds -?1e\+300, too large"),
        (3.5e38, {"target": "big", "target_scaling": "none", "task": "regression"}, "float32",
         r"target 'big' holds -?3\.5e\+38, beyond what float32 can hold .*dataset\.target_scaling=standardize"),
    ],
)  # fmt: skip
def test_what_cannot_is_named(size, keys, dtype, message, table, recwarn):
    with pytest.raises(DataError, match=message):
        table(size, dtype, **keys)
    assert not list(recwarn)


def test_an_outlier_of_another_split_is_named_too(csv_file, run_data):
    lines = "".join(f"{1e300 if i == 39 else i},{'ab'[i % 2]},{'test' if i > 30 else 'train'}\n" for i in range(40))
    source = CSV(path=csv_file("x,y,part\n" + lines), target="y", split_column="part", val_fraction=0.2)
    with pytest.raises(DataError, match=r"column 'x' holds 1e\+300, beyond what float32 can hold") as error:
        run_data(source)
    assert "standardize" not in str(error.value)  # it is: by the training rows, which do not know of the outlier
