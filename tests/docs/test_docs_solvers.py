"""Every formula in a solver's docstring against its code, on a quadratic with an exact line search.

Written down here once more, in NumPy; those of other optimizers are in `test_docs_formulas`.
"""

import itertools

import numpy as np
import pytest
import torch

from runner.config.registry import entries
from runner.execution.configurations import read
from runner.optimizers.rules.base import Search
from runner.optimizers.segments import Segment

RANDOM = np.random.default_rng(4)
ROOT = RANDOM.normal(size=(6, 6))
HESSIAN, START, STEPS = ROOT @ ROOT.T / 6 + 0.2 * np.eye(6), RANDOM.normal(size=6), 5


def exact(w, g, d):
    """w + a d, a by line search."""
    return w - (g @ d) / (d @ HESSIAN @ d) * d


def newton(w, g, past, h):
    values, vectors = np.linalg.eigh(HESSIAN)
    return w - h.lr * vectors @ np.diag(1 / (abs(values) + h.damping)) @ vectors.T @ g


def cg(w, g, past, h):
    if not past:
        return exact(w, g, -g)
    d = (w - past[-1][0]) / past[-1][2]
    before = past[-1][1]
    beta = g @ g / (before @ before) if h.formula == "fletcher_reeves" else max(0, g @ (g - before) / (before @ before))
    return exact(w, g, -g + beta * d)


def inverse(pairs, one):
    b = one
    for s, y in pairs:
        r = 1 / (s @ y)
        b = (one_less(r, s, y)) @ b @ one_less(r, y, s) + r * np.outer(s, s)
    return b


def one_less(r, a, b):
    return np.eye(6) - r * np.outer(a, b)


def pairs_of(w, g, past):
    points = [*past, (w, g)]
    return [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(points)]


def bfgs(w, g, past, h):
    pairs = pairs_of(w, g, past)
    scale = pairs[0][0] @ pairs[0][1] / (pairs[0][1] @ pairs[0][1]) if pairs else 1
    return exact(w, g, -inverse(pairs, scale * np.eye(6)) @ g)


def lbfgs(w, g, past, h):
    pairs = pairs_of(w, g, past)[-h.history :]
    scale = pairs[-1][0] @ pairs[-1][1] / (pairs[-1][1] @ pairs[-1][1]) if pairs else 1
    return exact(w, g, -inverse(pairs, scale * np.eye(6)) @ g)


def sophia(w, g, past, h):
    """With signs that are all 1, in every second step."""
    m, d = np.zeros(6), np.zeros(6)
    for t, slope in enumerate([*(slope for _, slope, _ in past), g]):
        m = h.beta1 * m + (1 - h.beta1) * slope
        d = h.beta2 * d + (1 - h.beta2) * HESSIAN.sum(1) if t % h.every == 0 else d
    step = np.clip(m / np.maximum(h.gamma * d, h.eps), -1, 1)
    return (1 - h.lr * h.weight_decay) * w - h.lr * step


SOLVERS = {
    "sophia": (
        "m <- beta1 m + (1-beta1) g; w <- (1 - lr weight_decay) w - lr clip(m/max(gamma d, eps), -1, 1)",
        sophia,
        [{"every": 2, "gamma": 50.0, "lr": 0.1, "weight_decay": 0.3}, {"lr": 0.1}],
    ),
    "newton": ("w <- w - lr (|H| + damping I)^-1 g", newton, [{}, {"damping": 0.0, "lr": 0.3}]),
    "cg": (
        "d <- -g + beta d; w <- w + a d, beta = max(0, g.(g - g')/g'.g'), a by line search",
        cg,
        [{}, {"formula": "fletcher_reeves"}],
    ),
    "bfgs": (
        "w <- w - a B g, B <- (I - r s y') B (I - r y s') + r s s', r = 1/s.y, a by line search",
        bfgs,
        [{}],
    ),
    "lbfgs": (
        "w <- w - a B g, with B of BFGS from the last `history` pairs (s, y) alone, from s.y/y.y I; a by line search",
        lbfgs,
        [{}, {"history": 2}],
    ),
}
VARIANTS = [(name, change) for name, (_, _, changes) in SOLVERS.items() for change in changes]


@pytest.mark.parametrize(("name", "change"), VARIANTS, ids=str)
def test_a_solver_makes_the_steps_of_its_formula(name, change):
    exactly = {"curvature": 1e-10} if "curvature" in entries("optimizer")[name].options else {}
    run = read({"optimizer": name} | {f"optimizer.{key}": value for key, value in (change | exactly).items()})
    hessian = torch.from_numpy(HESSIAN)
    w, g = torch.from_numpy(START.copy())[None], torch.zeros(1, 6, dtype=torch.float64)
    segment = Segment([run], slice(0, 1), 6, w)
    rates = torch.full((1, STEPS), run.optimizer.lr, dtype=torch.float64)
    segment.start_epoch(rates, torch.zeros(1, dtype=torch.int64), w, g)
    expected, past = START, []
    for s in range(STEPS):
        g.copy_(w @ hessian)
        signs = torch.ones(1, 6, dtype=torch.float64)
        segment.update(
            s, Search(*objective(w)[:1], objective, lambda w: lambda v: v @ hessian, lambda signs=signs: signs)
        )
        slope = HESSIAN @ expected
        new = SOLVERS[name][1](expected, slope, past, run.optimizer)
        past.append((expected, slope, length(new - expected, slope)))
        expected = new
        np.testing.assert_allclose(w[0], expected, rtol=1e-6, atol=1e-7, err_msg=f"step {s + 1}")


def objective(w):
    slope = w @ torch.from_numpy(HESSIAN)
    return (slope * w).sum(1, keepdim=True) / 2, slope


def length(step, g):
    """a, from step = a d: for conjugate gradients g.d = -g.g, as the line search before was exact."""
    return step @ g / -(g @ g)


def test_every_solver_stands_here_with_its_formula():
    assert {name for name, entry in entries("optimizer").items() if entry.cls.searches} == set(SOLVERS)
    for name, (text, *_) in SOLVERS.items():
        assert entries("optimizer")[name].formula == text
