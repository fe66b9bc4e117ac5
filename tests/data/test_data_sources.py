"""Bundled and generated data equal scikit-learn's; MNIST and Fashion-MNIST are read from small files."""

import gzip
import struct
import subprocess
import sys
from urllib.error import URLError

import numpy as np
import pytest
import sklearn.datasets

from runner.config.registry import entries
from runner.data.sources.digits import Digits
from runner.data.sources.fashion_mnist import LABELS, FashionMNIST
from runner.data.sources.mnist import MNIST
from runner.data.sources.two_moons import TwoMoons
from runner.errors import DataError


def test_digits_are_those_of_scikit_learn():
    table, reference = Digits().read(), sklearn.datasets.load_digits()
    np.testing.assert_array_equal(table.numeric_ND, reference.data)
    np.testing.assert_array_equal(table.target, reference.target)
    assert table.numeric_names == list(reference.feature_names)
    assert table.image_shape == (1, 8, 8)
    assert table.labels == [str(name) for name in reference.target_names]


def test_digits_import_nothing_heavy():
    code = (
        "import sys; from runner.data.sources.digits import Digits; from runner.data.prepare import prepare\n"
        "from types import SimpleNamespace as S; prepare(S(dataset=Digits(), trainer=S(dtype='float32')))\n"
        "print([m for m in ('torch', 'sklearn', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("n", "noise", "seed"), [(1000, 0.2, 0), (7, 0.0, 3), (100, 1.5, 2**32 - 1)])
def test_two_moons_are_those_of_scikit_learn(n, noise, seed):
    table = TwoMoons(n=n, noise=noise, data_seed=seed).read()
    x, y = sklearn.datasets.make_moons(n, noise=noise, random_state=seed)
    np.testing.assert_array_equal(table.numeric_ND, x)
    np.testing.assert_array_equal(table.target, y)


def test_the_hash_tells_tables_apart_and_is_stable():
    hashes = [TwoMoons(data_seed=seed).read().sha256 for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert Digits().read().sha256 == "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"


def write_idx(path, array, pack=bytes):
    """Write an IDX file as the published ones are."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(pack(header + array.tobytes()))


def write_fashion(folder, train=40, test=10, pack=gzip.compress):
    """Four small files in the form of Fashion-MNIST; returns (images, codes)."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (train + test, 28, 28), dtype=np.uint8)
    codes = np.tile(np.arange(10, dtype=np.uint8), (train + test) // 10)
    end = ".gz" if pack is gzip.compress else ""
    for stem, rows in (("train", slice(train)), ("t10k", slice(train, None))):
        write_idx(folder / f"{stem}-images-idx3-ubyte{end}", images[rows], pack)
        write_idx(folder / f"{stem}-labels-idx1-ubyte{end}", codes[rows], pack)
    return images, codes


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_fashion_mnist_from_small_files(tmp_path, pack, run_data):
    images, codes = write_fashion(tmp_path, pack=pack)
    data = run_data(FashionMNIST(dir=str(tmp_path), val_fraction=0.25))
    np.testing.assert_array_equal(data.test, np.arange(40, 50))
    assert (len(data.train), len(data.val)) == (30, 10)
    np.testing.assert_array_equal(data.y, codes)
    np.testing.assert_array_equal(data.x, (images.reshape(50, 784) / 255.0).astype(np.float32))
    assert (data.labels, data.image_shape, data.outputs) == (LABELS, (1, 28, 28), 10)


def test_plain_and_packed_files_have_the_same_hash(tmp_path):
    for name, pack in (("plain", bytes), ("packed", gzip.compress)):
        (tmp_path / name).mkdir()
        write_fashion(tmp_path / name, pack=pack)
    plain, packed = (FashionMNIST(dir=str(tmp_path / name)).read() for name in ("plain", "packed"))
    assert plain.sha256 == packed.sha256


def test_truncated_images_are_named_with_both_sizes(tmp_path):
    write_fashion(tmp_path, pack=bytes)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(
        DataError, match=r"train-images-idx3-ubyte is truncated: 40x28x28 takes 31,376 bytes, found 20,000"
    ):
        FashionMNIST(dir=str(tmp_path)).read()


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-labels-idx1-ubyte", np.zeros(39, np.uint8), r"holds 40 images but .* 39 labels"),
        ("train-labels-idx1-ubyte", np.full(40, 10, np.uint8), r"holds the label 10, expected 0 to 9"),
        ("t10k-images-idx3-ubyte", np.zeros((10, 32, 32), np.uint8), r"images of 32x32 pixels, expected 28x28"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(tmp_path, name, array, message):
    write_fashion(tmp_path, pack=bytes)
    write_idx(tmp_path / name, array)
    with pytest.raises(DataError, match=message):
        FashionMNIST(dir=str(tmp_path)).read()


def test_without_folder_and_network_the_message_says_what_to_install(tmp_path, monkeypatch):
    def no_network(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", no_network)
    with pytest.raises(DataError, match=r"dataset-fashion-mnist, or set dataset\.dir") as caught:
        FashionMNIST(dir=str(tmp_path / "none")).read()
    assert caught.value.exit_code == 2
    with pytest.raises(DataError, match=r"mnist_784.*no route to host.*dataset\.dir is not set: set dataset\.dir to a"):
        MNIST().read()


@pytest.mark.parametrize(("source", "name"), [(FashionMNIST, "Fashion-MNIST"), (MNIST, "mnist_784")])
def test_openml_gives_the_same_table_as_the_files(tmp_path, monkeypatch, source, name):
    images, codes = write_fashion(tmp_path, train=20, test=10)
    asked = []

    def openml(name, version, **how):
        asked.append((name, version))
        return sklearn.utils.Bunch(data=images.reshape(30, 784).astype(float), target=codes.astype(str).astype(object))

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", openml)
    monkeypatch.setattr("runner.data.sources.idx_images.TEST_IMAGES", 10)
    local, remote = source(dir=str(tmp_path)).read(), source(dir=str(tmp_path / "none")).read()
    assert asked == [(name, 1)]
    assert (local.notes, local.labels) == ([], list(source.classes))
    assert remote.notes == [f"dataset.dir={tmp_path / 'none'} does not exist: read from OpenML ({name})"]
    assert local.sha256 == remote.sha256
    np.testing.assert_array_equal(local.numeric_ND, remote.numeric_ND)
    np.testing.assert_array_equal(local.target, remote.target)
    np.testing.assert_array_equal(local.split, remote.split)


def test_every_source_is_registered():
    files = {"csv", "parquet", "npz", "openml", "fashion_mnist", "mnist", "mnist1d"}
    bundled, generated = (
        {"digits", "breast_cancer", "wine", "iris", "diabetes"},
        {"two_moons", "circles", "spirals", "sine", "quadratic"},
    )
    assert files | bundled | generated <= set(entries("dataset"))
    assert all(entry.formula.endswith((".", "COLUMN.")) for entry in entries("dataset").values())
