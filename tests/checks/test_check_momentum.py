"""Momentum, Nesterov's look ahead and Adam's first step, on a quadratic."""

import pytest
import torch
from descent import descend, digits, minimum, quadratic

from runner.execution.configurations import read
from runner.optimizers.segments import Segment

CURVATURES = torch.tensor([1.0, 100.0]).double()
LOSS = quadratic(torch.diag(CURVATURES), torch.zeros(2).double())
START = torch.tensor([-10.0, 1.0]).double()


def path(lr, momentum, nesterov=False, steps=100):
    """Points [1 + steps, 2] of our sgd from (-10, 1), the start first."""
    settings = {"optimizer.lr": lr, "optimizer.momentum": momentum, "optimizer.nesterov": nesterov}
    return torch.stack([START, *descend(settings, START, LOSS, steps)])


def behind(points, lr):
    """Nesterov's points [1 + steps, 2] in the terms of Sutskever et al. (2013), theta <- theta + v.

    torch, and with it our rule, keeps the point one looks ahead to, theta + mu v; theta is a plain gradient step from
    the look-ahead point before.
    """
    return torch.cat([START.unsqueeze(0), points[:-1] - lr * LOSS(points[:-1])])


def flips(points):
    """How often the sign of the steep coordinate changes, exact zero being a sign of its own."""
    steep = points[:, 1]
    signs = torch.where(steep.abs() > 1e-12, steep.sign(), 0)
    return int((signs[1:] != signs[:-1]).sum())


def test_nesterov_damps_what_momentum_rings():
    """A6: curvatures (1, 100), rate .01, momentum .9, 100 steps from (-10, 1): sign flips of the steep coordinate and
    the distance left (Sutskever, Martens, Dahl & Hinton 2013, section 2.1).
    """
    momentum, nesterov = path(0.01, 0.9), behind(path(0.01, 0.9, nesterov=True), 0.01)
    assert (flips(momentum), flips(nesterov)) == (35, 1)
    assert digits(momentum[-1].norm(), 4) == [0.0264]
    assert digits(nesterov[-1].norm(), 5) == [0.00435]


def test_nesterov_diverges_sooner_than_momentum():
    """A6: at rate .015 and momentum .95 heavy ball ends at .66 where Nesterov diverges: its steps are stable up to
    lr lambda < 2 (1 + mu) / (1 + 2 mu) = 1.345, heavy ball's up to 2 (1 + mu) = 3.9, and here lr lambda = 1.5.
    """
    assert digits(path(0.015, 0.95)[-1].norm(), 2) == [0.66]
    assert path(0.015, 0.95, nesterov=True)[-1].norm() > 1e6


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_adams_first_step_is_the_rate_times_the_gradients_sign(optimizer, sign):
    """A14: m^/(sqrt v^ + eps) = g/(|g| + eps): .990 at g = 1e-6, eps = 1e-8 (Kingma & Ba 2015, section 2.1)."""
    g = torch.full((1, 3), sign * 1e-6).double()
    step = minimum({"optimizer.name": optimizer, "optimizer.lr": 1e-3}, torch.zeros(3).double(), lambda w: g, 1)
    assert digits(step / (-sign * 1e-3), 3) == [0.990] * 3


def scheduled(settings, rates):
    """w after steps of a constant gradient 1 at these rates, from 0."""
    run = read({"optimizer.name": "sgd", "optimizer.momentum": 0.9, "trainer.dtype": "float64"} | settings)
    w, g = torch.zeros(1, 1).double(), torch.ones(1, 1).double()
    segment = Segment([run], slice(0, 1), 1, w)
    segment.start_epoch(torch.tensor([rates], dtype=torch.float64), torch.zeros(1, dtype=torch.int64), w, g)
    for s in range(len(rates)):
        segment.update(s)
    return float(w)


def test_a_velocity_keeps_the_rate_of_its_time():
    """Rates 1, 1, .1, .1: v <- .9 v - lr g carries old steps on, m <- .9 m + g takes the new rate for all."""
    assert scheduled({"optimizer.velocity": True}, [1, 1, 0.1, 0.1]) == pytest.approx(-6.439, abs=1e-12)
    assert scheduled({}, [1, 1, 0.1, 0.1]) == pytest.approx(-3.5149, abs=1e-12)
    constant = [scheduled({"optimizer.velocity": each}, [0.1] * 4) for each in (True, False)]
    assert constant[0] == pytest.approx(constant[1], abs=1e-15)


def test_an_average_that_begins_at_zero_dampens_its_first_gradient():
    """m = .1, .19, .271 of gradients 1; as torch has it m = 1, 1, 1."""
    average = {"optimizer.dampening": 0.9}
    assert scheduled(average | {"optimizer.zero_start": True}, [1, 1, 1]) == pytest.approx(
        -(0.1 + 0.19 + 0.271), abs=1e-12
    )
    assert scheduled(average, [1, 1, 1]) == pytest.approx(-3, abs=1e-12)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_without_bias_correction_adams_first_step_is_longer(optimizer):
    """(1 - beta1) g/(sqrt((1 - beta2) g^2) + eps): 3.162 times the rate, where the corrected step is the rate."""
    g = torch.full((1, 3), 2.0).double()
    settings = {"optimizer.name": optimizer, "optimizer.lr": 1e-3, "optimizer.bias_correction": False}
    step = minimum(settings, torch.zeros(3).double(), lambda w: g, 1)
    assert digits(step / -1e-3, 4) == [3.1623] * 3
