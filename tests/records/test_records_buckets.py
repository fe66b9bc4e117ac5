"""Histograms of numbers of any size."""

import numpy as np
import pytest

from runner.figures.draw.layers import weight_histograms
from runner.records import events
from runner.records.buckets import buckets


@pytest.mark.parametrize(
    "values",
    [[1e20], [1e17] * 4, [-1e308, 1e308], [1.6e308], [1e20, np.nextafter(1e20, 2e20)], [5e-324, 0.0], [0.0], [0.0] * 9],
)
def test_numbers_of_any_size_are_counted(values):
    """numpy.histogram raises, or overflows, on each but the last two."""
    counts, edges = buckets(np.array(values), 30)
    assert counts.sum() == len(values) and np.isfinite(edges).all() and (np.diff(edges) >= 0).all()
    assert edges[0] <= min(values) and max(values) <= edges[-1]
    assert events.histogram("w", 0, np.array(values))
    if max(values) < 1e300:  # from there matplotlib has no ticks for an axis
        assert weight_histograms({"layer 1": np.array(values)})[:4] == b"\x89PNG"


def test_usual_numbers_are_counted_as_numpy_does():
    values = np.random.default_rng(0).standard_normal(1000)
    counts, edges = buckets(values, 30)
    expected, expected_edges = np.histogram(values, 30)
    assert np.abs(counts - expected).sum() <= 2 and counts.sum() == 1000  # an edge may be rounded otherwise
    np.testing.assert_allclose(edges, expected_edges, rtol=1e-12, atol=1e-15)
