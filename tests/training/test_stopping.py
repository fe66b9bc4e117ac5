"""Early stopping: exact epochs."""

import math

import pytest

from runner.training.settings import EarlyStopping
from runner.training.stopping import Stopping


def stop_at(values, **rule):
    """(epoch of the stop or None, best epoch) of a curve that begins with epoch 0."""
    rule, stopping = EarlyStopping(**rule), Stopping()
    for epoch, value in enumerate(values):
        stopping.update(rule, epoch, value)
        if stopping.exhausted(rule):
            return epoch, stopping.best_epoch
    return None, stopping.best_epoch


@pytest.mark.parametrize(
    ("values", "rule", "expected"),
    [
        ([3, 2, 1, 1.5, 1.2, 1.1], {"patience": 3}, (5, 2)),
        ([3, 2, 1, 1.5, 0.5, 1.1], {"patience": 3}, (None, 4)),
        ([3, 2, 1, 1.5, 1.2], {"patience": 1}, (3, 2)),
        ([3, 2, 2, 2], {"patience": 0}, (2, 1)),
        ([3, 2, 1, 1, 1, 1], {"patience": None}, (None, 2)),
        ([1.0, 0.95, 0.9, 0.85], {"patience": 2, "min_delta": 0.2}, (2, 0)),
        ([1.0, 0.95, 0.9, 0.75], {"patience": 3, "min_delta": 0.2}, (None, 3)),
        ([0.1, 0.5, 0.4, 0.3], {"patience": 2, "monitor": "val/accuracy"}, (3, 1)),
        ([0.1, 0.5, 0.4, 0.3], {"patience": 5, "monitor": "val/loss", "mode": "max"}, (None, 1)),
        ([2, 1, math.nan, math.nan], {"patience": 2}, (3, 1)),
        ([-math.inf, -math.inf, -math.inf], {"patience": 5, "monitor": "val/r2"}, (None, 2)),
        ([-math.inf, -math.inf, 0.5, 0.4], {"patience": 5, "monitor": "val/r2"}, (None, 2)),
        ([0.1, 0.5, 0.4, 0.3], {"patience": 2, "monitor": "val/roc_auc"}, (3, 1)),
        ([0.1, 0.5, 0.4, 0.3], {"patience": 2, "monitor": "train/ece"}, (2, 0)),
        ([1, 5, 4, 3, 3, 3], {"patience": 2, "warmup": 2}, (5, 3)),
        ([1, 5, 4, 4.5, 5, 3], {"patience": 2, "warmup": 2}, (4, 2)),
        ([1, 2, 3, 4, 5], {"patience": 1, "warmup": 4}, (None, 4)),
        ([1, 2, 3, 4, 5], {"patience": 1, "warmup": 9}, (None, 4)),
        ([3, 2, 1, 1.5, 1.2, 1.1], {"patience": 3, "warmup": 1}, (5, 2)),
        ([1, 2, math.nan, 4, 5], {"patience": 2, "warmup": 2}, (None, 3)),
    ],
)
def test_where_it_stops(values, rule, expected):
    assert stop_at(values, **rule) == expected


def test_without_a_value_the_last_epoch_is_best():
    assert stop_at([None, None, None], patience=None) == (None, 2)
