"""Checkpoints and models as bytes, and the checksum they carry, so that no damaged file is taken for a whole one."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError

from runner.population.arrays import Values, as_array

# what reading a damaged file may raise: NumPy knows neither name nor kind of some of the format's types
UNREADABLE = (SafetensorError, OSError, ValueError, RuntimeError, TypeError, AttributeError)


# NumPy's types in safetensors files, in which tensors stand in this order and, within a type, in that of their names
TYPES = {
    "uint64": "U64",
    "int64": "I64",
    "float64": "F64",
    "complex64": "C64",
    "float32": "F32",
    "uint32": "U32",
    "int32": "I32",
    "float16": "F16",
    "uint16": "U16",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "bool": "BOOL",
}


def digest(arrays: Mapping[str, np.ndarray], plain: str) -> str:
    """SHA-256 over the text and every array with its name, type (as torch calls it) and shape, whatever their order."""
    found = hashlib.sha256(plain.encode())
    for name in sorted(arrays):
        found.update(f"{name} torch.{_type(arrays[name].dtype)} {list(arrays[name].shape)}".encode())
        found.update(np.asarray(arrays[name], order="C").reshape(-1).view(np.uint8).data)
    return found.hexdigest()


@functools.cache
def _type(dtype: np.dtype) -> str:
    """NumPy makes up the name of a type anew each time it is asked for."""
    return dtype.name


def canonical(tensors: Mapping[str, Values]) -> dict[str, np.ndarray]:
    """The tensors as contiguous arrays with one pattern of bits for "not a number": which of its many arithmetic leaves
    depends on whether a vector or a scalar instruction made it, and so on which rows train together.
    """
    arrays = {name: np.asarray(as_array(tensor), order="C") for name, tensor in tensors.items()}
    return {name: _one_nan(array) if array.dtype.kind == "f" else array for name, array in arrays.items()}


def _one_nan(array: np.ndarray) -> np.ndarray:
    unknown = np.isnan(array)
    return np.where(unknown, array.dtype.type(np.nan), array) if unknown.any() else array


def to_bytes(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> bytes:
    """A safetensors file whose bytes depend on its content alone; the library orders metadata anew each time."""
    places = {name: place for place, name in enumerate(TYPES)}
    names = sorted(arrays, key=lambda name: (places[_type(arrays[name].dtype)], name))
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    end = 0
    for name in names:
        array, begin = arrays[name], end
        end += array.nbytes
        kind = TYPES[_type(array.dtype)]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the format asks for tensors that begin at a multiple of 8
    return b"".join([len(text).to_bytes(8, "little"), text, *(arrays[name].tobytes() for name in names)])
