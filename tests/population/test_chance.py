"""Random numbers for examples: their distributions, and that they depend on seed, purpose, step and position alone."""

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest, norm, uniform

from runner.population.chance import Chance

MANY = 4000


def chance(batch=8, seeds=(1,), steps=((0,),), purpose="technique"):
    return Chance(purpose, np.array(seeds, dtype=np.uint64), np.array(steps), batch)


def many_steps(seeds=(1,)):
    return chance(seeds=seeds, steps=np.arange(MANY)[:, None].repeat(len(seeds), 1))


def assert_distributed(values, distribution):
    """Not told from a sample of the distribution (Kolmogorov-Smirnov; the seeds are fixed)."""
    assert kstest(np.ravel(values), distribution.cdf).pvalue > 0.01


def test_uniform_numbers_are_uniform_and_independent():
    big = chance(batch=MANY)
    first, second = big.examples()[0, 0].numpy(), big.examples(1)[0, 0].numpy()
    for values in (first, second, many_steps().steps(), chance(batch=80).features(50)):
        assert_distributed(values, uniform)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.05
    assert first.min() > 0
    assert first.max() < 1


def test_normal_numbers_are_normal():
    assert_distributed(chance(batch=100).normal(40).numpy(), norm)


@pytest.mark.parametrize("alpha", [0.1, 0.2, 1.0, 4.0])
def test_beta_has_its_moments_and_distribution(alpha):
    drawn = many_steps((1, 2)).beta(torch.tensor([[alpha], [1.0]], dtype=torch.float64))
    assert_distributed(drawn[:, 0], beta(alpha, alpha))
    assert_distributed(drawn[:, 1], uniform)
    assert drawn[:, 0].mean() == pytest.approx(0.5, abs=0.02)
    assert drawn[:, 0].var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.06)  # that of Beta(alpha, alpha)


def test_orders_are_permutations_and_all_of_them():
    orders = chance(batch=4, steps=np.arange(MANY)[:, None]).order()[:, 0]
    assert torch.equal(orders.sort(1).values, torch.arange(4).expand(MANY, 4))
    counts = orders.unique(dim=0, return_counts=True)[1]
    assert len(counts) == 24
    expected = MANY / 24
    assert float(((counts - expected) ** 2 / expected).sum()) < 41.6  # chi-square, 23 degrees of freedom, p = 0.01


def draws_of(source):
    alpha = torch.full((source.steps().shape[1], 1), 0.3, dtype=torch.float64)
    found = [source.examples(), source.examples(1), source.order(), source.features(5), source.normal(5)]
    return [*found, torch.from_numpy(source.steps()), torch.from_numpy(source.beta(alpha))]


def test_a_row_and_step_draw_the_same_alone_and_in_company():
    together = draws_of(chance(seeds=(7, 1, 9), steps=((0, 4, 2), (1, 5, 3))))
    alone = draws_of(chance(seeds=(9,), steps=((3,),)))
    for many, one in zip(together, alone, strict=True):
        assert torch.equal(many[1:, 2:], one)


def test_an_example_draws_the_same_in_a_longer_batch():
    assert torch.equal(chance(batch=5).examples(), chance(batch=50).examples()[..., :5])
    assert torch.equal(chance(batch=5).normal(7), chance(batch=50).normal(7)[:, :, :5])


def test_seeds_steps_and_purposes_draw_differently():
    plain = chance().examples()
    for other in (chance(seeds=(2,)), chance(steps=((1,),)), chance(purpose="other")):
        assert not (plain == other.examples()).any()
