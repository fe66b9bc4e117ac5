"""Properties of splitting: disjoint, complete, stratified to within rounding, deterministic, nested."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runner.data.sources.base import RawTable, Source
from runner.data.splits.split import apportion, ranks, split, stratified_order
from runner.errors import ConfigError, DataError

fractions = st.sampled_from([0.0, 0.1, 0.15, 0.25, 0.4])
seeds = st.integers(0, 2**63 - 1)
class_counts = st.lists(st.integers(2, 60), min_size=2, max_size=8)


def table(counts, parts=None, shuffle=1):
    """A table with counts[c] rows of class c in random order; `parts` marks rows as train, val, test."""
    target = np.random.default_rng(shuffle).permutation(np.repeat(np.arange(len(counts)), counts))
    labels = [f"class {c}" for c in range(len(counts))]
    marks = None if parts is None else np.array(parts, object)
    return RawTable(np.zeros((len(target), 1)), target, "classification", ["x"], "", labels=labels, split=marks)


def possible(counts, val, test):
    """Whether both parts get rows, and every class keeps one."""
    n = sum(counts)
    sizes = [round(f * n) for f in (val, test) if f > 0]
    return 0 not in sizes and sum(sizes) <= n - len(counts)


@given(class_counts, fractions, fractions, seeds)
def test_parts_are_disjoint_complete_and_of_the_size_asked_for(counts, val, test, seed):
    assume(possible(counts, val, test))
    parts = split(table(counts), Source(val_fraction=val, test_fraction=test, split_seed=seed))
    n = sum(counts)
    together = np.concatenate([parts.train, parts.val, parts.test])
    np.testing.assert_array_equal(np.sort(together), np.arange(n))
    assert (len(parts.val), len(parts.test)) == (round(val * n), round(test * n))
    assert all(np.all(np.diff(part) > 0) and part.dtype == np.int64 for part in (parts.train, parts.val, parts.test))


@given(st.lists(st.integers(10, 60), min_size=2, max_size=8), fractions, fractions, seeds)
def test_every_class_has_its_share_rounded_up_or_down(counts, val, test, seed):
    assume(possible(counts, val, test))
    data = table(counts)
    parts = split(data, Source(val_fraction=val, test_fraction=test, split_seed=seed))
    for rows, fraction in ((parts.val, val), (parts.test, test)):
        found = np.bincount(data.target[rows], minlength=len(counts))
        assert np.all(np.abs(found - fraction * np.array(counts)) < 1 + 1e-9)


@given(class_counts, fractions, fractions, seeds)
def test_every_class_is_trained_on(counts, val, test, seed):
    assume(possible(counts, val, test))
    data = table(counts)
    parts = split(data, Source(val_fraction=val, test_fraction=test, split_seed=seed))
    assert set(data.target[parts.train]) == set(range(len(counts)))


@given(seeds)
def test_same_seed_same_split_and_another_seed_another(seed):
    data = table([40, 40])
    first, again, other = (split(data, Source(split_seed=s)) for s in (seed, seed, seed + 1))
    np.testing.assert_array_equal(first.train, again.train)
    np.testing.assert_array_equal(first.val, again.val)
    assert not np.array_equal(first.test, other.test)


def test_the_split_of_a_seed_is_pinned():
    """Published results depend on it: a change of these numbers is a change of every split."""
    parts = split(table([6, 6]), Source(split_seed=0, val_fraction=0.25, test_fraction=0.25))
    assert (parts.val.tolist(), parts.test.tolist()) == ([0, 2, 7], [1, 3, 11])


@given(seeds, st.sampled_from([None, 5, 20, 0.3, 0.9]), st.sampled_from([0.0, 0.1, 0.3]))
def test_the_test_set_depends_on_the_seed_only(seed, train_size, val):
    data = table([30, 50, 20])
    expected = split(data, Source(split_seed=seed)).test
    changed = split(data, Source(split_seed=seed, train_size=train_size, val_fraction=val)).test
    np.testing.assert_array_equal(changed, expected)


@given(class_counts, st.data(), seeds)
def test_smaller_training_sets_are_nested_and_stratified(counts, data, seed):
    whole = table(counts)
    everything = {"val_fraction": 0.0, "test_fraction": 0.0, "split_seed": seed}
    large = data.draw(st.integers(1, sum(counts)))
    small = data.draw(st.integers(1, large))
    big, little = (split(whole, Source(train_size=size, **everything)).train for size in (large, small))
    assert (len(big), len(little)) == (large, small)
    assert set(little) <= set(big)
    found = np.bincount(whole.target[little], minlength=len(counts))
    assert np.all(np.abs(found - small * np.array(counts) / sum(counts)) < 1)


def test_train_size_as_a_share():
    data = table([60, 40])
    assert len(split(data, Source(train_size=0.5)).train) == 35
    assert len(split(data, Source(train_size=70)).train) == 70
    assert len(split(data, Source(train_size=1.0)).train) == 70
    assert len(split(data, Source(train_size=1)).train) == 1


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200))
def test_stratified_order_keeps_every_prefix_within_one(codes):
    classes = np.array(codes)
    order = stratified_order(classes)
    assert sorted(order) == list(range(len(classes)))
    shares = np.bincount(classes) / len(classes)
    hits = np.cumsum(classes[order][:, None] == np.arange(len(shares)), axis=0)
    expected = np.arange(1, len(classes) + 1)[:, None] * shares
    assert np.abs(hits - expected).max() < 1


@given(st.lists(st.integers(0, 4), max_size=50))
def test_ranks_count_earlier_rows_of_the_class(codes):
    expected = [codes[:i].count(code) for i, code in enumerate(codes)]
    assert ranks(np.array(codes, np.int64)).tolist() == expected


def test_apportion_by_hand():
    limits, ties = np.array([9, 9, 9]), np.array([2, 0, 1])
    assert apportion(5, np.array([1.2, 1.7, 2.1]), limits, ties).tolist() == [1, 2, 2]
    assert apportion(4, np.array([1.5, 1.5, 1.0]), limits, ties).tolist() == [1, 2, 1]  # a tie goes by `ties`
    assert apportion(5, np.array([1.2, 1.7, 2.1]), np.array([9, 1, 9]), ties).tolist() == [2, 1, 2]


def test_regression_is_split_at_random():
    data = RawTable(np.zeros((40, 1)), np.linspace(0, 1, 40), "regression", ["x"], "")
    parts = split(data, Source(val_fraction=0.25, test_fraction=0.25, train_size=10))
    assert (len(parts.train), len(parts.val), len(parts.test)) == (10, 10, 10)
    assert len(np.unique(np.concatenate([parts.train, parts.val, parts.test]))) == 30


def test_marked_parts_are_respected():
    marks = ["train"] * 20 + ["test"] * 6 + ["val"] * 4
    parts = split(table([15, 15], marks), Source())
    assert parts.train.tolist() == list(range(20))
    assert parts.test.tolist() == list(range(20, 26))
    assert parts.val.tolist() == list(range(26, 30))


def test_a_part_that_is_not_marked_is_cut_from_train():
    marks = ["train"] * 100 + ["test"] * 20
    parts = split(table([60, 60], marks), Source(val_fraction=0.2, test_fraction=0.9))
    assert parts.test.tolist() == list(range(100, 120))
    assert len(parts.val) == 20
    np.testing.assert_array_equal(np.sort(np.concatenate([parts.train, parts.val])), np.arange(100))


def test_no_validation_rows_only_if_none_are_asked_for():
    assert len(split(table([10, 10]), Source(val_fraction=0.0)).val) == 0
    with pytest.raises(DataError, match=r"val_fraction=0\.01 of 20 rows is no row at all.*set it to 0"):
        split(table([10, 10]), Source(val_fraction=0.01))


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (
            {"val_fraction": 0.5, "test_fraction": 0.5},
            ConfigError,
            r"val_fraction = 0\.5 and .*test_fraction = 0\.5.*must be < 1",
        ),
        ({"train_size": 15}, ConfigError, r"train_size=15 is more than the 14 training rows"),
        ({"train_size": 2.5}, ConfigError, r"train_size=2\.5 must be a share up to 1.0 or a whole number"),
        ({"train_size": 0.01}, ConfigError, r"train_size=0\.01 of 14 training rows is no row"),
        ({"val_fraction": 0.5, "test_fraction": 0.45}, DataError, r"2 must stay to train on"),
    ],
)
def test_what_cannot_be_met_is_refused(keys, error, message):
    with pytest.raises(error, match=message) as caught:
        split(table([10, 10]), Source(**keys))
    assert caught.value.exit_code == 2


def test_a_single_row_will_do_where_nothing_is_cut():
    assert len(split(table([10, 1]), Source(val_fraction=0.0, test_fraction=0.0)).train) == 11


def test_a_class_outside_the_training_split_is_refused():
    data = table([10, 2])
    data.split = np.where(data.target == 1, "test", "train").astype(object)
    with pytest.raises(DataError, match=r"class 'class 1' of 'target' has no row in the training split"):
        split(data, Source(val_fraction=0.0))
