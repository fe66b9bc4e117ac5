"""Runs started in one call: stopped together, resumed together, each as if it had never been stopped."""

from __future__ import annotations

import crash_scenarios
import pytest
import run_folders
from interrupting import at_epoch, stop

from runner.cli import main
from runner.errors import ConfigError, RunError
from runner.execution import session, unfinished
from runner.training.loop import Interrupted


def begin(csv, root):
    """Start the four runs of the scenario "together"."""
    runs = crash_scenarios.runs("together", csv)
    for name in runs:
        (root / name).mkdir(parents=True)
    return session.start([(settings, root / name) for name, settings in runs.items()])


NAMES = ("000_adamw", "001_sgd", "002_short", "003_other")


@pytest.fixture(scope="module")
def whole(csv, tmp_path_factory):
    root = tmp_path_factory.mktemp("whole")
    begin(csv, root)
    return run_folders.all_contents(root, list(NAMES))


def stopped(csv, root, monkeypatch, epoch):
    with monkeypatch.context() as patch:
        at_epoch(patch, epoch, stop)
        with pytest.raises(Interrupted, match=f"runner resume {root}"):
            begin(csv, root)
    return root


@pytest.mark.parametrize("epoch", [1, 3, 5])
def test_all_rows_resume_and_equal_the_undisturbed_ones(csv, whole, tmp_path, monkeypatch, epoch):
    root = stopped(csv, tmp_path / "runs", monkeypatch, epoch)
    ended = {
        name: (root / name / "summary.json").stat().st_mtime_ns
        for name in NAMES
        if (root / name / "summary.json").exists()
    }
    assert bool(ended) == (epoch > 1)
    outcomes = session.resume(root)
    assert [outcome.folder.name for outcome in outcomes] == list(NAMES)
    assert {outcome.status for outcome in outcomes} <= {"completed", "stopped_early"}
    assert all(outcome.summary["status"] == outcome.status for outcome in outcomes)
    assert run_folders.differences(run_folders.all_contents(root, list(NAMES)), whole) == []
    assert {name: (root / name / "summary.json").stat().st_mtime_ns for name in ended} == ended


def test_the_command_line_resumes_them(csv, whole, tmp_path, monkeypatch, capsys):
    root = stopped(csv, tmp_path / "runs", monkeypatch, 2)
    assert main(["resume", str(root)]) == 0
    assert run_folders.differences(run_folders.all_contents(root, list(NAMES)), whole) == []


def test_one_of_them_cannot_be_resumed_alone(csv, tmp_path, monkeypatch):
    root = stopped(csv, tmp_path / "runs", monkeypatch, 2)
    with pytest.raises(ConfigError, match=f"started together with other runs.*runner resume {root}"):
        session.resume(root / "001_sgd")


def test_nothing_else_starts_where_runs_wait(csv, tmp_path, monkeypatch):
    root = stopped(csv, tmp_path / "runs", monkeypatch, 2)
    before = (root / "population-000.safetensors").read_bytes()
    others = []
    for name in ("a", "b"):
        (root / name).mkdir()
        others.append((crash_scenarios.settings(csv), root / name))
    with pytest.raises(ConfigError, match=r"holds runs that have not ended.*unfinished\.json"):
        session.start(others)
    assert (root / "population-000.safetensors").read_bytes() == before


def test_a_defect_in_one_population_leaves_the_other_and_can_be_tried_again(csv, whole, tmp_path, monkeypatch):
    def defect():
        raise ZeroDivisionError("a defect")

    with monkeypatch.context() as patch:
        at_epoch(patch, 2, defect)
        outcomes = begin(csv, tmp_path)
    assert [outcome.status for outcome in outcomes] == ["failed"] * 3 + ["completed"]
    assert all("ZeroDivisionError" in (outcome.folder / "train.log").read_text() for outcome in outcomes[:3])
    assert {outcome.status for outcome in session.resume(tmp_path)} <= {"completed", "stopped_early"}
    assert run_folders.differences(run_folders.all_contents(tmp_path, list(NAMES)), whole) == []


def test_a_finished_run_is_never_started_over(csv, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    quick = crash_scenarios.settings(csv, **{"trainer.epochs": 1})
    session.start([(quick, folder)])
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    with pytest.raises(RunError, match="already holds a run"):
        session.start([(crash_scenarios.settings(csv), folder)])
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2, "runs": []}', '{"format": 1}'])
def test_a_damaged_list_of_runs_is_said(tmp_path, content):
    (tmp_path / unfinished.LIST).write_text(content)
    with pytest.raises(RunError, match=r"unfinished\.json"):
        session.resume(tmp_path)


def test_the_root_of_runs_is_the_folder_that_holds_them(tmp_path):
    assert unfinished.root_of([tmp_path / "a"]) == tmp_path / "a"
    assert unfinished.root_of([tmp_path / "a", tmp_path / "b"]) == tmp_path
    assert unfinished.root_of([tmp_path / "x" / "a", tmp_path / "y" / "a"]) == tmp_path
