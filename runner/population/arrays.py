"""NumPy arrays and torch tensors side by side, without importing torch where no tensor is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

Values: TypeAlias = Any  # a NumPy array or a torch tensor
LINE = 64  # bytes of a line of the cache


def as_array(values: Values) -> np.ndarray:
    """The values as a NumPy array: of an array and of a tensor on the CPU, the same memory."""
    return values if isinstance(values, np.ndarray) else values.detach().cpu().numpy()


def as_tensor(values: Values) -> Tensor:
    """The values as a tensor: the same memory, where they are on the CPU."""
    import torch

    return torch.as_tensor(values)


def in_lines(shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """Zeros of shape [..., size], each row contiguous from the beginning of a line of the cache: vector instructions
    on numbers of two lines take twice as long.
    """
    *outer, size = shape
    rows = math.prod(outer)
    each = LINE // np.dtype(dtype).itemsize
    stride = -(-size // each) * each
    found = np.zeros(rows * stride + each, dtype)
    begin = -found.ctypes.data % LINE // found.itemsize
    return found[begin : begin + rows * stride].reshape(*outer, stride)[..., :size]


def copied(values: Values) -> Values:
    """A copy."""
    return values.copy() if isinstance(values, np.ndarray) else values.clone()


def as_tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Arrays as tensors on the CPU, the same memory."""
    import torch

    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def namespace(values: Values) -> ModuleType:
    """numpy or torch, whose functions of one name (where, stack, sqrt, ...) then take the values."""
    if isinstance(values, np.ndarray):
        return np
    import torch

    return torch


def double(values: Values) -> Values:
    """The values in float64."""
    return values.astype(np.float64) if isinstance(values, np.ndarray) else values.double()


def like(values: Values, numbers: Any) -> Values:
    """Numbers as an array, or as a tensor on the same device, in the format of `values`."""
    return np.asarray(numbers, values.dtype) if isinstance(values, np.ndarray) else values.new_tensor(numbers)
