"""Hutchinson's estimate, Sophia's clipped step and Muon's orthogonal factor, in numbers that were worked out apart."""

import itertools

import pytest
import torch
from descent import HESSIAN, digits

from runner.checks.populations import data, settings
from runner.execution.configurations import read
from runner.optimizers.rules.base import Search
from runner.optimizers.rules.muon import orthogonal
from runner.optimizers.segments import Segment
from runner.training.engine import Engine
from runner.training.steps.objective import Further

FACTOR = [[-0.514496, 0.857493], [0.857493, 0.514496]]


def diagonal(signs):
    """Sophia's d after one step whose gradient is 0, with all its weight on the estimate."""
    run = read({"optimizer.name": "sophia", "optimizer.beta2": 0.0, "trainer.dtype": "float64"})
    w, g = torch.zeros(1, 3).double(), torch.zeros(1, 3).double()
    segment = Segment([run], slice(0, 1), 3, w)
    segment.start_epoch(torch.ones(1, 1, dtype=torch.float64), torch.zeros(1, dtype=torch.int64), w, g)
    u = torch.tensor([signs]).double()
    segment.update(0, Search(None, None, lambda w: lambda v: v @ HESSIAN, lambda: u))
    return segment.state["d"][0]


def test_hutchinsons_estimate_of_the_trace_has_mean_6_and_variance_8():
    """Over all signs u of three weights: u'Hu, whose mean is tr H and whose variance 2 sum_(i != j) H_ij^2."""
    found = torch.stack([diagonal(signs) for signs in itertools.product([-1.0, 1.0], repeat=3)])
    assert digits(found.sum(1).mean(), 12) == [6.0]
    assert digits(found.sum(1).var(correction=0), 12) == [8.0]
    assert digits(found.mean(0), 12) == [2.0, 2.0, 2.0]


def test_the_signs_of_a_row_are_its_own_and_those_of_its_step():
    """Balanced, 0 in the padding, and the same whoever trains beside."""
    runs = [settings(seed=seed, optimizer="sophia") for seed in (3, 4)]
    rows = Engine(runs, [data(13, 2)] * 2).rows
    together, alone = Further(rows, slice(0, 2)), Further(rows, [1])
    first = torch.tensor([5, 5]).numpy()
    found = together.signs(first)
    mask = torch.from_numpy(rows.layout.mask)
    assert torch.equal(found.abs().bool(), mask.expand(2, -1))
    assert torch.equal(found[1:], alone.signs(first[1:]))
    assert not torch.equal(found[0], found[1]) and not torch.equal(found, together.signs(first + 1))
    assert abs(float(found[:, mask].mean())) < 0.2


def test_sophias_step_is_clipped_where_curvature_is_small_or_negative():
    """m/max(gamma d, eps) with m = .04 g: 4 beyond 1, .4 as it is, and any sign on negative curvature."""
    run = read({"optimizer.name": "sophia", "optimizer.gamma": 1.0, "optimizer.lr": 0.1, "optimizer.beta2": 0.0})
    w, g = torch.zeros(1, 3), torch.tensor([[100.0, 100.0, -1e-3]])
    segment = Segment([run], slice(0, 1), 3, w)
    segment.start_epoch(torch.full((1, 1), 0.1, dtype=torch.float64), torch.zeros(1, dtype=torch.int64), w, g)
    curvature = torch.tensor([1.0, 10.0, -2.0])
    segment.update(0, Search(None, None, lambda w: lambda v: v * curvature, lambda: torch.ones(1, 3)))
    assert w[0].tolist() == pytest.approx([-0.1, -0.04, 0.1])


@pytest.mark.parametrize("shape", [(2, 2), (2, 5), (5, 2)])
def test_muons_step_has_the_singular_vectors_of_its_matrix_and_values_near_one(shape):
    """The polynomial leaves values between .7 and 1.2: it is the orthogonal factor U V' as far as that says."""
    x = torch.arange(1.0, 1 + shape[0] * shape[1]).double().view(shape).sin()
    left, _, right = torch.linalg.svd(x, full_matrices=False)
    found = left.T @ orthogonal(x.unsqueeze(0), 5)[0] @ right.T
    assert (found - found.diag().diag()).abs().max() < 1e-12
    assert 0.6 < float(found.diag().min()) <= float(found.diag().max()) < 1.25


def test_muons_step_of_a_known_matrix():
    """[[1, 2], [3, 4]], whose orthogonal factor is [[-.514496, .857493], [.857493, .514496]]."""
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).double()
    left, _, right = torch.linalg.svd(x)
    assert digits(left @ right, 6) == [each for row in FACTOR for each in row]
    found = orthogonal(x.unsqueeze(0), 5)[0]
    values = torch.linalg.svdvals(left.T @ found @ right.T)
    torch.testing.assert_close(left @ torch.diag((left.T @ found @ right.T).diag()) @ right, found)
    assert float(values.min()) > 0.6 and float(values.max()) < 1.25
