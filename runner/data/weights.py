"""How much each example counts in the loss: `dataset.class_weights` times the file's `dataset.sample_weight`; and each
of several targets: `dataset.target_weights`.

Scaled to mean 1 over the training rows, so that the learning rate means the same with and without weights. What is
minimized is sum_i w_i loss_i / B over a batch of B rows. Shapes: N rows, C classes, k targets.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from runner.config.tasks import MULTITASK
from runner.data.files import did_you_mean
from runner.data.reading.columns import parse
from runner.data.sources.base import RawTable, Source
from runner.errors import ConfigError, DataError

KEY, TARGETS = "dataset.class_weights", "dataset.target_weights"
ALLOWED = "allowed: null, balanced or {label: weight}"


def row_weights(table: RawTable, source: Source, y: np.ndarray, train: np.ndarray) -> np.ndarray | None:
    """[N] float64, or None if nothing weights the rows; y [N] are the class codes trained on.

    Raises ConfigError for class weights that do not fit the data, DataError if no training row has weight.
    """
    if table.sample_weight is None and source.class_weights is None:
        return None
    weights = np.ones(len(y)) if table.sample_weight is None else table.sample_weight
    if source.class_weights is not None:
        if table.task == MULTITASK:
            raise ConfigError(
                f"{KEY} = {_shown(source.class_weights)}: a row has one weight, but there are several targets; set "
                f"{KEY}=null ({TARGETS} weights targets, dataset.sample_weight rows)"
            )
        if table.task != "classification":
            raise ConfigError(
                f"{KEY} = {_shown(source.class_weights)}: {table.target_name!r} is a number, which has no classes; "
                f"set {KEY}=null"
            )
        weights = weights * _by_class(source.class_weights, table, y[train], weights[train])[y]
    mean = weights[train].mean()
    if not mean > 0:
        raise DataError(
            f"all {len(train)} training rows have the weight 0, so there is nothing to learn. Change "
            f"dataset.sample_weight or {KEY}."
        )
    return weights / mean


def target_weights(source: Source, names: list[str]) -> np.ndarray | None:
    """[k] float64 by target, or None if all count alike. ConfigError for what fits no target, or leaves none."""
    spec = source.target_weights
    if spec is None:
        return None
    if not names:
        raise ConfigError(f"{TARGETS} = {_shown(spec)}: there is one target; set {TARGETS}=null")
    if not isinstance(spec, dict):
        raise ConfigError(f"{TARGETS} = {spec}: must be null or {{target: weight}}, for example {{{names[0]}: 2}}")
    found = np.ones(len(names))
    for key, value in spec.items():
        if str(key) not in names:
            near = did_you_mean(str(key), names)
            shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise ConfigError(f"{TARGETS}: there is no target {str(key)!r}.{near} Targets: {shown}.")
        found[names.index(str(key))] = _weight(key, value, TARGETS)
    if not found.any():
        raise ConfigError(f"{TARGETS} = {_shown(spec)}: no target counts; give one a weight > 0")
    return None if (found == found[0]).all() else found


def _by_class(spec: Any, table: RawTable, codes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weight [C] of each class. balanced: the total weight / (C times that of the class), as scikit-learn."""
    labels = table.labels or []
    if spec == "balanced":
        totals = np.bincount(codes, weights, minlength=len(labels))
        return totals.sum() / (np.count_nonzero(totals) * np.where(totals > 0, totals, np.inf))
    if not isinstance(spec, dict):
        near = did_you_mean(str(spec), ["balanced"])
        raise ConfigError(f"{KEY} = {_shown(spec)}: {ALLOWED}, for example {{{labels[0]}: 2}}.{near}")
    found = np.ones(len(labels))
    for key, value in spec.items():
        found[_code(key, labels, table.target_name)] = _weight(key, value)
    return found


def _code(key: Any, labels: list[str], target: str) -> int:
    """The class that a key names, also as 1.0 and true where the file says 1 and True."""
    written = str(key)
    words = [written, written.lower(), written.capitalize()] if written.lower() in ("true", "false") else [written]
    number = parse(key)
    words += [str(int(number))] if number is not None and number.is_integer() else []
    for word in words:
        if word in labels:
            return labels.index(word)
    shown = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
    raise ConfigError(f"{KEY}: {target!r} has no class {words[0]!r}.{did_you_mean(words[0], labels)} Classes: {shown}.")


def _weight(key: Any, value: Any, of: str = KEY) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value < 0:
        raise ConfigError(f"{of}: the weight of {str(key)!r} is {value!r}; it must be a number >= 0, for example 2")
    return float(value)


def _shown(value: Any) -> str:
    return "{...}" if isinstance(value, dict) else str(value)
