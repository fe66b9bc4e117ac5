"""What one engine keeps in a checkpoint as the other keeps it: the same numbers, padded or not."""

from __future__ import annotations

import numpy as np

from runner.population.initial import initial_buffers
from runner.population.layout import Layout


def converted(state: dict[str, np.ndarray], mine: Layout, dtype: str) -> dict[str, np.ndarray]:
    """Arrays [M, ...] that lie as the other engine lays them out, as they lie in `mine`."""
    other = Layout(mine.widths, mine.pieces, aligned=not mine.aligned)
    return {name: _moved(name, rows, mine, other, dtype) for name, rows in state.items()}


def _moved(name: str, rows: np.ndarray, mine: Layout, other: Layout, dtype: str) -> np.ndarray:
    if name.endswith("buffers"):
        found, here, there = initial_buffers(mine, len(rows), dtype), mine.buffers, other.buffers
    elif rows.shape[1] == other.size:
        found, here, there = np.zeros((len(rows), mine.size), dtype), mine.slots, other.slots
    else:  # one number a row
        return rows
    for slot in here:
        here[slot].true(found)[...] = there[slot].true(rows)
    return found
