"""What stacking rows asks of the device where they lie: a profile for each kind of device.

On a CPU, what is worked on at once is to stay in its cache. A GPU takes as long to be called for little as for much, so
all rows are worked on at once, and its memory is the limit.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch
    from torch import Tensor

USED = 0.5  # of the memory that is free, as the estimate of what a row needs is no more than that


def put(array: Any, device: torch.device) -> Tensor:
    """An array or a tensor on the device."""
    import torch

    return torch.as_tensor(array).to(device, non_blocking=True)


def free_on_cuda(name: str) -> int:
    """Bytes of a CUDA device that nobody uses."""
    import torch

    return torch.cuda.mem_get_info(torch.device(name))[0]


@dataclass(frozen=True)
class Profile:
    """A kind of device.

    Args:
        updated: numbers that a rule works on at once; None: all rows.
        prepared: numbers of batches and noise that are prepared at once.
        evaluated: members times width that are evaluated at once.
        cached: (rows, parameters of all) that gain by each other's company at most; None: memory is the limit.
        fused: for how many blocks of rows with equal numbers at most the fused kernel of a rule is called.
        index: number format of tables of lines.
        pinned: whether such tables are copied from memory that is pinned.
        free: device -> bytes that are free.
        put: how arrays come to it.
    """

    updated: int | None
    prepared: int
    evaluated: int
    cached: tuple[int, int] | None
    fused: float
    index: str
    pinned: bool
    free: Callable[[str], float] = free_on_cuda
    put: Callable[[Any, torch.device], Tensor] = put

    def fitting(self, device: str, parameters: int, size: float, workers: int) -> int:
        """How many rows of so many parameters and so many bytes train side by side, in each of the workers."""
        if self.cached is None:
            return max(1, int(USED * self.free(device) / workers / size))
        members, together = self.cached
        return max(1, min(members, together // parameters))

    def lines(self, places: np.ndarray, device: torch.device) -> Tensor:
        """A table of lines on the device, in one copy."""
        import torch

        table = torch.from_numpy(np.ascontiguousarray(places, self.index))
        return self.put(table.pin_memory() if self.pinned else table, device)


CPU = Profile(
    updated=1 << 16,
    prepared=1 << 19,
    evaluated=1 << 9,
    cached=(64, 1 << 20),
    fused=math.inf,
    index="int64",
    pinned=False,
)
CUDA = Profile(
    updated=None,
    prepared=1 << 25,
    evaluated=1 << 16,
    cached=None,
    fused=4,
    index="int32",
    pinned=True,
)
PROFILES = {"cpu": CPU, "cuda": CUDA}


def profile(device: object) -> Profile:
    """The profile of a device: cpu, cuda, cuda:1, ..."""
    return PROFILES[str(device).partition(":")[0]]


def ran_out(error: BaseException) -> bool:
    """Whether an error says that a device has no more memory."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(error, torch.OutOfMemoryError)
