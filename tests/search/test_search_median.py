"""The median rule on curves that are known, and beside Optuna's own."""

import random
import statistics

import pytest
from simulated import standing, trained

from runner.search.median import Median

FLAT = [[float(i)] * 11 for i in range(12)]


def median(every=2, warmup=0, startup=5, maximize=False, total=10):
    return Median(["val/loss"], maximize, total, every, warmup, startup)


def test_at_each_comparison_those_worse_than_the_median_of_the_others_end():
    assert trained(median(every=6), FLAT) == [10] * 6 + [6] * 6
    assert trained(median(every=6, maximize=True), FLAT) == [6] * 6 + [10] * 6
    assert trained(median(), FLAT) == [10] * 3 + [4] * 3 + [2] * 6  # then three have but two others


def test_nobody_is_compared_with_fewer_others_than_are_asked_for():
    assert trained(median(startup=12), FLAT) == [10] * 12
    assert trained(median(startup=1), FLAT) == [10, 8, 6, 4, 4, 4, *[2] * 6]


def test_the_first_comparison_comes_after_the_warm_up():
    assert [epoch for epoch in range(1, 10) if median(every=3, warmup=4).is_checked(epoch)] == [4, 7]
    assert [epoch for epoch in range(1, 10) if median(every=4).is_checked(epoch)] == [4, 8]
    assert trained(median(every=3, warmup=4), FLAT)[-1] == 4


def test_one_that_has_diverged_is_worse_than_any_median_and_no_part_of_one():
    search = median(startup=2)
    trials = [standing(curve, 2) for curve in ([3.0] * 11, [4.0] * 11, [5.0] * 11)]
    lost = standing([1.0, None], 1)
    assert not search.worse(1, 2, [*trials, lost])
    assert search.worse(3, 2, [*trials, lost])


def test_those_that_ended_before_are_compared_with_as_far_as_they_came():
    search, mine = median(startup=1), standing([9.0] * 11, 4)
    early = standing([1.0] * 3, 2)  # stopped early after two epochs
    pruned = standing([1.0] * 11, 2, pruned=True)
    assert search.worse(0, 4, [mine, early])
    assert not search.worse(0, 4, [mine, pruned])


@pytest.mark.parametrize("seed", range(10))
def test_of_one_trial_beside_others_that_have_ended_it_decides_as_optunas(seed):
    """MedianPruner compares the best value so far with the median of the others' values at the same step."""
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    draws = random.Random(seed)
    warmup, every, startup = draws.choice([0, 2, 5]), draws.choice([1, 2, 3]), draws.choice([1, 3, 5])
    curves = [sorted((draws.gauss(0, 1) for _ in range(11)), reverse=True) for _ in range(7)]  # each is its best so far
    pruner = optuna.pruners.MedianPruner(startup, warmup, every)
    study = optuna.create_study(pruner=pruner)
    for curve in curves[:6]:
        study.add_trial(optuna.trial.create_trial(value=curve[-1], intermediate_values=dict(enumerate(curve[1:], 1))))
    trial, theirs = study.ask(), 10
    for epoch in range(1, 10):
        trial.report(curves[6][epoch], epoch)
        if median(every, warmup, startup).is_checked(epoch) and trial.should_prune():
            theirs = epoch
            break
    done = [standing(curve, 10) for curve in curves[:6]]
    search = median(every, warmup, startup)
    ours = next(
        (e for e in range(1, 10) if search.is_checked(e) and search.worse(6, e, [*done, standing(curves[6], e)])), 10
    )
    assert ours == theirs
    assert statistics.median([curve[1] for curve in curves[:6]]) > min(curve[1] for curve in curves)
