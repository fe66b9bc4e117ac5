"""IDX files: exact reading, and an error for every byte that is not where it should be."""

import gzip
import struct

import numpy as np
import pytest

from runner.data.idx import find_idx, read_idx
from runner.errors import DataError


def idx_bytes(array):
    """The IDX form of a uint8 array."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reads_plain_and_gzip(tmp_path, pack):
    path = tmp_path / "images"
    path.write_bytes(pack(idx_bytes(IMAGES)))
    np.testing.assert_array_equal(read_idx(path, 3), IMAGES)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (idx_bytes(IMAGES)[:-1], r"truncated: 2x3x4 takes 40 bytes, found 39 bytes"),
        (idx_bytes(IMAGES) + b"x", r"too long: 2x3x4 takes 40 bytes, found 41 bytes"),
        (idx_bytes(IMAGES)[:10], r"truncated: expected an IDX header of 16 bytes, found 10 bytes"),
        (b"", r"truncated: expected an IDX header of 16 bytes, found 0 bytes"),
        (idx_bytes(IMAGES.reshape(6, 4)), r"no IDX file of 3 dimensions: it starts with 00000802, expected 00000803"),
        (b"\x00\x00\x0d\x03" + bytes(40), r"starts with 00000d03"),
        (gzip.compress(idx_bytes(IMAGES), mtime=0)[:-12], r"not a whole gzip file"),
    ],
)
def test_a_wrong_file_is_named_with_expected_and_found_bytes(tmp_path, raw, message):
    path = tmp_path / "images"
    path.write_bytes(raw)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, 3)
    assert str(path) in str(caught.value)


def test_find_accepts_the_usual_spellings(tmp_path):
    for name in ("train-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte"):
        (tmp_path / name).write_bytes(b"")
    assert find_idx(tmp_path, "train-images-idx3-ubyte").name == "train-images-idx3-ubyte.gz"
    assert find_idx(tmp_path, "t10k-images-idx3-ubyte").name == "t10k-images.idx3-ubyte"
    with pytest.raises(DataError, match=r"neither train-labels-idx1-ubyte nor .*dataset\.dir"):
        find_idx(tmp_path, "train-labels-idx1-ubyte")
