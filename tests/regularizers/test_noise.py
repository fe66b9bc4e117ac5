"""What noise does in training: mean, variance, independence; nothing to padding, evaluation or other rows."""

import warnings

import numpy as np
import pytest
import torch

from runner.config.registry import entries
from runner.config.settings import flat_key
from runner.execution.configurations import read
from runner.optimizers.rules.base import segment_key
from runner.population.layout import Layout
from runner.population.members import Columns
from runner.population.pieces.mlp import MLP
from runner.regularizers.base import Noise, ParameterNoise
from runner.regularizers.dropout import ALPHA_PRIME, alpha_affine
from runner.training.noise import NoiseSource, ParameterNoiseSource

LAYOUT = Layout([19, 30, 21, 3], MLP([30, 21], "gelu").layers())
BATCH, STEPS = 64, 40


def runs(change: dict, members: int = 3):
    return [read({"model.hidden": [30, 21], "seed": i} | change) for i in range(members)]


def changes(change: dict) -> list:
    """(factor, addend) [steps, members, batch, padded width] of the input and each hidden layer, or None."""
    source = NoiseSource(Columns(runs(change), torch.float64), LAYOUT, BATCH)
    drawn = source.draw(np.arange(STEPS)[:, None] + np.zeros((1, 3), dtype=np.int64), BATCH)
    return [
        None
        if place[0] is None
        else [None if part[0] is None else torch.stack(part) for part in zip(*place, strict=True)]
        for place in zip(*drawn, strict=True)
    ]


def parameter_noise(change: dict, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(noise [steps, members, true parameters it may touch], all it left alone)."""
    columns = Columns(runs(change), torch.float64)
    site = next(
        e.cls.site for n, e in entries("regularizer").items() if any(k.startswith(f"regularizer.{n}") for k in change)
    )
    source = ParameterNoiseSource(columns, LAYOUT, site)
    target = torch.zeros(steps, 3, LAYOUT.size, dtype=torch.float64)
    for step in range(steps):
        source.add(target[step], np.full(3, step))
    touched = torch.zeros(LAYOUT.size, dtype=torch.bool)
    touched[: source.size] = LAYOUT.true_positions(source.size)[1]
    return target[:, :, touched], target[:, :, ~touched]


def assert_independent_normal(x: np.ndarray, deviation: float) -> None:
    """Mean 0, the deviation, no correlation along any axis; x [steps, members, ..., positions]."""
    n = x.size
    assert abs(x.mean()) < 4.5 * deviation / n**0.5
    assert abs(x.var() / deviation**2 - 1) < 4.5 * (2 / n) ** 0.5
    for axis in range(x.ndim):
        a, b = np.take(x, range(x.shape[axis] - 1), axis), np.take(x, range(1, x.shape[axis]), axis)
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4.5 / a.size**0.5


def test_input_noise():
    places = changes({"regularizer.input_noise": 0.3})
    assert places[1:] == [None, None]
    factor, addend = places[0]
    assert factor is None
    assert_independent_normal(addend[..., :19].numpy(), 0.3)
    assert not addend[..., 19:].any()


def test_activation_noise_and_its_strength_a_layer():
    first, second = changes({"regularizer.activation_noise": [0.2, 0.5]})[1:]
    assert_independent_normal(first[1][..., :30].numpy(), 0.2)
    assert_independent_normal(second[1][..., :21].numpy(), 0.5)
    assert not first[1][..., 30:].any()
    a, b = first[1][..., :21].flatten().numpy(), second[1][..., :21].flatten().numpy()
    assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / len(a) ** 0.5


def test_gaussian_dropout_has_the_variance_of_dropout():
    factor, addend = changes({"regularizer.gaussian_dropout": 0.3})[1]
    assert addend is None
    assert_independent_normal(factor[..., :30].numpy() - 1, (0.3 / 0.7) ** 0.5)


@pytest.mark.parametrize("p", [0.05, 0.2, 0.5])
def test_alpha_dropout_keeps_mean_and_variance_under_selu(p):
    """Of standard normal numbers through SELU, whose mean is 0 and variance 1 (Klambauer et al. 2017)."""
    factor, addend = (part[..., :30] for part in changes({"regularizer.alpha_dropout": p})[1])
    z = torch.randn(factor.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    h = torch.nn.functional.selu(z)
    after, n = h * factor + addend, z.numel()
    assert abs(after.mean() - h.mean()) < 6 / n**0.5
    assert abs(after.var() - h.var()) < 12 / n**0.5
    assert abs(h.mean()) < 0.01
    assert abs(h.var() - 1) < 0.02


def test_alpha_dropout_has_torchs_constants():
    """At p = 0.1: alpha' -1.75810, a 0.92128, b 0.16197; and a module of torch's in the same two states."""
    a, b = alpha_affine(0.1)
    assert (round(ALPHA_PRIME, 5), round(a, 5), round(b, 5)) == (-1.75810, 0.92128, 0.16197)
    torch.manual_seed(0)
    theirs = torch.nn.AlphaDropout(0.1)(torch.zeros(1000, dtype=torch.float64)).unique()
    torch.testing.assert_close(theirs, torch.tensor([a * ALPHA_PRIME + b, b], dtype=torch.float64), rtol=1e-12, atol=0)
    kept = torch.nn.AlphaDropout(0.1)(torch.ones(1000, dtype=torch.float64)).max()
    assert float(kept) == pytest.approx(a + b, rel=1e-12)


def test_weight_noise_is_on_weights_alone():
    noise, rest = parameter_noise({"regularizer.weight_noise": 0.07}, STEPS)
    assert noise.shape[2] == 19 * 30 + 30 * 21 + 21 * 3
    assert_independent_normal(noise.numpy(), 0.07)
    assert not rest.any()


def test_gradient_noise_has_the_variance_of_its_step():
    """s/(1+t)^gamma, on every parameter."""
    change = {"regularizer.gradient_noise.s": 0.5, "regularizer.gradient_noise.gamma": 0.8}
    noise, rest = parameter_noise(change, STEPS)
    assert noise.shape[2] == LAYOUT.parameters
    variance = 0.5 / (1 + np.arange(STEPS)) ** 0.8
    n = noise[0].numel()
    np.testing.assert_allclose(noise.flatten(1).var(1).numpy() / variance, 1, atol=5 * (2 / n) ** 0.5)
    assert_independent_normal(noise.numpy() / variance[:, None, None] ** 0.5, 1.0)
    assert not rest.any()


RANDOM = [n for n, e in entries("regularizer").items() if issubclass(e.cls, (Noise, ParameterNoise))]


def test_gradient_noise_that_falls_beyond_all_numbers_is_zero_without_a_warning():
    t, s, gamma = np.array([0.0, 1.0, 1e3]), np.full(3, 0.25), np.full(3, 2000.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert entries("regularizer")["gradient_noise"].cls().deviation(t, s, gamma).tolist() == [0.5, 0.0, 0.0]


@pytest.mark.parametrize("name", [n for n in RANDOM if getattr(entries("regularizer")[n].cls, "mean", None) is None])
def test_noise_ends_with_training(name, way):
    """The same weights give the same outputs in evaluation, whatever the noise."""
    from runner.data.prepare import prepare
    from runner.training.engine import Engine

    entry = entries("regularizer")[name]
    change = {flat_key(entry, key): o.preset for key, o in entry.options.items() if o.preset is not None}
    both = [read(way | {"dataset": "two_moons"} | entry.cls.needs | c) for c in ({}, change)]
    assert segment_key(both[0]) == segment_key(both[1])
    engine = Engine(both, [prepare(run) for run in both])
    found = engine.evaluate(("train", "val"))
    assert all(a == b for a, b in found.values())
    engine.train_epoch([1.0, 1.0])
    assert not np.array_equal(engine.theta[0], engine.theta[1])
