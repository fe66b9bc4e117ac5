"""Figures as PNG bytes. Drawn without pyplot, so no window, no global state; equal input gives equal bytes."""

from runner.records.figures.boundary import decision_boundary
from runner.records.figures.confusion import confusion_matrix
from runner.records.figures.curves import learning_curves, learning_rate
from runner.records.figures.fit import regression_fit
from runner.records.figures.layers import rms_by_layer, weight_histograms
from runner.records.figures.reliability import reliability_diagram

__all__ = [
    "confusion_matrix",
    "decision_boundary",
    "learning_curves",
    "learning_rate",
    "regression_fit",
    "reliability_diagram",
    "rms_by_layer",
    "weight_histograms",
]
