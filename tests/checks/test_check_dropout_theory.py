"""What is known exactly of dropout: geometric means, the penalty it stands for, the moments of fast dropout."""

import itertools

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from runner.execution.configurations import read
from runner.population.architecture import Architecture
from runner.population.network import Network
from runner.population.pieces.losses import CrossEntropy
from runner.regularizers.dropout import bernoulli_factor
from runner.regularizers.fast_dropout import FastDropout
from runner.training.steps.moments import rectified


def network(hidden: list, inputs: int, outputs: int, values: dict) -> Network:
    run = read({"dataset": "two_moons", "model.hidden": hidden})
    architecture = Architecture(run.model, inputs, outputs, aligned=False)
    theta = torch.zeros(1, architecture.layout.size, dtype=torch.float64)
    for name, numbers in values.items():
        architecture.layout.slots[name].true(theta)[0] = torch.as_tensor(numbers)
    return Network(architecture, torch.float64).bind(theta)


def kept(p: float) -> float:
    """What dropout multiplies a unit by that it keeps."""
    column = torch.full((1, 1, 1), p, dtype=torch.float64)
    return float(bernoulli_factor(torch.full((1, 1, 1, 1), 2**31 - 1, dtype=torch.int32), column))


def test_a_layer_of_softmax_is_the_geometric_mean_of_all_its_masks():
    """10 hidden units, 1,024 masks: the network of evaluation gives their normalized geometric mean (Baldi & Sadowski
    2013; Goodfellow, Bengio & Courville 2016, section 7.12).
    """
    draw = np.random.default_rng(0)
    values = {
        "0.weight": draw.normal(size=(10, 4)),
        "1.weight": draw.normal(size=(3, 10)),
        "1.bias": draw.normal(size=3),
    }
    found, x = network([10], 4, 3, values), torch.from_numpy(draw.normal(size=(1, 5, 4)))
    masks = np.array(list(itertools.product([0, 1], repeat=10)), dtype=np.float64) * kept(0.5)
    given = [found.forward(x, noise=[None, (torch.from_numpy(mask), None)]).log_softmax(-1) for mask in masks]
    geometric = torch.stack(given).mean(0).exp()
    geometric /= geometric.sum(-1, keepdim=True)
    assert len(masks) == 1024
    assert (geometric - found.forward(x).softmax(-1)).abs().max() < 1e-15
    arithmetic = torch.stack(given).exp().mean(0)
    assert (arithmetic - geometric).abs().max() > 0.01  # which is another mean


def test_the_error_with_dropout_is_that_without_and_a_penalty():
    """w (1, -2, 0.5), inputs (2, 1, 4), target 1.5, 0.7 kept: 1.265 = 0.005 + 1.26, the half of sum p (1-p) w^2 I^2."""
    w, inputs, target, keep = np.array([1, -2, 0.5]), np.array([2.0, 1, 4]), 1.5, 0.7
    found = network([], 3, 1, {"0.weight": [keep * w]})  # inverted dropout: evaluation uses keep w
    x, error = torch.from_numpy(inputs).view(1, 1, 3), 0.0
    for mask in itertools.product([0, 1], repeat=3):
        factor = torch.tensor(mask, dtype=torch.float64) * kept(1 - keep)
        y = found.forward(x, noise=[(factor, None)]).item()
        error += np.prod([keep if m else 1 - keep for m in mask]) * (target - y) ** 2 / 2
    plain = (target - found.forward(x).item()) ** 2 / 2
    penalty = (keep * (1 - keep) * w**2 * inputs**2).sum() / 2
    assert plain == pytest.approx(0.005, rel=1e-9)
    assert penalty == pytest.approx(1.26, rel=1e-12)
    assert error == pytest.approx(1.265, rel=1e-12)


@pytest.mark.parametrize(
    ("mean", "variance", "first", "second"), [(0.5, 1.0, 0.697797, 0.553441), (-1.0, 4.0, 0.395593, 0.682063)]
)
def test_moments_of_a_rectified_normal_number(mean, variance, first, second):
    found = [float(v) for v in rectified(*(torch.tensor([v], dtype=torch.float64) for v in (mean, variance)))]
    assert found == pytest.approx([first, second], abs=5e-7)
    density = stats.norm(mean, variance**0.5).pdf
    by_quadrature = [integrate.quad(lambda z, k=k: z**k * density(z), 0, 40)[0] for k in (1, 2)]
    assert found[0] == pytest.approx(by_quadrature[0], rel=1e-9)
    assert found[1] == pytest.approx(by_quadrature[1] - by_quadrature[0] ** 2, rel=1e-9)


def test_a_number_without_variance_is_rectified_as_it_is():
    mean = torch.tensor([-2.0, 0.0, 3.0], requires_grad=True)
    first, second = rectified(mean, torch.zeros(3))
    assert first.tolist() == [0, 0, 3] and second.tolist() == [0, 0, 0]
    (slope,) = torch.autograd.grad(first.sum(), mean)
    assert slope.tolist() == [0, 0, 1]


def test_the_expected_sigmoid():
    """Of N(1, 2): 0.675057 exactly, and 0.678829 = sigmoid(1/sqrt(1 + 2 pi/8)) in the cross entropy of two classes."""
    mean, variance = (torch.tensor([[[v, 0.0]]], dtype=torch.float64) for v in (1.0, 2.0))
    head = network([], 1, 2, {}).head
    terms = CrossEntropy().expected(mean, variance, torch.tensor([[[-1.0, 0.0]]], dtype=torch.float64), head, 1.0)
    assert float((-terms.sum()).exp()) == pytest.approx(0.678829, abs=5e-7)
    density = stats.norm(1, 2**0.5).pdf
    exact = integrate.quad(lambda z: density(z) / (1 + np.exp(-z)), -30, 30)[0]
    assert exact == pytest.approx(0.675057, abs=5e-7)


def test_variance_of_what_dropout_leaves():
    """(p m^2 + v)/(1-p), here of all outcomes of a number that is 1 or 3 and of its mask."""
    mean, variance = FastDropout().passed_on(*(torch.tensor(v, dtype=torch.float64) for v in (2.0, 1.0)), 0.2)
    outcomes, odds = np.array([0, 1 / 0.8, 0, 3 / 0.8]), np.array([0.1, 0.4, 0.1, 0.4])
    assert float(mean) == pytest.approx(odds @ outcomes, rel=1e-12)
    assert float(variance) == pytest.approx(odds @ outcomes**2 - (odds @ outcomes) ** 2, rel=1e-12)


def test_the_sign_step_adds_epsilon_times_the_length_of_the_weights():
    """Of a linear model, (|w x - y| + epsilon ||w||_1)^2 at the moved inputs (Goodfellow et al. 2015, section 5)."""
    from runner.regularizers.adversarial import Adversarial

    w, x, y, epsilon = np.array([1.0, -2, 0.5]), np.array([2.0, 1, 4]), 1.5, 0.1
    slope = 2 * (w @ x - y) * w
    moved = Adversarial().inputs(torch.from_numpy(x), torch.from_numpy(slope), epsilon).numpy()
    assert (w @ moved - y) ** 2 == pytest.approx((abs(w @ x - y) + epsilon * np.abs(w).sum()) ** 2, rel=1e-12)
