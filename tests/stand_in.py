"""A device that is none: rows lie on the CPU, by the rules of a GPU that has room for so many of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from runner.population import devices


@dataclass
class StandIn:
    """Counts what is copied to it; once `after` tables of lines have come, more than `room` rows are too many."""

    room: int = 1 << 30
    after: int = 0
    free: float = 1e9  # bytes, as it says itself
    lines: list[torch.Tensor] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def put(self, array: Any, device: torch.device) -> torch.Tensor:
        """What `devices.put` does, or what CUDA does without memory."""
        tensor = devices.put(array, device)
        if tensor.dtype == torch.int32:
            if len(self.lines) >= self.after and len(tensor) > self.room:
                self.refused.append(len(tensor))
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")
            self.lines.append(tensor)
        return tensor

    def take_the_place_of(self, name: str, monkeypatch) -> StandIn:
        """Whoever asks for the device is given this one, whose kernels are those of the CPU."""
        profile = replace(devices.CUDA, fused=math.inf, pinned=False, free=lambda _: self.free, put=self.put)
        monkeypatch.setitem(devices.PROFILES, name, profile)
        return self
