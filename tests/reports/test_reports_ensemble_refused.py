"""What cannot be combined is refused, with the option or the key to change."""

from __future__ import annotations

import shutil

import pytest
from conftest import config
from made_sweeps import make_sweep
from measured_ensembles import found, quiet

import runner
from runner.errors import ConfigError, RunError
from runner.records.run_folder import MODEL
from runner.reports.ensemble.found import combined
from runner.reports.ensemble.members import candidates
from runner.reports.runs import read_sources


def refused(folder, error=ConfigError, **more) -> str:
    with pytest.raises(error) as caught:
        found(folder, **more)
    return str(caught.value)


def test_runs_of_different_splits_are_refused_with_the_key_that_differs(sweeps):
    said = refused(sweeps["splits"])
    assert "4 runs saw 2 different tables or splits" in said and "dataset.split_seed is 0 in 2, 1 in 2" in said
    assert "`runner ensemble " in said and "(2 runs)" in said


def test_runs_of_different_problems_are_refused(sweeps):
    sources = read_sources(sweeps["classes"]) + read_sources(sweeps["numbers"])
    with pytest.raises(ConfigError, match=r"2 different tables.*dataset\.target is price in 4, sold in 5"):
        combined(candidates(sources, "both"), "mean", quiet)


def test_data_that_have_changed_are_refused_unless_forced(csv, tmp_path):
    table = tmp_path / "houses.csv"
    shutil.copy(csv, table)
    runner.train([config(table, "sold", seed=seed) for seed in (0, 1)], tmp_path / "runs")
    before = found(tmp_path / "runs").parts["test"].together
    with table.open("a") as file:
        file.write(table.read_text().splitlines()[1] + "\n")
    assert "data have changed" in refused(tmp_path / "runs", RunError)
    assert found(tmp_path / "runs", force=True).parts["test"].together != before


@pytest.mark.parametrize("more", [{"top": 2}, {"choose": 2}])
def test_without_validation_nothing_is_chosen(sweeps, more):
    assert "no validation split (dataset.val_fraction=0)" in refused(sweeps["no validation"], **more)
    assert list(found(sweeps["no validation"]).parts) == ["test"]


@pytest.mark.parametrize("more", [{"top": 2}, {"choose": 2}])
def test_the_best_of_folds_is_not_chosen(sweeps, more):
    assert "validated on different rows, where the best is the luckiest" in refused(sweeps["folds"], **more)


def test_without_any_held_out_row_nothing_is_measured(sweeps):
    assert "`runner predict DIR INPUT --combine mean` uses them all the same" in refused(sweeps["neither"], RunError)


def test_sizes_that_make_no_ensemble_are_refused(sweeps):
    assert "--top 6: " in refused(sweeps["classes"], top=6) and "has 5 runs" in refused(sweeps["classes"], top=6)
    for size in (-1, 0, 1):
        assert f"--top {size}: an ensemble has two members" in refused(sweeps["classes"], top=size)
        assert f"--greedy {size}: an ensemble has two members" in refused(sweeps["classes"], choose=size)


def test_numbers_have_no_votes(sweeps):
    assert "--combine vote" in refused(sweeps["numbers"], combine="vote")


def with_models(sweep):
    """A made-up sweep whose finished runs have a file where the network belongs."""
    for run in sweep.glob("*/summary.json"):
        (run.parent / MODEL).touch()
    return sweep


def test_a_sweep_that_has_not_ended_is_refused_and_failed_runs_are_counted(tmp_path):
    waiting = make_sweep(tmp_path / "a", [({"seed": 0}, 0.5), ({"seed": 1}, 0.4), ({"seed": 2}, None)])
    with pytest.raises(RunError, match=r"1 of 3 runs has not ended.*`runner resume .*a`.*runner ensemble RUN RUN"):
        candidates(read_sources(waiting), "a")
    ends = [0.5, 0.4, "failed", "diverged", 0.3]
    mixed = with_models(make_sweep(tmp_path / "b", [({"seed": seed}, end) for seed, end in enumerate(ends)]))
    chosen = candidates(read_sources(mixed), "b")
    assert [row.folder.name[:3] for row in chosen.rows] == ["004", "001", "000"]
    assert chosen.left_out == ["1 diverged", "1 failed"]
    shutil.rmtree(chosen.rows[0].folder)
    chosen = candidates(read_sources(mixed), "b")
    assert [row.folder.name[:3] for row in chosen.rows] == ["001", "000"]
    assert chosen.left_out == ["1 diverged", "1 failed", "1 without model.safetensors"]


def test_one_run_is_no_ensemble(tmp_path):
    one = with_models(make_sweep(tmp_path / "a", [({"seed": 0}, 0.5), ({"seed": 1}, "diverged")]))
    with pytest.raises(RunError, match=r"1 finished run \(left out: 1 diverged\).*two members.*runner -m seeds=5"):
        candidates(read_sources(one), "a")
