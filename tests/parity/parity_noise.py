"""The noise of a run, from the uniform integers of a step on: formulas in NumPy, over true positions only.

What is taken from the project is the integer at (seed, purpose, step, layer, position). Shapes: B batch, W width.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import torch
from torch import Tensor, nn

from runner.config.settings import Settings
from runner.population.draws import bits, key, positions, words

STEPS = 201  # that a case makes at most: 200, rounded up to whole epochs
ALPHA = 1.7580993408473766  # torch's, in alpha dropout


def uniform(purpose: tuple, rows: int, width: int) -> np.ndarray:
    """Numbers in (0, 1), [STEPS, rows, width], of (seed, name, place ...): those of each step and place."""
    seed, name, *places = purpose
    integers = bits(words(key(seed, name, np.arange(STEPS), *places)), positions(rows, width, width))
    return (integers.double().numpy() + 2.0**31 + 0.5) / 2.0**32


def gaussian(purpose: tuple, rows: int, width: int) -> np.ndarray:
    """sqrt(-2 ln u) cos(2 pi v) (Box & Muller 1958), shaped like `uniform`."""
    seed, name, *places = purpose
    u, v = (uniform((seed, draw, *places), rows, width) for draw in (name, f"{name}/1"))
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)


def dropout(p, u, z):
    """m/(1-p)"""
    return (u() >= p) / (1 - p), 0.0


def noise(sd, u, z):
    """1, sd z"""
    return 1.0, sd * z()


def alpha_dropout(p, u, z):
    """As torch's: a m, and a ALPHA (m - 1) + a ALPHA p."""
    a, m = 1 / np.sqrt((ALPHA**2 * p + 1) * (1 - p)), u() >= p
    return a * m, (m - 1.0) * (ALPHA * a) + ALPHA * a * p


def gaussian_dropout(p, u, z):
    """1 + sqrt(p/(1-p)) z"""
    return 1 + np.sqrt(p / (1 - p)) * z(), 0.0


def stochastic_depth(p, u, z):
    """m/(1-p), one m for all units of an example"""
    return dropout(p, functools.partial(u, 1), z)


def structural_dropout(p, u, z):
    """n/k for the first k units of n, else 0, where k is U{1..n}; 1 in a share 1-p of the examples"""
    drawn, width = u(1), u().shape[2]
    k = np.where(drawn < p, np.ceil(drawn / p * width), width)
    return np.where(np.arange(width) < k, width / k, 0.0), 0.0


def direct_dropout(p, u, z):
    """m"""
    return (u() >= p) * 1.0, 0.0


INPUT = {  # name -> (factor, addend), one after the other
    "direct_input_dropout": direct_dropout,
    "input_dropout": dropout,
    "input_noise": noise,
}
HIDDEN = {
    "activation_noise": noise,
    "alpha_dropout": alpha_dropout,
    "direct_dropout": direct_dropout,
    "dropout": dropout,
    "gaussian_dropout": gaussian_dropout,
    "stochastic_depth": stochastic_depth,
    "structural_dropout": structural_dropout,
}


def strengths(run: Settings, place: int) -> dict[str, float]:
    """The noises that act on the input (place 0) or the hidden layer `place` (from 1), and how strong they are."""
    given = {name: run.value(f"regularizer.{name}") for name in (HIDDEN if place else INPUT)}
    each = {name: value[place - 1] if isinstance(value, list) else value for name, value in given.items()}
    if place:
        each["stochastic_depth"] *= depth(run.model, place)
    return {name: strength for name, strength in each.items() if strength}


def depth(model, place: int) -> float:
    """l/L for the l-th of L hidden layers as wide as the hidden layer before them, 0 for the others."""
    wide = model.hidden
    adding = [i + 1 for i in range(1, len(wide)) if wide[i] == wide[i - 1]]
    return (adding.index(place) + 1) / len(adding) if place in adding else 0.0


def mean(noises: dict[str, float]) -> float:
    """What noise multiplies activations by on the average, in evaluation: direct dropout by less than 1."""
    return math.prod(1 - p for name, p in noises.items() if name.startswith("direct"))


def disturbed(run: Settings, noises: dict[str, float], x: Tensor, place: int, step: int) -> Tensor:
    """The input or a hidden layer, x [B, W], as a step of training sees it."""
    for name, strength in noises.items():
        factor, addend = _terms(run.seed, name, place, strength, run.trainer.batch_size, x.shape[1], x.dtype)
        x = x * factor[step, : len(x)] + addend[step, : len(x)]  # examples are counted from the first of the batch
    return x


@functools.lru_cache(16)
def _terms(seed: int, name: str, place: int, strength: float, rows: int, width: int, dtype) -> list[Tensor]:
    """What a noise multiplies with and adds, [STEPS, rows, width] each."""

    def u(units: int = width) -> np.ndarray:
        return uniform((seed, name, place), rows, units)

    z = functools.partial(gaussian, (seed, name, place), rows, width)
    terms = (HIDDEN if place else INPUT)[name](strength, u, z)
    return [torch.from_numpy(np.broadcast_to(term, (STEPS, rows, width)).copy()).to(dtype) for term in terms]


def noisy_targets(run: Settings, y: Tensor, step: int) -> Tensor:
    """Numbers to predict [B] as a step of training sees them: y + sd z"""
    sd = run.value("regularizer.target_noise")
    z = _of_targets(run.seed, run.trainer.batch_size)[step, : len(y), 0]
    return y + sd * torch.from_numpy(z).to(y.dtype) if sd else y


@functools.lru_cache(8)
def _of_targets(seed: int, rows: int) -> np.ndarray:
    """Normal numbers, [STEPS, rows, 1]."""
    return gaussian((seed, "target_noise"), rows, 1)


def parameters_in_order(network: nn.Module) -> list[Tensor]:
    """All weight matrices, then layer by layer bias, gain and shift, then slopes: the order in which positions are
    counted.
    """
    weights, slopes = ([m.weight for m in network.modules() if isinstance(m, kind)] for kind in (nn.Linear, nn.PReLU))
    return weights + [p for p in network.parameters() if all(p is not other for other in weights + slopes)] + slopes


def parameter_noise(run: Settings, network: nn.Module, name: str, step: int) -> list[Tensor]:
    """What weight noise or gradient noise adds to each parameter, in their order, in a step from 0."""
    found = parameters_in_order(network)
    if name == "weight_noise":
        found = [p for p in found if p.dim() == 2]
        deviation = run.value("regularizer.weight_noise")
    else:
        s, gamma = (run.value(f"regularizer.gradient_noise.{k}") for k in ("s", "gamma"))
        deviation = np.sqrt(s / (1 + step) ** gamma)
    drawn = deviation * _of_parameters(run.seed, name, sum(p.numel() for p in found))[step]
    parts = np.split(drawn, np.cumsum([p.numel() for p in found])[:-1])
    return [torch.from_numpy(part).to(p.dtype).view_as(p) for part, p in zip(parts, found, strict=True)]


def connections(run: Settings, weights: list[Tensor], step: int) -> list[Tensor]:
    """m/(1-p) of each weight matrix in a step from 0, by positions that are counted over all of them."""
    p = run.value("regularizer.dropconnect")
    dropped = p if isinstance(p, list) else [p] * len(weights)
    drawn = uniform((run.seed, "dropconnect"), 1, sum(w.numel() for w in weights))[step, 0]
    parts = np.split(drawn, np.cumsum([w.numel() for w in weights])[:-1])
    return [
        torch.from_numpy((part >= share) / (1 - share)).to(w.dtype).view_as(w)
        for w, part, share in zip(weights, parts, dropped, strict=True)
    ]


@functools.lru_cache(8)
def _of_parameters(seed: int, name: str, count: int) -> np.ndarray:
    """Normal numbers, [STEPS, count]."""
    return gaussian((seed, name), 1, count)[:, 0]
