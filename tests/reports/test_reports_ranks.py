"""Average ranks over data sets against scipy, and the example of Demsar (2006), tables 6 and 5."""

import math

import pytest
from scipy import stats

from runner.reports.across import diagram, groups
from runner.reports.ranks import average_ranks, f_outside, range_quantile, ranks

DEMSAR = [  # AUC of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets
    [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
    [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
    [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
    [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
    [0.972, 0.981, 0.9751, 0.975], [0.957, 0.978, 0.946, 0.970],
]  # fmt: skip
NAMES = ("C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf")


def test_the_example_of_demsar():
    found = average_ranks(DEMSAR, NAMES, maximize=True)
    assert dict(zip(found.names, found.average, strict=True)) == pytest.approx(
        {"C4.5": 3.143, "C4.5+m": 2.000, "C4.5+cf": 2.893, "C4.5+m+cf": 1.964}, abs=5e-4
    )
    assert found.difference == pytest.approx(1.25, abs=5e-3)
    assert found.same == pytest.approx(stats.f.sf(3.69, 3, 39), rel=0.02)


@pytest.mark.parametrize("k", [2, 3, 5, 10])
def test_the_quantile_of_the_range_is_that_of_scipy(k):
    assert range_quantile(k) == pytest.approx(stats.studentized_range.ppf(0.95, k, math.inf), rel=1e-6)


@pytest.mark.parametrize(("value", "first", "second"), [(2.5, 3, 12), (0.3, 1, 1), (9.28, 3, 39), (4, 1, 7)])
def test_the_tail_of_f_is_that_of_scipy(value, first, second):
    assert f_outside(value, first, second) == pytest.approx(stats.f.sf(value, first, second), rel=1e-5)


def test_equal_values_share_the_mean_of_their_ranks():
    values = [3.0, 1.0, 3.0, 2.0, 3.0]
    assert ranks(values) == list(stats.rankdata(values))


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([[1.0, 2.0]] * 8, "Friedman p = 0.0078): a is ahead of b."),
        ([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [2.0, 1.0]], "none are told apart."),
        ([[1.0, 2.0], [1.0, 2.0]], "Fewer than 3 tell nothing."),
    ],
)
def test_what_the_ranks_say_holds_fails_or_is_not_settled(table, says):
    assert average_ranks(table, ("a", "b"), maximize=False).text.endswith(says)


def test_the_diagram_joins_what_is_not_told_apart():
    found = average_ranks(DEMSAR, NAMES, maximize=True)
    assert groups(found) == [(found.average[0], found.average[3])]
    apart = average_ranks([[1.0, 2.0, 3.0, 4.0]] * 20, NAMES, maximize=False)
    assert groups(apart) == [(1.0, 2.0), (2.0, 3.0), (3.0, 4.0)]
    drawn = diagram(found)
    assert drawn.count('stroke-width="5"') == 1 and all(name in drawn for name in NAMES)
