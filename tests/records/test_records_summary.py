"""summary.json is strict and exact; curves and results read what was written; damage is reported; git never fails."""

import json
import math
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from runner import results
from runner.errors import RunError
from runner.records import environment
from runner.records.run_files import METRICS, RunFiles
from runner.records.summary import SUMMARY, read_summary, to_json
from runner.reports.curves import curves


def no_constant(name):
    raise AssertionError(f"{name} is not JSON")


def test_not_finite_numbers_become_null_and_the_rest_is_exact():
    content = {
        "status": "completed",
        "x": 0.1 + 0.2,
        "tiny": 5e-324,
        "bad": [math.nan, math.inf, -math.inf],
        "n": 10**20,
    }
    parsed = json.loads(to_json(content), parse_constant=no_constant)
    assert parsed == content | {"bad": [None, None, None]}


def test_numpy_paths_and_text_become_plain_values():
    content = {
        "a": np.float32(0.5),
        "b": np.int64(3),
        "c": np.array([1.0, np.nan]),
        "d": np.bool_(True),
        "e": Path("x/y"),
        6: "ü",
    }
    assert json.loads(to_json(content)) == {"a": 0.5, "b": 3, "c": [1.0, None], "d": True, "e": "x/y", "6": "ü"}


def test_what_json_does_not_have_is_an_error():
    with pytest.raises(TypeError, match=r"summary\.json can't hold .* of type set"):
        to_json({"a": {1, 2}})


def test_a_summary_reads_back(tmp_path):
    (tmp_path / SUMMARY).write_bytes(to_json({"format": 1, "status": "completed", "val": {"loss": 0.1}}))
    assert read_summary(tmp_path) == {"format": 1, "status": "completed", "val": {"loss": 0.1}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"format": 1, "status": "comp', "damaged"),
        (b"", "damaged"),
        (b"[1]", "no JSON object"),
        (b'{"format": 1}', "no status"),
        (b"\xff\xfe{", "damaged"),
        (b'{"format": 2, "status": "completed"}', "format 2, this version of runner reads 1"),
    ],
)
def test_a_damaged_summary_is_reported_with_its_path(tmp_path, text, message):
    (tmp_path / SUMMARY).write_bytes(text)
    with pytest.raises(RunError, match=message) as raised:
        read_summary(tmp_path)
    assert str(tmp_path / SUMMARY) in str(raised.value)


def test_a_run_without_summary_is_told_to_resume(tmp_path):
    with pytest.raises(RunError, match="runner resume"):
        read_summary(tmp_path)


def finished(folder, status="completed", loss=0.1):
    folder.mkdir()
    files = RunFiles(folder)
    files.epoch({"epoch": 0, "val/loss": loss})
    files.summary({"format": 1, "status": status, "val": {"loss": loss}, "versions": {"torch": "2"}, "git": None})
    return folder


def test_results_has_a_row_for_each_finished_run(tmp_path):
    finished(tmp_path / "b", loss=0.2)
    finished(tmp_path / "a", status="diverged", loss=math.nan)
    (tmp_path / "unfinished").mkdir()
    frame = results(tmp_path)
    assert list(frame.columns) == ["run", "status", "val/loss"]
    assert frame["run"].tolist() == ["a", "b"] and frame["status"].tolist() == ["diverged", "completed"]
    assert math.isnan(frame["val/loss"][0]) and frame["val/loss"][1] == 0.2


def test_results_of_one_run_and_of_none(tmp_path):
    assert results(finished(tmp_path / "one"))["run"].tolist() == ["one"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="no finished run"):
        results(tmp_path / "empty")


def test_curves_leaves_out_a_line_that_is_being_written(tmp_path):
    (tmp_path / METRICS).write_text("epoch,val/loss\n0,0.5\n1,0.2")
    assert curves(tmp_path)["val/loss"].tolist() == [0.5]
    (tmp_path / METRICS).write_text("epo")
    assert curves(tmp_path).empty


@pytest.mark.parametrize(
    ("text", "message"),
    [("epoch,a\n0,1.0\n1\n", "line 3 has 1 cells, the header 2"), ("epoch,a\n0,x\n", "damaged.*'x'")],
)
def test_damaged_curves_are_reported_with_path_and_line(tmp_path, text, message):
    (tmp_path / METRICS).write_text(text)
    with pytest.raises(RunError, match=message) as raised:
        curves(tmp_path)
    assert str(tmp_path / METRICS) in str(raised.value)


def test_curves_of_something_that_is_no_run(tmp_path):
    with pytest.raises(RunError, match=r"metrics\.csv: not there; is .* the folder of a run"):
        curves(tmp_path / "nothing")


def test_versions_name_what_the_numbers_depend_on():
    found = environment.versions()
    assert next(iter(found)) == "python" and found["numpy"] == np.__version__ and "torch" in found


def git(folder, *words):
    command = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "GIT_SECONDS", 20.0)  # a busy machine must not turn dirty into unknown here
    environment.git_info.cache_clear()
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "file").write_text("1")
    return folder


def test_git_commit_and_dirty_flag(repository):
    assert environment.git_info(repository) is None  # no commit yet
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")
    commit = git(repository, "rev-parse", "HEAD")
    environment.git_info.cache_clear()
    (repository / "inner").mkdir()
    assert environment.git_info(repository / "inner") == {"commit": commit, "dirty": False}
    (repository / "file").write_text("2")
    assert environment.git_info(repository) == {"commit": commit, "dirty": True}


def test_git_commit_of_packed_refs_a_detached_head_and_a_linked_tree(repository, tmp_path):
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert environment.git_info(repository)["commit"] == commit
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "linked"))
    assert environment.git_info(tmp_path / "linked")["commit"] == commit
    git(repository, "checkout", "-q", "--detach")
    environment.git_info.cache_clear()
    assert environment.git_info(repository)["commit"] == commit


def test_git_never_fails_nor_waits(repository, tmp_path, monkeypatch):
    assert environment.git_info(tmp_path) is None
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "one")
    slow = tmp_path / "bin"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nexec sleep 30\n")
    (slow / "git").chmod(0o755)
    monkeypatch.setattr(environment, "GIT_SECONDS", 0.02)
    monkeypatch.setenv("PATH", f"{slow}:/bin:/usr/bin")
    began = time.monotonic()
    assert environment.git_info(repository)["dirty"] is None
    assert time.monotonic() - began < 2
    environment.git_info.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.git_info(repository)["dirty"] is None
    (repository / ".git" / "HEAD").write_bytes(b"\xff\xfe")
    environment.git_info.cache_clear()
    assert environment.git_info(repository) is None


def test_a_row_of_metrics_and_events_costs_microseconds(tmp_path, record_property):
    metrics = {f"{split}/{name}": 0.123456789 for split in ("train", "val") for name in ("loss", "accuracy", "rmse")}
    row = {"epoch": 0, "step": 0, "seconds": 1.25, "lr": 0.001, "train/objective": 0.3, "gap": 0.1} | metrics
    row |= {"grad_norm": 0.3, "weight_norm": 12.3, "sparsity": 0.0}
    best = math.inf
    for attempt in range(5):
        (tmp_path / str(attempt)).mkdir()
        files = RunFiles(tmp_path / str(attempt))
        began = time.process_time()
        for epoch in range(1000):
            files.epoch(row | {"epoch": epoch})
        files.flush()
        best = min(best, time.process_time() - began)
    record_property("microseconds_a_row", best * 1000)
    assert len(files._drawn) == 12
    assert best * 1000 < 200  # about 35 on a quiet core; a gross slip, such as writing each row, costs more
