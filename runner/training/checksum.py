"""Checkpoints and models as bytes, and the checksum they carry, so that no damaged file is taken for a whole one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save

from runner.population.arrays import Values, as_array

# what reading a damaged file may raise: NumPy knows neither name nor kind of some of the format's types
UNREADABLE = (SafetensorError, OSError, ValueError, RuntimeError, TypeError, AttributeError)


def digest(arrays: Mapping[str, np.ndarray], plain: str) -> str:
    """SHA-256 over the text and every array with its name, type (as torch calls it) and shape, whatever their order."""
    found = hashlib.sha256(plain.encode())
    for name in sorted(arrays):
        found.update(f"{name} torch.{arrays[name].dtype.name} {list(arrays[name].shape)}".encode())
        found.update(np.asarray(arrays[name], order="C").reshape(-1).view(np.uint8).data)
    return found.hexdigest()


def canonical(tensors: Mapping[str, Values]) -> dict[str, np.ndarray]:
    """The tensors as contiguous arrays with one pattern of bits for "not a number": which of its many arithmetic leaves
    depends on whether a vector or a scalar instruction made it, and so on which rows train together.
    """
    arrays = {name: np.asarray(as_array(tensor), order="C") for name, tensor in tensors.items()}
    return {
        name: np.where(np.isnan(array), array.dtype.type(np.nan), array) if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }


def to_bytes(arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    """A safetensors file whose bytes depend on its content alone (the library orders metadata anew each time)."""
    data = save(arrays, metadata)
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the format asks for tensors that begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + data[8 + size :]
