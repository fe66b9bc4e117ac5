"""Stacking (Wolpert 1992): what combines the members is fitted on what networks say about rows that did not train them.

Shapes: n rows, F numbers of all members about a row, C classes, or in regression targets.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from runner.data.splits.split_order import random_order
from runner.ensembles.combining import Answers, log_softmax
from runner.ensembles.fitted import Linear

if TYPE_CHECKING:
    from runner.data.prepare import RunData

PURPOSE = 9  # of the random order by which rows are dealt, beside those of splits
STEPS = 10_000  # of the search for the minimum, at most
GRADIENT = 1e-9  # at which it ends


def without_folds(data: RunData, folds: int) -> list[RunData]:
    """The data of networks that train without a fold each, about which they are asked.

    Dealt from `dataset.split_seed`, class by class, so that folds differ by at most one row, and by one of each class.
    The only row of a class is in none of them and always trains.
    """
    rows = data.train
    classes = data.y[rows] if data.task == "classification" else np.zeros(len(rows), np.int64)
    rows = np.flatnonzero(np.bincount(classes)[classes] > 1)
    order = rows[random_order(len(rows), data.split_seed, PURPOSE)]
    dealt = order[np.argsort(classes[order], kind="stable")]
    return [_without(data, np.sort(dealt[fold::folds])) for fold in range(folds)]


def _without(data: RunData, places: np.ndarray) -> RunData:
    """Without some of the training rows, whose places among these are given."""
    train = np.delete(data.train, places)
    weights = None if data.weights is None else data.weights / data.weights[train].mean()
    return dataclasses.replace(data, train=train, asked=data.train[places], weights=weights)


def fitted(data: RunData, lacking: Sequence[Sequence[Answers]], ridge: float) -> Linear:
    """The linear model of members, from what the networks of each said about the fold that they lack."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):  # so that the bits do not depend on how many there are
        return _fitted(data, [_by_row(each) for each in lacking], ridge)


def _fitted(data: RunData, said: Sequence[tuple[np.ndarray, np.ndarray]], ridge: float) -> Linear:
    rows, classes = said[0][0], data.task == "classification"
    weights = np.ones(len(rows)) if data.weights is None else data.weights[rows]
    count, width = len(said), data.outputs
    if classes:
        inputs = np.concatenate([np.exp(answers) for _, answers in said], axis=1)
        slopes, shift = softmax_regression(inputs, data.y[rows], width, weights, ridge)
    else:
        truth = data.targets(rows).reshape(len(rows), width)
        spread = data.targets(data.train).reshape(-1, width).std(axis=0)
        unit = np.where(spread > 0, spread, 1.0)
        inputs = np.concatenate([answers / unit for _, answers in said], axis=1)
        slopes, shift = ridge_regression(inputs, truth / unit, weights, ridge)
        slopes, shift = slopes / np.tile(unit, count)[:, None] * unit, shift * unit
    return Linear(slopes.reshape(count, width, width), shift, np.array(int(classes)))


def _by_row(answers: Sequence[Answers]) -> tuple[np.ndarray, np.ndarray]:
    """(rows [n], what was said about them [n, C]) of all folds, in the order of the rows."""
    rows = np.concatenate([each["asked.rows"] for each in answers])
    order = np.argsort(rows)
    return rows[order], np.concatenate([each["asked.said"] for each in answers])[order]


def softmax_regression(
    x_NF: np.ndarray, codes: np.ndarray, classes: int, weights: np.ndarray, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """W [F, C] and b [C] that minimize sum_i w_i -log softmax(x_i W + b)_{y_i} + ridge/2 |W|^2; the minimum is one, up
    to the sum of b, which stays 0.
    """
    from scipy.optimize import minimize

    truth, total, width = np.eye(classes)[codes], max(weights.sum(), np.finfo(float).tiny), x_NF.shape[1]

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        table = flat.reshape(width + 1, classes)
        logs = log_softmax(x_NF @ table[:-1] + table[-1])
        errors = (np.exp(logs) - truth) * weights[:, None]
        value = -(weights * (logs * truth).sum(1)).sum() + ridge / 2 * np.square(table[:-1]).sum()
        slope = np.vstack([x_NF.T @ errors + ridge * table[:-1], errors.sum(0)])
        return value / total, slope.ravel() / total

    options = {"maxiter": STEPS, "maxfun": 2 * STEPS, "gtol": GRADIENT, "ftol": 0.0}
    found = minimize(objective, np.zeros((width + 1) * classes), jac=True, method="L-BFGS-B", options=options)
    table = found.x.reshape(width + 1, classes)
    return table[:-1], table[-1]


def ridge_regression(
    x_NF: np.ndarray, y_NC: np.ndarray, weights: np.ndarray, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """W [F, C] and b [C] that minimize sum_i w_i |y_i - x_i W - b|^2 + ridge |W|^2."""
    x_mean, y_mean = np.average(x_NF, axis=0, weights=weights), np.average(y_NC, axis=0, weights=weights)
    x, y = x_NF - x_mean, y_NC - y_mean
    square = (x * weights[:, None]).T @ x + ridge * np.eye(x.shape[1])
    slopes = np.linalg.solve(square, (x * weights[:, None]).T @ y)
    return slopes, y_mean - x_mean @ slopes
