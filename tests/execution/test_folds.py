"""Cross-validation from the command line and from Python: the folds, their table, resuming, what is refused."""

import csv
import json
import re
import statistics

import pytest
from interrupting import stopped

import runner
from runner.cli import main
from runner.config.settings import Settings
from runner.errors import ConfigError
from runner.execution import start
from runner.execution.configurations import read
from runner.execution.stored import read_config
from runner.plan.fold_runs import expand_folds
from runner.records.summary import read_summary

WORDS = ["trainer.epochs=2", "trainer.progress=false", "model.hidden=[8]", "trainer.figures=false", "dataset.folds=3"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_configuration_with_folds_stands_for_one_run_a_fold():
    runs = expand_folds(read({"dataset.folds": 3, "dataset.split_seed": 5}))
    assert [(run.dataset.folds, run.dataset.fold, run.dataset.split_seed) for run in runs] == [
        (3, f, 5) for f in range(3)
    ]
    for settings in (read({}), read({"dataset.folds": 3, "dataset.fold": 0})):
        assert expand_folds(settings) == [settings]


def test_the_command_trains_every_fold_and_reports_the_spread(here, capsys):
    assert main([*WORDS, "hydra.run.dir=cv"]) == 0
    said = capsys.readouterr().out
    folders = [here / "cv" / f"fold={f}" for f in range(3)]
    tests = [read_summary(folder)["test"]["accuracy"] for folder in folders]
    whole = json.loads((here / "cv" / "folds.json").read_text())
    assert whole["folds"] == 3
    assert whole["status"] == {f"fold={f}": "completed" for f in range(3)}
    expected = {"mean": statistics.fmean(tests), "sd": statistics.stdev(tests), "n": 3}
    assert whole["metrics"]["test/accuracy"] == pytest.approx(expected)
    rows = list(csv.DictReader((here / "cv" / "results.csv").open()))
    assert [row["run"] for row in rows] == ["fold=0", "fold=1", "fold=2"]
    assert [float(row["test/accuracy"]) for row in rows] == tests
    assert "fold 0 of 3 validates" in said
    assert re.search(r"^  fold .* val/loss +val/accuracy +test/loss +test/accuracy$", said, re.M)
    assert re.search(rf"^  mean .* {expected['mean']:.4f}$", said, re.M)
    assert re.search(rf"^  sd .* {expected['sd']:.4f}$", said, re.M)
    half = 4.3026527 * expected["sd"] * (1 / 3 + 1 / 2) ** 0.5  # t(0.975) of two degrees of freedom
    assert re.search(rf"^  95% ± .* {half:.4f}$", said, re.M)
    assert "runner dashboard cv" in said


def test_folds_of_different_sizes_are_introduced_once(here, capsys):
    """151 rows that are not test: folds of 50 and 51, which do not train in one population."""
    assert main([*WORDS, "dataset=wine", "hydra.run.dir=cv"]) == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("runner")] == ["runner: 3 runs"]
    assert said.count("  optimizer ") == 1


def test_a_fold_is_the_run_of_that_fold_alone(here):
    assert main([*WORDS, "hydra.run.dir=cv"]) == 0
    assert main([*WORDS, "dataset.fold=1", "hydra.run.dir=one"]) == 0
    models = [(folder / "model.safetensors").read_bytes() for folder in (here / "cv" / "fold=1", here / "one")]
    assert models[0] == models[1]
    assert not (here / "one" / "folds.json").exists()


def test_what_has_ended_is_told_again_and_not_trained_again(here, capsys):
    assert main([*WORDS, "hydra.run.dir=cv"]) == 0
    before = (here / "cv" / "fold=2" / "summary.json").stat().st_mtime_ns
    capsys.readouterr()
    assert main(["resume", "cv"]) == 0
    assert "nothing to do" in (said := capsys.readouterr().out)
    assert "3 folds" in said
    assert (here / "cv" / "fold=2" / "summary.json").stat().st_mtime_ns == before
    assert main([*WORDS, "hydra.run.dir=cv"]) == 2
    assert "holds a run already" in capsys.readouterr().err


def test_an_interrupted_cross_validation_is_resumed_as_a_whole(here, capsys):
    assert main([*WORDS, "hydra.run.dir=whole"]) == 0
    assert stopped([*WORDS, "trainer.checkpoint_seconds=0", "hydra.run.dir=cut"], 2) == 130
    assert not (here / "cut" / "folds.json").exists()
    assert main(["resume", "cut/fold=1"]) == 2
    assert re.search("they resume together: `runner resume .*cut`", capsys.readouterr().err)
    assert main(["resume", "cut"]) == 0
    for f in range(3):
        models = [(here / name / f"fold={f}" / "model.safetensors").read_bytes() for name in ("whole", "cut")]
        assert models[0] == models[1]
    assert json.loads((here / "cut" / "folds.json").read_text())["folds"] == 3
    assert not (here / "cut" / "unfinished.json").exists()


def test_killed_while_the_folders_were_made(here, monkeypatch):
    settings = read({"trainer.epochs": 1, "dataset.folds": 3, "model.hidden": [4], "trainer.figures": False})
    (here / "cv").mkdir()

    def killed(*_args, **_keys):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(start.Session, "train", killed)
        with pytest.raises(KeyboardInterrupt):
            start.start(settings, here / "cv")
    (here / "cv" / "fold=1" / ".hydra" / "config.yaml").unlink()
    outcomes = start.resume(here / "cv")
    assert [outcome.status for outcome in outcomes] == ["completed"] * 3
    assert isinstance(read_config(here / "cv" / "fold=1"), Settings)


def test_from_python_a_configuration_is_one_run_a_fold(here):
    configs = [{"dataset.folds": 2, "trainer.epochs": 1, "model.hidden": [4], "seed": seed} for seed in (0, 1)]
    outcomes = runner.train(configs)
    assert [re.sub(".*_fold", "fold", o.folder.name) for o in outcomes] == [
        f"fold={fold}_seed={seed}" for seed in (0, 1) for fold in (0, 1)
    ]
    with pytest.raises(ConfigError, match=r"configs\[1\]: dataset\.folds=500: class '\d' of .* has only \d+ rows"):
        runner.train([{}, {"dataset.folds": 500}])


BAD = {
    "dataset.folds=1": "dataset.folds = 1: out of range; allowed: a whole number >= 2 or null",
    "dataset.folds=500": "dataset.folds=500: class '8' of 'target', the smallest, has only 148 rows",
    "dataset.fold=0": "dataset.fold = 0: dataset.folds = null: there are none; set dataset.folds too",
    "dataset.folds=3 dataset.fold=3": "dataset.fold = 3: there are 3 folds, counted from 0; allowed: 0 to 2 or null",
    "dataset.folds=3 dataset.fold=first": "dataset.fold = first: not a whole number",
}


@pytest.mark.parametrize("words", BAD)
def test_folds_that_cannot_be_leave_nothing(here, capsys, words):
    assert main([*words.split(), "hydra.run.dir=cv"]) == 2
    assert BAD[words] in capsys.readouterr().err
    assert not (here / "cv").exists()


def test_folds_need_no_validation_fraction(here):
    assert main([*WORDS, "dataset.val_fraction=0", "dataset.test_fraction=0", "hydra.run.dir=cv"]) == 0
    assert not read_summary(here / "cv" / "fold=0")["test"]
