"""The arrays and metadata of model.safetensors, checked: what is not as it was written is not read.

Without torch: a run that starts from another's weights (`runner.training.given`) needs no more than these.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors import safe_open

from runner.errors import DamagedError, RunError
from runner.training.checksum import UNREADABLE, digest

# 1: without norm_position, residual and link, which were before, false and softmax; 2: without keys of norms, which
# were at their defaults
MODEL_FORMAT = 3
KEYS = ("architecture", "encoding", "dtype", "sha256")


def model_digest(state: dict[str, np.ndarray], metadata: dict[str, str]) -> str:
    """The checksum of a model: over its tensors and its metadata, the checksum itself left out."""
    return digest(state, json.dumps({key: value for key, value in metadata.items() if key != "sha256"}, sort_keys=True))


def read_arrays(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """(metadata, tensors by name) of a model; RunError naming a file that is damaged or from a newer version."""
    if path.is_dir():
        raise _damaged(path, "is a folder, where the file of the network belongs")
    metadata, state = _read(path)
    _check_format(metadata, path)
    absent = [key for key in KEYS if key not in metadata]
    if absent:
        raise _damaged(path, f"is damaged: its metadata lacks {', '.join(absent)}")
    if metadata["sha256"] != model_digest(state, metadata):
        raise _damaged(path, "is damaged: its content does not match its checksum")
    return metadata, state


def _read(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    try:
        with safe_open(path, framework="np") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except UNREADABLE as error:
        raise _damaged(path, f"cannot be read: {words_of(error)}") from error


def _check_format(metadata: dict[str, str], path: Path) -> None:
    found = metadata.get("format", "")
    if not found.isdecimal():
        raise _damaged(path, "is damaged: its metadata names no format")
    if int(found) > MODEL_FORMAT:
        raise RunError(
            f"{path} was written by a newer version of runner (format {found}, this one reads up to {MODEL_FORMAT}). "
            "Update runner."
        )


def _damaged(path: Path, what: str) -> DamagedError:
    return DamagedError(f"{path} {what}")


def words_of(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if not isinstance(error, KeyError) else f"unknown or missing {text}"
