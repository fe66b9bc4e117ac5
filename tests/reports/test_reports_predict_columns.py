"""Predictions by a network whose table had dates, rare texts, columns left out, a target with a heavy tail."""

import re

import numpy as np
import pandas as pd
import pytest

import runner
from runner.cli import main
from runner.data.prepare import prepare

ROWS = 150


def orders() -> pd.DataFrame:
    """An index, a name, dates, a town with rare values, a price with a heavy tail and holes."""
    random = np.random.default_rng(4)
    size = random.normal(size=ROWS)
    days = pd.date_range("2020-01-01", periods=ROWS, freq="37h")
    frame = pd.DataFrame(
        {
            "Unnamed: 0": range(ROWS),
            "name": [f"order {i}" for i in range(ROWS)],
            "when": days.strftime("%d.%m.%Y %H:%M"),
            "town": [f"t{min(n, 30)}" for n in random.geometric(0.15, ROWS)],
            "size": size.round(4),
            "price": np.exp(2 * size + days.month / 4 + 5).round(2),
        }
    )
    frame.loc[::20, "price"] = np.nan
    return frame


@pytest.fixture(scope="module", params=["log", "quantile", "standardize"])
def trained(request, tmp_path_factory):
    """(loaded run, table) of a network on the orders."""
    folder = tmp_path_factory.mktemp("orders")
    orders().to_csv(folder / "orders.csv", index=False)
    keys = {"path": str(folder / "orders.csv"), "target": "price", "max_categories": 6, "split": "time"}
    dataset = {"name": "csv", "target_scaling": request.param, **keys}
    settings = {"dataset": dataset, "trainer": {"epochs": 8, "progress": False}, "model": {"hidden": [8]}}
    (outcome,) = runner.train([settings], folder / "runs")
    return runner.load(outcome.folder), orders()


def test_the_score_is_that_of_the_summary_in_the_unit_of_the_target(trained, tmp_path, monkeypatch, capsys):
    run, table = trained
    monkeypatch.chdir(tmp_path)
    known = table[table["price"].notna()].reset_index(drop=True)
    known.iloc[prepare(run.settings).test].to_csv("test.csv", index=False)
    assert main(["predict", str(run.folder), "test.csv", "--out", "out.csv"]) == 0
    rmse, r2 = map(float, re.search(r"rmse (\S+), r2 (\S+) \(over", capsys.readouterr().out).groups())
    assert rmse == pytest.approx(run.summary["test"]["rmse"], rel=1e-5)
    assert r2 == pytest.approx(run.summary["test"]["r2"], rel=1e-4, abs=1e-5)
    out = pd.read_csv("out.csv")
    assert np.sqrt(np.square(out["prediction"] - out["price"]).mean()) == pytest.approx(rmse, rel=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_rows_without_an_answer_are_predicted(trained):
    run, table = trained
    answers = run.predict(table)
    assert answers.shape == (ROWS,)
    assert np.isfinite(answers).all()


@pytest.mark.filterwarnings("ignore")
def test_it_makes_no_difference_what_else_the_table_has_or_how_dates_are_written(trained):
    run, table = trained
    answers = run.predict(table)
    bare = table[["town", "size", "when"]]
    np.testing.assert_array_equal(run.predict(bare), answers)
    dates = pd.to_datetime(table["when"], format="%d.%m.%Y %H:%M")
    np.testing.assert_array_equal(run.predict(bare.assign(when=dates)), answers)
    np.testing.assert_array_equal(run.predict(bare.assign(when=dates.dt.strftime("%Y-%m-%dT%H:%M:%S"))), answers)


@pytest.mark.filterwarnings("ignore")
def test_a_town_never_seen_is_one_of_the_rare_ones(trained):
    run, table = trained
    rare = next(town for town in table["town"] if town not in run.encoding.categories["town"])
    row = table.head(1)
    np.testing.assert_array_equal(run.predict(row.assign(town="elsewhere")), run.predict(row.assign(town=rare)))


def test_a_date_of_another_century_is_said(trained):
    run, table = trained
    with pytest.warns(UserWarning, match=r"'when: days': far outside the training range .* in 1 of 1 rows"):
        run.predict(table.head(1).assign(when="01.01.1820 00:00"))
