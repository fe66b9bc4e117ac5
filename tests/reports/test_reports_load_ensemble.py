"""Runs of a folder that predict together: from Python and as `runner predict --combine`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from conftest import config
from measured_ensembles import found

import runner
from runner.cli import main
from runner.ensembles.combining import CLASSES
from runner.errors import ConfigError, DamagedError, RunError
from runner.reports.ensemble import files
from runner.reports.load import LoadedRun

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def table(csv):
    return pd.read_csv(csv)


def predict(*words) -> int:
    return main(["predict", *map(str, words)])


@pytest.mark.parametrize("combine", ["mean", "geometric", "vote"])
def test_probabilities_are_those_of_the_runs_combined(sweeps, table, combine):
    ensemble = runner.load(sweeps["classes"], combine=combine)
    alone = np.array([runner.load(member.folder).predict_proba(table) for member in ensemble.members])
    p = ensemble.predict_proba(table)
    np.testing.assert_allclose(p, np.exp(CLASSES[combine].of(np.log(alone))), atol=1e-12)
    assert (ensemble.predict(table) == np.array(["no", "yes"])[p.argmax(axis=1)]).all()
    assert p.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("name", ["numbers", "scales"])
def test_numbers_are_the_mean_of_the_runs_however_each_scales_inputs_and_target(sweeps, table, name):
    ensemble = runner.load(sweeps[name], combine="mean")
    alone = [runner.load(member.folder).predict(table) for member in ensemble.members]
    np.testing.assert_allclose(ensemble.predict(table), np.mean(alone, axis=0), rtol=1e-12)
    with pytest.raises(RunError, match="no probabilities"):
        ensemble.predict_proba(table)


def test_runs_with_one_encoding_encode_a_table_once(sweeps):
    assert len(runner.load(sweeps["classes"], combine="mean").encodings) == 1
    assert len(runner.load(sweeps["scales"], combine="mean").encodings) == 3


def test_the_top_are_the_best_and_the_first_of_all(sweeps):
    everyone = runner.load(sweeps["classes"], combine="mean")
    two = runner.load(sweeps["classes"], combine="mean", top=2)
    assert [run.folder for run in two.members] == [run.folder for run in everyone.members[:2]]
    assert two.members[0].summary["val"]["loss"] == min(run.summary["val"]["loss"] for run in everyone.members)


def test_without_combine_a_sweep_is_its_best_run(sweeps):
    run, ensemble = runner.load(sweeps["classes"]), runner.load(sweeps["classes"], combine="mean")
    assert isinstance(run, LoadedRun) and run.folder == ensemble.members[0].folder


@pytest.mark.parametrize("name", ["folds", "splits", "neither"])
def test_whatever_the_runs_were_validated_on_they_predict_new_rows_together(sweeps, table, name):
    ensemble = runner.load(sweeps[name], combine="mean")
    alone = [runner.load(member.folder).predict_proba(table) for member in ensemble.members]
    np.testing.assert_allclose(ensemble.predict_proba(table), np.mean(alone, axis=0), rtol=1e-12)


def test_an_ensemble_is_shown_in_one_line(sweeps):
    ensemble = runner.load(sweeps["classes"], combine="vote")
    assert repr(ensemble) == f"LoadedEnsemble({str(sweeps['classes'])!r}, 5 runs, vote)"


def test_notes_about_a_table_are_given_once(sweeps, table):
    ensemble = runner.load(sweeps["scales"], combine="mean")
    with pytest.warns(UserWarning) as caught:
        ensemble.predict(table)
    said = [str(each.message) for each in caught]
    assert any("missing numbers filled" in each for each in said) and len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"combine": "median"}, "--combine median: .* mean, geometric, vote"),
        ({"top": 2}, "--top 2: .*Add --combine mean"),
        ({"combine": "mean", "top": 1}, "--top 1: .*two members"),
        ({"combine": "mean", "top": 9}, "--top 9: .*has 5 runs"),
    ],
)
def test_what_makes_no_ensemble_is_refused(sweeps, more, message):
    with pytest.raises(ConfigError, match=message):
        runner.load(sweeps["classes"], **more)


def test_the_best_of_folds_and_a_run_alone_are_refused(sweeps, classes):
    with pytest.raises(ConfigError, match=r"--top: .*luckiest"):
        runner.load(sweeps["folds"], combine="mean", top=2)
    with pytest.raises(RunError, match="two members"):
        runner.load(classes, combine="mean")


def test_numbers_have_no_votes(sweeps):
    with pytest.raises(ConfigError, match=r"--combine vote: .*Use --combine mean"):
        runner.load(sweeps["numbers"], combine="vote")


@pytest.mark.parametrize("other", [{"target": "price", "drop": ["id", "sold"]}, {"drop": ["id", "price", "age"]}])
def test_runs_of_different_questions_are_refused(csv, tmp_path, other):
    one = config(csv, "sold")
    two = one | {"dataset": one["dataset"] | other}
    runner.train([one, two], tmp_path)
    with pytest.raises(ConfigError, match=r"the same question.*the (task is|columns are) .*Name the runs of one"):
        runner.load(tmp_path, combine="mean")


def test_the_command_writes_and_scores_what_the_ensemble_says(sweeps, csv, tmp_path, monkeypatch, capsys, table):
    monkeypatch.chdir(tmp_path)
    assert predict(sweeps["classes"], csv, "--combine", "mean", "--top", 3, "--out", "out.csv") == 0
    said = capsys.readouterr().out
    ensemble = runner.load(sweeps["classes"], combine="mean", top=3)
    p, out = ensemble.predict_proba(table), pd.read_csv("out.csv")
    np.testing.assert_allclose(out[["prob_no", "prob_yes"]], p, rtol=1e-12)
    assert (out["prediction"] == ensemble.predict(table)).all()
    yes = (table["sold"] == "yes").astype(int)
    loss = -np.log(p[np.arange(len(p)), yes]).mean()
    assert f"ensemble: 3 runs of {sweeps['classes']}, combined by mean" in said
    assert f"accuracy {(out['prediction'] == table['sold']).mean():.6g}, log loss {loss:.6g} (over 240 rows)" in said


def test_the_command_scores_numbers_in_the_unit_of_the_target(sweeps, csv, tmp_path, monkeypatch, capsys, table):
    monkeypatch.chdir(tmp_path)
    assert predict(sweeps["scales"], csv, "--combine", "mean", "--out", "out.csv") == 0
    rmse = np.sqrt(np.square(pd.read_csv("out.csv")["prediction"] - table["price"]).mean())
    assert f"score: rmse {rmse:.6g}, r2 " in capsys.readouterr().out


# ---- what `runner ensemble` has written


@pytest.fixture
def chosen(sweeps, tmp_path):
    """A folder with greedy choices, some of them the same."""
    files.write(found(sweeps["classes"], choose=9), tmp_path / "out" / "ensemble")
    return tmp_path / "out" / "ensemble"


def test_an_ensemble_that_was_written_predicts_as_it_was_chosen_each_run_as_often_as_it_counts(sweeps, chosen, table):
    choices = found(sweeps["classes"], choose=9).members
    ensemble = runner.load(chosen)
    assert len(ensemble.members) < sum(ensemble.times) == 9
    alone = {row.folder: runner.load(row.folder).predict_proba(table) for row in choices}
    expected = np.mean([alone[row.folder] for row in choices], axis=0)
    np.testing.assert_allclose(ensemble.predict_proba(table), expected, rtol=1e-12)


def test_an_ensemble_that_was_written_is_not_chosen_again(chosen):
    with pytest.raises(ConfigError, match=r"members have been chosen. Leave --combine and --top out"):
        runner.load(chosen, combine="mean")


def test_an_ensemble_that_was_edited_or_whose_runs_are_gone_is_refused(chosen, tmp_path):
    members = chosen / "members.csv"
    written = members.read_text()
    members.write_text(written.replace(",", ";"))
    with pytest.raises(DamagedError, match=r"does not match its checksum.*`runner ensemble`"):
        runner.load(chosen)
    with pytest.raises(DamagedError, match=r"damaged.*`runner ensemble`"):
        runner.load(chosen, force=True)
    members.write_text(written)
    moved = chosen.rename(tmp_path / "ensemble")  # the runs are where they were: not below it any more
    with pytest.raises(RunError, match=r"not there, though the run belongs to .*`runner ensemble`"):
        runner.load(moved)
