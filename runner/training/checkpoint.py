"""One file a population: every tensor of every live row, and the plain state of its trials.

Format: safetensors, whose metadata holds JSON {"format", "rows", "sha256"}; nothing in it is ever executed. It is
replaced atomically.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save

from runner.errors import DamagedError, RunError
from runner.population.arrays import Values
from runner.records import disk
from runner.training.checksum import UNREADABLE, canonical, digest

FORMAT = 2  # since 2 a row says which engine trained it
FIX = ". Delete it, and `runner resume` starts from the beginning what it holds, with the same result."


def write(path: Path, tensors: Mapping[str, Values], rows: list[dict[str, Any]]) -> None:
    """Replace the checkpoint at `path`; raises RunError if the disk does not take it."""
    arrays, plain = canonical(tensors), json.dumps(rows)
    metadata = {"format": str(FORMAT), "rows": plain, "sha256": digest(arrays, plain)}
    disk.settle_grouped()  # the offsets in it count on what the runs have written
    disk.replace(path, save(arrays, metadata))


def rows(path: Path) -> list[dict[str, Any]]:
    """The plain state of the trials in a checkpoint, without its tensors; raises RunError if it is damaged."""
    try:
        with safe_open(path, framework="np") as file:
            return json.loads((file.metadata() or {})["rows"])
    except (*UNREADABLE, KeyError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DamagedError(f"{path}: the checkpoint is damaged ({reason})", FIX) from error


def read(path: Path) -> tuple[dict[str, np.ndarray], list[dict[str, Any]]]:
    """(arrays, rows) of a checkpoint; raises RunError if it is damaged or of a newer format."""
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except UNREADABLE as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DamagedError(f"{path}: the checkpoint is damaged ({reason})", FIX) from error
    found = metadata.get("format", "")
    if found.isdigit() and int(found) > FORMAT:
        raise RunError(f"{path}: written by a newer version of runner (format {found}); update runner to resume.")
    if metadata.get("sha256") != digest(arrays, metadata.get("rows", "")):
        raise DamagedError(f"{path}: the checkpoint is damaged (checksum)", FIX)
    return arrays, json.loads(metadata["rows"])
