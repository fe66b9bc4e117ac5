"""The checksum that checkpoints and models carry, so that a damaged file is never taken for a whole one."""

from __future__ import annotations

import hashlib

import torch


def digest(tensors: dict[str, torch.Tensor], plain: str) -> str:
    """SHA-256 over the text and every tensor with its name, type and shape, whatever their order."""
    found = hashlib.sha256(plain.encode())
    for name in sorted(tensors):
        found.update(f"{name} {tensors[name].dtype} {list(tensors[name].shape)}".encode())
        found.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
