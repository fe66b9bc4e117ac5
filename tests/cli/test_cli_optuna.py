"""hydra/sweeper=optuna on the command line: what trains, grows, is resumed and extended; what is refused."""

from __future__ import annotations

import csv
import json
from importlib.metadata import version
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from runner.cli import main
from runner.plan import sampling_options

SMALL = ["dataset.train_size=60", "model.hidden=[4]", "trainer.epochs=2", "trainer.progress=false"]
SPACE = ["optimizer=sgd,adamw", "optimizer.lr=tag(log,interval(1e-3,1))", "optimizer.momentum=interval(0,0.99)"]
HERE = ["hydra.launcher.executor=serial"]


def words(*more: str, **options: object) -> list[str]:
    given = {"n_trials": 6, "batch": 3, "startup": 3} | options
    return ["-m", "hydra/sweeper=optuna", *(f"hydra.sweeper.{k}={v}" for k, v in given.items()), *SMALL, *more]


def search(folder: Path, *more: str, space: list[str] = SPACE, **options: object) -> int:
    return main(words(*space, *HERE, f"hydra.sweep.dir={folder}", *more, **options))


def rows(folder: Path) -> list[dict[str, str]]:
    """results.csv, seconds aside."""
    with (folder / "results.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def study(folder: Path) -> optuna.Study:
    storage = JournalStorage(JournalFileBackend(str(folder / "optuna.journal")))
    return optuna.load_study(study_name="search", storage=storage)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A search that nothing disturbs."""
    folder = tmp_path_factory.mktemp("searches") / "whole"
    assert search(folder, "seed=0,1") == 0
    return folder


def test_a_search_leaves_one_sweep_with_all_its_trials(whole):
    found = rows(whole)
    assert len(found) == 12
    assert [row["run"][:3] for row in found] == [f"{i:03d}" for i in range(12)]
    assert all((row["optimizer.momentum"] != "") == (row["optimizer"] == "sgd") for row in found)
    means = [(float(a["val/loss"]) + float(b["val/loss"])) / 2 for a, b in zip(found[::2], found[1::2], strict=True)]
    assert [trial.value for trial in study(whole).trials] == pytest.approx(means, rel=1e-12)
    assert [float(row["optimizer.lr"]) for row in found[::2]] == [t.params["optimizer.lr"] for t in study(whole).trials]


def test_workers_and_batches_of_runs_change_no_trial(whole, tmp_path):
    assert main(words(*SPACE, "seed=0,1", f"hydra.sweep.dir={tmp_path}/two", "hydra.launcher.workers=2")) == 0
    assert rows(tmp_path / "two") == rows(whole)


def test_fewer_trials_extended_are_the_search_begun_with_more(whole, tmp_path):
    folder = tmp_path / "grown"
    assert search(folder, "seed=0,1", n_trials=4) == 0
    models = {path: path.stat().st_mtime_ns for path in folder.glob("*/model.safetensors")}
    assert search(folder, "seed=0,1", "--extend") == 0
    assert {path: path.stat().st_mtime_ns for path in models} == models
    assert rows(folder) == rows(whole)
    assert [trial.params for trial in study(folder).trials] == [trial.params for trial in study(whole).trials]


def test_more_seeds_are_trained_of_the_trials_that_are_there(tmp_path):
    folder = tmp_path / "seeds"
    assert search(folder, n_trials=2, batch=2) == 0
    rates = [row["optimizer.lr"] for row in rows(folder)]
    assert search(folder, "seed=0,1", "--extend", n_trials=3, batch=2) == 0
    found = rows(folder)
    assert [(row["optimizer.lr"], row["seed"]) for row in found[:4]] == [
        *((r, "0") for r in rates),
        *((r, "1") for r in rates),
    ]
    assert len(found) == 6 and {row["seed"] for row in found[4:]} == {"0", "1"}


def test_a_search_that_lost_runs_its_study_and_its_last_batch_is_resumed(whole, tmp_path):
    folder = tmp_path / "killed"
    assert search(folder, "seed=0,1", n_trials=5) == 0
    multirun = folder / "multirun.yaml"
    multirun.write_text(multirun.read_text().replace("n_trials: 5", "n_trials: 6"))
    for name in ("optuna.journal", "results.csv", *(f"{path.name}/summary.json" for path in folder.glob("00[35]_*"))):
        (folder / name).unlink()
    assert main(["resume", str(folder), "--workers", "1"]) == 0
    assert rows(folder) == rows(whole)


def test_a_failed_run_is_tried_again_and_the_trials_stay(whole, tmp_path, monkeypatch):
    from runner.optimizers.rules.sgd import SGD

    folder, update = tmp_path / "failing", SGD.update
    monkeypatch.setattr(SGD, "update", lambda *a: (_ for _ in ()).throw(RuntimeError("no memory")))
    assert search(folder, "trainer.engine=stacked", "seed=0,1") == 1
    failed = [row["run"] for row in rows(folder) if row["status"] == "failed"]
    assert failed
    monkeypatch.setattr(SGD, "update", update)
    before = [row["run"] for row in rows(folder)]
    assert main(["resume", str(folder)]) == 0
    assert [row["run"] for row in rows(folder)] == before
    assert {row["status"] for row in rows(folder)} == {"completed"}
    assert all(trial.value is not None for trial in study(folder).trials)


def test_folds_are_judged_together_and_two_objectives_are_weighed(tmp_path):
    folder = tmp_path / "front"
    space = ["model.hidden=[2],[4],[8]", "optimizer.lr=tag(log,interval(1e-3,1))"]
    goals = "hydra.sweeper.objective=[val/accuracy,parameters]"
    assert search(folder, goals, "dataset.folds=2", space=space, n_trials=4, batch=2, startup=2) == 0
    found, trials = rows(folder), study(folder).trials
    assert len(found) == 8
    assert study(folder).directions == [optuna.study.StudyDirection.MAXIMIZE, optuna.study.StudyDirection.MINIMIZE]
    for trial, a, b in zip(trials, found[::2], found[1::2], strict=True):
        accuracy = (float(a["val/accuracy"]) + float(b["val/accuracy"])) / 2
        assert trial.values == pytest.approx([accuracy, float(a["parameters"])])


def test_trials_that_do_worse_than_the_median_end_early(tmp_path):
    space = ["optimizer=sgd", "optimizer.lr=tag(log,interval(1e-4,10))"]
    pruning = ["hydra.sweeper.pruner=median", "hydra.sweeper.pruner_startup=2", "trainer.epochs=6"]
    assert search(tmp_path / "pruned", *pruning, space=space, n_trials=8, batch=4) == 0
    statuses = [row["status"] for row in rows(tmp_path / "pruned")]
    assert len(statuses) == 8 and "pruned" in statuses


def test_seeds_of_the_sweeper_train_each_setting(tmp_path):
    assert search(tmp_path / "seeds", seeds=2, n_trials=2, batch=2) == 0
    assert [row["seed"] for row in rows(tmp_path / "seeds")] == ["0", "1"] * 2


def test_an_ensemble_can_be_searched(tmp_path):
    space = ["ensemble=deep", "ensemble.size=2", "optimizer.lr=tag(log,interval(1e-3,1))"]
    assert search(tmp_path / "deep", space=space, n_trials=3, batch=1, startup=1) == 0
    assert len(rows(tmp_path / "deep")) == 3
    assert all(trial.value is not None for trial in study(tmp_path / "deep").trials)


def test_a_dry_run_shows_the_first_batch_and_writes_nothing(whole, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([*words(*SPACE, "seed=0,1"), "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "6 trials, 3 at a time, which tpe asks for to minimize val/loss; the first 3 are these" in shown
    assert "optimizer.momentum: searched with optimizer=sgd, absent elsewhere" in shown
    first = json.loads((whole / "sweep.yaml").read_text().splitlines()[3].removeprefix("- "))
    assert " ".join(word for word in first["overrides"] if word.startswith("optimizer")) in shown
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            [
                "hydra.sweeper.sampler=tp", "hydra.sweeper.batch=0", "hydra.sweeper.storage=3",
                "hydra.sweeper.objective=[val/acuracy,test/loss,seconds]", "hydra.sweeper.startup=-1",
                "hydra.sweeper.seeds=0",
            ],
            [
                "hydra.sweeper.sampler = tp: must be one of tpe, cmaes, gp, qmc, random; did you mean tpe?",
                "hydra.sweeper.batch = 0: must be a whole number >= 1",
                "hydra.sweeper.storage = 3: must be a file or the URL of a database",
                "hydra.sweeper.objective = val/acuracy: no run records it; did you mean val/accuracy?",
                "hydra.sweeper.objective = test/loss: the test rows are for the end",
                "hydra.sweeper.objective = seconds: differs from one time to the next",
                "hydra.sweeper.startup = -1: must be a whole number >= 0",
                "hydra.sweeper.seeds = 0: must be a whole number >= 1",
            ],
        ),
        (
            ["hydra.sweeper.objective=[val/loss,val/loss]", "hydra.sweeper.direction=up"],
            ["one stands there twice", "hydra.sweeper.direction = up: must be one of minimize, maximize"],
        ),
        (
            ["hydra.sweeper.objective=[val/loss,parameters]", "hydra.sweeper.sampler=cmaes"],
            ["hydra.sweeper.sampler = cmaes: searches by one objective; for 2 use tpe or gp"],
        ),
        (["hydra.sweeper.objective=val/mae"], ["hydra.sweeper.objective = val/mae: no run records it on digits"]),
        (["hydra.sweeper.direction=maximize"], ["would look for the worst, as val/loss is better the smaller it is"]),
        (["hydra.sweeper.direction=[minimize,minimize]"], ["one for each of 1 objectives"]),
        (
            ["hydra.sweeper.objective=val/accuracy", "hydra.sweeper.direction=minimize"],
            ["val/accuracy is better the larger it is"],
        ),
        (["hydra.sweeper.n_trials=0"], ["hydra.sweeper.n_trials = 0: must be a whole number >= 1"]),
        (["hydra.sweeper.max_jobs=5"], ["hydra.sweeper.max_jobs = 5: the sweep has 6 jobs"]),
        (["hydra/launcher=basic"], ["trials follow from those before them, which takes hydra/launcher=population"]),
        (["regularizer.dropout=interval(0,2)"], ["regularizer.dropout"]),
    ],
)  # fmt: skip
def test_bad_input_names_the_key_and_a_way_out(given, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words(*SPACE, *given)) == 2
    shown = capsys.readouterr().err
    assert [each for each in said if each not in shown] == []
    assert not list(tmp_path.rglob("model.safetensors"))


def test_a_search_without_anything_to_search_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words("seed=0,1")) == 2
    assert "nothing is searched: no key has several values" in capsys.readouterr().err


def test_fewer_trials_and_another_search_are_refused_and_change_nothing(whole, capsys):
    before = (whole / "multirun.yaml").read_bytes()
    for given, said in (
        ({"n_trials": 5}, "hydra.sweeper.n_trials = 5: the sweep was begun with 6"),
        ({"sampler": "random"}, "optuna.journal: holds another study (search)"),
    ):
        assert search(whole, "seed=0,1", "--extend", **given) == 2
        assert said in capsys.readouterr().err
    assert (whole / "multirun.yaml").read_bytes() == before
    assert main(["resume", str(whole)]) == 0


def test_all_trials_may_diverge_and_it_is_said(tmp_path, capsys):
    space = ["optimizer=sgd", "optimizer.lr=tag(log,interval(1e30,1e35))"]
    assert search(tmp_path / "lost", space=space, n_trials=3, batch=2) == 1
    assert "every run diverged" in capsys.readouterr().out
    assert all(trial.state == optuna.trial.TrialState.PRUNED for trial in study(tmp_path / "lost").trials)


def test_optuna_that_is_absent_old_or_beside_the_other_plug_in_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def found(versions):
        monkeypatch.setattr(sampling_options, "_version", versions.get)
        code = main(words(*SPACE, "--dry-run"))
        return code, capsys.readouterr().err

    code, said = found({})
    assert code == 2 and "pip install 'runner[optuna]'" in said
    code, said = found({"optuna": "2.10.1"})
    assert code == 2 and "takes Optuna 5, and 2.10.1 is installed" in said
    monkeypatch.setattr(sampling_options, "STOCK_TARGET", "hydra._internal")
    monkeypatch.setattr(sampling_options, "_version", {"optuna": version("optuna")}.get)
    assert main(["-m", "hydra/sweeper=basic", "seed=0,1", *SMALL, "--dry-run"]) == 2
    assert "uninstall it: pip uninstall hydra-optuna-sweeper" in capsys.readouterr().err


def test_a_grid_goes_on_as_a_search_of_ranges_that_hold_it(tmp_path, capsys):
    folder = tmp_path / "grid"
    assert main(["-m", "optimizer.lr=0.1,0.01", *SMALL, *HERE, f"hydra.sweep.dir={folder}"]) == 0
    before = (folder / "multirun.yaml").read_bytes()
    narrow, wide = ([f"optimizer.lr=tag(log,interval(1e-4,{end}))"] for end in (0.05, 1))
    assert search(folder, "--extend", space=narrow) == 2
    assert "optimizer.lr=0.1" in (said := capsys.readouterr().err) and "none that this search could ask for" in said
    assert (folder / "multirun.yaml").read_bytes() == before
    assert search(folder, "--extend", space=wide) == 0
    assert len(rows(folder)) == 6 and [t.params["optimizer.lr"] for t in study(folder).trials][:2] == [0.1, 0.01]


def test_more_epochs_for_a_search_that_has_ended_leave_its_trials(tmp_path):
    folder = tmp_path / "longer"
    assert search(folder, "early_stopping=none", n_trials=3) == 0
    before = [row["optimizer.lr"] for row in rows(folder)]
    assert main(["resume", str(folder), "trainer.epochs=3", "--workers", "1"]) == 0
    assert [row["optimizer.lr"] for row in rows(folder)] == before
    assert {row["epochs"] for row in rows(folder)} == {"3"}


def test_folders_may_be_named_by_the_user_also_when_a_search_is_resumed(tmp_path):
    folder, named = tmp_path / "named", "hydra.sweep.subdir=run-${hydra.job.num}"
    assert search(folder, named, n_trials=2, batch=1, startup=1) == 0
    (folder / "multirun.yaml").write_text((folder / "multirun.yaml").read_text().replace("n_trials: 2", "n_trials: 3"))
    assert main(["resume", str(folder)]) == 0
    assert [row["run"] for row in rows(folder)] == ["run-0", "run-1", "run-2"]
