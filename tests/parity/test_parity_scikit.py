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


def fit(x, y, task: str, epochs: int, **keys) -> tuple[np.ndarray, np.ndarray]:
    """(weights [C, D], biases [C]) after full-batch training of a linear model."""
    chosen = {"model.hidden": [], "trainer.batch_size": N, "trainer.epochs": epochs, "optimizer": "sgd"}
    run = settings_of(chosen | {path.replace("__", "."): value for path, value in keys.items()}, "float64")
    engine = Engine([run], [run_data(x, y, task, "float64", train=N)])
    for _ in range(epochs):
        engine.train_epoch([1.0])
    slots = engine.layout.slots
    return slots["0.weight"].true(engine.theta)[0].numpy(), slots["0.bias"].true(engine.theta)[0].numpy()


def assert_same(ours, model) -> None:
    """Coefficients and intercept within CLOSE."""
    np.testing.assert_allclose(ours[0].squeeze(), model.coef_.squeeze(), atol=CLOSE, rtol=0)
    np.testing.assert_allclose(ours[1].squeeze(), model.intercept_, atol=CLOSE, rtol=0)


@pytest.mark.parametrize("alpha", [0.5, 20.0])
@pytest.mark.parametrize("proximal", [False, True])
def test_ridge(alpha, proximal):
    x, y = regression()
    keys = {"optimizer__lr": 0.1, "optimizer__proximal": proximal, "regularizer__l2": 2 * alpha / N}
    assert_same(fit(x, y, "regression", 600, **keys), Ridge(alpha=alpha, tol=1e-12).fit(x, y))


def test_ridge_by_weight_decay_and_momentum():
    x, y = regression()
    keys = {"optimizer__lr": 0.02, "optimizer__momentum": 0.9, "optimizer__weight_decay": 0.25}
    assert_same(fit(x, y, "regression", 500, **keys), Ridge(alpha=10.0, tol=1e-12).fit(x, y))


@pytest.mark.parametrize("alpha", [0.05, 0.3])
def test_lasso(alpha):
    x, y = regression()
    model = Lasso(alpha=alpha, tol=1e-12, max_iter=100_000).fit(x, y)
    ours = fit(x, y, "regression", 600, optimizer__lr=0.1, optimizer__proximal=True, regularizer__l1=2 * alpha)
    assert_same(ours, model)
    zeros = model.coef_ == 0
    assert 0 < zeros.sum() < D
    np.testing.assert_array_equal(ours[0][0] == 0, zeros)


@pytest.mark.parametrize(
    "rule",
    [
        {"optimizer__lr": 0.01, "optimizer__momentum": 0.9},
        {"optimizer__lr": 0.02, "optimizer__momentum": 0.8, "optimizer__dampening": 0.8},
        {"optimizer": "adam", "optimizer__lr": 0.02, "scheduler": "cosine"},
        {"optimizer": "rmsprop", "optimizer__lr": 0.02, "optimizer__momentum": 0.5, "scheduler": "cosine"},
    ],
    ids=["momentum", "dampening", "adam", "rmsprop"],
)
def test_lasso_under_every_kind_of_rule(rule):
    """The proximal step knows how far each rule moves a weight, so the minimum and its zeros stay those of Lasso."""
    x, y = regression()
    model = Lasso(alpha=0.3, tol=1e-12, max_iter=100_000).fit(x, y)
    ours = fit(x, y, "regression", 3000, optimizer__proximal=True, regularizer__l1=0.6, **rule)
    assert_same(ours, model)
    np.testing.assert_array_equal(ours[0][0] == 0, model.coef_ == 0)


@pytest.mark.parametrize("ratio", [0.2, 0.9])
def test_elastic_net(ratio):
    x, y = regression()
    model = ElasticNet(alpha=0.3, l1_ratio=ratio, tol=1e-12, max_iter=100_000).fit(x, y)
    keys = {"regularizer__elastic_net__alpha": 0.6, "regularizer__elastic_net__l1_ratio": ratio}
    ours = fit(x, y, "regression", 600, optimizer__lr=0.1, optimizer__proximal=True, **keys)
    assert_same(ours, model)
    np.testing.assert_array_equal(ours[0][0] == 0, model.coef_ == 0)


@pytest.mark.parametrize("strength", [0.1, 3.0])
def test_logistic_regression_of_four_classes(strength):
    """softmax: biases are free up to a common shift, so they are compared after subtracting their mean."""
    x, y = classes(4)
    model = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(x, y)
    keys = {"optimizer__lr": 0.3, "optimizer__momentum": 0.9, "regularizer__l2": 1 / (strength * N)}
    weight, bias = fit(x, y, "classification", 600, **keys)
    np.testing.assert_allclose(weight, model.coef_, atol=CLOSE, rtol=0)
    np.testing.assert_allclose(bias - bias.mean(), model.intercept_ - model.intercept_.mean(), atol=CLOSE, rtol=0)


@pytest.mark.parametrize("strength", [0.1, 3.0])
def test_logistic_regression_of_two_classes(strength):
    x, y = classes(2)
    model = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000).fit(x, y)
    keys = {"optimizer__lr": 0.3, "optimizer__momentum": 0.9, "regularizer__l2": 2 / (strength * N)}
    weight, bias = fit(x, y, "classification", 600, **keys)
    np.testing.assert_allclose(weight[1] - weight[0], model.coef_[0], atol=CLOSE, rtol=0)
    np.testing.assert_allclose(bias[1] - bias[0], model.intercept_[0], atol=CLOSE, rtol=0)
    np.testing.assert_allclose(weight[0], -weight[1], atol=CLOSE, rtol=0)


def test_unpenalized_least_squares():
    x, y = regression()
    weight, bias = fit(x, y, "regression", 800, optimizer__lr=0.1)
    design = torch.from_numpy(np.column_stack([x, np.ones(N)]))
    exact = torch.linalg.lstsq(design, torch.from_numpy(y)[:, None]).solution[:, 0].numpy()
    np.testing.assert_allclose(np.append(weight, bias), exact, atol=1e-6, rtol=0)
