"""Arrays in .npz files: what is read is what was saved, and an error for every file that cannot be trained on."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest

from runner.data.sources.npz import NPZ
from runner.errors import ConfigError, DataError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = np.tile(np.arange(4), 10)


@pytest.fixture
def npz(tmp_path):
    """npz(x=..., y=...) -> path of a file with these arrays."""

    def save(**arrays):
        path = tmp_path / "data.npz"
        np.savez(path, **arrays)
        return str(path)

    return save


def test_a_table_is_read_as_it_was_saved(npz):
    path = npz(x=X, y=Y)
    table = NPZ(path=path).read()
    np.testing.assert_array_equal(table.numeric_ND, X)
    np.testing.assert_array_equal(table.target, Y)
    assert (table.task, table.labels, table.numeric_names) == ("classification", list("0123"), ["x1", "x2", "x3"])
    assert (table.split, table.image_shape, table.divisor) == (None, None, 1.0)
    assert table.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert table.notes[0] == "target 'y': classification (its type is int64; else set dataset.task=regression)"


@pytest.mark.parametrize(
    ("y", "task", "expected", "labels"),
    [
        (Y * 5, "auto", "classification", ["0", "5", "10", "15"]),
        (Y.astype(np.uint8)[:, None], "auto", "classification", list("0123")),
        (Y % 2 == 1, "auto", "classification", ["False", "True"]),
        (np.array(list("abcd") * 10), "auto", "classification", list("abcd")),
        (np.array([b"ja", b"nein"] * 20), "auto", "classification", ["ja", "nein"]),
        (Y.astype(np.float32), "auto", "regression", None),
        (Y, "regression", "regression", None),
        (Y.astype(float), "classification", "classification", list("0123")),
    ],
)
def test_the_type_of_y_says_the_task_unless_the_key_does(npz, y, task, expected, labels):
    table = NPZ(path=npz(X=X, y=y), task=task).read()
    assert (table.task, table.labels) == (expected, labels)
    values = y.ravel()
    decoded = table.target if labels is None else np.array(labels)[table.target]
    same = values.astype(float) if labels is None else [_label(v) for v in values]
    np.testing.assert_array_equal(decoded, same)


def _label(value):
    return value.decode() if isinstance(value, bytes) else str(int(value)) if isinstance(value, float) else str(value)


IMAGES = RANDOM.integers(0, 256, (40, 3, 5, 6), dtype=np.uint8)


@pytest.mark.parametrize(
    ("x", "planes", "divisor"),
    [
        (IMAGES, IMAGES, 255),
        (np.moveaxis(IMAGES, 1, 3), IMAGES, 255),
        (IMAGES[:, 0], IMAGES[:, :1], 255),
        (IMAGES[:, :1, :4, :4], IMAGES[:, :1, :4, :4], 255),
        (np.moveaxis(IMAGES[:, :2], 1, 3), IMAGES[:, :2], 255),
        (IMAGES[:, 0] / np.float32(255), IMAGES[:, :1] / np.float32(255), 1),
    ],
)
def test_images_are_stored_channels_first(npz, run_data, x, planes, divisor):
    path = npz(x=x, y=Y)
    table, data = NPZ(path=path).read(), run_data(NPZ(path=path, scaling="none"))
    np.testing.assert_array_equal(table.numeric_ND.reshape(planes.shape), planes)
    assert (table.image_shape, table.divisor, table.numeric_ND.dtype) == (planes.shape[1:], divisor, x.dtype)
    np.testing.assert_allclose(data.x, planes.reshape(40, -1) / np.float32(divisor), rtol=1e-6)
    moved = x.ndim == 4 and x.shape != planes.shape
    assert ("channels moved to the front" in table.notes[1]) == moved


def test_parts_that_the_file_marks_are_the_splits(npz, run_data):
    path = npz(x_train=X[:25], y_train=Y[:25], x_test=X[25:], y_test=Y[25:, None])
    data = run_data(NPZ(path=path, val_fraction=0.2))
    np.testing.assert_array_equal(data.test, np.arange(25, 40))
    assert (len(data.train), len(data.val)) == (20, 5)
    path = npz(X_train=X[:20], Y_train=Y[:20], X_valid=X[20:30], Y_valid=Y[20:30], X_test=X[30:], Y_test=Y[30:])
    data = run_data(NPZ(path=path))
    for part, rows in (("train", range(20)), ("val", range(20, 30)), ("test", range(30, 40))):
        np.testing.assert_array_equal(getattr(data, part), rows)


def test_holes_in_a_table_are_filled_with_the_median_of_the_training_rows(npz, run_data):
    x = X.copy()
    x[:2, 1] = np.nan
    data = run_data(NPZ(path=npz(x=x, y=Y), scaling="none"))
    assert data.x[0, 1] == data.x[1, 1] == np.float32(np.nanmedian(x[data.train, 1]))
    assert "missing values: 2 (median of the training split)" in data.notes


HOLE, INFINITE, EMPTY = X.copy(), X.copy(), X.copy()
HOLE[2, 0], INFINITE[3, 1], EMPTY[:, 2] = np.nan, np.inf, np.nan


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, r"has x, but no targets 'y' to it\. Found x \[40, 3\]"),
        ({"x": X, "yy": Y}, r"no targets 'y' to it\. Did you mean 'yy'\?"),
        ({"xx": X, "y": Y}, r"no array 'x'\. Did you mean 'xx'\? Expected x and y, or x_train, .*found xx \[40, 3\]"),
        ({"x_test": X, "y_test": Y}, r"has no array 'x_train'"),
        ({"x_train": X, "y_train": Y, "x_test": X}, r"has x_test, but no targets 'y_test' to it"),
        ({"x": X, "X": X, "y": Y}, r"differ in upper and lower case only"),
        ({"x": X, "y": Y, "x_train": X, "y_train": Y}, r"examples of the same part twice"),
        ({"x_train": X, "y_train": Y, "x_val": X, "y_val": Y, "x_valid": X, "y_valid": Y}, r"same part twice"),
        ({"x": X, "y": Y[:39]}, r"x has the shape \[40, 3\], y \[39\]; each row needs its target"),
        ({"x": X[:0], "y": Y[:0]}, r"x has the shape \[0, 3\]"),
        ({"x": np.float64(3), "y": Y}, r"x has the shape \[\], y \[40\]"),
        (
            {"x": X[:, 0], "y": Y},
            r"x has the shape \[40\], expected \[rows, columns\].*; of one column save x\[:, None\]",
        ),
        ({"x": X[:, :0], "y": Y}, r"x has the shape \[40, 0\]"),
        ({"x": X[:, :, None, None, None], "y": Y}, r"x has the shape \[40, 3, 1, 1, 1\]"),
        ({"x": np.zeros((40, 3, 8, 3)), "y": Y}, r"neither \[N, C, H, W\] nor \[N, H, W, C\] for certain"),
        ({"x": np.zeros((40, 8, 8, 8)), "y": Y}, r"neither \[N, C, H, W\] nor \[N, H, W, C\] for certain"),
        ({"x": X.astype(str), "y": Y}, r"x has the type <U32; numbers are needed"),
        ({"x": X + 1j, "y": Y}, r"x has the type complex128"),
        ({"x": INFINITE, "y": Y}, r"x holds an infinite value in row 4\. Replace it by a number, or NaN for a hole"),
        ({"x": HOLE[:, None], "y": Y}, r"x holds NaN in row 3\. Replace it by a number\."),
        ({"x": EMPTY, "y": Y}, r"column 3 is NaN in every row"),
        ({"x": X, "y": np.eye(4)[Y]}, r"y has the shape \[40, 4\], .*; of one-hot rows save y\.argmax\(axis=1\)"),
        ({"x": X, "y": Y.astype("datetime64[D]")}, r"y has the type datetime64"),
        ({"x": X, "y": np.full(40, np.nan)}, r"'y' is missing in every row"),
        ({"x": X, "y": np.where(Y == 1, np.inf, Y)}, r"'y' holds an infinite value \(inf\) in data row 2"),
        ({"x": X, "y": np.zeros(40, int)}, r"'y' has one class only, '0'"),
        ({"x": X, "y": np.zeros(40)}, r"'y' is 0 in every row"),
        (
            {"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y},
            r"the parts do not fit together: x_train \[40, 3\] with y of int64, x_test \[40, 2\]",
        ),
        (
            {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y.astype(str)},
            r"the parts do not fit together: .*with y of <U",
        ),
    ],
)
def test_arrays_that_cannot_be_trained_on(npz, arrays, message):
    path = npz(**arrays)
    with pytest.raises(DataError, match=message) as caught:
        NPZ(path=path).read()
    if "'y' " not in message:
        assert path in str(caught.value)


def test_rows_without_an_answer_are_left_out(npz):
    table = NPZ(path=npz(x=X, y=np.where(Y == 0, np.nan, Y))).read()
    np.testing.assert_array_equal(table.numeric_ND, X[Y != 0])
    np.testing.assert_array_equal(table.target, Y[Y != 0])
    assert "left out: 10 of 40 rows, which have no 'y'" in table.notes


def test_text_under_regression_is_refused(npz):
    with pytest.raises(DataError, match=r"'y' .*'a' in data row 1"):
        NPZ(path=npz(x=X, y=np.array(list("abcd") * 10)), task="regression").read()


class Bomb:
    """Unpickling it would run code."""

    def __reduce__(self):
        return (pytest.fail, ("the pickle was executed",))


@pytest.mark.parametrize("key", ["x", "y", "other"])
def test_pickled_objects_are_never_read_and_the_message_says_how_to_save(npz, key):
    arrays = {"x": X, "y": Y} | {key: np.array([Bomb()] * 40, object)}
    with pytest.raises(DataError, match=rf"'{key}' holds Python objects, .*pickle.*np\.savez\(FILE, x=np\.asarray"):
        NPZ(path=npz(**arrays)).read()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is no \.npz file"),
        (b"x,y\n1,2\n", r"is no \.npz file \(a zip of arrays\)\. Save examples and targets together: np\.savez\("),
        (pickle.dumps({"x": [1]}), r"is no \.npz file"),
        (b"PK\x03\x04 and no more", r"is damaged .*Write or fetch it again"),
    ],
)
def test_files_that_are_no_npz_file(tmp_path, content, message):
    path = tmp_path / "data.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        NPZ(path=str(path)).read()


def test_a_single_array_is_told_from_an_archive(tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(DataError, match=r"is a \.npy file, which holds one array"):
        NPZ(path=str(tmp_path / "x.npy")).read()


@pytest.mark.parametrize("compress", [np.savez, np.savez_compressed])
def test_every_damaged_byte_is_found(tmp_path, compress):
    path = tmp_path / "data.npz"
    compress(path, x=X, y=Y)
    raw = path.read_bytes()
    for cut in (len(raw) // 3, len(raw) - 5):
        path.write_bytes(raw[:cut])
        with pytest.raises(DataError, match="is damaged"):
            NPZ(path=str(path)).read()
    for place in (60, 200, 700):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 0xFF]) + raw[place + 1 :])
        with pytest.raises(DataError, match="is damaged"):
            NPZ(path=str(path)).read()


def test_a_path_that_is_not_there(tmp_path, npz):
    npz(x=X, y=Y)
    with pytest.raises(ConfigError, match=r"dataset\.path is not set"):
        NPZ().read()
    with pytest.raises(DataError, match=r"does not exist .* Did you mean 'data\.npz'\?"):
        NPZ(path=str(tmp_path / "date.npz")).read()


def test_signals_are_rows_not_images(tmp_path):
    x, y = np.random.default_rng(0).normal(size=(20, 6, 6)), np.arange(20) % 2
    np.savez(tmp_path / "images.npz", x=x, y=y)
    np.savez(tmp_path / "sounds.npz", x=x.reshape(20, -1), y=y)
    with pytest.raises(DataError, match=r"x holds images 1x6x6, but dataset.signals = true; save signals as"):
        NPZ(path=str(tmp_path / "images.npz"), signals=True).read()
    assert NPZ(path=str(tmp_path / "sounds.npz"), signals=True).read().image_shape is None
