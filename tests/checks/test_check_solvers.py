"""What solvers do on a quadratic, in numbers that were worked out by hand or by other code."""

import pytest
import torch
from descent import HESSIAN, OPTIMUM, digits

from runner.execution.configurations import read
from runner.optimizers.rules.base import Search
from runner.optimizers.segments import Segment

START = torch.zeros(3).double()
EXACT = {"optimizer.curvature": 1e-9}


def solve(settings, steps, hessian=HESSIAN, optimum=OPTIMUM, start=START):
    """w [1 + steps, P] from `start` on (w - optimum)^T hessian (w - optimum)/2, and the state that is left."""
    run = read({"trainer.dtype": "float64"} | settings)
    w = start.clone().unsqueeze(0)
    g = torch.zeros_like(w)
    segment = Segment([run], slice(0, 1), w.shape[1], w)
    rates = torch.full((1, steps), run.optimizer.lr, dtype=torch.float64)
    segment.start_epoch(rates, torch.zeros(1, dtype=torch.int64), w, g)

    def evaluate(w):
        slope = (w - optimum) @ hessian
        return (slope * (w - optimum)).sum(1, keepdim=True) / 2, slope

    path = [w[0].clone()]
    for s in range(steps):
        objective, slope = evaluate(w)
        g.copy_(slope)
        segment.update(s, Search(objective, evaluate, lambda w: lambda v: v @ hessian))
        path.append(w[0].clone())
    return torch.stack(path), segment.state


def test_newtons_first_step_is_the_minimum_of_a_quadratic():
    path, _ = solve({"optimizer.name": "newton", "optimizer.damping": 0.0}, 1)
    torch.testing.assert_close(path[1], OPTIMUM, rtol=0, atol=1e-14)


def test_newtons_damping_is_an_l2_penalty_in_the_first_step():
    """(H + aI)^-1 H w* with a = 2: the ridge solution."""
    path, _ = solve({"optimizer.name": "newton", "optimizer.damping": 2.0}, 1)
    assert digits(path[1], 6) == [0.241429, 0.255714, -0.098571]


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_newton_goes_down_negative_curvature_by_its_absolute_value(damping):
    """w1^2 - w2^2/4 about (0, 0) from (1, 1): a saddle, which w2 must leave."""
    settings = {"optimizer.name": "newton", "optimizer.damping": damping}
    hessian = torch.diag(torch.tensor([2.0, -0.5]).double())
    path, state = solve(settings, 1, hessian, torch.zeros(2).double(), torch.ones(2).double())
    assert path[1].tolist() == pytest.approx([1 - 2 / (2 + damping), 1 + 0.5 / (0.5 + damping)])
    assert state["negative"].tolist() == [[1.0]]


def test_newton_leaves_a_flat_direction_alone():
    hessian = torch.ones(2, 2).double()
    start = torch.tensor([3.0, 1.0]).double()
    path, _ = solve({"optimizer.name": "newton", "optimizer.damping": 0.0}, 1, hessian, torch.zeros(2).double(), start)
    torch.testing.assert_close(path[1], torch.tensor([1.0, -1.0]).double())


@pytest.mark.parametrize("optimizer", ["cg", "bfgs", "lbfgs"])
def test_with_an_exact_line_search_all_make_the_steps_of_conjugate_gradients(optimizer):
    path, _ = solve({"optimizer.name": optimizer} | EXACT, 3)
    assert digits(path[1:], 6) == [0.366372, 0.454095, -0.335411, 0.763489, 0.596122, -0.126288, 0.81, 0.91, 0.13]
    residuals = ((path[1:] - OPTIMUM) @ HESSIAN).norm(dim=1)
    assert digits(residuals[:2], 6) == [0.641575, 0.440289]
    assert residuals[2] < 2e-15


def test_bfgs_then_holds_the_inverse_hessian():
    _, state = solve({"optimizer.name": "bfgs"} | EXACT, 4)
    found = state["inverse"].view(3, 3)
    assert (found - torch.linalg.inv(HESSIAN)).abs().max() <= 2.3e-16


@pytest.mark.parametrize("formula", ["polak_ribiere", "fletcher_reeves"])
def test_both_formulas_of_cg_agree_on_a_quadratic(formula):
    path, _ = solve({"optimizer.name": "cg", "optimizer.formula": formula} | EXACT, 3)
    torch.testing.assert_close(path[-1], OPTIMUM, rtol=0, atol=1e-13)


@pytest.mark.parametrize("optimizer", ["cg", "bfgs", "lbfgs"])
def test_a_row_at_the_minimum_stays(optimizer):
    path, _ = solve({"optimizer.name": optimizer}, 2, start=OPTIMUM)
    assert torch.equal(path[-1], OPTIMUM)
