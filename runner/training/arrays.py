"""What NumPy arrays and tensors say in different words: compiled rows are arrays, stacked rows are tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any  # np.ndarray or torch.Tensor


def copied(array: Array) -> Array:
    """A copy."""
    return array.copy() if isinstance(array, np.ndarray) else array.clone()


def on_host(array: Array) -> np.ndarray:
    """As a NumPy array, which shares the memory of a tensor on the CPU."""
    return array if isinstance(array, np.ndarray) else array.detach().cpu().numpy()


def concatenated(arrays: Sequence[Array], axis: int) -> Array:
    """One array after the other along an axis."""
    if isinstance(arrays[0], np.ndarray):
        return np.concatenate(arrays, axis)
    import torch

    return torch.cat(list(arrays), axis)


def as_tensor(array: Array) -> Array:
    """As a tensor, which shares the memory of a NumPy array."""
    import torch

    return torch.as_tensor(array)
