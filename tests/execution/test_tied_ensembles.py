"""ensemble.tie on the command line: members that are drawn to each other train, end, break and resume as one."""

import csv
import math
import re
from pathlib import Path

import numpy as np
import pytest
from interrupting import stopped
from sweep_folders import run_content

import runner
from runner.cli import main
from runner.records.summary import read_summary
from runner.training import loop
from runner.training.trial import Trial

SMALL = ["dataset=iris", "model.hidden=[6]", "trainer.epochs=3", "trainer.progress=false", "trainer.figures=false"]
TIED = [*SMALL, "early_stopping=none", "ensemble=deep", "ensemble.size=3", "ensemble.tie=0.02"]
OFTEN = "trainer.checkpoint_seconds=0"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(folder: Path) -> dict:
    """What of an ensemble must not depend on its company or on kills."""
    summary = read_summary(folder)
    kept = {key: summary[key] for key in ("status", "reason", "train", "val", "test", "ensemble", "epochs", "seed")}
    assert not [*folder.rglob("*.tmp"), *folder.rglob("population-*"), *folder.rglob("checkpoint*")]
    return {"summary": kept} | {each.name: run_content(each) for each in sorted((folder / "members").iterdir())}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The contents of an undisturbed one."""
    folder = tmp_path_factory.mktemp("tied") / "e"
    assert main([*TIED, f"hydra.run.dir={folder}"]) == 0
    return contents(folder)


def test_the_stronger_the_tie_the_nearer_are_the_members(here):
    apart = {}
    for tie in (0.01, 0.5):
        assert main([*TIED, f"ensemble.tie={tie}", "optimizer=sgd", "optimizer.lr=0.1", f"hydra.run.dir={tie}"]) == 0
        first = np.stack([runner.load(each).network[0].weight.detach() for each in (here / f"{tie}/members").iterdir()])
        apart[tie] = np.linalg.norm(first - first.mean(0))
    assert apart[0.5] < 0.1 * apart[0.01]


def test_in_a_sweep_a_tied_ensemble_is_what_it_is_alone(here, whole):
    width = "hydra.launcher.max_members=2"  # it takes its steps together all the same
    keys = ["ensemble.tie=0,0.02,0.1", "hydra.launcher.workers=2", width, "hydra.sweep.dir=s"]
    assert main(["-m", *TIED, *keys]) == 0
    (name,) = [
        row["run"] for row in csv.DictReader((here / "s" / "results.csv").open()) if row["ensemble.tie"] == "0.02"
    ]
    assert contents(here / "s" / name) == whole


def test_cut_off_it_resumes_to_what_it_would_have_been(here, whole):
    assert stopped([*TIED, OFTEN, "hydra.run.dir=cut"], 3) == 130
    assert main(["resume", "cut"]) == 0
    assert contents(here / "cut") == whole


@pytest.mark.parametrize(("ended", "often"), [(1, [OFTEN]), (2, [])], ids=["from a checkpoint", "from the beginning"])
def test_cut_off_between_the_ends_of_its_members_all_of_them_train_on(here, monkeypatch, whole, ended, often):
    finish, made = loop.finish, []

    def cut(*given):
        if len(made) == ended:
            raise KeyboardInterrupt
        made.append(1)
        return finish(*given)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "finish", cut)
        assert main([*TIED, *often, "hydra.run.dir=cut"]) == 130
    assert len([*(here / "cut" / "members").glob("*/summary.json")]) == ended
    assert main(["resume", "cut"]) == 0
    assert contents(here / "cut") == whole


def test_a_damaged_member_is_trained_again_with_the_others(here, whole):
    assert main([*TIED, "hydra.run.dir=e"]) == 0
    answers = here / "e" / "members" / "001" / "answers.safetensors"
    answers.write_bytes(answers.read_bytes()[:-1] + b"x")
    assert main(["resume", "e"]) == 0
    for aside in (here / "e").rglob("damaged-1"):
        for file in aside.iterdir():
            file.unlink()
        aside.rmdir()
    assert contents(here / "e") == whole


def test_what_one_of_them_has_not_recorded_all_make_anew(here, whole):
    assert stopped([*TIED, OFTEN, "hydra.run.dir=cut"], 3) == 130
    metrics = here / "cut" / "members" / "001" / "metrics.csv"
    metrics.write_bytes(metrics.read_bytes()[:40])
    assert main(["resume", "cut"]) == 0
    assert contents(here / "cut") == whole


def test_where_one_diverges_all_have(here, monkeypatch):
    record = Trial.record

    def diverging(self, epoch, row):
        return record(self, epoch, row | ({"train/loss": math.nan} if self.settings.seed == 1 and epoch == 2 else {}))

    monkeypatch.setattr(Trial, "record", diverging)
    assert main([*TIED, "hydra.run.dir=e"]) == 1
    assert read_summary(here / "e")["reason"] == "3 of 3 members diverged"
    said = [read_summary(each)["reason"] for each in sorted((here / "e" / "members").iterdir())]
    assert said == [tied := "a member that it is tied to has diverged (ensemble.tie)", said[1], tied]
    assert {each["epochs"] for each in map(read_summary, (here / "e" / "members").iterdir())} == {2}


def test_where_one_fails_all_fail_and_are_tried_again_together(here, monkeypatch, whole, capsys):
    record, tried = Trial.record, []

    def failing(self, epoch, row):
        if self.settings.seed == 1 and epoch == 2:
            tried.append(1)
            raise ValueError("a defect")
        return record(self, epoch, row)

    with monkeypatch.context() as patch:
        patch.setattr(Trial, "record", failing)
        assert main([*TIED, "hydra.run.dir=e"]) == 1
    assert "ValueError: a defect" in capsys.readouterr().err
    assert len(tried) == 1
    assert main(["resume", "e"]) == 0
    assert contents(here / "e") == whole


def test_all_of_them_are_repeated_or_none(here, whole, capsys):
    assert main([*TIED, "hydra.run.dir=e"]) == 0
    assert main(["repeat", "e/members/001", "hydra.run.dir=one"]) == 2
    assert re.search(r"\(ensemble.tie = 0.02\).*; `runner repeat e` trains all of them", capsys.readouterr().err)
    assert not (here / "one").exists()
    assert main(["repeat", "e", "hydra.run.dir=again"]) == 0
    assert contents(here / "again") == whole


BAD = {
    "early_stopping.patience=5": "ensemble.tie = 0.02: its members end together, .* set early_stopping=none",
    "optimizer=lbfgs": "ensemble.tie = 0.02: .*optimizer = lbfgs searches",
    "ensemble.tie=-1": "ensemble.tie = -1: out of range",
    "trainer.engine=native": "ensemble.tie=0.02 has no compiled form",
    "ensemble=none": "it belongs to ensemble=deep and ensemble=bagging",
    "ensemble=snapshot": "it belongs to ensemble=deep and ensemble=bagging",
}


@pytest.mark.parametrize("word", BAD)
def test_what_members_that_are_tied_cannot_have_is_refused(here, capsys, word):
    assert main([*TIED, word, "hydra.run.dir=e"]) == 2
    assert re.search(BAD[word], capsys.readouterr().err)
    assert not (here / "e").exists()
