"""`runner repeat`: any run and any sweep once more, by stored settings; other primary configurations, saved ones."""

from pathlib import Path

import pytest
from printed_commands import CSV, IRIS, SERIAL, Lab, models, working_in

import runner as library
from runner.cli import main
from runner.execution.stored import read_config


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def refused(lab, capsys, *words, folder=None):
    """What is said on standard error by a command that exits with 2."""
    capsys.readouterr()
    with working_in(folder or lab.home):
        assert main(list(words)) == 2
    return capsys.readouterr().err


def test_a_run_is_repeated_from_another_folder_by_what_it_stored_not_by_its_words(lab):
    lab.runner(lab.home, "--config-dir", "mine", *CSV, "optimizer=slow", "hydra.run.dir=first")
    first = lab.home / "first"
    (lab.home / "mine" / "optimizer" / "slow.yaml").write_text("defaults: [sgd]\nlr: 0.5\n")
    (first / ".hydra" / "overrides.yaml").write_text("- optimizer.lr=3\n")
    said = lab.runner(lab.other, "repeat", "../home/first", "hydra.run.dir=again")
    assert models(lab.other / "again") == models(first)
    assert f"runner -m dataset=csv 'dataset.path='\"'\"'{lab.home}/my table.csv'" in said
    printed = lab.runner(lab.other, "best", str(first), "--force")  # as the words are not those it was started with
    assert "optimizer.lr=0.003" in printed and "optimizer=sgd" in printed and "optimizer=slow" not in printed


def test_words_that_still_mean_the_run_are_printed_as_typed(lab):
    lab.runner(lab.home, "--config-dir", "mine", *IRIS, "optimizer=slow", "hydra.run.dir=first")
    assert f"runner --config-dir mine {' '.join(IRIS[:1])}" in lab.runner(lab.home, "best", "first")
    elsewhere = lab.runner(lab.other, "best", str(lab.home / "first"))
    assert f"runner --config-dir {lab.home}/mine dataset=iris" in elsewhere and "optimizer=slow" in elsewhere
    config = lab.home / "first" / ".hydra" / "config.yaml"
    config.write_text(config.read_text().replace("lr: 0.003", "lr: 0.004"))
    assert "optimizer.lr=0.004" in lab.runner(lab.home, "best", "first", "--force")


def test_changes_are_laid_over_and_checked(lab, capsys):
    lab.runner(lab.home, *IRIS, "optimizer=sgd", "optimizer.lr=0.3", "seed=2", "hydra.run.dir=first")
    lab.runner(lab.home, "repeat", "first", "hydra.run.dir=second", "optimizer=momentum", "model.hidden=[3]")
    second = read_config(lab.home / "second")
    assert (second.optimizer.lr, second.optimizer.momentum, second.model.hidden, second.seed) == (0.01, 0.9, [3], 2)
    lab.runner(lab.home, *IRIS, "optimizer=momentum", "model.hidden=[3]", "seed=2", "hydra.run.dir=third")
    assert models(lab.home / "second") == models(lab.home / "third")
    said = refused(lab, capsys, "repeat", "first", "optimizer.lr=-1", "seed=1,2", "hydra.run.dir=fourth")
    assert "optimizer.lr = -1: out of range" in said and "seed=1,2: several values are a sweep" in said
    assert not (lab.home / "fourth").exists()
    assert "runner: optimzer.foo = 3: unknown key; did you mean optimizer?" in refused(
        lab, capsys, "repeat", "first", "optimizer.lr=0.02", "optimzer.foo=3"
    )
    assert refused(lab, capsys, "repeat", "first", "lr").strip() == "runner: lr: neither a command nor key=value"
    other = refused(lab, capsys, "repeat", "first", "hydra.sweep.dir=fourth")
    assert "hydra.run.dir=FOLDER says where a run is written, hydra.sweep.dir=FOLDER where a sweep is" in other
    assert "holds a run already" in refused(lab, capsys, "repeat", "first", "hydra.run.dir=second")
    assert "no such folder" in refused(lab, capsys, "repeat", "nowhere")


def test_folds_one_fold_and_a_run_of_a_sweep_are_repeated(lab):
    lab.runner(lab.home, *IRIS, "dataset.folds=2", "hydra.run.dir=folds")
    lab.runner(lab.home, "repeat", "folds", "hydra.run.dir=again")
    assert models(lab.home / "again") == models(lab.home / "folds") and len(models(lab.home / "again")) == 2
    lab.runner(lab.home, "repeat", "folds/fold=1", "hydra.run.dir=one")
    assert models(lab.home / "one").items() <= models(lab.home / "folds").items()


def test_a_sweep_is_repeated_with_changes_and_is_a_sweep(lab, capsys):
    words = [
        "-m",
        *IRIS,
        "hydra/sweeper=random",
        "hydra.sweeper.n_trials=2",
        "optimizer.lr=interval(0.1,0.2)",
        "seeds=2",
    ]
    lab.runner(lab.home, *words, SERIAL, "hydra.sweep.dir=first")
    lab.runner(lab.other, "repeat", "../home/first", "hydra.sweep.dir=same")
    assert models(lab.other / "same") == models(lab.home / "first")
    said = lab.runner(lab.other, "repeat", "../home/first", "hydra.sweep.dir=shorter", "seed=7", "model.hidden=[2]")
    assert "4 jobs, 2 of them repeat others" in said
    lab.runner(lab.other, "resume", "shorter")
    shorter = library.results(lab.other / "shorter")
    assert len(shorter) == 2 and set(shorter["seed"].astype(str)) == {"7"}
    assert refused(lab, capsys, "repeat", "shorter", "trainer.epochs=x", folder=lab.other).count("trainer.epochs") == 2


def test_any_primary_configuration_has_our_launcher_and_sweeper(lab):
    words = ["-m", "seeds=2", "hydra/sweeper=random", "hydra.sweeper.n_trials=1", "optimizer.lr=interval(0.1,0.2)"]
    lab.runner(lab.home, "--config-path", "mine", "--config-name", "lab", *words, SERIAL, "hydra.sweep.dir=sweep")
    assert (lab.home / "sweep" / "results.csv").is_file() and (lab.home / "sweep" / "sweep.yaml").is_file()
    assert len(models(lab.home / "sweep")) == 2
    lab.runner(lab.home, "resume", "sweep")


def test_the_basic_launcher_is_there_for_who_asks_for_it(lab):
    words = ["--config-path", "mine", "--config-name", "lab", "-m", "seed=0,1", "hydra/launcher=basic"]
    lab.runner(lab.home, *words, "hydra.sweep.dir=sweep")
    assert not (lab.home / "sweep" / "sweep.yaml").exists() and len(models(lab.home / "sweep")) == 2


def test_a_saved_configuration_that_would_be_ignored_is_refused(lab, capsys):
    lab.runner(lab.home, *CSV, "hydra.run.dir=first")
    said = refused(lab, capsys, "--config-dir", "first/.hydra", "--config-name", "config", folder=lab.home)
    assert f"runner repeat {lab.home}/first [KEY=VALUE ...]" in said
    lab.runner(lab.home, "--config-path", "first/.hydra", "--config-name", "config", "hydra.run.dir=second")
    assert models(lab.home / "second") == models(lab.home / "first")


def test_any_file_of_a_folder_of_choices_that_would_be_ignored_is_refused(lab, capsys):
    (lab.home / "mine" / "optimizer" / "momentum.yaml").write_text("defaults: [sgd]\nlr: 3\n")
    said = refused(lab, capsys, "--config-dir", "mine", "optimizer=momentum")
    assert "optimizer/momentum.yaml would be ignored" in said and "rename it" in said


def test_data_that_have_changed_are_said(lab, capsys):
    lab.runner(lab.home, *CSV, "hydra.run.dir=first")
    table = lab.home / "my table.csv"
    table.write_text(table.read_text() + "3.5,1,no\n")
    capsys.readouterr()
    with working_in(lab.home):
        assert main(["repeat", "first", "hydra.run.dir=second"]) == 0
    assert "the data has changed since first was trained" in capsys.readouterr().err


def test_an_interrupted_run_goes_on_from_another_folder(lab):
    lab.runner(lab.home, *CSV, "hydra.run.dir=first")
    whole = models(lab.home / "first")
    for left in ("summary.json", "model.safetensors", "metrics.csv"):
        (lab.home / "first" / left).unlink()
    for left in Path(lab.home / "first").glob("events*"):
        left.unlink()
    lab.runner(lab.other, "resume", "../home/first")
    assert models(lab.home / "first") == whole
