"""The classes of which each split is to have its share."""

from __future__ import annotations

import numpy as np

from runner.data.sources.base import RawTable

ROWS = 10  # rows in the mean that a combination of classes must have to be one of them


def strata(table: RawTable) -> tuple[np.ndarray, list[str]]:
    """(a code [N] for each row, the targets that tell it): the classes; 0 and none where numbers are predicted.

    Of several targets that are classes it is the combination of them all; where these are many, the first target alone.
    """
    classes = table.classes()
    if not classes:
        return np.zeros(len(table.target), np.int64), []
    names = list(classes)
    if len(names) > 1:
        together = np.stack([codes for codes, _ in classes.values()], axis=1)
        kinds, code = np.unique(together, axis=0, return_inverse=True)
        if ROWS * len(kinds) <= len(code):
            return code.reshape(-1).astype(np.int64), names
    return classes[names[0]][0], names[:1]
