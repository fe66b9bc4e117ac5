"""Reading model.safetensors: weights, architecture and encoding, each checked before anything is built from it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from runner.data.encoding import Encoding
from runner.errors import DataError, RunError
from runner.execution.again import RESTORE, resume_command
from runner.population.export import build
from runner.population.links import LINKS
from runner.records.vouched import MODEL as MODEL
from runner.training.outcome import MODEL_FORMAT, model_digest

KEYS = ("architecture", "encoding", "dtype", "sha256")


@dataclass
class Model:
    """What the file holds."""

    network: nn.Sequential
    encoding: Encoding
    architecture: dict[str, Any]
    link: Callable[[Tensor], Tensor]  # scores of classes [n, C] -> logits
    ended: dict[str, Any]  # how the run ended (`runner.training.outcome.ENDED`); empty in files of earlier versions


def read_model(path: Path) -> Model:
    """The network, weights loaded, and its encoding; RunError naming a file that is damaged or from a newer version."""
    if path.is_dir():
        raise _damaged(path, "is a folder, where the file of the network belongs")
    metadata, state = _read(path)
    _check_format(metadata, path)
    absent = [key for key in KEYS if key not in metadata]
    if absent:
        raise _damaged(path, f"is damaged: its metadata lacks {', '.join(absent)}")
    if metadata["sha256"] != model_digest(state, metadata):
        raise _damaged(path, "is damaged: its content does not match its checksum")
    try:
        architecture = json.loads(metadata["architecture"])
        encoding = Encoding.from_dict(json.loads(metadata["encoding"]))
        network = _network(architecture, state)
        link = LINKS[architecture.get("link", "softmax")]
        return Model(network, encoding, architecture, link, json.loads(metadata.get("ended", "{}")))
    except (DataError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise RunError(
            f"{path} does not fit this version of runner ({_words(error)}). Use the version that wrote it, or train "
            f"again with `runner repeat {shlex.quote(str(path.parent))}`."
        ) from error


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise _damaged(path, f"cannot be read: {_words(error)}") from error


def _check_format(metadata: dict[str, str], path: Path) -> None:
    found = metadata.get("format", "")
    if not found.isdecimal():
        raise _damaged(path, "is damaged: its metadata names no format")
    if int(found) > MODEL_FORMAT:
        raise RunError(
            f"{path} was written by a newer version of runner (format {found}, this one reads up to {MODEL_FORMAT}). "
            "Update runner."
        )


def _network(architecture: dict[str, Any], state: dict[str, Tensor]) -> nn.Sequential:
    """The module with the tensors of `state` as parameters; it takes no memory before their shapes are known to fit."""
    with torch.device("meta"):
        network = build(architecture)
    network.load_state_dict(state, strict=True, assign=True)
    return network


def _damaged(path: Path, what: str) -> RunError:
    """What is wrong with the file, and how it is had again."""
    command = resume_command(path.parent)
    do = f"Train again with {command}, or restore the file from a copy." if command else f"{RESTORE.capitalize()}."
    return RunError(f"{path} {what}. {do}")


def _words(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if not isinstance(error, KeyError) else f"unknown or missing {text}"
