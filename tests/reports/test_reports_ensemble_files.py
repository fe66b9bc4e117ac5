"""The files of `runner ensemble` hold what was measured, and are taken for no run."""

from __future__ import annotations

import csv as csv_files
import json

import numpy as np
import pandas as pd
from conftest import config
from measured_ensembles import found

import runner
from runner.records.summary import read_sealed
from runner.reports.ensemble import files
from runner.reports.ensemble.kept import FOLDER


def read(path) -> list[list[str]]:
    return list(csv_files.reader(path.read_text().splitlines()))


def test_the_files_hold_what_was_measured(sweeps, tmp_path):
    ensemble = found(sweeps["classes"], choose=7)
    assert files.write(ensemble, tmp_path / "out") == ["members.csv", "sizes.csv", "ensemble.png", "ensemble.json"]
    header, *rows = read(tmp_path / "out" / "members.csv")
    assert header[:2] == ["run", "times"] and sum(int(row[1]) for row in rows) == 7
    assert rows[0][header.index("val/nll")] == repr(float(ensemble.parts["val"].members["nll"][0]))
    header, *rows = read(tmp_path / "out" / "sizes.csv")
    assert [row[0] for row in rows] == list("1234567")
    assert float(rows[-1][header.index("test/accuracy")]) == ensemble.parts["test"].together["accuracy"]
    content = read_sealed(tmp_path / "out" / "ensemble.json")
    assert content["test"]["ensemble"] == ensemble.parts["test"].together
    assert (content["members"], content["chosen"], content["combine"]) == (7, "greedy", "mean")
    assert content["val"]["disagreement"] == ensemble.parts["val"].diversity[1]


def test_votes_without_a_log_loss_are_empty_cells_and_null(sweeps, tmp_path):
    ensemble = found(sweeps["classes"], combine="vote")
    assert np.isinf(ensemble.parts["val"].together["nll"])
    files.write(ensemble, tmp_path / "out")
    header, *rows = read(tmp_path / "out" / "sizes.csv")
    assert rows[-1][header.index("val/nll")] == ""
    assert json.loads((tmp_path / "out" / "ensemble.json").read_text())["val"]["ensemble"]["nll"] is None


def test_what_an_earlier_call_left_does_not_stay_where_it_says_nothing(sweeps, tmp_path, csv):
    files.write(found(sweeps["classes"]), tmp_path / "out")
    no_test = config(csv, "sold") | {"dataset.test_fraction": 0, "dataset.folds": 2}
    runner.train([no_test | {"dataset.fold": fold} for fold in (0, 1)], tmp_path / "folds")
    assert files.write(found(tmp_path / "folds"), tmp_path / "out") == ["members.csv", "ensemble.json"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["ensemble.json", "members.csv"]


def test_reports_and_tables_take_the_folder_for_no_run(sweeps):
    sweep = sweeps["numbers"]
    above = sweep.parent
    before = [(runner.results(folder), runner.curves(folder)) for folder in (above, sweep)]
    for place in (above, sweep):
        files.write(found(sweep), place / FOLDER)
    for folder, tables in zip((above, sweep), before, strict=True):
        pd.testing.assert_frame_equal(runner.results(folder), tables[0])
        pd.testing.assert_frame_equal(runner.curves(folder), tables[1])
    assert len(found(above).members) == len(found(sweep).members)
