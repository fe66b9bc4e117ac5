"""What a run's training and validation metrics say about it, in words: high bias, high variance, both, or fine.

A learner's error splits into what it cannot even fit (bias, shown by the training error) and what it does not carry
over to new examples (variance, shown by the gap to the validation error); the two ask for opposite remedies (Ng,
"Machine Learning Yearning", chapters 20 to 27; Geman et al. 1992). To say what is large, errors are shares of what the
best constant answer would make: 1 - majority for classes, 1 for 1 - R^2.

- high bias: training error > BIAS of it. Errors that no model could avoid are unknown and count as bias.
- high variance: gap > VARIANCE of it, and larger than two standard errors of the validation error (sqrt(e (1 - e) / n)
  of a share, e sqrt(2 / n) of a mean square of normal errors), so that few examples are not taken for a sign.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

BIAS, VARIANCE = 0.2, 0.05  # shares of the constant answer's error
STANDARD_ERRORS = 2.0
Metrics = Mapping[str, float | None]


@dataclass(frozen=True)
class Errors:
    """Errors of one run and of the best constant answer, all in one measure."""

    metric: str  # accuracy | R2, as which they are shown
    train: float
    val: float | None
    constant: float
    noise: float  # standard error of `val`


def verdict(train: Metrics, val: Metrics, *, rows: int, majority: float | None = None) -> str | None:
    """ "high variance (overfitting): train accuracy 1.00, validation 0.93. More data or ..."; None if nothing is known.

    Args:
        train, val: metrics of the two splits by name, with `accuracy` or `r2`; val may be empty.
        rows: number of validation examples.
        majority: classification: share of the most frequent class.
    """
    errors = _errors(train, val, rows, majority)
    if errors is None:
        return None
    biased = errors.train > BIAS * errors.constant
    gap = 0.0 if errors.val is None else errors.val - errors.train
    varied = gap > max(VARIANCE * errors.constant, STANDARD_ERRORS * errors.noise)
    return f"{_name(biased, varied)}: {_numbers(errors)}. {_advice(errors, biased, varied)}."


def _errors(train: Metrics, val: Metrics, rows: int, majority: float | None) -> Errors | None:
    metric = "accuracy" if majority is not None else "r2"
    fitted, held_out = train.get(metric), val.get(metric)
    if fitted is None or not math.isfinite(fitted):
        return None
    constant = 1.0 if majority is None else 1 - majority
    if held_out is None or not math.isfinite(held_out) or not rows:
        return Errors(metric, 1 - fitted, None, constant, 0.0)
    e = 1 - held_out
    noise = e * math.sqrt(2 / rows) if majority is None else math.sqrt(e * (1 - e) / rows)
    return Errors(metric, 1 - fitted, e, constant, noise)


def _name(biased: bool, varied: bool) -> str:
    if biased and varied:
        return "high bias and high variance"
    return "high bias (underfitting)" if biased else "high variance (overfitting)" if varied else "fine"


def _numbers(errors: Errors) -> str:
    """train accuracy 1.00, validation 0.93 (always the most frequent class: 0.10)"""
    name = "R^2" if errors.metric == "r2" else errors.metric
    constant = "always the mean" if errors.metric == "r2" else "always the most frequent class"
    val = "" if errors.val is None else f", validation {_digits(errors.val)}"
    return f"train {name} {_digits(errors.train)}{val} ({constant}: {_digits(errors.constant)})"


def _digits(error: float) -> str:
    """1 - error with two digits, or as many as tell it from perfect."""
    return f"{1 - error:.2f}" if not 0 < error < 0.005 else f"{1 - error:.4f}"


def _advice(errors: Errors, biased: bool, varied: bool) -> str:
    if biased and errors.train >= errors.constant:
        return "It learned nothing: try another learning rate or initialization, more epochs or less regularization"
    fit = "a larger network, longer training or less regularization, unless the rest is noise in the data"
    carry = "more data, stronger regularization or a smaller network"
    if biased and varied:
        return f"For the fit: {fit}. For the gap: {carry}"
    if biased or varied:
        return "Try " + (fit if biased else carry)
    if errors.val is None:
        return "It fits; without a validation split nobody knows whether it generalizes"
    return "It fits, and what it learned holds for examples it has not seen"
