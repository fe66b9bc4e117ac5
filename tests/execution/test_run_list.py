"""Runs listed in one folder: they resume together, nothing else starts there, and what is done stays done."""

from __future__ import annotations

import crash_scenarios
import pytest
import ways

from runner.errors import ConfigError, RunError
from runner.execution.run_list import resumed_in
from runner.execution.start import resume, start, start_together
from runner.execution.work import Run
from runner.training.loop import Interrupted

NAMES = ("000_adamw", "001_sgd", "002_short", "003_other")


def begin(csv, root):
    """Start the four runs of the crash tests."""
    root.mkdir(exist_ok=True)
    return start_together([Run(root / name, settings) for name, settings in crash_scenarios.runs(csv).items()], root)


@pytest.fixture(scope="module")
def whole(csv, tmp_path_factory):
    root = tmp_path_factory.mktemp("whole") / "runs"
    begin(csv, root)
    return ways.contents(root)


def stopped(csv, root, monkeypatch, epoch):
    with monkeypatch.context() as patch:
        ways.at_epoch(patch, epoch, ways.signals(root.with_name("mark"), 15))
        with pytest.raises(Interrupted, match=f"runner resume {root}"):
            begin(csv, root)
    return root


@pytest.mark.parametrize("epoch", [0, 3, 5])
def test_what_has_ended_is_left_alone_and_the_others_continue(csv, whole, tmp_path, monkeypatch, epoch):
    root = stopped(csv, tmp_path / "runs", monkeypatch, epoch)
    summaries = [root / name / "summary.json" for name in NAMES]
    ended = {path: path.stat().st_mtime_ns for path in summaries if path.exists()}
    assert bool(ended) == (epoch > 1)
    outcomes = resume(root)
    assert [outcome.folder.name for outcome in outcomes] == list(NAMES)
    assert all(outcome.summary["status"] == outcome.status for outcome in outcomes)
    ways.same(root, whole)
    assert {path: path.stat().st_mtime_ns for path in ended} == ended


def test_one_of_them_cannot_be_resumed_alone(csv, tmp_path, monkeypatch):
    root = stopped(csv, tmp_path / "runs", monkeypatch, 2)
    with pytest.raises(ConfigError, match=f"started together with other runs.*runner resume {root}"):
        resume(root / "001_sgd")
    assert resumed_in(root / "001_sgd") == root


def test_nothing_else_starts_where_runs_wait(csv, tmp_path, monkeypatch):
    root = stopped(csv, tmp_path / "runs", monkeypatch, 2)
    before = (root / "population-000.safetensors").read_bytes()
    with pytest.raises(ConfigError, match=r"holds runs that were started before \(sweep\.yaml\)"):
        start_together([Run(root / name, crash_scenarios.settings(csv)) for name in "ab"], root)
    assert (root / "population-000.safetensors").read_bytes() == before


def test_a_finished_run_is_never_started_over(csv, tmp_path):
    quick = crash_scenarios.settings(csv, **{"trainer.epochs": 1})
    (tmp_path / "run").mkdir()
    start(quick, tmp_path / "run")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    for again in (
        lambda: start(crash_scenarios.settings(csv), tmp_path / "run"),
        lambda: start_together([Run(tmp_path / name, quick) for name in ("run", "other")], tmp_path),
    ):
        with pytest.raises(RunError, match="already holds a run"):
            again()
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 2, "runs": []}', '{"format": 1}'])
def test_a_damaged_list_of_an_earlier_version_is_said(tmp_path, content):
    (tmp_path / "unfinished.json").write_text(content)
    with pytest.raises(RunError, match=r"unfinished\.json"):
        resume(tmp_path)
