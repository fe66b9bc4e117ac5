"""Folders that an earlier version has left are read as its own, and resume where they were stopped."""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path

import pytest
import run_folders
import ways
import yaml

import runner
from runner.cli import main
from runner.execution.stored import read_config

SPECIMEN = Path(__file__).parent / "specimen" / "92663df.tar.xz"
STOPPED = {"run": 1, "folds": 3, "train": 3, "sweep": 4}  # runs


@pytest.fixture
def old(tmp_path):
    """A copy of what the earlier version left."""
    with tarfile.open(SPECIMEN) as file:
        file.extractall(tmp_path / "old", filter="data")
    return tmp_path / "old"


def recorded(root: Path) -> dict[str, list[list[str]]]:
    """Of each run the epochs that it has recorded."""
    return {
        name: [*csv.reader((run / "metrics.csv").read_text().splitlines())]
        for name, run in ways.runs(root).items()
        if (run / "metrics.csv").exists()
    }


@pytest.mark.parametrize("name", STOPPED)
def test_what_was_stopped_continues_and_ends_as_if_it_had_not_been(old, name, tmp_path, capsys):
    root = old / name
    before = recorded(root)
    assert before and all(len(rows) <= 4 for rows in before.values())
    assert ways.resume(root, capsys) == ""
    found = ways.contents(root)
    ended = {name: run for name, run in found.items() if name != "results"}
    assert len(ended) == STOPPED[name] == len(ways.runs(root))
    for run, rows in recorded(root).items():
        assert rows[: len(before.get(run, [])) - 1] == before.get(run, rows)[:-1]  # the last may not have been saved
        (again,) = runner.train([read_config(root / run)], tmp_path / "again")
        assert ended[run]["summary"]["val"]["loss"] == pytest.approx(again.summary["val"]["loss"], rel=1e-4)
    logs = [(run / "train.log").read_text() for run in ways.runs(root).values()]
    assert any("resumed after epoch 2" in log for log in logs)
    assert main(["report", str(root)]) == 0
    assert f"{STOPPED[name]} finished" in capsys.readouterr().out
    assert ways.resume(root, capsys) == ""
    assert run_folders.differences(ways.contents(root), found) == []


def test_a_finished_sweep_is_reported_used_resumed_and_extended(old, capsys):
    root = old / "finished"
    before = {path: path.read_bytes() for path in root.glob("*/*") if path.is_file()}
    assert main(["report", str(root)]) == 0 and main(["best", str(root)]) == 0
    said = capsys.readouterr().out
    assert "4 finished" in said and "without checksums" in said and said.count("note: ") <= 2
    table = runner.results(root)
    for run, loss in zip(table["run"], table["val/loss"], strict=True):
        assert json.loads((root / run / "summary.json").read_text())["val"]["loss"] == loss
        assert len(runner.curves(root / run)) == 5
        assert runner.load(root / run).settings.dataset.n == 80
    assert ways.resume(root, capsys) == ""
    assert {path: path.read_bytes() for path in before} == before
    words = yaml.safe_load((root / table["run"][0] / ".hydra" / "overrides.yaml").read_text())
    changes = [word for word in words if "seed" not in word]
    assert main(["-m", *changes, "seed=0,2", f"hydra.sweep.dir={root}", "--extend"]) == 0
    assert len(runner.results(root)) == 5


def test_a_damaged_run_is_trained_again_by_the_folder_it_is_in(old, capsys):
    root = old / "train"
    ways.resume(root, capsys)
    path = root / "001_seed=1" / "metrics.csv"
    right = [row[:2] + row[3:] for row in csv.reader(path.read_text().splitlines())]
    path.write_text("epoch\n")
    assert main(["report", str(root)]) == 0
    assert f"`runner resume {root}` trains again what is damaged" in capsys.readouterr().out
    assert "trained again" in ways.resume(root, capsys)
    assert [row[:2] + row[3:] for row in csv.reader(path.read_text().splitlines())] == right
