"""Sweeps from the command line: our sweepers and launcher, and those of others with them."""

import csv
import json
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from runner.cli import main
from runner.plan.recipes import sweep_words

SMALL = [
    "model.hidden=[4]",
    "trainer.epochs=1",
    "trainer.progress=false",
    "trainer.figures=false",
    "hydra.sweep.dir=sweep",
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sweep(*words: str, launcher: tuple[str, ...] = ("hydra.launcher.executor=serial",)) -> None:
    assert main(["-m", *SMALL, *launcher, *words]) == 0


def rows(folder: str = "sweep") -> list[dict[str, str]]:
    with Path(folder, "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def trained() -> list[dict]:
    """The configurations of all runs, in the order of their folders."""
    folders = sorted(Path("sweep").glob("*/.hydra/config.yaml"), key=lambda p: int(p.parts[1].split("_")[0]))
    return [OmegaConf.to_container(OmegaConf.load(path)) for path in folders]


def test_seeds_and_a_zip(here, capsys):
    sweep("hydra.sweeper.zip=[[optimizer,optimizer.lr]]", "optimizer=sgd,adam", "optimizer.lr=0.1,0.01", "seeds=2")
    found = [(row["optimizer"], row["optimizer.lr"], row["seed"]) for row in rows()]
    assert found == [("sgd", "0.1", "0"), ("sgd", "0.1", "1"), ("adam", "0.01", "0"), ("adam", "0.01", "1")]
    assert {row["status"] for row in rows()} == {"completed"}
    written = OmegaConf.load("sweep/multirun.yaml")
    assert "seed=range(2)" in written.hydra.overrides.task
    assert written.hydra.sweeper.zip == [["optimizer", "optimizer.lr"]]
    assert str(written.hydra.mode).endswith("MULTIRUN")


def test_keys_that_only_the_swept_choices_have_are_set_in_each_job(here):
    sweep("dataset=two_moons,circles", "dataset.n=60", "optimizer=momentum", "optimizer={nesterov:true}")
    found = trained()
    assert [(tree["dataset"]["name"], tree["dataset"]["n"]) for tree in found] == [("two_moons", 60), ("circles", 60)]
    assert all(tree["optimizer"]["momentum"] == 0.9 and tree["optimizer"]["nesterov"] for tree in found)
    assert list(OmegaConf.load("sweep/multirun.yaml").hydra.overrides.task)[-1] == "optimizer={nesterov:true}"
    words = [path.read_text() for path in Path("sweep").glob("*/.hydra/overrides.yaml")]
    assert len(words) == 2 and all('"dataset.n=60"' in text for text in words)


def test_a_random_sweep_trains_what_its_seed_draws(here):
    words = ["hydra/sweeper=random", "hydra.sweeper.n_trials=3", "hydra.sweeper.seed=7",
             "optimizer.lr=tag(log,interval(1e-3,1e-1))", "regularizer.dropout=choice(0.1,0.2)", "seeds=2"]  # fmt: skip
    sweep(*words)
    found = [(float(row["optimizer.lr"]), int(row["seed"])) for row in rows()]
    assert len(found) == 6
    assert len({lr for lr, _ in found}) == 3
    assert all(1e-3 <= lr < 1e-1 for lr, _ in found)
    rules = {"_target_": "hydra_plugins.runner_sweeper.RandomSweeper", "n_trials": 3, "seed": 7}
    drawn = sweep_words(["optimizer.lr=tag(log,interval(1e-3,1e-1))", "seed=0,1"], rules)
    assert [f"optimizer.lr={lr}" for lr, _ in found] == [job[0] for job in drawn]


def test_keys_that_a_trial_has_not_are_empty_in_its_row_and_in_every_report(here, capsys):
    words = ["hydra/sweeper=random", "hydra.sweeper.n_trials=6", "dataset=iris", "optimizer=sgd,adamw"]
    words += ["optimizer.momentum=interval(0.5,0.99)", "model.init=he,normal", "model.init_sd=interval(0.1,0.5)"]
    sweep(*words)
    assert capsys.readouterr().out.startswith("optimizer.momentum: searched with optimizer=sgd (")
    found = rows()
    assert all(bool(row["optimizer.momentum"]) == (row["optimizer"] == "sgd") for row in found)
    assert all(bool(row["model.init_sd"]) == (row["model.init"] == "normal") for row in found)
    assert {row["optimizer"] for row in found} == {"sgd", "adamw"} and {row["model.init"] for row in found} == {
        "he",
        "normal",
    }
    for asked in (["--over", "init_sd"], ["--by", "optimizer"], ["--html", "--heat", "momentum,init_sd"]):
        assert main(["report", "sweep", *asked]) == 0
        out = capsys.readouterr().out
        assert "not what the runs say" not in out and " - " in out
    assert main(["best", "sweep"]) == 0 and main(["repeat", "sweep", "hydra.sweep.dir=again", "seed=1"]) == 0
    again = {(row["optimizer.momentum"], row["model.init_sd"]) for row in rows("again")}
    assert again == {(row["optimizer.momentum"], row["model.init_sd"]) for row in found}


@pytest.mark.parametrize("sweeper", ["grid", "basic"])
def test_hydras_own_launcher_and_sweeper(sweeper, here):
    sweep(f"hydra/sweeper={sweeper}", "seeds=2", "optimizer=sgd,adam", launcher=("hydra/launcher=basic",))
    assert [(run["seed"], run["optimizer"]["name"]) for run in trained()] == [
        (0, "sgd"), (0, "adam"), (1, "sgd"), (1, "adam"),
    ]  # fmt: skip
    assert all(json.loads(p.read_text())["status"] == "completed" for p in Path("sweep").glob("*/summary.json"))


def test_hydras_own_sweeper_with_our_launcher(here):
    sweep("hydra/sweeper=basic", "seed=0,1", "optimizer.lr=0.1,0.2")
    assert [(row["seed"], row["optimizer.lr"]) for row in rows()] == [
        ("0", "0.1"),
        ("0", "0.2"),
        ("1", "0.1"),
        ("1", "0.2"),
    ]


def test_one_launcher_and_the_other_make_the_same_runs(here):
    sweep("seeds=2", "optimizer=sgd,adam")
    ours = {(row["seed"], row["optimizer"]): float(row["val/loss"]) for row in rows()}
    assert (
        main(["-m", *SMALL[:-1], "hydra.sweep.dir=other", "hydra/launcher=basic", "seeds=2", "optimizer=sgd,adam"]) == 0
    )
    for path in Path("other").glob("*/summary.json"):
        config = OmegaConf.load(path.parent / ".hydra" / "config.yaml")
        assert json.loads(path.read_text())["val"]["loss"] == ours[(str(config.seed), config.optimizer.name)]
    assert len(ours) == len(list(Path("other").glob("*/summary.json"))) == 4


def test_an_experiment_can_be_a_sweep(here, capsys):
    (here / "mine" / "experiment").mkdir(parents=True)
    params = "    params:\n      optimizer.lr: 0.1,0.2\n      seeds: 2\n"
    text = f"# @package _global_\nhydra:\n  mode: MULTIRUN\n  sweeper:\n{params}"
    (here / "mine" / "experiment" / "rates.yaml").write_text(text)
    words = ["--config-dir", "mine", "experiment=rates", *SMALL, "hydra.launcher.executor=serial"]
    assert main(words) == 0
    assert [(row["optimizer.lr"], row["seed"]) for row in rows()] == [
        ("0.1", "0"), ("0.1", "1"), ("0.2", "0"), ("0.2", "1"),
    ]  # fmt: skip
    words = [word for word in words if not word.startswith("hydra.sweep.dir")]
    assert main([*words, "seeds=3", "hydra.sweep.dir=again", "optimizer.lr=0.3"]) == 0
    with Path("again/results.csv").open(newline="") as file:
        assert [row["seed"] for row in csv.DictReader(file)] == ["0", "1", "2"]


def test_repeats_are_said_before_and_train_once(here, capsys):
    sweep("regularizer.elastic_net.l1_ratio=0.1,0.2,0.3", "seeds=2")
    out = capsys.readouterr().out
    assert out.startswith("6 jobs, 4 of them repeat others (regularizer.elastic_net.l1_ratio does nothing: ")
    assert "): 2 different, 4 with a copy of another's result (same_as in results.csv)\n" in out
    assert [row["same_as"].partition("_")[0] for row in rows()] == ["", "", "000", "001", "000", "001"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-m", "seeds=0"], "seeds = 0"),
        (["-m", "seeds=many"], "for example seeds=5"),
        (["-m", "seeds=3", "seed=1"], "both say which seeds"),
        (["seeds=3"], "add -m"),
        (["-m", "seed=range(3,3)"], "no value at all"),
        (["-m", "hydra.sweeper.max_jobs=3", "seeds=4"], "hydra.sweeper.max_jobs=4"),
        (["-m", "hydra.sweeper.zip=[[seed,optimizer.lr]]", "seed=1,2", "optimizer.lr=1,2,3"], "seed has 2 values"),
        (["-m", "optimizer=adamw,adam", "optimizer.momentum=0.5"], "job 1 (optimizer=adam): optimizer.momentum = 0.5"),
        (["-m", "optimizer.lr=interval(1e-4,1e-1)"], "hydra/sweeper=random"),
        (["-m", "optimizer.lr=choice(0.1,", "0.2)"], 'Perhaps you meant: runner -m "optimizer.lr=choice(0.1,0.2)"'),
        (["-m", "name='run", "seed=1,2"], "Perhaps you meant: runner -m \"name='run'\" seed=1,2"),
        (["-m", "hydra/sweeper=random", "hydra.sweeper.n_trials=0", "seed=1,2"], "hydra.sweeper.n_trials = 0"),
    ],
)
def test_nothing_starts_and_nothing_is_left_behind(words, says, here, capsys):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert "Traceback" not in err
    assert not list(here.iterdir())
