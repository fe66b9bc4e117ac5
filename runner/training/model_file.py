"""model.safetensors, written and read: the weights of a run, its architecture and encoding, and how it ended.

A reader checks each part before it builds anything from it.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from runner.data.encoding import Encoding
from runner.errors import DataError, RunError
from runner.population.arrays import as_array, as_tensors
from runner.population.export import architecture, state_dict
from runner.population.links import LINKS
from runner.records.checksums import MODEL as MODEL
from runner.training.checksum import canonical, to_bytes
from runner.training.model_arrays import MODEL_FORMAT, model_digest, read_arrays, words_of

if TYPE_CHECKING:
    from torch import Tensor, nn

    from runner.training.engine import Engine
    from runner.training.trial import Trial

ENDED = ("status", "reason", "kept_epoch", "epochs")  # what the model says of its run, as the summary does


def model_bytes(engine: Engine, row: int, trial: Trial, ended: dict[str, Any] | None = None) -> bytes:
    """model.safetensors of one row: weights under nn.Sequential names, metadata to rebuild module and encoding, and how
    the run ended (`ended`, if it has not), so that nobody takes a network for more than it is.
    """
    settings, data = trial.settings, trial.data
    arch = architecture(settings, engine.layout.widths[0], engine.layout.widths[-1])
    state = canonical(state_dict(arch, engine.layout, as_array(engine.theta[row]), as_array(engine.buffers[row])))
    metadata = {
        "format": str(MODEL_FORMAT),
        "architecture": json.dumps(arch),
        "encoding": data.encoding_json,
        "dtype": settings.trainer.dtype,
        "ended": json.dumps(ended or how_it_ended(trial)),
    }
    return to_bytes(state, metadata | {"sha256": model_digest(state, metadata)})


def how_it_ended(trial: Trial) -> dict[str, Any]:
    """`ENDED` of a run."""
    ended = str(trial.status), trial.reason, trial.kept["epoch"], trial.last["epoch"]
    return dict(zip(ENDED, ended, strict=True))


@dataclass
class Model:
    """What the file holds."""

    network: nn.Sequential
    encoding: Encoding
    architecture: dict[str, Any]
    link: Callable[[Tensor], Tensor]  # scores of classes [n, C] -> logits
    ended: dict[str, Any]  # how the run ended (`ENDED`); empty in files of earlier versions


def read_model(path: Path) -> Model:
    """The network, weights loaded, and its encoding; RunError naming a file that is damaged or from a newer version."""
    metadata, state = read_arrays(path)
    try:
        architecture = json.loads(metadata["architecture"])
        encoding = Encoding.from_dict(json.loads(metadata["encoding"]))
        network = _network(architecture, state)
        link = LINKS[architecture.get("link", "softmax")]
        return Model(network, encoding, architecture, link, json.loads(metadata.get("ended", "{}")))
    except (DataError, ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise RunError(
            f"{path} does not fit this version of runner ({words_of(error)}). Use the version that wrote it, or train "
            f"again with `runner repeat {shlex.quote(str(path.parent))}`."
        ) from error


def _network(architecture: dict[str, Any], state: dict[str, np.ndarray]) -> nn.Sequential:
    """The module with the tensors of `state` as parameters; it takes no memory before their shapes are known to fit."""
    import torch

    from runner.population.modules import build

    with torch.device("meta"):
        network = build(architecture)
    network.load_state_dict(as_tensors(state), strict=True, assign=True)
    return network
