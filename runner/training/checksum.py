"""Checkpoints and models as bytes, and the checksum they carry, so that no damaged file is taken for a whole one."""

from __future__ import annotations

import hashlib
import json

import torch
from safetensors.torch import save


def digest(tensors: dict[str, torch.Tensor], plain: str) -> str:
    """SHA-256 over the text and every tensor with its name, type and shape, whatever their order."""
    found = hashlib.sha256(plain.encode())
    for name in sorted(tensors):
        found.update(f"{name} {tensors[name].dtype} {list(tensors[name].shape)}".encode())
        found.update(tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def canonical(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors with one pattern of bits for "not a number": which of its many arithmetic leaves depends on whether a
    vector or a scalar instruction made it, and so on which rows train together.
    """
    return {
        name: tensor.masked_fill(tensor.isnan(), torch.nan) if tensor.is_floating_point() else tensor
        for name, tensor in tensors.items()
    }


def to_bytes(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> bytes:
    """A safetensors file whose bytes depend on its content alone (the library orders metadata anew each time)."""
    data = save(tensors, metadata)
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the format asks for tensors that begin at a multiple of 8
    return len(text).to_bytes(8, "little") + text + data[8 + size :]
