"""Metrics of every row on a split, in chunks of constant size so that neither memory nor bits depend on the number of
rows.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from runner.data.tables import Tables
from runner.population.network import Network

CHUNK = 1024  # examples a row at once


@torch.no_grad()
def evaluate(network: Network, loss, tables: Tables, index: Tensor) -> dict[str, np.ndarray]:
    """loss and accuracy, or loss, rmse (in the target's own units) and r2, of examples index [M, n]; [M] each."""
    total = torch.zeros(len(index), dtype=torch.float64, device=tables.x.device)
    hits = torch.zeros_like(total)
    for chunk in index.split(CHUNK, dim=1):
        x, q = tables.gather(chunk)
        outputs = network.forward(x)
        total += loss.forward(outputs, q, network.head).double().sum(1)
        if tables.task == "classification":
            guess = outputs[..., : tables.outputs].argmax(-1)
            hits += (guess == tables.answers(chunk)).sum(1)
        else:
            hits += (outputs[..., 0].double() - tables.answers(chunk)).square().sum(1)
    mean = (total / index.shape[1]).cpu().numpy()
    if tables.task == "classification":
        return {"loss": mean, "accuracy": (hits / index.shape[1]).cpu().numpy()}
    return {"loss": mean} | _regression(hits, tables, index)


def _regression(squares: Tensor, tables: Tables, index: Tensor) -> dict[str, np.ndarray]:
    y = tables.answers(index)
    spread = (y - y.mean(1, keepdim=True)).square().sum(1)
    units = np.array([d.encoding.target_scale for d in tables.data])
    rmse = (squares / index.shape[1]).sqrt().cpu().numpy() * units
    return {"rmse": rmse, "r2": (1 - squares / spread).cpu().numpy()}
