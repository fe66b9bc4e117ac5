"""Student's t, Holm's correction and the claim that the best is best: against scipy, and by how often it is wrong."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from runner.reports.statistics import LEVEL, compare, holm, paired_t, spread, t_outside, t_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 9, 30, 99, 400])
def test_students_t_is_scipys(degrees):
    for t in (0.0, 1e-3, 0.5, 1, 2.5, 10, 40):
        assert t_outside(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), abs=1e-12)
    for inside in (0.5, 0.95, 0.999):
        assert t_quantile(inside, degrees) == pytest.approx(stats.t.ppf((1 + inside) / 2, degrees), rel=1e-10)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=12).filter(lambda d: np.std(d) > 1e-6))
def test_the_paired_test_is_scipys(differences):
    assert paired_t(differences) == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=1e-9)


def test_equal_differences_are_worth_their_number_only():
    assert paired_t([0.0] * 5) == 1
    assert paired_t([0.25] * 5) == 2 / 2**5 > LEVEL
    assert paired_t([0.25] * 6) == 2 / 2**6 < LEVEL
    assert paired_t([0.25]) == paired_t([]) == 1


def test_spread_and_interval():
    found = spread([1.0, 2.0, 4.0, math.nan])
    low, high = stats.t.interval(0.95, 2, loc=found.mean, scale=np.std([1, 2, 4], ddof=1) / math.sqrt(3))
    assert (found.n, found.mean, found.sd) == (3, pytest.approx(7 / 3), pytest.approx(np.std([1, 2, 4], ddof=1)))
    assert found.half == pytest.approx((high - low) / 2)
    assert spread([3.0]).half is None and spread([math.inf]) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_by_its_definition(p):
    """The adjusted p is the smallest level at which step-down testing rejects."""
    for i, adjusted in enumerate(holm(p)):
        order = sorted(range(len(p)), key=lambda j: p[j])
        steps = [min(1, (len(p) - rank) * p[j]) for rank, j in enumerate(order[: order.index(i) + 1])]
        assert adjusted == max(steps)


def test_only_shared_seeds_are_compared_and_the_sign_is_the_best_settings():
    best = {0: 0.1, 1: 0.2, 2: 0.1, 9: 50.0}
    (found,) = compare(best, [{0: 0.3, 1: 0.41, 2: 0.29, 7: -9.0}], sign=-1)
    assert found.n == 3 and found.difference == pytest.approx(-0.2)
    assert found.raw == pytest.approx(stats.ttest_rel([0.1, 0.2, 0.1], [0.3, 0.41, 0.29]).pvalue)
    (worse_on_shared,) = compare({0: 1.0, 1: 1.1}, [{0: 2.0, 1: 2.2}], sign=1)
    assert worse_on_shared.raw == 1 and not worse_on_shared.differs


def claims(values: np.ndarray) -> tuple[bool, bool]:
    """Of one sweep [K, n]: whether the best is said to beat the runner-up, and whether setting 0 may be the best."""
    order = np.argsort(-values.mean(1))
    best, *others = [dict(enumerate(values[i])) for i in order]
    found = compare(best, others, sign=1)
    may_be = {int(order[0])} | {int(i) for i, each in zip(order[1:], found, strict=True) if not each.differs}
    return found[0].differs, 0 in may_be


NULLS = {  # K settings, n seeds, of which setting 0 is (one of) the best
    "twenty alike": lambda r: r.normal(size=(20, 5)) + r.normal(size=(1, 5)),
    "twenty alike, heavy tails": lambda r: r.standard_t(3, (20, 5)),
    "twenty alike, skewed": lambda r: -np.exp(r.normal(size=(20, 5))),
    "twenty alike, accuracies on few examples": lambda r: r.binomial(200, 0.97, (20, 5)) / 200,
    "twenty of unlike spreads": lambda r: r.normal(size=(20, 5)) * np.geomspace(0.1, 10, 20)[:, None],
    "two tied far ahead": lambda r: r.normal(size=(20, 5)) - np.r_[0, 0, [50] * 18][:, None],
    "two tied a little ahead": lambda r: r.normal(size=(20, 5)) - np.r_[0, 0, [3] * 18][:, None],
    "two alike": lambda r: r.normal(size=(2, 5)),
    "three seeds": lambda r: r.normal(size=(20, 3)),
}
SWEEPS = 1500


@pytest.mark.parametrize("null", NULLS)
def test_a_difference_is_claimed_by_chance_in_at_most_one_sweep_in_twenty(null):
    random = np.random.default_rng(5)
    found = np.array([claims(NULLS[null](random)) for _ in range(SWEEPS)])
    wrong, covered = found.mean(0)
    noise = 2.5 * math.sqrt(LEVEL * (1 - LEVEL) / SWEEPS)
    assert wrong <= LEVEL + noise
    assert covered >= 1 - LEVEL - noise
    if null.startswith("twenty"):
        assert wrong <= 0.02


def test_a_real_difference_is_found():
    random = np.random.default_rng(1)
    ahead = np.r_[3.0, np.zeros(19)][:, None]
    found = [claims(random.normal(size=(20, 10)) + ahead)[0] for _ in range(200)]
    assert np.mean(found) > 0.9
