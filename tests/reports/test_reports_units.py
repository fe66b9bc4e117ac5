"""What n counts: means over seeds within draws, splits and folds; how often a difference is claimed where none is."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import runner
from runner.config.settings import luck
from runner.reports.ranking import rank
from runner.reports.run_row import RunRow
from runner.reports.settings_table import Setting
from runner.reports.statistics import LEVEL
from runner.reports.units import NESTED, in_words, keys, overlap

DRAW, SPLIT, FOLD, TEST = "dataset.data_seed", "dataset.split_seed", "dataset.fold", "dataset.test_fold"
METRIC = "val/loss"


def setting(name, values, axes, metric=METRIC, **more):
    """A setting from an array of values with an axis for each of the keys `axes`."""
    given = {"dataset": "two_moons", "name": name, **more}
    for key in (FOLD, TEST):
        if key in axes:
            given[f"{key}s"] = str(values.shape[axes.index(key)])
    rows = [
        RunRow(Path(name), "completed", given | dict(zip(axes, map(str, at), strict=True)), {metric: float(values[at])})
        for at in itertools.product(*map(range, values.shape))
    ]
    return Setting(0, given, rows)


def lucks(**counts):
    """What chance gave runs that cross so many values of each key."""
    names = {"draws": DRAW, "splits": SPLIT, "tests": TEST, "folds": FOLD, "seeds": "seed"}
    axes = [names[each] for each in counts]
    return setting("a", np.zeros(list(counts.values())), axes).lucks


def p_of(a, b, axes, **more):
    """The p-value that the better of two settings is told to differ with."""
    found = rank(
        [setting("a", a, axes, **more), setting("b", b, axes, **more)], METRIC, maximize=False, comparable=True
    )
    return found.comparisons[1].raw


def test_every_kind_of_luck_has_its_place():
    assert set(luck().values()) == set(NESTED)
    assert keys()[-1] == "seed" and luck()[keys()[0]] == "draw of the data"


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"seeds": 5}, "5 seeds, on this split"),
        ({"seeds": 1}, "1 seed, on this split"),
        ({"folds": 3, "seeds": 2}, "3 folds, each the mean of 2 seeds"),
        ({"folds": 3}, "3 folds"),
        ({"splits": 4, "folds": 3, "seeds": 2}, "4 splits, each the mean of 3 folds x 2 seeds"),
        ({"tests": 5, "folds": 3}, "5 folds of the test, each the mean of 3 folds"),
        ({"draws": 3, "seeds": 5}, "3 draws of the data, each the mean of 5 seeds"),
        ({"draws": 2, "splits": 3}, "2 draws of the data, each the mean of 3 splits"),
    ],
)
def test_the_unit_is_the_outermost_kind_of_which_there_are_several(counts, words):
    assert in_words(lucks(**counts)) == words


def test_splits_that_have_a_seed_each_are_no_means_of_seeds():
    assert in_words([(each[0], str(i), "null", "null", str(i)) for i, each in enumerate(lucks(splits=5))]) == "5 splits"


@pytest.mark.parametrize(
    ("counts", "metric", "ratio"),
    [
        ({"seeds": 5}, METRIC, 0),
        ({"draws": 5, "seeds": 2}, METRIC, 0),
        ({"draws": 5, "splits": 2, "folds": 3}, METRIC, 0),
        ({"folds": 5, "seeds": 3}, METRIC, 1 / 4),  # a fifth validates, four fifths train
        ({"splits": 5, "seeds": 2}, METRIC, 0.15 / 0.70),
        ({"splits": 5}, "test/loss", 0.15 / 0.70),
        ({"splits": 5, "folds": 4, "seeds": 2}, METRIC, 4 / 3),  # all four folds validate, three of them train
        ({"splits": 5, "folds": 4}, "test/loss", 0.15 / (0.85 * 3 / 4)),
        ({"tests": 5, "folds": 4}, "test/loss", 0.2 / (0.8 * 3 / 4)),  # a fifth is the test, 3 of 4 folds train
        ({"tests": 5}, "test/loss", 0.2 / (0.8 - 0.15)),
    ],
)
def test_the_overlap_is_rows_that_score_a_unit_for_each_that_trains(counts, metric, ratio):
    given = {"dataset.val_fraction": "0.15", "dataset.test_fraction": "0.15"}
    for key, name in (("dataset.folds", "folds"), ("dataset.test_folds", "tests")):
        given[key] = str(counts.get(name, "null"))
    assert overlap(given.__getitem__, lucks(**counts), metric) == pytest.approx(ratio)


def test_seeds_are_averaged_within_draws_before_the_t_test_and_the_interval():
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, 4, 3)) + random.normal(size=(2, 4, 1))
    assert p_of(a, b, (DRAW, "seed")) == pytest.approx(stats.ttest_rel(a.mean(1), b.mean(1)).pvalue)
    found = setting("a", a, (DRAW, "seed")).spread(METRIC)
    low, high = stats.t.interval(0.95, 3, a.mean(), stats.sem(a.mean(1)))
    assert (found.n, found.mean, found.half) == (4, pytest.approx(a.mean()), pytest.approx((high - low) / 2))


def test_draws_are_compared_in_pairs_whatever_their_seeds():
    a, b = np.random.default_rng(4).normal(size=(2, 5, 2))
    first, second = setting("a", a, (DRAW, "seed")), setting("b", b, (DRAW, "seed"))
    for row in second.rows:
        row.keys["seed"] = str(7 + int(row.keys["seed"]))
    (found,) = rank([first, second], METRIC, maximize=False, comparable=True).comparisons.values()
    assert found.n == 5 and found.raw == pytest.approx(stats.ttest_rel(a.mean(1), b.mean(1)).pvalue)


def test_two_units_tell_nothing_however_many_seeds_they_have():
    a, b = np.full((2, 2, 50), 0.1) + np.array([0.0, 1.0])[:, None, None] + np.random.default_rng(0).normal(0, 1e-3, 50)
    for axes in ((DRAW, "seed"), (SPLIT, "seed"), (FOLD, "seed")):
        assert p_of(a, b, axes) == 1
        assert setting("a", a, axes).spread(METRIC).half is None


# --- how often a difference is claimed where there is none


def shares(make, axes, sweeps=700, seed=2, **more):
    """Share of p <= 0.05 over so many sweeps of two settings."""
    random = np.random.default_rng(seed)
    return np.mean([p_of(*make(random), axes, **more) <= LEVEL for _ in range(sweeps)])


def nested(*shape, outer=1.0):
    """Values of two settings, [2, units, ..., seeds]: what is particular to a unit has `outer` times the spread of
    seeds, and so has each level between them.
    """

    def make(random):
        levels = range(1, len(shape))
        own = [random.normal(0, outer, (2, *shape[:i], *[1] * (len(shape) - i))) for i in levels]
        return sum(own) + random.normal(size=(2, *shape))

    return make


@pytest.mark.parametrize(("draws", "outer"), [(3, 1), (5, 3), (10, 1), (5, 0)])
def test_over_draws_of_the_data_the_share_is_the_level(draws, outer):
    found = shares(nested(draws, 5, outer=outer), (DRAW, "seed"))
    assert 0.03 <= found <= 0.07


@pytest.mark.parametrize(
    ("axes", "shape"),
    [
        ((FOLD, "seed"), (5, 5)),
        ((FOLD, "seed"), (10, 3)),
        ((SPLIT, "seed"), (5, 5)),
        ((SPLIT, FOLD, "seed"), (4, 3, 3)),
    ],
)
@pytest.mark.parametrize("outer", [0.5, 3])
def test_over_folds_and_splits_it_is_at_most_the_level_however_much_they_differ(axes, shape, outer):
    assert shares(nested(*shape, outer=outer), axes, sweeps=300) <= 0.07


@pytest.mark.parametrize(
    ("axes", "shape", "shared"),
    [((FOLD, "seed"), (5, 2), 1 / 5), ((SPLIT, "seed"), (5, 2), 0.15 / 0.85), ((SPLIT, FOLD), (5, 4), 1 / 4)],
)
def test_where_folds_and_splits_share_as_much_luck_as_rows_the_share_is_the_level(axes, shape, shared):
    """Nadeau & Bengio's model: the correlation of two of them is the share of the rows that validate."""

    def make(random):
        own = random.normal(size=(2, *shape)) if "seed" not in axes else random.normal(size=(2, shape[0], 1))
        together = np.sqrt(shared) * random.normal(size=(2, 1, 1)) + np.sqrt(1 - shared) * own
        return together + 0.1 * random.normal(size=(2, *shape)) * ("seed" in axes)

    assert 0.03 <= shares(make, axes) <= 0.07


QUICK = {"model.hidden": [4], "trainer.epochs": 5, "optimizer.lr": 0.1, "early_stopping.patience": None}
QUICK |= {"trainer.batch_size": 8, "trainer.figures": False, "trainer.histograms": 0}


def losses(folder, key, count, seeds, **more):
    """Validation losses [count, seeds] or [count, seeds, folds] of real runs of one setting."""
    configs = [QUICK | more | {key: i, "seed": seed} for i in range(count) for seed in range(seeds)]
    found = [run.summary["val"]["loss"] for run in runner.train(configs, folder)]
    return np.array(found).reshape(count, seeds, -1).squeeze()


def resampled(table, units):
    """Two settings that are one: each unit of both is one of the table's, taken at random, with all that it holds."""

    def make(random):
        return table[random.permutation(len(table))[: 2 * units].reshape(2, units)]

    return make


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Losses [draw, seed] of one setting on draws of 60 points."""
    return losses(tmp_path_factory.mktemp("runs"), DRAW, 24, 4, **{"dataset": "two_moons", "dataset.n": 60})


def test_of_real_runs_of_one_setting_the_better_half_is_not_claimed_to_be_better(drawn):
    for units in (3, 5):
        assert 0.03 <= shares(resampled(drawn, units), (DRAW, "seed"), sweeps=500) <= 0.07


def test_counting_every_run_would_claim_it(drawn):
    """The same runs with a seed of its own each: the null is one on which nested repetitions matter."""
    make = resampled(drawn, 5)
    assert shares(lambda random: make(random).reshape(2, -1), ("seed",), sweeps=300) > 0.12


@pytest.mark.soak
def test_of_many_real_draws_neither(tmp_path):
    table = losses(tmp_path, DRAW, 120, 5, **{"dataset": "two_moons", "dataset.n": 60})
    for units in (3, 5, 10):
        assert 0.03 <= shares(resampled(table, units), (DRAW, "seed"), sweeps=4000) <= 0.07


@pytest.mark.soak
def test_of_real_folds_and_splits_neither(tmp_path):
    table = losses(tmp_path / "folds", SPLIT, 40, 3, **{"dataset": "iris", "dataset.folds": 5})  # [split, seed, fold]
    two = resampled(table, 1)
    assert shares(lambda random: two(random)[:, 0], ("seed", FOLD), sweeps=3000) <= 0.07
    assert shares(resampled(table, 5), (SPLIT, "seed", FOLD), sweeps=1000) <= 0.07
    table = losses(tmp_path / "splits", SPLIT, 80, 3, dataset="iris")
    assert shares(resampled(table, 5), (SPLIT, "seed"), sweeps=3000) <= 0.07
    assert shares(resampled(table, 10), (SPLIT, "seed"), sweeps=3000) <= 0.07
