"""The figures drawn at the end of a single run, into its TensorBoard events."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from runner.training.engine import Engine
from runner.training.evaluation import CHUNK
from runner.training.trial import Trial


@torch.no_grad()
def outputs(engine: Engine, x: np.ndarray) -> np.ndarray:
    """Class probabilities [n, C] or scaled numbers [n] of encoded features x [n, D], by the engine's first row."""
    width = engine.layout.padded[0]
    found = []
    for chunk in np.array_split(x, max(1, -(-len(x) // CHUNK))):
        padded = torch.zeros(1, len(chunk), width, dtype=engine.dtype, device=engine.device)
        padded[0, :, : x.shape[1]] = torch.from_numpy(np.ascontiguousarray(chunk)).to(engine.dtype)
        found.append(engine.network.forward(padded)[0, :, : engine.layout.widths[-1]].cpu())
    out = torch.cat(found)
    return (out.softmax(1) if engine.tables.task == "classification" else out[:, 0]).numpy()


def draw(trial: Trial, engine: Engine) -> None:
    """Confusion matrix (classes), for two features the decision boundary or surface, by the weights that are kept."""
    from runner.records import figures

    data: Any = trial.data
    epoch = int(trial.kept["epoch"])
    split = next((s for s in ("val", "test", "train") if len(getattr(data, s))), "train")
    rows = getattr(data, split)
    if data.task == "classification" and len(rows):
        guess = outputs(engine, data.x[rows]).argmax(1)
        counts = np.zeros((data.outputs, data.outputs), dtype=np.int64)
        np.add.at(counts, (data.y[rows], guess), 1)
        picture = figures.confusion_matrix(counts, data.labels, title=f"{split}, epoch {epoch}")
        trial.files.image("confusion/" + split, epoch, picture)
    if data.x.shape[1] == 2 and len(rows):
        names = data.encoding.feature_names
        picture = figures.decision_boundary(
            lambda points: outputs(engine, points), data.x[rows], data.y[rows], labels=data.labels, names=names
        )
        trial.files.image("boundary/" + split, epoch, picture)
