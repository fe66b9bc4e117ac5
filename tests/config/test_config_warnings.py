"""What is allowed and probably not meant is said, and nothing else."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from runner.cli import main
from runner.commands import COMMANDS
from runner.config.compose import compose, hydra_ready
from runner.config.conflicts import Known
from runner.config.location import config_dir
from runner.config.registry import entries
from runner.config.validate import validate
from runner.config.warnings import warnings
from runner.execution.configurations import read

PAGES = [Path(__file__).parents[2] / name for name in ("README.md", "docs/index.md", "docs/researchers.md")]
DATA = Known("classification", train=640, val=100)  # 20 steps an epoch
SELU = {"model.activation": "selu", "model.init": "lecun_normal"}
ZEROS = {"model.init": "zeros", "model.hidden": [4, 3]}
OPEN = {"early_stopping.patience": None}
TWO = {"model.hidden": [8, 8], "model.norm": "batch"}


def told(known=DATA, **changes):
    return warnings(read(changes), known)


@pytest.mark.parametrize(
    ("changes", "key", "reason"),
    [
        ({"scheduler": "cosine"}, "early_stopping.patience = 10", "10, before scheduler = cosine ends at epoch 100"),
        ({"scheduler": "onecycle"}, "early_stopping.patience = 10", "ends at epoch 100"),
        ({"scheduler": "linear", "scheduler.total_iters": 40}, "early_stopping.patience = 10", "ends at epoch 40"),
        ({"scheduler": "polynomial", "scheduler.warmup": 5}, "early_stopping.patience = 10", "ends at epoch 100"),
        ({"scheduler": "multistep"}, "early_stopping.patience = 10", "ends at epoch 75"),
        (
            {"scheduler": "cosine", "scheduler.unit": "steps", "scheduler.t_max": 600, "scheduler.warmup": 100},
            "early_stopping.patience = 10",
            "ends at epoch 35",
        ),
        (
            {"scheduler": "cosine_restarts", "early_stopping.warmup": 30},
            "early_stopping.patience = 10",
            "at epoch 40, before",
        ),
        (
            {"dataset.class_weights": "balanced"},
            "early_stopping.monitor = val/loss",
            "dataset.class_weights = balanced weights them in what is trained",
        ),
        (
            {"early_stopping.then": "retrain", "early_stopping.then_cap": 5},
            "early_stopping.then_cap = 5",
            "has no effect with early_stopping.then = retrain; leave it out, or set early_stopping.then=continue",
        ),
        ({"trainer.curriculum_start": 0.5}, "trainer.curriculum_start = 0.5", "set trainer.curriculum=loss"),
        ({"trainer.curriculum_epochs": 5}, "trainer.curriculum_epochs = 5", "with trainer.curriculum = none"),
        ({"early_stopping.warmup": 100}, "early_stopping.warmup = 100", "raise trainer.epochs"),
        ({"early_stopping.patience": 100}, "early_stopping.patience = 100", "in epoch 101, after trainer.epochs = 100"),
        ({"scheduler": "step", "scheduler.step_size": 100}, "scheduler.step_size = 100", "in epoch 101, after"),
        (OPEN | {"scheduler": "multistep", "scheduler.milestones": [5, 150]}, "scheduler.milestones = [5, 150]", "150"),
        (OPEN | {"scheduler": "cosine", "scheduler.t_max": 150}, "scheduler.t_max = 150", "in epoch 150, after"),
        (OPEN | {"scheduler": "linear", "scheduler.total_iters": 101}, "scheduler.total_iters = 101", "end of the"),
        (OPEN | {"scheduler": "polynomial", "scheduler.total_iters": 101}, "scheduler.total_iters = 101", "epoch 101"),
        (OPEN | {"scheduler": "cosine_restarts", "scheduler.t_0": 100}, "scheduler.t_0 = 100", "the first restart"),
        ({"scheduler": "plateau", "scheduler.patience": 98}, "scheduler.patience = 98", "in epoch 101"),
        (
            {"scheduler": "step", "scheduler.unit": "steps", "scheduler.step_size": 2000},
            "scheduler.step_size = 2000",
            "in epoch 101",
        ),
        ({"averaging": "swa", "trainer.epochs": 4}, "averaging.start = 0.75", "in epoch 5, after trainer.epochs = 4"),
        ({"trainer.log_every_steps": 2001}, "trainer.log_every_steps = 2001", "the first step logged would come"),
        (SELU | {"regularizer.dropout": 0.2}, "regularizer.dropout = 0.2", "regularizer.alpha_dropout="),
        (SELU | {"regularizer.gaussian_dropout": 0.2}, "regularizer.gaussian_dropout = 0.2", "mean 0 and variance 1"),
        ({"model.activation": "selu"}, "model.init = torch", "model.init=lecun_normal"),
        ({"regularizer.alpha_dropout": 0.1}, "regularizer.alpha_dropout = 0.1", "regularizer.dropout=0.1"),
        (TWO | {"regularizer.dropout": 0.4}, "regularizer.dropout = 0.4", "regularizer.dropout=[0,0.4]"),
        (TWO | {"regularizer.dropout": 0.4}, "regularizer.dropout = 0.4", "or set model.norm_statistics=all"),
        (TWO | {"regularizer.dropout": [0.1, 0.0]}, "regularizer.dropout = [0.1, 0]", "regularizer.dropout=[0,0]"),
        (TWO | {"regularizer.gaussian_dropout": 0.4}, "regularizer.gaussian_dropout = 0.4", "Li et al. 2019"),
        (TWO | {"regularizer.input_dropout": 0.2}, "regularizer.input_dropout = 0.2", "model.norm=layer"),
        ({"model.norm": "group"}, "model.norm_groups = 1", "model.norm=layer"),
        (
            {"model.norm": "batch", "model.norm_input": True, "model.hidden": [], "regularizer.input_dropout": 0.2},
            "regularizer.input_dropout = 0.2",
            "model.norm=layer",
        ),
        (ZEROS, "model.init = zeros", "only the biases of the output learn"),
        (ZEROS | {"model.init": "constant"}, "model.init = constant", "stay equal to each other"),
        (ZEROS | {"model.init": "constant", "model.init_value": 0.0}, "model.init = constant", "biases of the output"),
        (TWO | {"regularizer.direct_dropout": 0.4}, "regularizer.direct_dropout = 0.4", "Li et al. 2019"),
        (ZEROS | {"regularizer.dropout": 0.5}, "model.init = zeros", "no gradient reaches a weight"),
        (ZEROS | {"model.activation": "sigmoid"}, "model.init = zeros", "stay equal to each other"),
        ({"regularizer.l2": 0.1, "optimizer.weight_decay": 0.2}, "regularizer.l2 = 0.1", "weight_decay = 0.2"),
        (
            {"regularizer.elastic_net.alpha": 0.1, "optimizer.weight_decay": 0.2},
            "regularizer.elastic_net.alpha = 0.1",
            "a second time",
        ),
    ],
)
def test_one_sentence(changes, key, reason):
    (sentence,) = told(**changes)
    assert sentence.startswith(f"{key}: ")
    assert reason in sentence


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scheduler": "cosine", "early_stopping.patience": None},
        {"early_stopping.patience": 99},
        {"scheduler": "cosine", "scheduler.t_max": 10},
        {"scheduler": "cosine", "early_stopping.warmup": 90},
        {"scheduler": "cosine", "trainer.epochs": 0},
        {"scheduler": "step"},
        OPEN | {"scheduler": "cosine", "scheduler.t_max": 100},
        OPEN | {"scheduler": "linear", "scheduler.total_iters": 100},
        {"scheduler": "step", "scheduler.step_size": 99},
        {"scheduler": "plateau", "scheduler.patience": 97},
        {"averaging": "swa"},
        {"averaging": "swa", "averaging.start": 0.0, "trainer.epochs": 2},
        {"averaging": "ema"},
        {"trainer.log_every_steps": 2000},
        {"trainer.epochs": 5},
        {"scheduler": "exponential"},
        {"scheduler": "plateau"},
        {"early_stopping.warmup": 99},
        {"early_stopping.warmup": 5, "trainer.epochs": 0},
        {"early_stopping.warmup": 200, "early_stopping.patience": None, "early_stopping.restore_best": False},
        SELU | {"regularizer.alpha_dropout": 0.1},
        {"regularizer.dropout": 0.5, "model.hidden": [8, 8], "model.norm": "layer"},
        {"regularizer.dropout": 0.5, "model.norm": "batch"},
        TWO | {"regularizer.dropout": [0.0, 0.5]},
        TWO | {"regularizer.dropout": 0.5, "regularizer.input_dropout": 0.2, "model.norm_statistics": "all"},
        ZEROS | {"model.hidden": []},
        ZEROS | {"regularizer.weight_noise": 0.1},
        ZEROS | {"regularizer.activation_noise": 0.1},
        ZEROS | {"model.activation": "sigmoid", "regularizer.dropout": 0.5},
        {"dataset.class_weights": "balanced", "early_stopping.monitor": "val/weighted_loss"},
        {"dataset.class_weights": "balanced", "early_stopping.monitor": "val/roc_auc"},
        {"dataset.class_weights": "balanced", "early_stopping.patience": None, "early_stopping.restore_best": False},
        {"regularizer.l2": 0.1},
        {"optimizer.weight_decay": 0.1},
        {"regularizer.elastic_net.alpha": 0.1, "regularizer.elastic_net.l1_ratio": 1, "optimizer.weight_decay": 0.2},
    ],
    ids=str,
)
def test_no_false_alarm(changes):
    assert told(**changes) == []


NOISES = (
    {},
    {"regularizer.dropout": 0.5},
    {"regularizer.activation_noise": 0.2},
    {"regularizer.gradient_noise.s": 0.1},
    {"regularizer.input_noise": 0.5, "regularizer.input_dropout": 0.3},
)


@pytest.mark.parametrize("noise", NOISES, ids=str)
@pytest.mark.parametrize("activation", sorted(entries("activation")))
def test_what_is_said_of_zeros_is_what_training_makes_of_them(activation, noise):
    from runner.data.prepare import prepare
    from runner.training.engine import Engine

    changes = ZEROS | {"model.activation": activation, "dataset": "two_moons", "dataset.n": 100} | noise
    settings = read(changes | {"optimizer": "sgd", "optimizer.lr": 0.5})
    engine = Engine([settings], [prepare(settings)])
    for _ in range(2):
        engine.train_epoch([1.0])
    weights = [slot.true(engine.theta)[0] for slot in engine.layout.slots.values() if slot.kind == "weight"]
    dead = not any(w.any() for w in weights)
    alike = all(np.allclose(w, w[:1]) for w in weights[:-1])  # the units of each hidden layer
    sentence = " ".join(warnings(settings, DATA))
    assert ("no gradient reaches a weight" in sentence) == dead
    said_alike = "stay equal to each other" in sentence
    assert said_alike <= (alike and not dead)
    assert said_alike == (alike and not dead) or "regularizer.activation_noise" in noise


def test_a_schedule_in_steps_waits_for_the_data():
    changes = {"scheduler": "onecycle"}
    assert told(Known(), **changes) == []
    assert len(told(DATA, **changes)) == 1


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        *((name, {}) for name in entries("scheduler")),
        ("cosine", {"t_max": 30}),
        ("linear", {"total_iters": 30}),
        ("polynomial", {"total_iters": 30}),
        ("multistep", {"milestones": [20, 30]}),
    ],
)
def test_from_the_end_of_a_schedule_the_rate_stays(name, keys):
    """And just before it is another than in the beginning. Those without an end are these."""
    schedule = entries("scheduler")[name].cls(**keys)
    end = schedule.end(200.0)
    assert (end is None) == (name in ("constant", "step", "exponential", "inverse_sqrt", "plateau"))
    if end is not None:
        rates = schedule.multiplier(np.arange(200.0), 200.0)
        assert end == (30 if keys else 75 if name == "multistep" else 200)
        assert rates[int(end) - 1] != rates[0]
        assert len(set(rates[int(end) :])) <= 1


TYPED = "".join(page.read_text(encoding="utf-8") for page in PAGES)
BLOCKS = re.findall(r"^```\n(.*?)^```$", TYPED, re.DOTALL | re.MULTILINE)
LINES = [shlex.split(line)[1:] for block in BLOCKS for line in block.splitlines() if line.startswith("runner")]


def of_command(words: list[str]) -> list[str]:
    with hydra_ready(config_dir()):
        composed = OmegaConf.to_container(compose(words))
    return warnings(validate({key: value for key, value in composed.items() if key != "hydra"}), DATA)


def test_nothing_is_said_of_the_commands_on_the_pages():
    """Those that train one run, as the others take no settings."""
    trained = [words for words in LINES if words[0] not in COMMANDS and not {"-m", "--cfg"} & set(words)]
    assert len(trained) >= 4
    for words in trained:
        assert of_command(words) == [], words


def test_the_experiment_on_images_is_told_of_its_patience_and_its_dropout():
    found = of_command(["experiment=fashion_mnist"])
    assert [text.partition(" = ")[0] for text in found] == ["early_stopping.patience", "regularizer.dropout"]


def test_a_run_is_told_on_the_screen_and_in_its_log(tmp_path, capsys):
    words = ["dataset=two_moons", "scheduler=cosine", "trainer.epochs=3", "early_stopping.patience=1"]
    assert main([*words, f"hydra.run.dir={tmp_path / 'run'}"]) == 0
    told = "early_stopping.patience = 1: can stop at epoch 1, before scheduler = cosine ends at epoch 3"
    assert capsys.readouterr().out.count(f"  warning       {told}") == 1
    assert (tmp_path / "run" / "train.log").read_text().count(f"warning: {told}") == 1
