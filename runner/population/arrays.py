"""NumPy arrays and torch tensors side by side, without importing torch where no tensor is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


def as_array(values: np.ndarray | Tensor) -> np.ndarray:
    """The values as a NumPy array: of an array and of a tensor on the CPU, the same memory."""
    return values if isinstance(values, np.ndarray) else values.detach().cpu().numpy()


def as_tensors(arrays: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    """Arrays as tensors on the CPU, the same memory."""
    import torch

    return {name: torch.from_numpy(array) for name, array in arrays.items()}
