"""Initial weights: torch.nn.init's numbers from the same generator, and its moments and tails on a large layer."""

import math

import numpy as np
import pytest
import torch
from parity_case import of_case, synthetic
from parity_cases import CASES, INITS
from parity_engine import named_state
from parity_reference import normalization
from torch import nn

from runner.config.registry import entries
from runner.population.draws import generator
from runner.population.initial import initial_theta
from runner.population.initial_draws import Draws
from runner.population.layout import Layout
from runner.population.pieces.mlp import MLP
from runner.training.engine import Engine

WIDTHS = [301, 503, 7]


NAMES = sorted(entries("init"))


def test_every_init_has_a_reference():
    assert set(INITS) == set(NAMES), "add it to INITS in a tests/parity/cases_*.py"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_same_generator_same_weights(name, dtype):
    ours, bias = np.full((33, 17), 9.0, dtype), np.full(33, 9.0, dtype)
    theirs = torch.empty(33, 17, dtype=getattr(torch, dtype))
    entries("init")[name].cls().fill(ours, bias, Draws(5, "init", 0))
    INITS[name](theirs, generator(5, "init", 0))
    fused = torch.backends.cpu.get_cpu_capability() != "DEFAULT"  # else torch rounds twice: one unit in the last place
    away = 0 if fused else np.finfo(dtype).eps
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-6 if dtype == "float32" else 1e-14, atol=away)
    assert np.abs(bias).max() <= (1 / math.sqrt(17) if name == "torch" else 0)


def drawn(name: str, shape, seed: int) -> torch.Tensor:
    """What the reference draws."""
    weight = torch.empty(shape, dtype=torch.float64)
    INITS[name](weight, torch.Generator().manual_seed(seed))
    return weight


@pytest.mark.parametrize("name", NAMES)
def test_moments_and_tails(name):
    """Mean, mean size and mean square of each layer are the reference's, within the sampling error both show; its
    largest number is one that ten of the reference's draws let expect.
    """
    layout = Layout(WIDTHS, MLP(WIDTHS[1:-1]).layers())
    theta = torch.from_numpy(initial_theta(layout, [1, 2], name, "float64"))
    for layer in range(2):
        for ours in layout.slots[f"{layer}.weight"].true(theta).contiguous():
            draws = [drawn(name, ours.shape, seed) for seed in range(10)]
            for moment in (torch.Tensor.clone, torch.abs, torch.square):
                a, b = moment(ours), moment(draws[0])
                error = 5 * math.sqrt(float(a.var() + b.var()) / ours.numel())
                assert abs(float(a.mean() - b.mean())) <= error
            largest = [float(draw.abs().max()) for draw in draws]
            margin = 3 * (max(largest) - min(largest))
            assert min(largest) - margin <= float(ours.abs().max()) <= max(largest) + margin
    assert torch.equal(theta[0], theta[1]) == torch.equal(draws[0], draws[1])  # rows differ, unless nothing is drawn


def test_biases_of_the_default_are_those_of_linear():
    layout = Layout([9, 20_000, 1], MLP([20_000]).layers())
    bias = layout.slots["0.bias"].true(initial_theta(layout, [3], "torch", "float64"))[0]
    reference = nn.Linear(9, 20_000, dtype=torch.float64).bias.detach().numpy()
    assert float(bias.std()) == pytest.approx(float(reference.std()), rel=0.03)
    assert 0.99 / 3 < np.abs(bias).max() <= 1 / 3


@pytest.mark.parametrize("norm", sorted(name for name, entry in entries("norm").items() if entry.torch))
def test_norms_begin_as_torch_begins_them(norm):
    case = next(
        case
        for case in CASES
        if case.settings.get("model.norm") == norm and not any(key.startswith("model.norm_") for key in case.settings)
    )
    engine = Engine([of_case(case, "float64")], [synthetic("classification", "float64")])
    fresh = normalization(of_case(case, "float64").model, 12).double().state_dict()
    state = named_state(engine)
    for name, value in fresh.items():
        torch.testing.assert_close(state[f"1.{name}"], value, rtol=0, atol=0)
