"""Every rule of a verdict, on numbers made to hold, to fail and to be unsettled."""

import math

import pytest
from scipy import stats

from runner.claims import rules
from runner.claims.rules import FAILS, HOLDS, OPEN, Estimate, above, below, exact, mean, verdict_of, within

HIGH, LOW, WIDE = (Estimate(v, v - h, v + h, "5 seeds") for v, h in ((1.0, 0.2), (-1.0, 0.2), (0.1, 0.5)))
FEW = mean([1.0, 2.0], "2 seeds")


@pytest.mark.parametrize(
    ("finding", "verdict"),
    [
        (above("x", HIGH), HOLDS),
        (above("x", LOW), FAILS),
        (above("x", WIDE), OPEN),
        (above("x", FEW), OPEN),
        (above("x", HIGH, 0.9), OPEN),
        (above("x", HIGH, 2), FAILS),
        (above("x", exact(0.0)), FAILS),
        (below("x", LOW), HOLDS),
        (below("x", HIGH), FAILS),
        (below("x", WIDE), OPEN),
        (below("x", HIGH, 1.5), HOLDS),
        (within("x", HIGH, 0, 2), HOLDS),
        (within("x", HIGH, -2, 0), FAILS),
        (within("x", HIGH, 0, 1), OPEN),
        (within("x", FEW, 0, 9), OPEN),
        (rules.digits("x", 0.24144, 0.2414, 4), HOLDS),
        (rules.digits("x", 0.24146, 0.2414, 4), FAILS),
        (rules.digits("x", math.nan, 0.2414, 4), FAILS),
        (rules.none("x", 0, 5, "runs"), HOLDS),
        (rules.none("x", 1, 5, "runs"), FAILS),
        (rules.none("x", 0, 0, "runs"), OPEN),
        (rules.published("x", HIGH, 0.9), HOLDS),
        (rules.published("x", HIGH, 1.3), FAILS),
        (rules.published("x", HIGH, 1.15, 1.3), HOLDS),
        (rules.published("x", FEW, 1.5), OPEN),
        (rules.published("x", HIGH, 7, comparable=False), None),
        (rules.shown("x", HIGH), None),
    ],
)
def test_a_rule_compares_the_whole_interval_with_what_the_claim_says(finding, verdict):
    assert finding.verdict == verdict


STEEP = [[0.0, 0.1, -0.1], [1.0, 1.2, 0.9], [2.0, 2.1, 2.3], [3.2, 3.0, 3.1]]
FLAT = [[0.0, 1.0, -1.0], [0.5, -0.4, 0.1], [-1.0, 0.2, 1.1], [0.3, -0.8, 0.5]]
HILL = [[0.0, 0.01, -0.01, 0.0], [5.0, 5.01, 4.99, 5.02], [3.0, 3.01, 3.02, 2.99], [6.0, 6.02, 6.01, 5.99]]


@pytest.mark.parametrize(
    ("series", "rising", "falling"), [(STEEP, HOLDS, FAILS), (FLAT, OPEN, OPEN), (HILL, FAILS, FAILS)]
)
def test_a_trend_holds_if_the_slope_is_certain_and_no_step_certainly_goes_the_other_way(series, rising, falling):
    down = [[-v for v in values] for values in series]
    assert rules.rises("x", series, "3 seeds").verdict == rules.falls("x", down, "3 seeds").verdict == rising
    assert rules.falls("x", series, "3 seeds").verdict == falling


def test_the_step_that_goes_the_other_way_is_named():
    assert "step 2 of 3" in rules.rises("x", HILL, "4 seeds").rule


def test_a_slope_is_that_of_least_squares():
    found = rules.slope([[1.0, 2.0, 0.0], [3.0, 2.5, 1.0], [3.5, 6.0, 4.0]], "3 seeds")
    slopes = [stats.linregress(range(3), y).slope for y in ((1, 3, 3.5), (2, 2.5, 6), (0, 1, 4))]
    assert found.value == pytest.approx(sum(slopes) / 3, abs=1e-14)
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 2, found.value, stats.sem(slopes)))


def test_the_interval_of_a_mean_is_students():
    values = [0.3, 0.7, 0.4, 0.9]
    found = mean(values, "4 seeds")
    expected = stats.t.interval(0.95, 3, loc=sum(values) / 4, scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("count", "n"), [(0, 10), (3, 10), (10, 10), (40, 1000)])
def test_the_interval_of_a_share_is_wilsons(count, n):
    found = rules.share(count, n, "runs")
    expected = stats.binomtest(count, n).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("n", "settled"), [(5, OPEN), (6, HOLDS)])
def test_equal_values_settle_a_question_only_where_there_are_six(n, settled):
    assert above("x", mean([0.1] * n, "seeds")).verdict == settled


@pytest.mark.parametrize(
    ("verdicts", "whole"),
    [
        ((HOLDS, HOLDS), HOLDS),
        ((HOLDS, FAILS, OPEN), FAILS),
        ((HOLDS, OPEN), OPEN),
        ((HOLDS, None), HOLDS),
        ((None,), OPEN),
    ],
)
def test_a_claim_holds_if_all_that_decides_does(verdicts, whole):
    assert verdict_of([rules.Finding("x", HIGH, "", each) for each in verdicts]) == whole


@pytest.mark.parametrize(
    ("estimate", "places", "text"),
    [
        (Estimate(0.12345, 0.12, 0.127, "5 seeds"), None, "0.1235 [0.1200, 0.1270] (5 seeds)"),
        (Estimate(-551.2, -620.0, -480.0, "5 seeds"), None, "-551 [-620, -480] (5 seeds)"),
        (exact(-1e-9), 4, "0.0000 (exact)"),
        (Estimate(0.5, None, None, "2 seeds"), None, "0.50 (2 seeds: too few for an interval)"),
    ],
)
def test_a_number_is_shown_with_two_digits_of_its_interval(estimate, places, text):
    assert rules.shown("x", estimate, places).text == text
