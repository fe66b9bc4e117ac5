"""How the size of activations changes with depth under each initialization: 30 layers of 512 units."""

import math
from statistics import mean, stdev

import pytest
import torch

from runner.config.registry import entries
from runner.population.architecture import Architecture
from runner.population.initial import initial_theta
from runner.population.network import Network

WIDTH, DEPTH, EXAMPLES = 512, 30, 64
SEEDS = range(8)
MLP = entries("model")["mlp"].cls


def mean_square(activation: str, init: str, depth: int, seed: int) -> float:
    """Mean square of the activations of layer `depth`, from standard normal inputs.

    The output layer is the identity, so that the network's outputs are those activations. Biases are 0: the claim is
    about weights (the biases of init=torch alone keep a deep network's activations near 0.02).
    """
    network = Network(Architecture(MLP(hidden=[WIDTH] * depth, activation=activation), WIDTH, WIDTH))
    theta, slots = torch.from_numpy(initial_theta(network.layout, [seed], init)), network.layout.slots
    for layer in range(depth + 1):
        slots[f"{layer}.bias"].view(theta).zero_()
    slots[f"{depth}.weight"].view(theta).copy_(torch.eye(WIDTH))
    x = torch.randn(1, EXAMPLES, WIDTH, generator=torch.Generator().manual_seed(seed))
    return float(network.bind(theta).forward(x).double().square().mean())


def rms(activation, init, depth, seeds):
    """Root of the mean square over several networks."""
    return (sum(mean_square(activation, init, depth, seed) for seed in seeds) / len(seeds)) ** 0.5


def printed(value, digits):
    """A number with so many significant digits."""
    return float(f"{value:.{digits - 1}e}")


@pytest.mark.parametrize(("init", "first"), [("torch", 0.41), ("glorot", 0.71), ("he", 1.0)])
def test_first_relu_layer(init, first):
    """A8: the mean square is (sd of a weight)^2 m / 2 = 1/6, 1/2 and 1."""
    assert printed(rms("relu", init, 1, SEEDS), 2) == first


@pytest.mark.parametrize(("init", "first", "last"), [("torch", 0.46, 5e-8), ("glorot", 0.63, 0.13)])
def test_tanh(init, first, last):
    """A8: weights U(+-1/sqrt m) let tanh networks die out, Glorot's shrink them slowly (Glorot & Bengio 2010)."""
    assert printed(rms("tanh", init, 1, range(2)), 2) == first
    assert printed(rms("tanh", init, DEPTH, range(2)), 2 if last > 0.01 else 1) == last


@pytest.mark.parametrize(
    ("init", "factor", "lowest", "highest"),
    [("torch", 1 / 6, 1.5e-12, 2.5e-12), ("glorot", 1 / 2, 3.5e-5, 4.5e-5), ("he", 1.0, 0.695, 0.705)],
)
def test_thirtieth_relu_layer(init, factor, lowest, highest):
    """A8: only He's initialization keeps the signal of a deep ReLU network (He et al. 2015, section 2.2).

    The mean square over networks is exactly factor^30: as a root 2e-12, 3.1e-5 and 1.0. A single network of width 512
    differs from that by a random factor whose logarithm has a standard deviation of about .25. The listed 2e-12, 4e-5
    and .70, each of one network, must lie within two of these; the root mean square of eight within a factor 1.3.
    """
    values = [mean_square("relu", init, DEPTH, seed) ** 0.5 for seed in SEEDS]
    together = (sum(v * v for v in values) / len(values)) ** 0.5
    assert together == pytest.approx(factor ** (DEPTH / 2), rel=0.3)
    logs = [math.log(v) for v in values]
    assert 0.1 < stdev(logs) < 0.4
    assert math.log(highest) > mean(logs) - 2 * stdev(logs) and math.log(lowest) < mean(logs) + 2 * stdev(logs)
