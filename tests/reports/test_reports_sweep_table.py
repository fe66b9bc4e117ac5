"""The checked table of a sweep: nothing to correct where nothing is wrong, and every wrong cell corrected."""

from __future__ import annotations

import csv
import dataclasses

import pytest
from made_sweeps import grid, make_sweep

from runner.cli import main
from runner.records.checksums import write_summary
from runner.reports.sweep_table import read_table

SMALL = ["model.hidden=[4]", "dataset.train_size=60", "trainer.epochs=2", "trainer.progress=false"]
SERIAL = "hydra.launcher.executor=serial"


@pytest.mark.parametrize(
    "words",
    [
        ["optimizer=sgd,adamw,nesterov", "regularizer=[],[dropout]", "seed=1"],
        ["optimizer=adam,adamw", "optimizer.weight_decay=0", "seeds=2"],  # the same runs: copies
        ["dataset=two_moons,sine", "model.hidden=[4],[3,3]", "name=mine"],  # two tasks, so that cells are empty
        ["optimizer.lr=0.1,1e30", "dataset.val_fraction=0", "early_stopping.monitor=train/loss", "scheduler=cosine"],
        ["dataset.folds=2", "averaging=none,swa", "augmentation=none"],
    ],
)
def test_nothing_is_wrong_with_the_table_of_a_sweep_as_it_was_written(tmp_path, words):
    folder = tmp_path / "sweep"
    given = {word.partition("=")[0] for word in words}
    small = [word for word in SMALL if not given & {word.partition("=")[0], word.partition(".")[0]}]
    assert main(["-m", *words, *small, SERIAL, f"hydra.sweep.dir={folder}"]) in (0, 1)
    table = read_table(folder)
    assert table.problems == table.notes == []
    with (folder / "results.csv").open(newline="") as file:
        written = list(csv.reader(file))
    assert [table.columns, *table.rows] == written
    (folder / "results.csv").unlink()  # all of it is known without
    anew = read_table(folder)
    rows = [dict(zip(anew.columns, row, strict=True)) for row in anew.rows]
    assert rows and rows == [{name: row.get(name, "") for name in anew.columns} for row in _dicts(written)]
    assert {*table.columns} - {*anew.columns} <= {"val/loss", "val/accuracy", "dataset", "optimizer"}


def _dicts(written):
    return [dict(zip(written[0], row, strict=True)) for row in written[1:]]


def test_every_cell_of_a_row_is_held_against_its_run(tmp_path):
    folder = make_sweep(tmp_path / "s", grid({0.1: [0.25], 0.2: [0.5]}))
    path = folder / "results.csv"
    lines = path.read_text().splitlines()
    expected = read_table(folder)
    row = next(csv.reader([lines[2]]))
    for i, name in enumerate(expected.columns):
        changed = [*row[:i], f"{row[i]}7", *row[i + 1 :]]
        path.write_text("\n".join([*lines[:2], ",".join(changed)]) + "\n")
        table = read_table(folder)
        assert table.rows == expected.rows, name
        assert len(table.problems) == 1 and f"{path}: not what the runs say" in table.problems[0]


def test_rows_of_runs_that_are_not_there_are_told_from_rows_of_runs_that_have_not_ended(tmp_path):
    folder = make_sweep(tmp_path / "s", grid({0.1: [0.25, "failed", 0.5]}))
    runs = sorted(folder.glob("00*"))
    (runs[0] / "summary.json").unlink()
    table = read_table(folder)
    assert [row[1] for row in table.rows] == [
        "failed",
        "completed",
    ] and "its summary.json is not there" in table.problems[0]
    for path in (*runs[0].iterdir(), runs[0]):
        path.unlink() if path.is_file() else path.rmdir()
    table = read_table(folder)
    assert [row[1] for row in table.rows] == ["completed", "failed", "completed"] and table.problems == []
    assert table.notes == ["1 run without a folder here: as results.csv has them, unchecked"]


def test_a_summary_swapped_with_that_of_another_run_is_seen(tmp_path):
    folder = make_sweep(tmp_path / "s", grid({0.1: [0.25, 0.5]}))
    first, second = sorted(folder.glob("00*"))
    (second / "metrics.csv").write_text("epoch\n0\n")
    content = {"format": 1, **dataclasses.asdict(_Known())}
    write_summary(second, content, {})
    (first / "summary.json").write_bytes((second / "summary.json").read_bytes())
    table = read_table(folder)
    assert [row[0] for row in table.rows] == [second.name]
    assert f"left out: {first / 'metrics.csv'}: does not match" in table.notes[0]


@dataclasses.dataclass
class _Known:
    status: str = "completed"
    monitor: str = "val/loss"
    best_epoch: int = 1
    epochs: int = 1
    val: dict = dataclasses.field(default_factory=lambda: {"loss": 0.5})


def test_what_runs_say_alike_is_kept_once(tmp_path):
    folder = make_sweep(tmp_path / "s", grid({0.125: [0.25, 0.5, 0.75]}))
    table = read_table(folder)
    at = table.columns.index("optimizer.lr")
    assert [row[at] for row in table.rows] == ["0.125"] * 3
    assert len({id(row[at]) for row in table.rows}) == 1
    words = [word for run in table.listed["runs"] for word in run["overrides"] if word == "optimizer.lr=0.125"]
    keys = [key for run in table.listed["runs"] for key in run["settings"] if key == "optimizer.lr"]
    assert len(words) == len(keys) == 3
    assert len({id(word) for word in words}) == len({id(key) for key in keys}) == 1
