"""What a network in training or just trained says about encoded examples."""

from __future__ import annotations

import numpy as np
import torch

from runner.population.links import probabilities
from runner.training.engine import Engine
from runner.training.evaluation import CHUNK


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
    return (probabilities(out, engine.loss.link) if engine.tables.task == "classification" else out[:, 0]).numpy()
