"""The checksum that checkpoints and models carry, so that a damaged file is never taken for a whole one."""

from __future__ import annotations

import hashlib

import torch


def digest(tensors: dict[str, torch.Tensor], plain: str) -> str:
    """SHA-256 over the text and every tensor, by name; equal contents give equal digests whatever the order."""
    found = hashlib.sha256(plain.encode())
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy())
    return found.hexdigest()
