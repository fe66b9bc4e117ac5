"""What a member of an ensemble says about the rows of each split, kept in its folder: answers.safetensors.

Written by the engine that trained it, so that nobody needs its network to combine them. Shapes: n rows, C classes (1 in
regression). Answers are log-probabilities, or numbers in the unit of the target.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import safe_open

from runner.ensembles.combining import log_softmax
from runner.errors import DamagedError
from runner.population.arrays import as_array
from runner.population.links import LINKS
from runner.records.run_folder import ANSWERS
from runner.records.summary import SPLITS
from runner.training.checksum import UNREADABLE, to_bytes
from runner.training.evaluation import CHUNK

if TYPE_CHECKING:
    from runner.data.prepare import RunData
    from runner.training.engine import Engine

INDEX = {"train": "train_eval"}  # which examples of a split are measured, where that is not all


def answers_bytes(engine: Engine, data: RunData) -> bytes:
    """The file of the only row of an engine: "<split>.rows" [n] and "<split>.said" [n, C] of every split with rows,
    and "asked.*" of those that it is asked about besides.
    """
    arrays: dict[str, np.ndarray] = {}
    indices = {split: engine.tables.index[INDEX.get(split, split)] for split in SPLITS}
    if data.asked is not None:
        indices["asked"] = data.asked[None]
    for split, index in indices.items():
        if index.shape[1]:
            parts = [index[:, a : a + CHUNK] for a in range(0, index.shape[1], CHUNK)]
            outputs = np.concatenate([as_array(engine.rows.scores(part)[0])[0] for part in parts])
            arrays |= {f"{split}.rows": index[0].copy(), f"{split}.said": _said(outputs, data, engine.loss.link)}
    return to_bytes(arrays, {})


def _said(outputs: np.ndarray, data: RunData, link: str) -> np.ndarray:
    """Outputs of the network [n, C] as answers."""
    outputs = outputs.astype(np.float64)
    if data.task == "regression":
        return data.encoding.scale_of_target.original(outputs)
    return log_softmax(LINKS[link](outputs))


def read_answers(folder: Path) -> dict[str, np.ndarray]:
    """What a member left, by name; DamagedError if it cannot be read."""
    return read_arrays(folder / ANSWERS)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file by name; DamagedError if it cannot be read."""
    try:
        with safe_open(path, framework="np") as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except UNREADABLE as error:
        raise DamagedError(f"{path}: cannot be read ({error})") from error
