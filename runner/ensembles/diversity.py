"""How much the members of an ensemble differ: without that, together they are no better than alone.

Shapes: K members, n rows, C classes; NaN where a member says nothing about a row.
"""

from __future__ import annotations

import numpy as np


def disagreement(answers_KNC: np.ndarray) -> float:
    """The share of pairs of members that name different classes for a row, over all rows (Skalak 1996).

    Counted by the votes v_c for each class: of k (k - 1)/2 pairs sum_c v_c (v_c - 1)/2 agree. NaN without any pair.
    """
    classes = answers_KNC.shape[-1]
    told = ~np.isnan(answers_KNC).any(axis=-1)
    choice = np.where(told, answers_KNC.argmax(axis=-1), classes)
    votes = np.stack([(choice == c).sum(axis=0) for c in range(classes)], axis=-1)
    members = votes.sum(axis=-1)
    pairs, agreeing = (members * (members - 1)).sum(), (votes * (votes - 1)).sum()
    return float(1 - agreeing / pairs) if pairs else np.nan


def spread(answers_KN1: np.ndarray) -> float:
    """sqrt of the mean over the rows of 1/K sum_k (y_k - mean y)^2: by its square the squared error of the mean is
    smaller than the mean squared error of the members (Krogh & Vedelsby 1995).
    """
    return float(np.sqrt(np.nanvar(answers_KN1[..., 0], axis=0).mean()))
