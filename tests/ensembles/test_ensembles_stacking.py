"""Stacking: the linear model against scikit-learn's, the folds against what folds must be."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from runner.data.prepare import prepare
from runner.ensembles.combining import log_softmax
from runner.ensembles.fitted import way_of
from runner.ensembles.stacking import fitted, ridge_regression, softmax_regression, without_folds
from runner.execution.configurations import read

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(80, 6))
CODES = (X[:, :3] + RANDOM.normal(size=(80, 3))).argmax(1)
Y = X @ RANDOM.normal(size=(6, 2)) + RANDOM.normal(size=(80, 2))
WEIGHTS = RANDOM.uniform(0.2, 2, size=80)


@pytest.mark.parametrize("ridge", [0.1, 3.0])
def test_probabilities_are_combined_by_scikit_learns_logistic_regression(ridge):
    slopes, shift = softmax_regression(X, CODES, 3, WEIGHTS, ridge)
    model = LogisticRegression(C=1 / ridge, tol=1e-10, max_iter=10_000).fit(X, CODES, WEIGHTS)
    np.testing.assert_allclose(slopes.T, model.coef_, atol=1e-5)
    np.testing.assert_allclose(shift - shift.mean(), model.intercept_ - model.intercept_.mean(), atol=1e-5)


@pytest.mark.parametrize("ridge", [0.1, 3.0])
def test_numbers_are_combined_by_scikit_learns_ridge(ridge):
    slopes, shift = ridge_regression(X, Y, WEIGHTS, ridge)
    model = Ridge(alpha=ridge).fit(X, Y, WEIGHTS)
    np.testing.assert_allclose(slopes.T, model.coef_, rtol=1e-9)
    np.testing.assert_allclose(shift, model.intercept_, rtol=1e-9)


def test_folds_share_the_training_rows_out_class_by_class():
    data = prepare(read({"dataset.train_size": 203}))
    folds = without_folds(data, 4)
    assert (np.sort(np.concatenate([fold.asked for fold in folds])) == data.train).all()
    for fold in folds:
        assert not set(fold.asked) & set(fold.train)
        assert (np.sort(np.concatenate([fold.asked, fold.train])) == data.train).all()
        assert fold.val is data.val and fold.test is data.test and fold.x is data.x
    counts = np.array([np.bincount(data.y[fold.asked], minlength=10) for fold in folds])
    assert np.ptp(counts, axis=0).max() == 1 and np.ptp(counts.sum(1)) == 1
    other = without_folds(prepare(read({"dataset.train_size": 203, "dataset.split_seed": 1})), 4)
    assert (folds[0].asked != other[0].asked).any()


def test_the_only_row_of_a_class_always_trains():
    data = prepare(read({"dataset.train_size": 203}))
    y = np.where(data.y == 3, 4, data.y)
    y[data.train[7]] = 3
    folds = without_folds(dataclasses.replace(data, y=y), 5)
    assert all(data.train[7] in fold.train and data.train[7] not in fold.asked for fold in folds)
    assert sum(len(fold.asked) for fold in folds) == 202


def test_weights_keep_the_mean_1_over_the_rows_that_train():
    data = prepare(read({"dataset.train_size": 203, "dataset.class_weights": {"3": 5.0}}))
    for fold in without_folds(data, 3):
        assert fold.weights[fold.train].mean() == pytest.approx(1, rel=1e-14)


def answers(said: np.ndarray, folds: int = 4) -> list[dict[str, np.ndarray]]:
    """What networks that lack a fold each said about these rows, not in their order."""
    return [
        {"asked.rows": np.arange(f, len(said), folds)[::-1], "asked.said": said[f::folds][::-1]} for f in range(folds)
    ]


def test_classes_are_combined_by_what_was_said_about_rows_that_did_not_train():
    data = SimpleNamespace(task="classification", y=CODES, weights=None, outputs=3, train=np.arange(80))
    said = [log_softmax(X[:, :3]), log_softmax(X[:, 3:])]
    way = fitted(data, [answers(each) for each in said], 0.5)
    inputs = np.concatenate([np.exp(each) for each in said], axis=1)
    model = LogisticRegression(C=2.0, tol=1e-10, max_iter=10_000).fit(inputs, CODES)
    np.testing.assert_allclose(np.exp(way.of(said)), model.predict_proba(inputs), atol=1e-5)
    again = way_of(way.name, "classification", way.arrays)
    assert (again.of(said) == way.of(said)).all()


def test_numbers_are_combined_in_units_of_their_deviation():
    y = Y * np.array([1.0, 1000.0]) + 5
    data = SimpleNamespace(
        task="regression", weights=None, outputs=2, train=np.arange(80), targets=lambda rows: y[rows]
    )
    said = [y + RANDOM.normal(size=y.shape) * y.std(0), y[:, ::-1] * 2.0]
    way = fitted(data, [answers(each) for each in said], 2.0)
    unit = y.std(0)
    inputs = np.concatenate([each / unit for each in said], axis=1)
    expected = Ridge(alpha=2.0).fit(inputs, y / unit).predict(inputs) * unit
    np.testing.assert_allclose(way.of(said), expected, rtol=1e-8)
