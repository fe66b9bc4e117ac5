"""Bins and expected calibration error on numbers worked out by hand, and on labels drawn from the probabilities."""

import numpy as np
import pytest

from runner.figures.calibration import calibration


def test_by_hand():
    """Confidences .6, .6 (one right), .9 (right) in two bins of (0, .5], (.5, 1]; then in ten."""
    p = np.array([[0.6, 0.4], [0.4, 0.6], [0.9, 0.1]])
    two = calibration(p, np.array([0, 0, 0]), bins=2)
    assert two.counts.tolist() == [0, 3]
    assert np.isnan(two.accuracy[0]) and two.accuracy[1] == pytest.approx(2 / 3)
    assert two.confidence[1] == pytest.approx(0.7)
    assert two.ece == pytest.approx(0.7 - 2 / 3)
    assert calibration(p, np.array([0, 0, 0]), bins=10).ece == pytest.approx((2 * 0.1 + 0.1) / 3)


def test_an_edge_belongs_to_the_bin_below_it():
    assert calibration(np.array([[0.5, 0.5], [1.0, 0.0]]), np.zeros(2), bins=2).counts.tolist() == [1, 1]


def test_labels_drawn_from_the_probabilities_are_calibrated_and_sharpened_ones_are_not():
    random = np.random.default_rng(0)
    p = random.dirichlet([1.0, 1.0, 1.0], 20_000)
    y = (random.random((len(p), 1)) > p.cumsum(1)).sum(1)
    assert calibration(p, y).ece < 0.01
    sharp = p**3 / (p**3).sum(1, keepdims=True)
    found = calibration(sharp, y)
    assert found.ece == pytest.approx(sharp.max(1).mean() - (p.argmax(1) == y).mean(), abs=0.02) and found.ece > 0.1
