"""Sharpness-aware steps and norm balls on a quadratic, in numbers that can be worked out by hand."""

import pytest
import torch
from descent import HESSIAN, OPTIMUM, descend, digits, minimum, quadratic

from runner.config.registry import entries

ZERO, ONES = torch.zeros(3).double(), torch.ones(3).double()
BALLS = {name: entries("regularizer")[name].cls() for name in ("l1_ball", "l2_ball")}


def test_a_sharpness_aware_step_takes_the_gradient_uphill():
    """rho .05, rate .1, from (1, 1, 1) on w'Hw/2; without, (.9, 1, .9) (Foret et al. 2021)."""
    sam, loss = entries("regularizer")["sam"].cls(), quadratic(HESSIAN, ZERO)

    def gradient(w, rho):
        return sam.gradient(lambda w: (None, loss(w)), w, loss(w), {}, None, rho=torch.tensor([[rho]]).double())

    steps = [next(descend({"optimizer.lr": 0.1}, ONES, lambda w, r=rho: gradient(w, r), 1)) for rho in (0.05, 0.0)]
    assert digits(steps[0], 6) == [0.892929, 1.007071, 0.892929]
    assert digits(steps[1], 6) == [0.9, 1.0, 0.9]


def within(ball, radius, hessian):
    """Where projected gradient descent ends."""
    limit = torch.tensor(radius, dtype=torch.float64).view(1, 1, 1)

    def project(w, step):
        return BALLS[ball].project(w.unsqueeze(1), radius=limit).squeeze(1)

    return minimum({"optimizer.lr": 0.2}, ZERO, quadratic(hessian, OPTIMUM), 400, project)


def test_the_minimum_in_an_l2_ball_is_a_ridge_solution():
    """As long as the ridge point of strength 2, .365231, the ball has its minimum there (KKT)."""
    ridge = torch.linalg.solve(HESSIAN + 2 * torch.eye(3), HESSIAN @ OPTIMUM)
    assert digits(ridge.norm(), 6) == [0.365231]
    torch.testing.assert_close(within("l2_ball", float(ridge.norm()), HESSIAN), ridge, rtol=0, atol=1e-12)


def test_the_minimum_in_an_l1_ball_is_a_lasso_solution():
    """Radius .975 with curvatures 1, 2, 4: (.31, .66, .005), the lasso of strength .5."""
    found = within("l1_ball", 0.975, torch.diag(torch.tensor([1.0, 2, 4]).double()))
    torch.testing.assert_close(found, torch.tensor([0.31, 0.66, 0.005], dtype=torch.float64), rtol=0, atol=1e-12)


@pytest.mark.parametrize("ball", BALLS)
def test_weights_within_a_ball_stay_and_others_come_to_its_surface(ball):
    w = torch.tensor([[[0.3, -0.2], [0.1, 0.0]], [[3.0, -4.0], [0.1, 0.0]]]).double()
    found = BALLS[ball].project(w, radius=torch.ones(2, 1, 1).double())
    assert torch.equal(found[0], w[0])
    assert float(found[1].norm(p=int(ball[1]))) == pytest.approx(1, abs=1e-12)
    assert found[1].sign().tolist() == ([[0, -1], [0, 0]] if ball == "l1_ball" else [[1, -1], [1, 0]])
