"""How Python calls machine code: with one block of words, which holds where its arrays are, then its numbers.

Compiled code reads an array's place and shape from NumPy's own structure (its C interface), and refuses one that has
another type or gaps; what it gives lies behind a pointer. So a call takes a few microseconds, and no compiler.
"""

from __future__ import annotations

import ctypes
import struct
from typing import Any

import numpy as np

from runner.compiled.code import Code

# As numba calls a function of one number: (where the result goes, where an exception goes, the number) -> status.
_CALL = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
FAILED = -1  # a status of numba's, as all above 0 are
_PLACES = {"array": "Q", "int": "q", "bool": "?7x", "float": "d"}


class Door:
    """Machine code as a function of Python: arrays, numbers and (named) tuples of them."""

    def __init__(self, code: Code):
        self.code, self.call = code, _CALL(code.address)
        kinds = [word for word in code.takes.split(",") if word]
        self.arrays = kinds.count("array")
        places = [_PLACES[kind] for kind in sorted(kinds, key=lambda kind: kind != "array")]
        self.words, self.result = struct.Struct("=" + "".join(places)), struct.Struct("@" + code.gives)

    def __call__(self, *arguments: Any) -> Any:
        arrays: list[int] = []
        numbers: list[Any] = []
        _spread(arguments, arrays, numbers)
        if len(arrays) != self.arrays:
            raise TypeError(f"{self.code.name}: given {len(arrays)} arrays, takes {self.arrays}")
        result, problem = ctypes.create_string_buffer(self.result.size or 8), ctypes.c_void_p()
        status = self.call(ctypes.addressof(result), ctypes.addressof(problem), self.words.pack(*arrays, *numbers))
        if status > 0 or status == FAILED:
            raise TypeError(f"{self.code.name} refuses arrays of another type or shape, or with gaps")
        found = self.result.unpack_from(result)
        return found if len(found) > 1 else found[0] if found else None


def _spread(arguments: tuple, arrays: list[int], numbers: list[Any]) -> None:
    """The arrays among arguments, by where they are, and the numbers, each in their order."""
    for each in arguments:
        if isinstance(each, np.ndarray):
            arrays.append(id(each))
        elif isinstance(each, tuple):
            _spread(each, arrays, numbers)
        else:
            numbers.append(each)
