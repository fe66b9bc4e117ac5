"""Outer folds of nested cross-validation: each row is the test once, and the inner splits never see it."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from runner.data.sources.base import RawTable, Source
from runner.data.splits.split import split
from runner.errors import ConfigError


def table(counts=(60, 45, 30), **more):
    """Classes of these sizes."""
    target = np.repeat(np.arange(len(counts)), counts)
    names = [str(i) for i in range(len(counts))]
    x = np.arange(len(target), dtype=float)[:, None]
    return RawTable(x, target, "classification", ["x"], "0" * 64, labels=names, **more)


def splits(outer):
    return [split(table(), Source(test_folds=outer, test_fold=k)) for k in range(outer)]


def test_each_row_is_the_test_once_and_the_sizes_are_those_of_scikit_learn():
    tests = [each.test for each in splits(5)]
    assert np.array_equal(np.sort(np.concatenate(tests)), np.arange(135))
    classes = table().target
    theirs = [rows for _, rows in StratifiedKFold(5, shuffle=True, random_state=0).split(classes, classes)]
    assert sorted(map(len, tests)) == sorted(map(len, theirs))
    for code in range(3):
        ours, other = ([int(np.sum(classes[rows] == code)) for rows in each] for each in (tests, theirs))
        assert sorted(ours) == sorted(other)


def test_inner_folds_deal_out_the_rest_once_each_and_none_of_the_test():
    for k in range(4):
        inner = [split(table(), Source(test_folds=4, test_fold=k, folds=3, fold=f)) for f in range(3)]
        rest = np.setdiff1d(np.arange(135), inner[0].test)
        assert np.array_equal(np.sort(np.concatenate([each.val for each in inner])), rest)
        for each in inner:
            assert np.array_equal(each.test, inner[0].test)
            assert np.array_equal(np.sort(np.concatenate([each.train, each.val])), rest)


def test_without_inner_folds_a_fraction_of_the_rest_validates():
    found = split(table(), Source(test_folds=5, test_fold=2, val_fraction=0.25))
    assert (len(found.test), len(found.val), len(found.train)) == (27, 27, 81)


def test_another_seed_deals_out_other_folds_and_the_same_seed_the_same():
    first, again, other = (
        split(table(), Source(test_folds=5, test_fold=0, split_seed=seed)).test for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_groups_stay_whole_in_outer_folds():
    groups = np.arange(135) // 5
    tests = [split(table(groups=groups, group_name="g"), Source(test_folds=3, test_fold=k)).test for k in range(3)]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not set(groups[tests[a]]) & set(groups[tests[b]])
    assert np.array_equal(np.sort(np.concatenate(tests)), np.arange(135))


@pytest.mark.parametrize(
    "keys, said",
    [
        ({"test_folds": 5}, "dataset.test_fold = null: one of the 5 folds is the test; allowed: 0 to 4"),
        ({"test_folds": 5, "test_fold": 5}, "dataset.test_fold = 5: one of the 5 folds is the test"),
        ({"test_fold": 1}, "dataset.test_folds = null: there are none; set dataset.test_folds too, such as 5"),
    ],
)
def test_a_fold_that_is_not_there_is_refused_with_a_way_out(keys, said):
    assert any(said in text for _, text in Source(**keys).contradictions())


def test_more_folds_than_rows_of_a_class_and_a_table_with_its_own_test_are_refused():
    with pytest.raises(
        ConfigError, match=r"dataset.test_folds=31: class '2'.*only 30 rows.*Use at most dataset.test_folds=30"
    ):
        split(table(), Source(test_folds=31, test_fold=0))
    marks = np.where(np.arange(135) % 5 == 0, "test", "train")
    with pytest.raises(ConfigError, match=r"the table marks 27 rows as its test itself"):
        split(table(split=marks), Source(test_folds=5, test_fold=0))
