"""IDX, the format of MNIST: two zero bytes, a type, the number of dimensions, sizes, values (LeCun 1998).

Sizes are 32-bit big-endian. Only unsigned bytes (type 8), which is what images and labels are, are read.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from runner.data.files import read_bytes
from runner.errors import DataError

UNSIGNED_BYTE = 8


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The uint8 array in an IDX file, plain or gzip. DataError if type, dimensions or length are not exactly right."""
    raw = read_bytes(path)
    header = 4 + 4 * dimensions
    if len(raw) < header:
        raise DataError(
            f"{path} is truncated: expected an IDX header of {header} bytes, found {len(raw)} bytes. Fetch it again."
        )
    if raw[:4] != bytes([0, 0, UNSIGNED_BYTE, dimensions]):
        wanted = bytes([0, 0, UNSIGNED_BYTE, dimensions]).hex()
        raise DataError(
            f"{path} is no IDX file of {dimensions} dimensions: it starts with {raw[:4].hex()}, expected {wanted}."
        )
    shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", dimensions, offset=4))
    expected = header + math.prod(shape)
    if len(raw) != expected:
        wrong = "truncated" if len(raw) < expected else "too long"
        sizes = "x".join(map(str, shape))
        raise DataError(
            f"{path} is {wrong}: {sizes} takes {expected:,} bytes, found {len(raw):,} bytes. Fetch it again."
        )
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape)


def find_idx(folder: Path, name: str) -> Path:
    """The file `name` or `name.gz` (or with a dot before "idx", as some copies have it); DataError if there is none."""
    names = [name, f"{name}.gz", name.replace("-idx", ".idx"), name.replace("-idx", ".idx") + ".gz"]
    found = [folder / n for n in names if (folder / n).is_file()]
    if not found:
        raise DataError(
            f"{folder} holds neither {name} nor {name}.gz. Set dataset.dir to the folder with the four IDX files."
        )
    return found[0]
