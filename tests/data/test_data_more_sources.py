"""The bundled tables equal scikit-learn's; generated data are what their formulas say."""

import re
import subprocess
import sys

import numpy as np
import pytest
import sklearn.datasets

from runner.config.registry import entries
from runner.data.bundled import read_bundled
from runner.data.sources.breast_cancer import BreastCancer
from runner.data.sources.circles import Circles
from runner.data.sources.diabetes import Diabetes
from runner.data.sources.iris import Iris
from runner.data.sources.sine import Sine
from runner.data.sources.spirals import Spirals
from runner.data.sources.wine import Wine
from runner.errors import DataError


@pytest.mark.parametrize(("source", "name"), [(BreastCancer, "breast_cancer"), (Wine, "wine"), (Iris, "iris")])
def test_bundled_classes_are_those_of_scikit_learn(source, name):
    table, reference = source().read(), getattr(sklearn.datasets, f"load_{name}")()
    np.testing.assert_array_equal(table.numeric_ND, reference.data)
    np.testing.assert_array_equal(table.target, reference.target)
    assert table.numeric_names == list(reference.feature_names)
    assert table.labels == [str(label) for label in reference.target_names]
    assert (table.task, len(table.sha256), table.split) == ("classification", 64, None)


def test_diabetes_is_that_of_scikit_learn_in_its_units():
    table, reference = Diabetes().read(), sklearn.datasets.load_diabetes(scaled=False)
    np.testing.assert_array_equal(table.numeric_ND, reference.data)
    np.testing.assert_array_equal(table.target, reference.target)
    assert table.numeric_names == list(reference.feature_names)
    assert (table.task, table.labels) == ("regression", None)


def test_bundled_data_import_nothing_heavy():
    code = (
        "import sys; from runner.data.sources.wine import Wine; from runner.data.sources.diabetes import Diabetes\n"
        "Wine().read(); Diabetes().read()\n"
        "print([m for m in ('torch', 'sklearn', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_scikit_learn_the_message_names_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"iris\.csv inside scikit-learn, .* Install scikit-learn"):
        Iris().read()
    with pytest.raises(DataError, match=r"digits\.csv\.gz"):
        read_bundled("digits.csv.gz")


@pytest.mark.parametrize(
    ("n", "noise", "factor", "seed"), [(1000, 0.1, 0.5, 0), (7, 0.0, 0.0, 3), (100, 1.5, 0.9, 2**32 - 1)]
)
def test_circles_are_those_of_scikit_learn(n, noise, factor, seed):
    table = Circles(n=n, noise=noise, factor=factor, data_seed=seed).read()
    x, y = sklearn.datasets.make_circles(n, noise=noise, factor=factor, random_state=seed)
    np.testing.assert_array_equal(table.numeric_ND, x)
    np.testing.assert_array_equal(table.target, y)
    assert table.labels == ["outer", "inner"]


def test_spirals_without_noise_lie_on_their_formula():
    table = Spirals(n=100, noise=0, turns=2, arms=3).read()
    x, y = table.numeric_ND.T
    r = np.hypot(x, y)
    angle = np.arctan2(y, x) - 2 * np.pi * (2 * r + table.target / 3)
    np.testing.assert_allclose(np.angle(np.exp(1j * angle)), 0, atol=1e-12)
    assert np.bincount(table.target).tolist() == [33, 33, 34]
    assert (r.min() > 0, r.max() < 1, table.labels) == (True, True, ["arm 1", "arm 2", "arm 3"])


def test_spirals_have_the_noise_that_is_asked_for():
    clean, noisy = (Spirals(n=4000, noise=noise).read() for noise in (0, 0.05))
    np.testing.assert_array_equal(clean.target, noisy.target)
    assert (noisy.numeric_ND - clean.numeric_ND).std() == pytest.approx(0.05, rel=0.03)


def test_too_few_points_for_the_arms_are_refused_with_the_number_needed(run_data):
    assert len(run_data(Spirals(n=20, arms=5)).test) == 3
    assert list(Spirals(n=20, arms=5).contradictions()) == []
    ((keys, text),) = Spirals(n=19, arms=5).contradictions()
    assert keys == ("dataset.n", "dataset.arms")
    assert re.match(r"dataset\.n = 19: .* dataset\.arms = 5, .* dataset\.n=20 or more", text)


def test_sine_without_noise_is_a_sine():
    table = Sine(n=500, noise=0, frequency=3).read()
    x = table.numeric_ND[:, 0]
    np.testing.assert_array_equal(table.target, np.sin(2 * np.pi * 3 * x))
    assert (x.min() >= 0, x.max() < 1, table.task, table.labels) == (True, True, "regression", None)
    assert abs(np.mean(x) - 0.5) < 0.05


def test_sine_of_another_size_or_noise_keeps_its_points():
    small, large, loud = Sine(n=50).read(), Sine(n=80).read(), Sine(n=50, noise=0.4).read()
    np.testing.assert_array_equal(small.numeric_ND, large.numeric_ND[:50])
    np.testing.assert_array_equal(small.target, large.target[:50])
    wave = np.sin(2 * np.pi * small.numeric_ND[:, 0])
    np.testing.assert_allclose(loud.target - wave, 2 * (small.target - wave), rtol=1e-12, atol=1e-15)
    assert (large.target - np.sin(2 * np.pi * large.numeric_ND[:, 0])).std() == pytest.approx(0.2, rel=0.25)


@pytest.mark.parametrize("seed", range(5))
def test_sine_is_cut_at_random_although_both_seeds_are_the_same(seed, run_data):
    source = Sine(n=2000, data_seed=seed, split_seed=seed)
    data, x = run_data(source), source.read().numeric_ND[:, 0]
    for rows in (data.train, data.val, data.test):
        assert abs(x[rows].mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(rows))
        assert x[rows].std() == pytest.approx(np.sqrt(1 / 12), rel=0.1)


@pytest.mark.parametrize("source", [Circles, Spirals, Sine])
def test_generated_data_depend_on_their_seed_and_nothing_else(source):
    hashes = [source(data_seed=seed).read().sha256 for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize(
    ("dataset", "key", "value"),
    [
        ("circles", "factor", 1),
        ("circles", "n", 3),
        ("circles", "noise", -0.1),
        ("spirals", "arms", 1),
        ("spirals", "turns", 0),
        ("spirals", "data_seed", 2**32),
        ("sine", "frequency", 0),
        ("sine", "n", 10.5),
    ],
)
def test_values_out_of_range_are_refused(dataset, key, value):
    _, problem = entries("dataset")[dataset].options[key].check(value)
    assert problem in ("out of range", "not a whole number")
