"""Ensembles of one training: its networks at the ends of cycles, what they reach together, and kills in between."""

import csv
import os
import re
from pathlib import Path

import numpy as np
import pytest
from interrupting import stopped
from sweep_folders import run_content

import runner
from runner.cli import main
from runner.config.registry import entries
from runner.data.prepare import prepare
from runner.execution.stored import read_config
from runner.records.summary import read_summary
from runner.training.model_arrays import read_arrays
from runner.training.trial import Trial

SMALL = ["trainer.progress=false", "trainer.figures=false", "model.hidden=[8]", "optimizer.lr=0.02"]
CYCLES = ["scheduler=cosine_restarts", "scheduler.t_0=2", "scheduler.t_mult=1", "early_stopping=none"]
SNAPSHOT = [*SMALL, *CYCLES, "ensemble=snapshot", "ensemble.size=3", "trainer.epochs=7"]  # ends: 2, 4, 6


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def members(folder: Path) -> list[Path]:
    return sorted((folder / "members").iterdir())


def contents(folder: Path) -> dict:
    files = {f"{m.name}/{file.name}": file.read_bytes() for m in members(folder) for file in m.iterdir()}
    assert sorted(files) == [f"00{k}/{name}.safetensors" for k in range(3) for name in ("answers", "model")]
    return run_content(folder) | files


@pytest.mark.parametrize(
    ("keys", "epochs", "ends"),
    [
        ({"t_0": 10, "t_mult": 2}, 100, [10, 30, 70]),
        ({"t_0": 10, "t_mult": 2}, 70, [10, 30, 70]),
        ({"t_0": 10, "t_mult": 2}, 69, [10, 30]),
        ({"t_0": 5, "t_mult": 1, "warmup": 2.0}, 20, [7, 12, 17]),
        ({"t_0": 5, "t_mult": 1, "unit": "steps"}, 20, []),
        ({"t_0": 5, "warmup": 0.5}, 20, []),
    ],
)
def test_cycles_end_where_the_rate_jumps_up_again(keys, epochs, ends):
    schedule = entries("scheduler")["cosine_restarts"].cls(**keys)
    assert schedule.cycle_ends(epochs) == ends
    if ends:
        rates = schedule.factors(0, 1, epochs, epochs)[int(schedule.warmup) :]
        jumps = np.flatnonzero(np.diff(rates) > 0) + 1 + int(schedule.warmup)
        assert jumps.tolist() == [end for end in ends if end < epochs]


@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_a_member_is_the_network_of_a_run_that_ends_with_its_cycle(here, engine):
    words = [f"trainer.engine={engine}", "regularizer.dropout=0.1", "seed=3"]
    assert main([*SNAPSHOT, *words, "hydra.run.dir=e"]) == 0
    for member, epochs in zip(members(here / "e"), (2, 4, 6), strict=True):
        alone = here / f"to{epochs}"
        assert main([*SMALL, *CYCLES, *words, f"trainer.epochs={epochs}", f"hydra.run.dir={alone}"]) == 0
        mine, theirs = (read_arrays(folder / "model.safetensors")[1] for folder in (member, alone))
        assert mine.keys() == theirs.keys()
        assert all((mine[name] == theirs[name]).all() for name in mine)


@pytest.mark.parametrize("words", [[], ["dataset=diabetes"]], ids=["classes", "numbers"])
def test_the_metrics_are_those_of_the_members_together(here, words):
    assert main([*SNAPSHOT, *words, "hydra.run.dir=e"]) == 0
    summary, data = read_summary(here / "e"), prepare(read_config(here / "e"))
    found = runner.load(here / "e")
    assert [each.folder.name for each in found.members] == ["000", "001", "002"]
    rows = data.test
    if words:
        said = np.mean([run.decode(run.outputs(data.x[rows])) for run in found.members], 0)
        rmse = np.sqrt(np.square(said - data.targets(rows)).mean())
        assert summary["test"]["rmse"] == pytest.approx(rmse, rel=1e-6)
    else:
        said = np.mean([run.probabilities(run.outputs(data.x[rows])) for run in found.members], 0)
        assert summary["test"]["loss"] == pytest.approx(
            -np.log(said[np.arange(len(rows)), data.y[rows]]).mean(), rel=1e-6
        )
    for split in ("train", "val", "test"):
        assert summary[split]["loss"] <= summary["ensemble"]["mean"][split]["loss"]
    sizes = list(csv.DictReader((here / "e" / "sizes.csv").open()))
    assert [row["member"] for row in sizes] == ["000", "001", "002"]
    metric = "rmse" if words else "accuracy"
    assert float(sizes[-1][f"test/{metric}"]) == summary["test"][metric]


def test_a_picture_shows_the_sizes_among_the_figures(here):
    assert main([*SNAPSHOT, "trainer.figures=true", "hydra.run.dir=e"]) == 0
    assert (here / "e" / "figures" / "ensemble.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("engine", ["native", "stacked"])
@pytest.mark.parametrize("epoch", [2, 3, 4, 5, 7])
def test_resumed_after_a_kill_in_any_cycle_it_is_what_it_would_have_been(here, engine, epoch):
    words = [*SNAPSHOT, f"trainer.engine={engine}", "trainer.checkpoint_seconds=0"]
    assert main([*words, "hydra.run.dir=whole"]) == 0
    assert stopped([*words, "hydra.run.dir=cut"], epoch) == 130
    assert len(list((here / "cut").glob("members/*"))) == (epoch - 1) // 2
    assert main(["resume", "cut"]) == 0
    assert contents(here / "cut") == contents(here / "whole")


def test_a_snapshot_that_is_damaged_before_the_end_is_made_again(here, capsys):
    words = [*SNAPSHOT, "trainer.checkpoint_seconds=0"]
    assert main([*words, "hydra.run.dir=whole"]) == 0
    record = Trial.record

    def stopping(self, epoch, row):
        if epoch == 5:
            raise KeyboardInterrupt
        return record(self, epoch, row)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trial, "record", stopping)
        assert main([*words, "hydra.run.dir=cut"]) == 130
    (here / "cut" / "members" / "000" / "model.safetensors").write_bytes(b"?")
    capsys.readouterr()
    assert main(["resume", "cut"]) == 0
    assert "members/000/model.safetensors not as checkpoint.safetensors knows it" in capsys.readouterr().err
    assert contents(here / "cut") == contents(here / "whole")


def test_a_member_that_is_damaged_afterwards_is_not_used_and_made_again(here, capsys):
    assert main([*SNAPSHOT, "hydra.run.dir=e"]) == 0
    before = contents(here / "e")
    (here / "e" / "members" / "001" / "model.safetensors").write_bytes(b"?")
    (here / "table.csv").write_text("a\n1\n")
    capsys.readouterr()
    assert main(["predict", "e", "table.csv", "--out", "x.csv"]) == 1
    assert "members/001/model.safetensors: does not match its checksum" in capsys.readouterr().err
    assert main(["resume", "e"]) == 0
    assert contents(here / "e") == before


def test_in_a_sweep_it_is_what_it_is_alone(here):
    assert main(["-m", *SNAPSHOT, "optimizer.lr=0.02,0.01", "seed=0,1", "hydra.sweep.dir=s"]) == 0
    for run in sorted((here / "s").glob("00*")):
        lr, seed = re.findall(r"lr=(\S+)_seed=(\d)", run.name)[0]
        assert main([*SNAPSHOT, f"optimizer.lr={lr}", f"seed={seed}", f"hydra.run.dir=alone{lr}-{seed}"]) == 0
        assert contents(run) == contents(here / f"alone{lr}-{seed}")
    assert len(list((here / "s").glob("mean/*"))) == 2  # it has curves
    assert len(runner.curves(here / "s")) == 4 * 8


BAD = {
    "scheduler=constant": r"scheduler = constant: has no cycles.*; set scheduler=cosine_restarts, or use ensemble=deep",
    "early_stopping=default": r"early_stopping\.patience = 10: could stop before .*; set early_stopping=none",
    "trainer.epochs=5": r"ensemble\.size = 3: trainer\.epochs = 5 hold 2 of the cycles.*; set ensemble\.size=2, ",
    "trainer.epochs=3": r"trainer\.epochs = 3 hold 1 of the cycles.*; set scheduler\.t_0=1 scheduler\.t_mult=1",
    "scheduler.unit=steps": r"scheduler\.unit = steps, .*set scheduler\.unit=epochs",
    "scheduler.warmup=0.5": r"scheduler\.warmup = 0\.5: .*a whole number to warm up",
    "ensemble.size=1": r"ensemble\.size = 1: out of range; .*for example ensemble\.size=3",
}


@pytest.mark.parametrize("word", BAD)
def test_what_has_no_cycles_to_take_is_refused_with_a_way_out(here, capsys, word):
    assert main([*SNAPSHOT, word, "hydra.run.dir=e"]) == 2
    assert re.search(BAD[word], capsys.readouterr().err)
    assert not os.path.exists("e")
