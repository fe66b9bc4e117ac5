"""Targets with heavy tails: trained on their logarithm or quantiles, told in their own unit."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from runner.data.encoding import Encoding
from runner.data.sources.csv import CSV
from runner.data.target_scaling import TargetScale, fit_target, tail_note
from runner.errors import DataError
from runner.training.evaluation import Passes, evaluate

PRICES = np.exp(np.random.default_rng(3).normal(8, 1.5, 120)).round(2)


@pytest.fixture
def data(run_data, csv_file):
    """data(target_scaling, prices): a table of prices."""

    def make(scaling, prices=PRICES):
        rows = "".join(f"{i % 7},{price!r}\n" for i, price in enumerate(prices.tolist()))
        return run_data(CSV(path=csv_file("x,y\n" + rows), target="y", target_scaling=scaling))

    return make


def test_log_is_the_standardized_logarithm(data):
    found = data("log")
    logs = np.log1p(PRICES)
    train = logs[found.train]
    np.testing.assert_allclose(found.y, (logs - train.mean()) / train.std(), rtol=1e-12)
    np.testing.assert_allclose(found.encoding.decode(found.y[:, None]), PRICES, rtol=1e-12)
    assert found.encoding.decode(np.array([[0.0]]))[0] == pytest.approx(np.expm1(train.mean()))


def test_quantile_makes_a_bell_of_the_training_targets(data):
    found = data("quantile")
    order = np.argsort(PRICES[found.train])
    assert (np.diff(found.y[found.train][order]) >= 0).all()
    np.testing.assert_allclose(np.median(found.y[found.train]), 0, atol=0.02)
    trained = PRICES[found.train]
    inside = (trained.min() < PRICES) & (trained.max() > PRICES)
    np.testing.assert_allclose(found.encoding.decode(found.y[:, None])[inside], PRICES[inside], rtol=1e-9)


def test_values_by_hand():
    scale = fit_target(np.array([0.0, 1.0, 3.0]), "log", lambda v: (float(v.mean()), float(v.std())))
    logs = np.log([1, 2, 4])
    assert (scale.offset, scale.scale, scale.log) == (pytest.approx(np.log(2)), pytest.approx(logs.std()), True)
    assert scale.scaled(np.array([1.0])) == pytest.approx(0, abs=1e-15)
    assert scale.original(np.array([logs.std() / logs.std()])) == pytest.approx([2 * np.exp(logs.std()) - 1])
    levels = TargetScale(quantiles=[0.0, 10.0, 1000.0])
    np.testing.assert_allclose(levels.scaled(np.array([10.0, 505.0])), [0, 0.6744897501960817], atol=1e-12)
    np.testing.assert_allclose(
        levels.original(np.array([0, 0.6744897501960817, 9.0, -9.0])), [10, 505, 1000, 0], atol=1e-12
    )
    assert TargetScale(2.0, 3.0).original(np.array([1.0])) == [5.0]
    assert (TargetScale(2.0, 3.0).linear, levels.linear, scale.linear) == (True, False, False)


@pytest.mark.parametrize("scaling", ["log", "quantile"])
def test_the_encoding_remembers_how(data, scaling):
    encoding = data(scaling).encoding
    again = Encoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    assert again == encoding
    z = np.linspace(-3, 3, 7)[:, None]
    np.testing.assert_array_equal(again.decode(z), encoding.decode(z))


@pytest.mark.parametrize("scaling", ["standardize", "none"])
def test_linear_encodings_are_written_without_it(data, scaling):
    assert not {"target_log", "target_quantiles"} & data(scaling).encoding.to_dict().keys()


def test_a_logarithm_needs_numbers_above_minus_one(data):
    with pytest.raises(
        DataError, match=r"target_scaling=log: the target 'y' holds -3, but log\(1 \+ y\) needs .*quant"
    ):
        data("log", PRICES - PRICES.min() - 3)


def test_a_heavy_tail_is_said_and_the_scaling_proposed(data):
    note = "dataset.target_scaling=log or quantile weighs small and large ones alike"
    assert any(note in each and "skewness" in each for each in data("standardize").notes)
    assert not any(note in each for each in data("log").notes)
    assert tail_note("y", PRICES - 2 * PRICES.min(), "standardize") == []  # some are negative
    assert tail_note("y", np.arange(50.0), "standardize") == []


@pytest.mark.parametrize("scaling", ["log", "quantile"])
def test_metrics_are_those_of_the_predictions_in_the_unit_of_the_target(data, scaling):
    """Beside a row on the standardized target: rmse, mae and r2 by hand, test values beyond all quantiles included."""
    found, plain = data(scaling), data("standardize")
    z = np.random.default_rng(0).normal(size=(2, 120))
    runs = [found, plain]

    def score(index):
        return np.take_along_axis(z, index, 1)[..., None], np.zeros(index.shape), np.zeros(index.shape, np.int64)

    tables = SimpleNamespace(
        data=runs,
        answers=lambda index: np.stack([run.y[rows] for run, rows in zip(runs, index, strict=True)]),
        weights_of=lambda index: None,
    )
    index = np.stack([found.test, found.test])
    got = evaluate(Passes(score, list, list), "", tables, index, ["rmse", "mae", "r2"])
    truth = PRICES[found.test]
    for row, run in enumerate(runs):
        errors = run.encoding.decode(z[row][found.test][:, None]) - truth
        assert got["rmse"][row] == pytest.approx(np.sqrt(np.square(errors).mean()), rel=1e-9)
        assert got["mae"][row] == pytest.approx(np.abs(errors).mean(), rel=1e-9)
        assert got["r2"][row] == pytest.approx(1 - np.square(errors).sum() / np.square(truth - truth.mean()).sum())
