"""Examples as pictures under captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from runner.figures.draw.sheet import coloured, sheet


def examples(pictures: np.ndarray, captions: Sequence[str], *, title: str = "") -> bytes:
    """Images [n, channels, height, width] between 0 (black) and 1, or signals [n, times], n at most 24."""
    if pictures.ndim == 2:
        low, high = pictures.min(1, keepdims=True), pictures.max(1, keepdims=True)
        return sheet(2 * (pictures - low) / np.where(high > low, high - low, 1) - 1, captions, title=title)
    return sheet(np.clip(coloured(pictures), 0, 1), captions, title=title)
