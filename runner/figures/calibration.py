"""Whether stated probabilities are kept: confidence against accuracy, in bins (Guo et al. 2017, section 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.training.metrics.calibration import BINS


@dataclass(frozen=True)
class Calibration:
    """Of each of B bins (edges [B + 1]) of confidence: how many examples, their accuracy and mean confidence; ECE.

    Accuracy and confidence of an empty bin are NaN.
    """

    edges: np.ndarray
    counts: np.ndarray
    accuracy: np.ndarray
    confidence: np.ndarray
    ece: float


def calibration(probabilities: np.ndarray, y: np.ndarray, bins: int = BINS) -> Calibration:
    """Bins (edge, next edge] of the predicted class's probability, and ECE = sum_b n_b / n |accuracy_b - confidence_b|.

    Args:
        probabilities: [n, C].
        y: class codes [n].
    """
    p = np.asarray(probabilities, dtype=np.float64)
    sure, right = p.max(axis=1), p.argmax(axis=1) == y
    edges = np.linspace(0, 1, bins + 1)
    bin_of = np.clip(np.searchsorted(edges, sure, side="left") - 1, 0, bins - 1)
    counts = np.bincount(bin_of, minlength=bins)
    filled = np.where(counts, counts, np.nan)
    accuracy = np.bincount(bin_of, right, minlength=bins) / filled
    confidence = np.bincount(bin_of, sure, minlength=bins) / filled
    gaps = np.nan_to_num(np.abs(accuracy - confidence))
    return Calibration(edges, counts, accuracy, confidence, float((counts * gaps).sum() / max(len(p), 1)))
