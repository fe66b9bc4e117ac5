"""What L2, L1, early stopping and dropout do to a quadratic, in numbers that can be worked out by hand.

Source: Goodfellow, Bengio & Courville, Deep Learning (2016), sections 7.1, 7.8 and 7.12, which derive the closed forms.
"""

import itertools

import pytest
import torch
from descent import HESSIAN, OPTIMUM, digits, minimum, quadratic
from torch.nn.functional import pad

from runner.config.registry import entries
from runner.population.architecture import Architecture
from runner.population.network import Network

L1, L2 = (entries("regularizer")[name].cls() for name in ("l1", "l2"))


def ridge(strength: float):
    """Where descent with our L2 gradient ends."""
    loss = quadratic(HESSIAN, OPTIMUM)
    start = torch.zeros(3).double()
    return minimum({"optimizer.lr": 0.3}, start, lambda w: loss(w) + L2.gradient(w, strength=strength), 200)


def test_l2_shrinks_along_the_hessians_eigenvectors():
    """A1: in the eigenbasis of H the optimum is multiplied by lambda / (lambda + alpha); section 7.1.1."""
    found = ridge(2.0)
    values, vectors = torch.linalg.eigh(HESSIAN)
    assert digits((vectors.T @ found) / (vectors.T @ OPTIMUM), 4) == [0.2265, 0.5, 0.6306]
    torch.testing.assert_close((vectors.T @ found) / (vectors.T @ OPTIMUM), values / (values + 2))
    assert digits(found, 4) == [0.2414, 0.2557, -0.0986]
    assert digits(found.norm(), 4) == [0.3652]


def lasso(hessian, alpha: float = 0.5):
    """Where proximal gradient descent with our L1 step ends."""
    start, loss = torch.zeros(3).double(), quadratic(hessian, OPTIMUM)
    return minimum({"optimizer.lr": 0.2}, start, loss, 300, lambda w, step: L1.prox(w, step, strength=alpha))


def test_l1_is_a_soft_threshold_where_the_hessian_is_diagonal():
    """A2: w_i = sign(w*_i) max(|w*_i| - alpha / H_ii, 0); section 7.1.2."""
    assert digits(lasso(torch.diag(torch.tensor([1.0, 2, 4]).double())), 3) == [0.31, 0.66, 0.005]


def test_the_soft_threshold_is_wrong_where_it_is_not():
    """A2: on a Hessian with off-diagonal entries the same formula gives another point; ours fulfils the optimality
    conditions |gradient| = alpha where w != 0, <= alpha where w = 0.
    """
    found = lasso(HESSIAN)
    formula = OPTIMUM.sign() * (OPTIMUM.abs() - 0.5 / HESSIAN.diagonal()).clamp(min=0)
    assert digits(found, 4) == [0.2667, 0.3233, 0]
    assert digits(formula, 2) == [0.56, 0.66, 0]
    gradient = (found - OPTIMUM) @ HESSIAN
    assert digits(gradient[:2], 8) == [-0.5, -0.5]
    assert abs(gradient[2]) <= 0.5


@pytest.mark.parametrize(("alpha", "steps", "gap"), [(100, 1, 2.1), (10, 10, 9.5), (1, 100, 24.5)])
def test_early_stopping_is_l2(alpha, steps, gap):
    """A3: gradient descent from 0 stopped after tau = 1/(alpha eta) steps stands near the optimum with L2 alpha, the
    nearer the smaller eta tau lambda is; section 7.8. The gap is ||w_tau - w~|| / ||w~|| in percent.
    """
    stopped = minimum({"optimizer.lr": 0.01}, torch.zeros(3).double(), quadratic(HESSIAN, OPTIMUM), steps)
    shrunk = torch.linalg.solve(HESSIAN + alpha * torch.eye(3), HESSIAN @ OPTIMUM)
    assert digits(100 * (stopped - shrunk).norm() / shrunk.norm(), 1) == [gap]


def test_the_gap_of_early_stopping_is_to_what_l2_really_finds():
    """A3: the closed form above is where descent with our L2 gradient ends."""
    torch.testing.assert_close(ridge(1.0), torch.linalg.solve(HESSIAN + torch.eye(3), HESSIAN @ OPTIMUM))


@pytest.mark.parametrize("drop", [0.25, 0.5])
def test_dropout_in_linear_regression_is_ridge(drop):
    """A4: with uncorrelated inputs, least squares under input dropout ends at p_keep w* (Wager, Wang & Liang 2013).

    The expectation over masks is exact: each of the three inputs takes all four quarters of the range of its random
    bits, in all 64 combinations, with each of four examples whose inputs are orthogonal.
    """
    x = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]).double()
    quarters = torch.tensor([-3, -1, 1, 3]) * 2**29
    bits = torch.tensor(list(itertools.product(quarters.tolist(), repeat=3)), dtype=torch.int32)
    factor, _ = entries("regularizer")["input_dropout"].cls().change(bits, p=torch.tensor(drop).double())
    examples, dropped = x.repeat_interleave(64, 0), factor.repeat(4, 1)
    network = Network(Architecture(entries("model")["mlp"].cls(hidden=[]), 3, 1), torch.float64)
    inputs = pad(examples * dropped, (0, network.layout.padded[0] - 3)).unsqueeze(0)
    target = pad(examples @ OPTIMUM.unsqueeze(1), (0, network.layout.padded[-1] - 1)).unsqueeze(0)
    loss = entries("loss")["mse"].cls()

    def gradient(theta):
        grad, tape = torch.zeros_like(theta), []
        outputs = network.bind(theta, grad).forward(inputs, training=True, tape=tape)
        network.backward(tape, loss.gradient(outputs, loss.prepare(target, 1 / 256), network.head, 1 / 256)[1])
        return grad

    theta = minimum({"optimizer.lr": 0.1}, torch.zeros(network.layout.size).double(), gradient, 300)
    weight = network.layout.slots["0.weight"].true(theta.unsqueeze(0))
    torch.testing.assert_close(weight.flatten(), (1 - drop) * OPTIMUM, rtol=1e-12, atol=1e-14)


def test_a_bound_on_the_weights_finds_the_strength_of_the_penalty_that_keeps_it():
    """The ridge point of alpha 2 has 1/2 ||w||^2 = .066697: with that as the budget, ascent ends at the strength 2."""
    budget, state, w = 0.365231**2 / 2, {"strength": torch.zeros(1, 1).double()}, torch.zeros(1, 3).double()
    technique = entries("regularizer")["lagrangian"].cls()
    for _ in range(4000):
        g = (w - OPTIMUM) @ HESSIAN
        w = w - 0.2 * technique.gradient(None, w, g, state, None, budget, 0.5)
    assert digits(state["strength"][0], 4) == [2]
    assert digits(w[0], 5) == [0.24143, 0.25571, -0.09857]


def test_a_bound_that_the_minimum_keeps_does_nothing():
    state, w = {"strength": torch.zeros(1, 1).double()}, OPTIMUM[None].clone()
    g = entries("regularizer")["lagrangian"].cls().gradient(None, w, torch.zeros_like(w), state, None, 0.8, 0.5)
    assert not g.any()
    assert not state["strength"].any()  # 1/2 ||w*||^2 = .7506
