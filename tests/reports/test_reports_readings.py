"""What reports do with runs that do not hold: left out with a note, used by force; of some nobody can tell."""

import json

import pytest

import runner
from runner.errors import RunError
from runner.records.checksums import METRICS
from runner.records.run_files import RunFiles
from runner.reports.readings import Readings

CONTENT = {"format": 1, "status": "completed", "monitor": "val/loss"}


def finish(folder, loss):
    """A run that has ended, without its configuration."""
    folder.mkdir()
    files = RunFiles(folder)
    files.epoch({"epoch": 0, "val/loss": loss})
    files.flush()
    files.summary({**CONTENT, "val": {"loss": loss}})


def test_runs_without_checksums_are_read_and_counted(tmp_path):
    (tmp_path / "summary.json").write_text(json.dumps(CONTENT))
    readings = Readings()
    assert readings.summary(tmp_path) == readings.summary(tmp_path) == CONTENT
    assert readings.notes() == ["2 runs of an earlier version without checksums: damage cannot be seen"]


def test_damaged_runs_are_left_out_of_frames_with_a_warning_and_used_by_force(tmp_path):
    for name, loss in (("a", 0.5), ("b", 0.25)):
        finish(tmp_path / name, loss)
    path = tmp_path / "a" / METRICS
    path.write_text(path.read_text().replace("0.5", "0.4"))
    for read in (runner.results, runner.curves):
        with pytest.warns(UserWarning, match=r"left out: .*a/metrics\.csv: does not match .*force=True uses it"):
            assert set(read(tmp_path)["run"]) == {"b"}
        with pytest.warns(UserWarning, match=r"used all the same: .*a/metrics\.csv"):
            assert set(read(tmp_path, force=True)["run"]) == {"a", "b"}
        with pytest.raises(RunError, match=r"a/metrics\.csv: does not match"):
            read(tmp_path / "a")
    assert runner.results(tmp_path / "b")["val/loss"].tolist() == [0.25]
    assert runner.curves(tmp_path / "a", force=True)["val/loss"].tolist()[0] == 0.4


def test_a_run_that_goes_on_has_curves_though_nothing_vouches_for_them(tmp_path):
    files = RunFiles(tmp_path)
    files.epoch({"epoch": 0, "val/loss": 1.0})
    files.flush()
    assert runner.curves(tmp_path)["val/loss"].tolist() == [1.0]
