"""Figures as PNG bytes. Drawn without pyplot, so no window, no global state; equal input gives equal bytes."""

from runner.figures.draw.boundary import decision_boundary
from runner.figures.draw.confusion import confusion_matrix
from runner.figures.draw.curves import learning_curves, learning_rate
from runner.figures.draw.features import unit_images
from runner.figures.draw.fit import regression_fit
from runner.figures.draw.layers import percentiles_by_step, rms_by_layer, weight_histograms
from runner.figures.draw.reliability import reliability_diagram
from runner.figures.draw.width import value_by_width

__all__ = [
    "confusion_matrix",
    "decision_boundary",
    "learning_curves",
    "learning_rate",
    "percentiles_by_step",
    "regression_fit",
    "reliability_diagram",
    "rms_by_layer",
    "unit_images",
    "value_by_width",
    "weight_histograms",
]
