"""Whole groups in splits and folds; folds without groups as even as can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.data.sources.base import RawTable, Source
from runner.data.splits.groups import assign
from runner.data.splits.split import split
from runner.errors import ConfigError, DataError

seeds = st.integers(0, 2**63 - 1)


def table(classes, groups=None, parts=None, task="classification"):
    classes = np.asarray(classes)
    labels = [f"class {c}" for c in range(int(classes.max()) + 1)] if task == "classification" else None
    names = None if groups is None else np.array([f"g{g}" for g in groups], object)
    marks = None if parts is None else np.array(parts, object)
    kind = {"labels": labels, "split": marks, "groups": names, "group_name": "who", "target_name": "y"}
    return RawTable(np.zeros((len(classes), 1)), classes, task, ["x"], "", **kind)


def shuffled(counts, seed=1):
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))


@given(st.lists(st.integers(8, 40), min_size=2, max_size=5), st.integers(2, 6), seeds, st.sampled_from([0.0, 0.2]))
def test_every_row_validates_once_and_folds_are_even(counts, folds, seed, test):
    data = table(shuffled(counts))
    cuts = [
        split(data, Source(folds=folds, fold=f, split_seed=seed, test_fraction=test, val_fraction=0.9 - test))
        for f in range(folds)
    ]
    plain = split(data, Source(split_seed=seed, test_fraction=test, val_fraction=0.1))
    for cut in cuts:
        np.testing.assert_array_equal(cut.test, plain.test)
        together = np.concatenate([cut.train, cut.val, cut.test])
        np.testing.assert_array_equal(np.sort(together), np.arange(len(data.target)))
    np.testing.assert_array_equal(
        np.sort(np.concatenate([cut.val for cut in cuts])), np.sort(np.r_[plain.train, plain.val])
    )
    by_class = np.array([np.bincount(data.target[cut.val], minlength=len(counts)) for cut in cuts])
    assert np.ptp(by_class, axis=0).max() <= 1
    assert np.ptp(by_class.sum(axis=1)) <= 1


def test_folds_of_numbers_and_of_marked_rows():
    data = table(np.linspace(0, 1, 20), parts=["train"] * 12 + ["val"] * 3 + ["test"] * 5, task="regression")
    cuts = [split(data, Source(folds=3, fold=f)) for f in range(3)]
    assert [len(cut.val) for cut in cuts] == [5, 5, 5]
    assert all(cut.test.tolist() == list(range(15, 20)) for cut in cuts)
    assert sorted(np.concatenate([cut.val for cut in cuts])) == list(range(15))


def test_more_folds_than_rows_of_a_class():
    data = table(shuffled([30, 6]))
    with pytest.raises(
        ConfigError, match=r"dataset\.folds=8: class 'class 1' of 'y', the smallest, has only 5 rows .*=5,"
    ):
        split(data, Source(folds=8, fold=0))
    with pytest.raises(ConfigError, match=r"dataset\.folds=30: the table has only 17 rows outside the test split"):
        split(table(np.linspace(0, 1, 20), task="regression"), Source(folds=30, fold=0))


def test_folds_without_a_fold_and_folds_that_are_not_there():
    data = table(shuffled([30, 30]))
    with pytest.raises(ConfigError, match=r"dataset\.folds=4: a run validates on one fold.*dataset\.fold=0 to 3"):
        split(data, Source(folds=4))
    with pytest.raises(ConfigError, match=r"dataset\.fold = 4: there are 4 folds, counted from 0; allowed: 0 to 3"):
        split(data, Source(folds=4, fold=4))
    assert [text for _, text in Source(fold=1).contradictions()] == [
        "dataset.fold = 1: dataset.folds = null: there are none; set dataset.folds too, such as 5"
    ]


def grouped(seed, groups=40):
    random = np.random.default_rng(seed)
    sizes = random.integers(1, 30, groups)
    group = np.repeat(np.arange(groups), sizes)
    classes = (random.random(len(group)) < np.repeat(random.choice([0.2, 0.5, 0.8], groups), sizes)).astype(np.int64)
    return classes, group


@given(st.integers(0, 1000), seeds)
def test_groups_stay_whole_and_parts_are_near_their_shares(seed, split_seed):
    classes, group = grouped(seed)
    cut = split(table(classes, group), Source(split_seed=split_seed, val_fraction=0.2, test_fraction=0.2))
    sides = [set(group[part]) for part in (cut.train, cut.val, cut.test)]
    assert sum(map(len, sides)) == len(set(group))
    for part, share in ((cut.val, 0.2), (cut.test, 0.2), (cut.train, 0.6)):
        found = np.bincount(classes[part], minlength=2) / np.bincount(classes)
        np.testing.assert_allclose(found, share, atol=0.12)


@given(st.integers(0, 1000), seeds, st.integers(2, 5))
def test_groups_in_folds(seed, split_seed, folds):
    classes, group = grouped(seed)
    data = table(classes, group)
    cuts = [split(data, Source(folds=folds, fold=f, split_seed=split_seed)) for f in range(folds)]
    for cut in cuts:
        assert not set(group[cut.val]) & set(group[cut.train])
        assert not set(group[cut.test]) & set(group[np.r_[cut.val, cut.train]])
    validated = np.concatenate([cut.val for cut in cuts])
    assert len(validated) == len(set(validated)) == len(group) - len(cuts[0].test)


def test_groups_are_as_stratified_as_scikit_learns():
    from sklearn.model_selection import StratifiedGroupKFold

    def spread(folds, classes):
        return np.std([classes[fold].mean() for fold in folds]) + np.std([len(fold) for fold in folds]) / len(classes)

    ours, theirs = [], []
    for seed in range(20):
        classes, group = grouped(seed)
        number = assign(group, classes, np.full(5, 0.2), np.ones(5, np.int64), 0)
        ours.append(spread([np.flatnonzero(number == f) for f in range(5)], classes))
        reference = StratifiedGroupKFold(5).split(classes, classes, group)
        theirs.append(spread([test for _, test in reference], classes))
    assert np.mean(ours) < np.mean(theirs)


@pytest.mark.parametrize("sizes", [[98, 1, 1], [40, 40, 40], [5, 50, 5]])
def test_three_groups_make_three_parts(sizes):
    group = np.repeat(np.arange(3), sizes)
    cut = split(table(np.arange(len(group)) % 2, group), Source())
    assert all(len(set(group[part])) == 1 for part in (cut.train, cut.val, cut.test)) or min(sizes) == 1


def test_groups_too_few():
    group, classes = np.repeat([0, 1], 30), np.arange(60) % 2
    with pytest.raises(ConfigError, match=r"dataset\.group=who: test and val and train need 3 groups at least.*are 2"):
        split(table(classes, group), Source())
    with pytest.raises(ConfigError, match=r"dataset\.group=who: 5 folds need 5 groups at least.* are 2"):
        split(table(classes, group), Source(folds=5, fold=0, test_fraction=0))
    assert len(split(table(classes, group), Source(val_fraction=0.5, test_fraction=0)).train) == 30


def test_a_class_in_one_group_is_trained_on():
    group = np.repeat(np.arange(12), 5)
    classes = np.where(group == 3, 2, np.arange(60) % 2)
    assert 2 in classes[split(table(classes, group), Source()).train]
    with pytest.raises(DataError, match=r"no training row of class 'class 2' is left: its 1 groups of 'who' went"):
        for fold in range(3):
            split(table(classes, group), Source(folds=3, fold=fold, test_fraction=0))
