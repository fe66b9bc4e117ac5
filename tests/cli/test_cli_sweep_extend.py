"""--extend: a sweep grows by what it has not, and keeps what it has; Ctrl-C in a real terminal's way."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from pathlib import Path

import pytest
from command_line import PATIENCE
from fork_server import Process

from runner.cli import main

SMALL = ["dataset.train_size=80", "model.hidden=[4]", "trainer.epochs=2", "trainer.progress=false"]
SLOW = ["model.hidden=[1024,1024]", "trainer.batch_size=1", "trainer.epochs=9", "early_stopping=none"]  # for minutes


def train(folder: Path, *words: str) -> int:
    return main(["-m", *SMALL, *words, f"hydra.sweep.dir={folder}"])


def rows(folder: Path) -> list[dict[str, str]]:
    """results.csv, seconds aside."""
    with (folder / "results.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def test_seeds_and_values_are_added_and_nothing_trains_twice(tmp_path):
    folder = tmp_path / "sweep"
    assert train(folder, "seed=0,1") == 0
    before = rows(folder)
    models = {path: path.stat().st_mtime_ns for path in folder.glob("*/model.safetensors")}
    assert train(folder, "seed=0,1,2", "optimizer=adamw,sgd", "--extend") == 0
    assert {path: path.stat().st_mtime_ns for path in models} == models
    after = rows(folder)
    assert len(after) == 6
    assert [row["run"][:3] for row in after] == [f"{i:03d}" for i in range(6)]
    assert {(row["seed"], row["optimizer"]) for row in after} == {(s, o) for s in "012" for o in ("adamw", "sgd")}
    for old, new in zip(before, after, strict=False):
        assert {key: new[key] for key in old} == old


def test_an_extended_sweep_is_the_one_begun_whole(tmp_path):
    assert train(tmp_path / "grown", "seed=0,1") == 0
    assert train(tmp_path / "grown", "seed=0,1,2,3", "--extend") == 0
    assert train(tmp_path / "whole", "seed=0,1,2,3") == 0
    assert rows(tmp_path / "grown") == rows(tmp_path / "whole")


def test_extending_goes_on_with_what_was_interrupted(tmp_path):
    folder = tmp_path / "sweep"
    assert train(folder, "seed=0,1") == 0
    (folder / "001_seed=1" / "summary.json").unlink()
    assert train(folder, "seed=2", "--extend") == 0
    assert [row["status"] for row in rows(folder)] == ["completed"] * 3


def test_what_cannot_be_extended(tmp_path, capsys):
    folder = tmp_path / "sweep"
    assert train(folder, "seed=0,1", "--extend") == 2
    assert "holds no sweep" in capsys.readouterr().err
    assert train(folder, "seed=0,1") == 0
    assert train(folder, "seed=2") == 2
    assert "--extend" in capsys.readouterr().err
    text = (folder / "sweep.yaml").read_text()
    (folder / "sweep.yaml").write_text(text.replace('"seed": 1', '"seed": 7'))
    assert train(folder, "seed=2", "--extend") == 1
    assert "damaged or edited" in capsys.readouterr().err
    assert len(rows(folder)) == 2


def wait_for(process: Process, condition) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
def test_ctrl_c_twice_ends_at_once_with_all_its_workers(tmp_path, forks):
    words = ["-m", "runner", "-m", "seed=0,1", *SLOW, "hydra.launcher.workers=2", "hydra.sweep.dir=sweep"]
    output = tmp_path / "output.txt"
    process = forks.fork(words, tmp_path, [Path(os.devnull), output, output], session=True)
    wait_for(process, lambda: len(list(tmp_path.glob("sweep/*/train.log"))) == 2)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    wait_for(process, lambda: "once more" in output.read_text())
    asked = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    assert time.monotonic() - asked < 5
    text = output.read_text()
    assert "Traceback" not in text
    assert text.count("once more") == 1
    with pytest.raises(ProcessLookupError):  # nobody of the group is left
        os.killpg(process.pid, 0)
    assert json.loads((tmp_path / "sweep" / "sweep.yaml").read_text().splitlines()[3][2:])["run"] == "000_seed=0"
