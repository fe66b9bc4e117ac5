"""`runner.train`: several runs at once from Python, as if each had been started alone; all mistakes said at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import runner
from runner.api import names
from runner.config.settings import default_tree
from runner.config.validate import validate
from runner.errors import ConfigError
from runner.execution.configurations import read, read_all
from runner.execution.executors import pool
from runner.training.engine import Engine
from runner.training.outcome import Outcome

QUICK = {
    "trainer": {"epochs": 2, "figures": False, "histograms": 0},
    "model": {"hidden": [8]},
    "dataset.train_size": 200,
}


def problems(configs, outputs="outputs") -> list[str]:
    """What `runner.train` says is wrong; nothing may have been left behind."""
    with pytest.raises(ConfigError) as caught:
        runner.train(configs, outputs)
    assert caught.value.exit_code == 2
    assert not [path for path in Path(outputs).rglob("*") if path.is_file()]
    return caught.value.problems


# ---- what a configuration may be


def test_an_empty_configuration_is_the_default():
    assert read({}) == read([]) == validate(default_tree())


@pytest.mark.parametrize(
    "config",
    [
        {"optimizer": {"name": "sgd", "lr": 0.1}, "seed": 3},
        {"optimizer.name": "sgd", "optimizer.lr": 0.1, "seed": 3},
        {"optimizer": "sgd", "optimizer.lr": 0.1, "seed": 3},
        {"optimizer.lr": 0.1, "optimizer": {"name": "sgd"}, "seed": np.int64(3)},
        {"optimizer": {"name": "sgd", "lr": np.float64(0.1)}, "seed": 3},
        ["optimizer=sgd", "optimizer.lr=0.1", "seed=3"],
        ("seed=3", "optimizer.lr=0.1", "optimizer=sgd"),
    ],
)
def test_all_ways_to_say_the_same(config):
    settings = read(config)
    assert settings.tree() == validate({"optimizer": {"name": "sgd", "lr": 0.1}, "seed": 3}).tree()
    assert settings.optimizer.lr == 0.1 and settings.optimizer.momentum == 0 and settings.seed == 3


def test_settings_and_their_tree_are_configurations_too():
    settings = validate({"model": {"hidden": [7, 5]}, "regularizer": {"elastic_net": {"alpha": 0.1, "l1_ratio": 0.3}}})
    assert read(settings) == read(settings.tree()) == settings


def test_paths_tuples_and_arrays_are_taken():
    settings = read(
        {"dataset": {"name": "csv", "path": Path("a.csv"), "target": "y"}, "model.hidden": (4, np.int32(3))}
    )
    assert settings.dataset.path == str(Path("a.csv").absolute()) and settings.model.hidden == [4, 3]
    assert read({"model.hidden": np.array([4, 3])}).model.hidden == [4, 3]


def test_words_know_presets_and_experiments():
    assert read(["early_stopping=none"]).early_stopping.patience is None
    assert read(["regularizer=[dropout,l2]"]).value("regularizer.dropout") > 0
    assert read(["experiment=fashion_mnist", "trainer.epochs=3"]).trainer.epochs == 3


def test_a_program_that_uses_hydra_keeps_its_state():
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    from runner.config.location import config_dir

    with initialize_config_dir(str(config_dir()), version_base="1.3", job_name="other"):
        mine = GlobalHydra.instance().hydra
        assert read(["seed=4"]).seed == 4
        assert GlobalHydra.instance().hydra is mine
        assert compose(overrides=[]) is not None
    assert read(["seed=5"]).seed == 5


# ---- what comes of it


def test_runs_come_back_in_order_each_in_a_new_folder_with_a_readable_name(tmp_path):
    configs = [QUICK | {"optimizer.lr": lr, "seed": seed} for lr in (0.1, 0.01) for seed in (0, 1)]
    outcomes = runner.train(configs, tmp_path / "outputs")
    assert [outcome.folder.name for outcome in outcomes] == [
        "000_lr=0.1_seed=0",
        "001_lr=0.1_seed=1",
        "002_lr=0.01_seed=0",
        "003_lr=0.01_seed=1",
    ]
    assert [outcome.status for outcome in outcomes] == ["completed"] * 4
    assert [outcome.summary["seed"] for outcome in outcomes] == [0, 1, 0, 1]
    for outcome, config in zip(outcomes, configs, strict=True):
        run = runner.load(outcome.folder)
        assert run.settings.optimizer.lr == config["optimizer.lr"] and run.summary == outcome.summary
        assert len(runner.curves(outcome.folder)) == 3


def test_together_is_alone(tmp_path):
    configs = [
        QUICK | {"seed": 0},
        QUICK | {"seed": 1, "optimizer": "sgd"},
        QUICK | {"seed": 2, "regularizer.dropout": 0.5},
    ]
    together = runner.train(configs, tmp_path)
    for config, outcome in zip(configs, together, strict=True):
        (alone,) = runner.train([config], tmp_path)
        assert alone.folder.parent != outcome.folder.parent
        theirs, its = (runner.load(o.folder).network.state_dict() for o in (outcome, alone))
        for name, tensor in its.items():
            np.testing.assert_allclose(theirs[name], tensor, rtol=1e-5, atol=1e-7)


def test_two_calls_never_share_a_folder(tmp_path):
    first, second = (runner.train([QUICK], tmp_path)[0].folder for _ in range(2))
    assert first.parent != second.parent and first.is_dir() and second.is_dir()


def test_no_configuration_is_no_run(tmp_path):
    assert runner.train([], tmp_path / "outputs") == []
    assert not (tmp_path / "outputs").exists()


def test_one_run_that_diverges_leaves_the_others_alone(tmp_path):
    wild = QUICK | {"optimizer": {"name": "sgd", "lr": 1e30}}
    bad, good = runner.train([wild, QUICK], tmp_path)
    assert (bad.status, good.status) == ("diverged", "completed")


def test_names():
    def of(*configs):
        return names(read_all(list(configs)))

    assert of({}) == ["000"]
    assert of({"name": "my run/β"}) == ["000_my_run"]
    assert of({"seed": 0}, {"seed": 1}) == ["000_seed=0", "001_seed=1"]
    assert of({"optimizer": "sgd"}, {}) == ["000_optimizer=sgd", "001_optimizer=adamw"]
    assert of({"model.hidden": [8, 4]}, {"model.hidden": []}) == ["000_hidden=8-4", "001_hidden=none"]
    assert all(len(name) <= 80 for name in of({"name": "x" * 300}, {"name": "y" * 300}))
    assert of({}, {}) == ["000", "001"]


@pytest.mark.parametrize("workers", [1, 2])
def test_one_of_eight_that_raises_fails_alone(tmp_path, monkeypatch, workers):
    plan = Engine.plan

    def broken(self, scales):
        if any(run.optimizer.eps == 3e-8 for run in self.runs):
            raise ZeroDivisionError("a defect")
        return plan(self, scales)

    monkeypatch.setattr(Engine, "plan", broken)
    configs = [QUICK | {"optimizer.eps": float(f"{i}e-8")} for i in range(1, 9)]
    outcomes = runner.train(configs, tmp_path, workers=workers)
    assert [outcome.status for outcome in outcomes] == ["completed"] * 2 + ["failed"] + ["completed"] * 5
    table = runner.results(outcomes[0].folder.parent)
    assert list(table["status"]) == [outcome.status for outcome in outcomes]
    assert table["error"][2] == outcomes[2].reason == "ZeroDivisionError: a defect"


def test_workers_train_what_this_process_trains_in_other_processes(tmp_path):
    configs = [QUICK | {"seed": seed} for seed in range(4)]
    here = runner.train(configs, tmp_path)
    before = sum(os.times()[2:4])
    others = runner.train(configs, tmp_path, workers=2)
    assert sum(os.times()[2:4]) > before  # what children have used
    for one, other in zip(here, others, strict=True):
        models = [(outcome.folder / "model.safetensors").read_bytes() for outcome in (one, other)]
        assert models[0] == models[1] and one.folder.name == other.folder.name


# ---- what is wrong


@pytest.mark.parametrize("workers", [0, -1, True, 1.5, "2", None])
def test_what_is_no_number_of_workers_is_named(workers, tmp_path):
    with pytest.raises(ConfigError, match=r"^workers = .*: must be a whole number >= 1$"):
        runner.train([{}], tmp_path, workers=workers)
    assert list(tmp_path.iterdir()) == []


def test_a_program_without_a_main_guard_is_told_so(tmp_path, monkeypatch):
    """A worker that imports it, and so comes to the same call, ends; whoever started it says what to do."""
    process = SimpleNamespace(_inheriting=True, daemon=True)
    with monkeypatch.context() as patch:
        patch.setattr(pool.multiprocessing, "current_process", lambda: process)
        patch.setattr(os, "_exit", sys.exit)
        with pytest.raises(SystemExit) as ended:
            runner.train([QUICK, QUICK], tmp_path, workers=2)
        process._inheriting = False
        with pytest.raises(ConfigError, match="workers = 2: this process is itself a worker"):
            runner.train([QUICK, QUICK], tmp_path, workers=2)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(pool, "_serve", lambda *_: os._exit(ended.value.code))
    with pytest.raises(ConfigError, match="put what it does below `if __name__ ==") as raised:
        runner.train([QUICK, QUICK | {"seed": 1}], tmp_path, workers=2)
    assert str(raised.value).startswith("workers = 2: ")


def test_a_program_that_workers_cannot_import_is_told_so(tmp_path, monkeypatch):
    """Where workers are not forked: one that was read from standard input."""
    monkeypatch.setattr(pool, "start_method", lambda runs: "spawn")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "<stdin>"), raising=False)
    with pytest.raises(ConfigError, match=r"workers = 2: .* which is no file \(<stdin>\); save it as one"):
        runner.train([QUICK, QUICK | {"seed": 1}], tmp_path, workers=2)


def test_problems_of_all_configurations_are_reported_together_each_with_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = problems(
        [
            {"optimizer": "sdg", "regularizer": {"dropout": 1.5}},
            {"seed": 1},
            ["optimizer.lr=-1", "modle.hidden=[3]"],
            {"optimizer": {"name": "sgd", "beta1": 0.5}},
            {"seed": -1},
        ]
    )
    expected = [
        ("configs[0]: optimizer = sdg", "did you mean optimizer=sgd?"),
        ("configs[0]: regularizer.dropout = 1.5", "out of range"),
        ("configs[2]: modle.hidden = [3]", "did you mean model.hidden?"),
        ("configs[2]: optimizer.lr = -1", "a number > 0"),
        ("configs[3]: optimizer.beta1 = 0.5", "optimizer=sgd has no such key; it belongs to optimizer=adam"),
        ("configs[4]: seed = -1", ">= 0"),
    ]
    assert len(found) == len(expected)
    for (start, part), problem in zip(expected, found, strict=True):
        assert problem.startswith(start) and part in problem
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (3, "must be a dictionary such as"),
        (None, "must be a dictionary such as"),
        ([1, 2], "must be a dictionary such as"),
        ("seed=3", "must be a dictionary such as"),
        ({"optimizer": {"name": ["sgd"]}}, "optimizer.name = [sgd]: must be text"),
        ({"optimizer": {"name": None}}, "optimizer.name = null: must be text"),
        ({"optimizer": ["sgd"]}, "optimizer = [sgd]: must hold keys"),
        ({"optimizer": {"lr": {"deep": 1}}}, "optimizer.lr = {'deep': 1}: not a number"),
        ({3: 4}, "3 = 4: unknown key"),
        ({"early_stopping": "none"}, "give this configuration as a list, ['early_stopping=none', ...]"),
        ({"regularizer": ["dropout", "l2"]}, "['regularizer=[dropout,l2]', ...]"),
        ({"experiment": "fashion_mnist"}, "['experiment=fashion_mnist', ...]"),
        (["hydra.run.dir=here"], "hydra.run.dir=here: sets the process, not the run"),
        (["+hydra.run.dir=here"], "sets the process"),
        (["seed=0,1"], "several values are a sweep"),
        (["resume"], "neither a command nor key=value"),
        (["experiment=nope"], "unknown choice"),
    ],
)
def test_every_kind_of_mistake_has_its_sentence(config, said, tmp_path):
    (problem,) = problems([config], tmp_path)
    assert problem.startswith("configs[0]: ") and said in problem


@pytest.mark.parametrize("configs", [{"seed": 0}, "seed=0", validate({}), 5])
def test_one_configuration_alone_is_not_a_list(configs, tmp_path):
    (problem,) = problems(configs, tmp_path)
    assert "must be a list of configurations, for example [{'seed': 0}, {'seed': 1}]" in problem


def test_problems_with_the_data_name_their_configuration_and_leave_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    missing = {"dataset": {"name": "csv", "path": "nope.csv", "target": "y"}}
    found = problems(
        [QUICK, missing, {"early_stopping.monitor": "val/rmse", "loss": "auto"}, {"trainer.device": "cuda:99"}]
    )
    assert [problem[:11] for problem in found] == ["configs[1]:", "configs[2]:", "configs[3]:"]
    assert "nope.csv does not exist" in found[0] and "val/accuracy" in found[1] and "cuda:99" in found[2]
    assert not list(Path("outputs").glob("*/*"))


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"outputs = .*file.*cannot be made"):
        runner.train([QUICK], tmp_path / "file")


TABLE = pd.DataFrame({"a": [1, 2], "b": [3, 4]})


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        (TABLE, "configs = a DataFrame: must be a list of configurations"),
        ([TABLE], r"configs\[0\]: a DataFrame: must be a dictionary"),
        ([{"dataset": TABLE}], r"configs\[0\]: dataset: is a DataFrame; .*to_parquet.*'name': 'parquet'"),
        ([{}, {"dataset": {"name": "csv", "path": TABLE}}], r"configs\[1\]: dataset.path: is a DataFrame"),
        ([{"model.activation": TABLE}], "model.activation: is a DataFrame"),
        ([{"trainer.metrics": TABLE}], "trainer.metrics: is a DataFrame"),
        ([{"model.hidden": {64}}], r"model.hidden = \{64\}: must be plain"),
        ([{"seed": b"3"}], "seed = b'3': must be plain"),
        ([{"optimizer": {"lr": object}}], "optimizer.lr = <class 'object'>: must be plain"),
        (5, "configs = 5: must be a list"),
        ([None], r"configs\[0\]: None: must be a dictionary"),
    ],
)
def test_what_is_no_configuration_is_named_on_one_line(configs, message, tmp_path):
    with pytest.raises(ConfigError, match=message) as raised:
        runner.train(configs, tmp_path)
    assert "\n" not in str(raised.value) and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("how", "message"),
    [({"outputs": 5}, "outputs = 5"), ({"outputs": TABLE}, "outputs = a DataFrame"), ({"console": 1}, "console = 1")],
)
def test_what_is_no_folder_and_no_switch_is_named(how, message):
    with pytest.raises(ConfigError, match=f"^{message}: must be"):
        runner.train([{}], **how)


def test_an_outcome_says_in_short_what_came_of_a_run():
    summary = {"monitor": "val/loss", "val": {"loss": 0.123456}, "kept_epoch": 7, "versions": {"x": "y" * 900}}
    assert repr(Outcome(Path("o/000"), "completed", "all", summary)) == (
        "Outcome('o/000', completed, val/loss 0.1235 at epoch 7)"
    )
    assert repr(Outcome(Path("o"), "failed", "ValueError: no", {}, "Traceback ...")) == (
        "Outcome('o', failed, ValueError: no)"
    )
