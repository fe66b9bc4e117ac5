"""The interval of a share: scipy's, and always one of probabilities."""

import pytest
from scipy import stats

from runner.diagnostics.interval import wilson


@pytest.mark.parametrize(
    ("right", "n"), [(21, 22), (0, 22), (22, 22), (10, 10), (2, 4), (0, 7), (253, 270), (9054, 10_000)]
)
def test_wilsons_interval_is_scipys(right, n):
    expected = stats.binomtest(right, n).proportion_ci(method="wilson")
    assert wilson(right / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("share", "n"), [(0.0, 27), (0.0, 38), (1.0, 16)])
def test_wilsons_interval_is_of_probabilities(share, n):
    """Where rounding would make an end -7e-18 or 1 + 2e-16."""
    low, high = wilson(share, n)
    assert 0 <= low < high <= 1
