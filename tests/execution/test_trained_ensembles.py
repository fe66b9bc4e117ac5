"""Runs that are ensembles: what their members are, what they reach together, and that nothing changes it."""

import csv
import json
import math
import re
import statistics
from pathlib import Path

import numpy as np
import pytest
from interrupting import stopped
from stopping import at_record
from sweep_folders import run_content

import runner
from runner.cli import main
from runner.data.prepare import prepare
from runner.errors import RunError
from runner.execution import ensembles
from runner.execution.configurations import read
from runner.execution.stored import read_config
from runner.records.summary import read_summary
from runner.training.trial import Trial

SMALL = ["trainer.epochs=3", "trainer.progress=false", "trainer.figures=false", "model.hidden=[8]"]
DEEP = [*SMALL, "ensemble=deep", "ensemble.size=3"]
NUMBERS = ["dataset=diabetes", "optimizer.lr=0.01"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def members(folder: Path) -> list[Path]:
    return sorted((folder / "members").iterdir())


def contents(folder: Path) -> dict:
    """What of an ensemble must not depend on its company or on kills."""
    summary = read_summary(folder)
    kept = {key: summary[key] for key in ("status", "reason", "train", "val", "test", "ensemble", "epochs", "seed")}
    assert not [*folder.rglob("*.tmp"), *folder.rglob("population-*"), *folder.rglob("checkpoint*")]
    return {"summary": kept} | {each.name: run_content(each) for each in members(folder)}


@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_a_member_is_the_run_of_its_seed_alone(here, engine):
    words = [f"trainer.engine={engine}"]
    assert main([*DEEP, *words, "seed=4", "regularizer.dropout=0.2", "hydra.run.dir=e"]) == 0
    assert [each.name for each in members(here / "e")] == ["000", "001", "002"]
    for k, member in enumerate(members(here / "e")):
        alone = here / f"alone{k}"
        assert main([*SMALL, *words, f"seed={4 + k}", "regularizer.dropout=0.2", f"hydra.run.dir={alone}"]) == 0
        assert run_content(member) == run_content(alone)


def combined(probabilities: np.ndarray, combine: str) -> np.ndarray:
    """Of probabilities [K, n, C], in the words of the formulas."""
    if combine == "mean":
        return probabilities.mean(0)
    if combine == "vote":
        return (probabilities.argmax(-1)[..., None] == np.arange(probabilities.shape[-1])).mean(0)
    product = probabilities.prod(0) ** (1 / len(probabilities))
    return product / product.sum(-1, keepdims=True)


@pytest.mark.parametrize("combine", ["mean", "geometric", "vote"])
def test_its_metrics_are_those_of_what_the_members_say_together(here, combine):
    assert main([*DEEP, f"ensemble.combine={combine}", "hydra.run.dir=e"]) == 0
    summary, data = read_summary(here / "e"), prepare(read_config(here / "e"))
    runs = [runner.load(each) for each in members(here / "e")]
    for split in ("val", "test"):
        rows = getattr(data, split)
        said = np.stack([run.probabilities(run.outputs(data.x[rows])) for run in runs])
        together = combined(said, combine)
        accuracy = (together.argmax(-1) == data.y[rows]).mean()
        with np.errstate(divide="ignore"):
            loss = -np.log(together[np.arange(len(rows)), data.y[rows]]).mean()
        assert summary[split]["accuracy"] == pytest.approx(accuracy, abs=1e-12)
        assert summary[split]["loss"] == (pytest.approx(loss, rel=1e-6) if math.isfinite(loss) else None)


def nll_of_the_mean_is_no_worse(folder: Path) -> None:
    """Jensen's inequality, on every split."""
    summary, alone = read_summary(folder), [read_summary(each) for each in members(folder)]
    for split in ("train", "val", "test"):
        mean = statistics.fmean(each[split]["loss"] for each in alone)
        assert summary[split]["loss"] <= mean
        assert summary["ensemble"]["mean"][split]["loss"] == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize("kind", ["deep", "bagging"])
@pytest.mark.parametrize("words", [[], NUMBERS, ["dataset=wine"]], ids=["digits", "diabetes", "wine"])
def test_the_loss_of_the_mean_is_at_most_the_mean_loss_of_the_members(here, kind, words):
    assert main([*SMALL, *words, f"ensemble={kind}", "ensemble.size=4", "hydra.run.dir=e"]) == 0
    nll_of_the_mean_is_no_worse(here / "e")


def test_numbers_are_averaged_and_their_loss_is_on_the_scale_of_training(here):
    assert main([*DEEP, *NUMBERS, "hydra.run.dir=e"]) == 0
    summary, data = read_summary(here / "e"), prepare(read_config(here / "e"))
    runs = [runner.load(each) for each in members(here / "e")]
    said = np.stack([run.decode(run.outputs(data.x[data.test])) for run in runs]).mean(0)
    rmse = np.sqrt(np.square(said - data.targets(data.test)).mean())
    assert summary["test"]["rmse"] == pytest.approx(rmse, rel=1e-6)
    assert summary["test"]["loss"] == pytest.approx((rmse / data.encoding.target_scale) ** 2, rel=1e-6)


def test_its_folder_predicts_and_loads_as_one(here, capsys):
    words = ["dataset=csv", "dataset.path=table.csv", "dataset.target=kind"]
    lines = [f"{i % 7},{i % 5},{'a' if i % 7 > i % 5 else 'b'}" for i in range(120)]
    (here / "table.csv").write_text("\n".join(["u,v,kind", *lines]) + "\n")
    assert main([*DEEP, *words, "hydra.run.dir=e"]) == 0
    assert main(["predict", "e", "table.csv", "--out", "said.csv"]) == 0
    found = runner.load(here / "e")
    table = list(csv.DictReader((here / "said.csv").open()))
    inputs = np.array([[float(row["u"]), float(row["v"])] for row in table])
    alone = [runner.load(each).predict_proba(inputs) for each in members(here / "e")]
    assert found.predict_proba(inputs) == pytest.approx(np.mean(alone, 0), rel=1e-12)
    assert [float(row["prob_a"]) for row in table] == pytest.approx(found.predict_proba(inputs)[:, 0], rel=1e-12)
    assert "3 runs of e, combined by mean" in capsys.readouterr().out


def test_what_says_how_it_went_tells_of_the_members_too(here, capsys):
    assert main([*DEEP, "hydra.run.dir=e"]) == 0
    said = capsys.readouterr().out
    assert "ensemble      deep, 3 members from seed 0 on, combined by mean" in said
    assert said.startswith("runner: 3 runs\n")
    mean = read_summary(here / "e")["ensemble"]["mean"]["val"]["loss"]
    assert re.search(rf"^  val, a member +loss {mean:.4f}", said, re.M)
    assert "seed=0,3,6,9,12" in said  # ensembles without a common member
    rows = list(csv.DictReader((here / "e" / "members.csv").open()))
    assert [(row["run"], row["seed"]) for row in rows] == [(f"members/00{k}", str(k)) for k in range(3)]
    losses = [read_summary(each)["val"]["loss"] for each in members(here / "e")]
    assert [float(row["val/loss"]) for row in rows] == losses


# ---- kills, company and damage


@pytest.mark.parametrize("kind", ["deep", "bagging"])
@pytest.mark.parametrize("engine", ["native", "stacked"])
def test_resumed_it_is_what_it_would_have_been(here, kind, engine):
    words = [*SMALL, f"ensemble={kind}", "ensemble.size=3", f"trainer.engine={engine}", "trainer.checkpoint_seconds=0"]
    assert main([*words, "hydra.run.dir=whole"]) == 0
    assert stopped([*words, "hydra.run.dir=cut"], 3) == 130
    assert not (here / "cut" / "summary.json").exists()
    assert main(["resume", "cut"]) == 0
    assert contents(here / "cut") == contents(here / "whole")


@pytest.mark.parametrize("ended", [0, 1, 2, 3])
def test_killed_between_the_ends_of_its_members_it_resumes(here, monkeypatch, ended):
    """After so many members have ended, the last time before they are combined."""
    assert main([*DEEP, "hydra.run.dir=whole"]) == 0
    made, write, combine = [], Trial.record, ensembles.end

    def recorded(self, epoch, row):
        if epoch == 3:
            made.append(1)
            if len(made) > ended:
                raise KeyboardInterrupt
        return write(self, epoch, row)

    def killed(*_given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Trial, "record", recorded)
        patch.setattr(ensembles, "end", killed)
        assert main([*DEEP, "trainer.checkpoint_seconds=0", "hydra.run.dir=cut"]) == 130
    assert ensembles.end is combine
    assert not (here / "cut" / "summary.json").exists()
    assert main(["resume", "cut"]) == 0
    whole, cut = contents(here / "whole"), contents(here / "cut")
    assert cut == whole


def test_in_a_sweep_it_is_what_it_is_alone(here, capsys):
    sweep = ["-m", *SMALL, "ensemble=deep", "ensemble.size=2,3", "optimizer.lr=0.01", "hydra.sweep.dir=s"]
    assert main(sweep) == 0
    rows = list(csv.DictReader((here / "s" / "results.csv").open()))
    assert [row["run"] for row in rows] == ["000_size=2", "001_size=3"]
    for size, row in zip((2, 3), rows, strict=True):
        alone = here / f"alone{size}"
        assert main([*DEEP, f"ensemble.size={size}", "optimizer.lr=0.01", f"hydra.run.dir={alone}"]) == 0
        assert contents(here / "s" / row["run"]) == contents(alone)
        assert float(row["val/loss"]) == read_summary(alone)["val"]["loss"]
    assert [json.loads(line[2:])["run"] for line in (here / "s" / "sweep.yaml").read_text().splitlines()[3:-1]] == [
        "000_size=2",
        "001_size=3",
    ]
    assert main(["ensemble", "s"]) == 1
    said = capsys.readouterr().err
    assert "left out: 2 made of members" in said and "`runner predict s/000_size=2`" in said


def test_a_sweep_with_ensembles_beside_runs_is_resumed_after_a_kill(here, capsys):
    keys = ["ensemble=none,deep,bagging", "seed=0,10", "trainer.checkpoint_seconds=0", "hydra.launcher.workers=1"]
    words = ["-m", *SMALL, *keys]
    assert main([*words, "hydra.sweep.dir=whole"]) == 0
    with pytest.MonkeyPatch.context() as patch:
        at_record(patch, 3, 2)
        assert main([*words, "hydra.sweep.dir=cut"]) == 130
    assert list((here / "cut").glob("population-*"))
    assert main(["resume", "cut"]) == 0
    names = [row["run"] for row in csv.DictReader((here / "whole" / "results.csv").open())]
    assert len(names) == 6
    for name in names:
        content = run_content if name.startswith(("000", "001")) else contents
        assert content(here / "cut" / name) == content(here / "whole" / name)
    capsys.readouterr()
    assert main(["resume", "cut"]) == 0
    assert main(["report", "cut"]) == 0
    said = capsys.readouterr().out
    assert "3 settings, 6 runs: 6 finished" in said
    assert re.search(r"^\d +(deep|bagging) +6100 ", said, re.M)  # parameters of ten members


def test_a_damaged_member_is_trained_again_and_the_ensemble_combined_anew(here, capsys):
    assert main([*DEEP, "hydra.run.dir=e"]) == 0
    before = contents(here / "e")
    answers = here / "e" / "members" / "001" / "answers.safetensors"
    answers.write_bytes(answers.read_bytes()[:-1] + b"x")
    capsys.readouterr()
    assert main(["resume", "e"]) == 0
    assert "answers.safetensors: does not match its checksum" in capsys.readouterr().err
    for aside in (here / "e").rglob("damaged-1"):
        for file in aside.iterdir():
            file.unlink()
        aside.rmdir()
    assert contents(here / "e") == before


def test_a_member_that_diverged_has_no_say(here, monkeypatch):
    record = Trial.record

    def diverging(self, epoch, row):
        return record(self, epoch, row | ({"train/loss": math.nan} if self.settings.seed == 1 and epoch == 2 else {}))

    monkeypatch.setattr(Trial, "record", diverging)
    assert main([*DEEP, "hydra.run.dir=e"]) == 0
    summary = read_summary(here / "e")
    assert summary["status"] == "completed"
    assert summary["ensemble"]["members"] == ["000", "002"]
    assert summary["notes"] == ["without a say, as they diverged: 1 member"]
    assert [each.folder.name for each in runner.load(here / "e").members] == ["000", "002"]


def test_with_one_member_left_it_has_diverged(here, monkeypatch):
    record = Trial.record

    def diverging(self, epoch, row):
        return record(self, epoch, row | ({"train/loss": math.nan} if self.settings.seed and epoch == 2 else {}))

    monkeypatch.setattr(Trial, "record", diverging)
    assert main([*DEEP, "hydra.run.dir=e"]) == 1
    summary = read_summary(here / "e")
    assert (summary["status"], summary["reason"]) == ("diverged", "2 of 3 members diverged")
    with pytest.raises(RunError, match=r"the ensemble diverged \(2 of 3 members diverged\)"):
        runner.load(here / "e")


def test_from_python_it_is_one_outcome(here):
    (outcome,) = runner.train([{"ensemble": "deep", "ensemble.size": 2, "trainer.epochs": 1, "model.hidden": [4]}])
    assert outcome.status == "completed"
    assert len(members(outcome.folder)) == 2
    assert type(runner.load(outcome.folder)).__name__ == "LoadedEnsemble"


def test_with_folds_each_fold_has_its_ensemble(here):
    assert main([*DEEP, "dataset.folds=2", "ensemble.size=2", "hydra.run.dir=cv"]) == 0
    for fold in ("fold=0", "fold=1"):
        assert len(members(here / "cv" / fold)) == 2
        nll_of_the_mean_is_no_worse(here / "cv" / fold)
    assert json.loads((here / "cv" / "folds.json").read_text())["status"] == {
        "fold=0": "completed",
        "fold=1": "completed",
    }


# ---- bagging


@pytest.mark.parametrize(("n", "expected"), [(10, 0.651322), (100, 0.633968), (1257, 0.632267)])
def test_a_bootstrap_holds_the_share_of_examples_that_chance_gives(n, expected):
    from runner.data.tables import bootstrap

    assert 1 - (1 - 1 / n) ** n == pytest.approx(expected, abs=5e-7)
    shares = [len(set(bootstrap(np.arange(n), seed).tolist())) / n for seed in range(400)]
    assert statistics.fmean(shares) == pytest.approx(expected, abs=4 * statistics.stdev(shares) / 20)


def test_every_epoch_of_a_bagged_member_has_the_same_examples_in_another_order():
    from runner.data.tables import Tables

    data = prepare(read({}))
    tables = Tables([data, data])
    one, other = (tables.order([3, 4], [epoch, epoch], ["bootstrap"] * 2) for epoch in (0, 1))
    assert (np.sort(one) == np.sort(other)).all()
    assert (one != other).any(1).all()
    assert (np.sort(one[0]) != np.sort(one[1])).any()
    assert set(one.ravel()) <= set(data.train)


def test_bagging_is_runs_whose_sampling_is_a_bootstrap(here):
    assert main([*SMALL, "ensemble=bagging", "ensemble.size=2", "hydra.run.dir=e"]) == 0
    for k, member in enumerate(members(here / "e")):
        assert main([*SMALL, "trainer.sampling=bootstrap", f"seed={k}", f"hydra.run.dir=alone{k}"]) == 0
        assert run_content(member) == run_content(here / f"alone{k}")


# ---- what is refused, and what is said


BAD = {
    "ensemble=deep ensemble.size=0": r"ensemble\.size = 0: out of range; allowed: a whole number >= 2",
    "ensemble=deep ensemble.size=1": r"ensemble\.size = 1: out of range; .*for example ensemble\.size=10",
    "ensemble=deep dataset=diabetes ensemble.combine=vote": r"ensemble\.combine = vote: is about the probabilities of "
    r"classes, but the data is regression; set ensemble\.combine=mean",
    "ensemble=bagging trainer.sampling=replacement": r"trainer\.sampling = replacement: .*or use ensemble=deep",
    "ensemble=depe": r"did you mean ensemble=deep\?",
    "ensemble.size=3": r"ensemble\.size = 3",
}


@pytest.mark.parametrize("words", BAD)
def test_what_cannot_be_is_refused_with_a_way_out(here, capsys, words):
    assert main([*words.split(), *SMALL, "hydra.run.dir=e"]) == 2
    assert re.search(BAD[words], capsys.readouterr().err)
    assert main([*words.split(), *SMALL, "--dry-run"]) == 2
    assert re.search(BAD[words], capsys.readouterr().err)
    assert not (here / "e").exists()


def test_an_ensemble_that_has_ended_gets_no_more_epochs(here, capsys):
    assert main([*DEEP, "hydra.run.dir=e"]) == 0
    assert main(["resume", "e", "trainer.epochs=9"]) == 2
    assert "an ensemble that has ended gets no more epochs; `runner repeat e" in capsys.readouterr().err


def test_a_member_resumes_with_the_others(here, capsys):
    assert stopped([*DEEP, "trainer.checkpoint_seconds=0", "hydra.run.dir=e"], 2) == 130
    assert main(["resume", "e/members/001"]) == 2
    assert re.search(r"they resume together: `runner resume \S*/e`", capsys.readouterr().err)


def test_seeds_that_share_members_are_told(here, capsys):
    assert main(["-m", *DEEP, "seed=0,1", "--dry-run"]) == 0
    assert "seed = 0,1: ensembles of ensemble.size = 3 members that have 2 in common" in capsys.readouterr().out
    assert main(["-m", *DEEP, "seed=0,3", "--dry-run"]) == 0
    assert "in common" not in capsys.readouterr().out
