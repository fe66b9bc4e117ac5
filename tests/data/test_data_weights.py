"""Weights of classes and wrong labels."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_class_weight

from runner.data.sources.csv import CSV
from runner.data.sources.digits import Digits
from runner.errors import ConfigError

ROWS = [f"{i},{1 + i % 3},{'no' if i % 10 < 7 else 'yes' if i % 10 < 9 else 'rare'}" for i in range(200)]
TABLE = "x,w,y\n" + "\n".join(ROWS) + "\n"


@pytest.fixture
def made(run_data, csv_file):
    """made(**keys) -> RunData of the table."""
    return lambda **keys: run_data(CSV(**{"path": csv_file(TABLE), "target": "y", "drop": ["w"]} | keys))


def test_balanced_is_scikit_learns(made):
    data = made(class_weights="balanced")
    expected = compute_class_weight("balanced", classes=np.arange(3), y=data.y[data.train])
    np.testing.assert_allclose(data.weights, expected[data.y])
    assert data.weights[data.train].mean() == pytest.approx(1)


def test_balanced_with_sample_weights_makes_the_total_of_every_class_equal(made):
    data = made(class_weights="balanced", sample_weight="w", drop=[])
    totals = np.bincount(data.y[data.train], data.weights[data.train])
    np.testing.assert_allclose(totals, totals[0])


def test_a_class_named_weighs_as_said_and_others_one(made):
    data = made(class_weights={"rare": 5, "no": 0.5})
    weights = np.array([0.5, 5, 1])[data.y]
    assert data.labels == ["no", "rare", "yes"]
    np.testing.assert_allclose(data.weights, weights / weights[data.train].mean())


def test_without_weights_there_is_nothing(made):
    assert made().weights is None
    assert not any("weights" in line for line in made().describe())


@pytest.mark.parametrize("key", [3, 3.0, "3"])
def test_labels_that_are_numbers(run_data, key):
    data = run_data(Digits(class_weights={key: 4}))
    assert set(np.round(data.weights[data.y == 3] / data.weights[data.y == 1][0], 12)) == {4.0}


BAD = {
    "unknown label": (
        {"yse": 2},
        r"dataset\.class_weights: 'y' has no class 'yse'\. Did you mean 'yes'\? Classes: no, rare, ",
    ),
    "negative": ({"yes": -1}, r"the weight of 'yes' is -1; it must be a number >= 0"),
    "text": ({"yes": "much"}, r"the weight of 'yes' is 'much'; it must be a number >= 0"),
    "not finite": ({"yes": float("inf")}, r"the weight of 'yes' is inf"),
    "truth": ({"yes": True}, r"the weight of 'yes' is True"),
    "a misspelt word": (
        "balancd",
        r"dataset\.class_weights = balancd: allowed: null, balanced or .*Did you mean 'balanced'",
    ),
    "a list": ([1, 2], r"dataset\.class_weights = \[1, 2\]: allowed: null, balanced or \{label: weight\}"),
}


@pytest.mark.parametrize("case", BAD)
def test_class_weights_that_cannot_be(made, case):
    spec, message = BAD[case]
    with pytest.raises(ConfigError, match=message):
        made(class_weights=spec)


@pytest.mark.parametrize("keys", [{"class_weights": "balanced"}, {"label_noise": 0.1}])
def test_numbers_have_no_classes(made, keys):
    key, value = next(iter(keys.items()))
    with pytest.raises(
        ConfigError, match=rf"dataset\.{key} = {value}: 'x' is a number, which has no .*set dataset\.{key}="
    ):
        made(target="x", **keys)


@pytest.mark.parametrize("share", [0.1, 0.25, 1.0])
def test_exactly_the_share_of_training_labels_is_wrong(made, share):
    clean, noisy = made(), made(label_noise=share)
    changed = np.flatnonzero(clean.y != noisy.y)
    assert len(changed) == round(share * len(clean.train))
    assert set(changed) <= set(clean.train)
    assert noisy.x is not clean.y
    assert any("training labels are wrong on purpose" in line for line in noisy.describe())
    np.testing.assert_array_equal(noisy.y, made(label_noise=share).y)
    assert not np.array_equal(noisy.y, made(label_noise=share, split_seed=1).y)


def test_less_noise_is_a_part_of_more_and_every_other_class_is_as_likely(run_data):
    clean, little, much = (run_data(Digits(label_noise=share)) for share in (0.0, 0.2, 0.8))
    wrong = [set(np.flatnonzero(each.y != clean.y)) for each in (little, much)]
    assert wrong[0] < wrong[1]
    rows = np.array(sorted(wrong[0]))
    np.testing.assert_array_equal(little.y[rows], much.y[rows])
    rows = np.array(sorted(wrong[1]))
    steps = np.bincount((much.y[rows] - clean.y[rows]) % 10, minlength=10)
    assert steps[0] == 0
    assert ((steps[1:] - len(rows) / 9) ** 2 / (len(rows) / 9)).sum() < 26.1  # chi squared, 8 degrees, p = 0.001


def test_runs_with_and_without_noise_share_features_not_answers(run_data):
    cache = {}
    clean, noisy = (run_data(Digits(label_noise=share), cache) for share in (0.0, 0.2))
    assert clean.x is noisy.x
    assert clean.y is not noisy.y
