"""Linear models against scikit-learn, in float64: ridge, lasso, elastic net and logistic regression.

This project's objective is (mean loss over the batch) + penalty, with MSE without 1/2; biases are never penalized.
With n examples:

- ridge       |y - Xw|^2 + alpha |w|^2                  is  n times ours with  l2 = 2 alpha / n
- lasso       |y - Xw|^2 / 2n + alpha |w|_1             is  ours / 2 with  l1 = 2 alpha
- elastic net the same with alpha (l1_ratio |w|_1 + (1 - l1_ratio)/2 |w|^2):  elastic_net.alpha = 2 alpha
- logistic    C sum of losses + |W|^2 / 2               is  C n times ours with  l2 = 1 / (C n)

With two classes scikit-learn has one vector w where we have two; at the minimum they are -w/2 and w/2, whose penalty is
half as large: l2 = 2 / (C n).
"""

import numpy as np
import pytest
import torch
from parity_case import run_data, settings_of
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge

from runner.optimizers.rules.base import segment_key
from runner.population.arrays import as_array
from runner.training.engine import Engine

N, D = 80, 8
CLOSE = 1e-4


def regression():
    """80 examples, 8 correlated features; three of them do not matter."""
    draw = np.random.default_rng(7)
    x = draw.standard_normal((N, D)) @ (np.eye(D) + 0.2 * draw.standard_normal((D, D)))
    w = np.array([1.5, -2.0, 0.0, 0.7, 0.0, 0.3, -0.1, 0.0])
    return x, x @ w + 0.8 + 0.3 * draw.standard_normal(N)


def classes(count: int):
    """Labels from a noisy linear model."""
    draw = np.random.default_rng(8)
    x = draw.standard_normal((N, D))
    z = x @ draw.standard_normal((D, count)) + draw.standard_normal((N, count)) + np.arange(count) / 2
    return x, z.argmax(1)


def fit(engine: str, x, y, task: str, epochs: int, *runs: dict) -> list[tuple[np.ndarray, np.ndarray]]:
    """(weights [C, D], biases [C]) of each run after full-batch training of linear models side by side."""
    chosen = {"model.hidden": [], "trainer.batch_size": N, "trainer.epochs": epochs, "optimizer": "sgd"}
    settings = [settings_of(chosen | keys | {"trainer.engine": engine}, "float64") for keys in runs]
    order = sorted(range(len(runs)), key=lambda i: segment_key(settings[i]))
    rows = Engine([settings[i] for i in order], [run_data(x, y, task, "float64", train=N)] * len(runs))
    for _ in range(epochs):
        rows.train_epoch([1.0] * len(runs))
    weight, bias = (rows.layout.slots[f"0.{name}"].true(as_array(rows.theta)) for name in ("weight", "bias"))
    return [(weight[order.index(i)], bias[order.index(i)]) for i in range(len(runs))]


def assert_same(ours, model) -> None:
    """Coefficients and intercept within CLOSE."""
    np.testing.assert_allclose(ours[0].squeeze(), model.coef_.squeeze(), atol=CLOSE, rtol=0)
    np.testing.assert_allclose(ours[1].squeeze(), model.intercept_, atol=CLOSE, rtol=0)


RIDGE = [(alpha, proximal) for alpha in (0.5, 20.0) for proximal in (False, True)]
LASSO = (0.05, 0.3)
ELASTIC_NET = (0.2, 0.9)
LOGISTIC = (0.1, 3.0)
LINEAR = {("ridge", *case): {"optimizer.proximal": case[1], "regularizer.l2": 2 * case[0] / N} for case in RIDGE}
LINEAR |= {("lasso", alpha): {"optimizer.proximal": True, "regularizer.l1": 2 * alpha} for alpha in LASSO}
LINEAR |= {
    ("elastic net", ratio): {
        "optimizer.proximal": True, "regularizer.elastic_net.alpha": 0.6, "regularizer.elastic_net.l1_ratio": ratio,
    }
    for ratio in ELASTIC_NET
}  # fmt: skip
LINEAR["decay"] = {"optimizer.lr": 0.02, "optimizer.momentum": 0.9, "optimizer.weight_decay": 0.25}
LINEAR["unpenalized"] = {}
RULES = {
    "momentum": {"optimizer.lr": 0.01, "optimizer.momentum": 0.9},
    "dampening": {"optimizer.lr": 0.02, "optimizer.momentum": 0.8, "optimizer.dampening": 0.8},
    "adam": {"optimizer": "adam", "optimizer.lr": 0.02, "scheduler": "cosine"},
    "rmsprop": {"optimizer": "rmsprop", "optimizer.lr": 0.02, "optimizer.momentum": 0.5, "scheduler": "cosine"},
}


@pytest.fixture(scope="module")
def linear(engine):
    """What each run of LINEAR has found."""
    runs = [{"optimizer.lr": 0.1} | keys for keys in LINEAR.values()]
    return dict(zip(LINEAR, fit(engine, *regression(), "regression", 800, *runs), strict=True))


@pytest.fixture(scope="module")
def ruled(engine):
    """The lasso by each of RULES."""
    runs = [keys | {"optimizer.proximal": True, "regularizer.l1": 0.6} for keys in RULES.values()]
    return dict(zip(RULES, fit(engine, *regression(), "regression", 3000, *runs), strict=True))


@pytest.mark.parametrize(("alpha", "proximal"), RIDGE)
def test_ridge(alpha, proximal, linear):
    assert_same(linear["ridge", alpha, proximal], Ridge(alpha=alpha, tol=1e-12).fit(*regression()))


def test_ridge_by_weight_decay_and_momentum(linear):
    assert_same(linear["decay"], Ridge(alpha=10.0, tol=1e-12).fit(*regression()))


@pytest.mark.parametrize("alpha", LASSO)
def test_lasso(alpha, linear):
    model = Lasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(*regression())
    ours = linear["lasso", alpha]
    assert_same(ours, model)
    zeros = model.coef_ == 0
    assert 0 < zeros.sum() < D
    np.testing.assert_array_equal(ours[0][0] == 0, zeros)


@pytest.mark.parametrize("rule", RULES)
def test_lasso_under_every_kind_of_rule(rule, ruled):
    """The proximal step knows how far each rule moves a weight, so the minimum and its zeros stay those of Lasso."""
    model = Lasso(alpha=0.3, tol=1e-12, max_iter=100_000).fit(*regression())
    assert_same(ruled[rule], model)
    np.testing.assert_array_equal(ruled[rule][0][0] == 0, model.coef_ == 0)


@pytest.mark.parametrize("ratio", ELASTIC_NET)
def test_elastic_net(ratio, linear):
    model = ElasticNet(alpha=0.3, l1_ratio=ratio, tol=1e-12, max_iter=100_000).fit(*regression())
    ours = linear["elastic net", ratio]
    assert_same(ours, model)
    np.testing.assert_array_equal(ours[0][0] == 0, model.coef_ == 0)


def logistic(engine: str, x, y, share: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Softmax models for the strengths C of LOGISTIC, whose L2 penalty is share / (C n)."""
    keys = {"optimizer.lr": 0.3, "optimizer.momentum": 0.9}
    return fit(engine, x, y, "classification", 600, *(keys | {"regularizer.l2": share / (C * N)} for C in LOGISTIC))


def test_logistic_regression_of_four_classes(engine):
    """softmax: biases are free up to a common shift, so they are compared after subtracting their mean."""
    x, y = classes(4)
    for strength, (weight, bias) in zip(LOGISTIC, logistic(engine, x, y, 1), strict=True):
        model = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(x, y)
        np.testing.assert_allclose(weight, model.coef_, atol=CLOSE, rtol=0)
        shifted = model.intercept_ - model.intercept_.mean()
        np.testing.assert_allclose(bias - bias.mean(), shifted, atol=CLOSE, rtol=0)


def test_logistic_regression_of_two_classes(engine):
    x, y = classes(2)
    for strength, (weight, bias) in zip(LOGISTIC, logistic(engine, x, y, 2), strict=True):
        model = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(x, y)
        np.testing.assert_allclose(weight[1] - weight[0], model.coef_[0], atol=CLOSE, rtol=0)
        np.testing.assert_allclose(bias[1] - bias[0], model.intercept_[0], atol=CLOSE, rtol=0)
        np.testing.assert_allclose(weight[0], -weight[1], atol=CLOSE, rtol=0)


def test_unpenalized_least_squares(linear):
    x, y = regression()
    design = torch.from_numpy(np.column_stack([x, np.ones(N)]))
    exact = torch.linalg.lstsq(design, torch.from_numpy(y)[:, None]).solution[:, 0].numpy()
    weight, bias = linear["unpenalized"]
    np.testing.assert_allclose(np.append(weight, bias), exact, atol=1e-6, rtol=0)
