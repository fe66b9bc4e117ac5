"""Verdicts on runs that really train: one of every situation that a lecture shows, all in one call."""

import numpy as np
import pandas as pd
import pytest

import runner

WHOLE = {"early_stopping.patience": None, "early_stopping.restore_best": False}
MOONS = {"dataset": "two_moons", "optimizer.lr": 0.01}
DIGITS = {"dataset.train_size": 400}
HIGH = {"optimizer": "adam", "optimizer.lr": 0.1}


def csv(name, **changes):
    return {"dataset": "csv", "dataset.path": name, "dataset.target": "y"} | changes


SITUATIONS = {
    "fine": (MOONS | {"trainer.epochs": 40}, ["fine: train accuracy 0.9", "It fits, and what it learned holds"]),
    "rate far too high": (
        DIGITS | {"optimizer": "sgd", "optimizer.lr": 1000},
        ["diverged: the network that is kept is the untrained one", "lower optimizer.lr (now 1000)", "clip_norm=1"],
    ),
    "far too high, the last kept": (
        DIGITS | WHOLE | {"optimizer": "sgd", "optimizer.lr": 1000},
        ["diverged: the network that is kept is of no use", "lower optimizer.lr (now 1000)"],
    ),
    "rate too high": (
        DIGITS | HIGH | {"trainer.epochs": 12},
        ["untrained network kept: val/loss never got better than before training", "validation accuracy went from 0.",
         "lower optimizer.lr (now 0.1), or early_stopping.monitor=val/accuracy"],
    ),
    "too high, the last kept": (
        HIGH | WHOLE | {"trainer.epochs": 12},
        ["overconfident: train accuracy 0.9", "where guessing costs 2.3. Try regularizer.label_smoothing=0.1 or"],
    ),
    "rate too low": (
        DIGITS | {"optimizer.lr": 1e-7, "trainer.epochs": 3},
        ["learned nothing: train accuracy 0.", "best epoch 3 of 3): try a higher optimizer.lr (now 1e-07)"],
    ),
    "too low for numbers": (
        csv("numbers", **{"optimizer.lr": 1e-6, "trainer.epochs": 3}),
        ["learned nothing: train R^2 -0.", "try a higher optimizer.lr (now 1e-06)"],
    ),
    "too high for numbers": (
        csv("numbers", **{"optimizer.lr": 10, "trainer.epochs": 5}),
        ["untrained network kept: val/loss", "and training loss went from 1.", "The steps are too long"],
    ),
    "too small": (
        {"dataset": "spirals", "dataset.n": 300, "model.hidden": [2], "optimizer.lr": 0.03, "trainer.epochs": 100},
        ["high bias (underfitting): train accuracy 0.6", "a larger network"],
    ),
    "too large": (
        MOONS | WHOLE | {"dataset.n": 150, "dataset.noise": 0.4, "model.hidden": [128, 128], "trainer.epochs": 120},
        ["high variance (overfitting)", "val/loss was best at epoch", "early_stopping=default keeps that network"],
    ),
    "too much held back": (
        DIGITS | {"regularizer.l2": 10, "trainer.epochs": 5},
        ["learned nothing", "less regularization (l2 10)"],
    ),
    "wrong labels": (
        {"dataset.label_noise": 0.3, "trainer.epochs": 12},
        ["high variance (overfitting): train accuracy 0.", "(dataset.label_noise leaves 0.70 to right answers)"],
    ),
    "leak": (
        csv("leak", **{"optimizer.lr": 0.01}),
        ["fine: train accuracy 1.00, validation 1.00", "look for a column that gives the answer away"],
    ),
    "no signal": (
        csv("coin"),
        ["nothing that holds for other rows: train accuracy 0.", "or these inputs say nothing about the target"],
    ),
    "labels at random": (
        {"dataset.labels": "random", "dataset.train_size": 200, "trainer.epochs": 12} | WHOLE,
        ["nothing that holds for other rows: train accuracy 0.", "dataset.labels=random, so what it fits"],
    ),
    "imbalance": (
        csv("rare", **{"optimizer.lr": 0.003}),
        ["rare classes: train loss 0.1", "(guessing by the classes' shares: 0.2", "trainer.metrics=[roc_auc,balanced"],
    ),
    "imbalance, weighted": (
        csv("rare", **{"optimizer.lr": 0.003, "dataset.class_weights": "balanced"}),
        ["high bias (underfitting): train balanced accuracy 0.7", "(always one class: 0.50)"],
    ),
    "stopped by epochs": (
        {"dataset": "sine", "trainer.epochs": 100},
        ["fine: train R^2 0.9", "It was still improving when training ended (best", "trainer.epochs=300 may reach"],
    ),
    "stopped by patience": (
        {"dataset": "spirals", "optimizer.lr": 0.003, "early_stopping.patience": 1, "early_stopping.min_delta": 0.02},
        ["high bias (underfitting)", "It may have stopped too soon, after epoch", "patience=10 (now 1)"],
    ),
    "stopped by min_delta": (
        MOONS | {"early_stopping.patience": 2, "early_stopping.min_delta": 0.5},
        ["untrained network kept: val/loss went from 0.5", "never better by more than early_stopping.min_delta = 0.5"],
    ),
    "few rows": (
        {"dataset": "iris", "optimizer.lr": 0.01},
        ["fine: train accuracy 0.9", "22 validation rows leave 0.78 to 0.99 open"],
    ),
    "too few rows": (
        {"dataset": "iris", "dataset.val_fraction": 0.04, "optimizer.lr": 0.01},
        ["too few validation rows to tell", "6 validation rows cannot say whether it generalizes"],
    ),
    "one row": (
        csv("numbers", **WHOLE | {"dataset.val_fraction": 0.005, "optimizer.lr": 0.01, "trainer.epochs": 60}),
        ["too few validation rows to tell: train R^2 0.9", "1 validation row cannot say"],
    ),
    "no epochs": (DIGITS | {"trainer.epochs": 0}, ["untrained: trainer.epochs = 0"]),
}  # fmt: skip


def tables(folder):
    """numbers: y = ab + c. leak: a number that grows says the class. coin: nothing says it. rare: 1 in 15 is `yes`."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 10))
    columns = pd.DataFrame(x, columns=list("abcdefghij"))
    chance = 1 / (1 + np.exp(3.4 - 1.2 * (rare := draw.normal(size=1500))))
    return {
        "numbers": columns.assign(y=x[:, 0] * x[:, 1] + x[:, 2]),
        "coin": columns.assign(y=np.where(draw.random(200) < 0.5, "u", "v")),
        "leak": pd.DataFrame({"x": draw.random(400), "late": np.arange(400) / 2, "y": ["a"] * 200 + ["b"] * 200}),
        "rare": pd.DataFrame({"x": rare, "y": np.where(draw.random(1500) < chance, "yes", "no")}),
    }


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("situations")
    for name, table in tables(folder).items():
        table.to_csv(folder / name, index=False)
    configs = [dict(config) for config, _ in SITUATIONS.values()]
    for config in configs:
        if "dataset.path" in config:
            config["dataset.path"] = str(folder / config["dataset.path"])
    outcomes = runner.train([{"trainer.figures": False} | config for config in configs], outputs=folder)
    return dict(zip(SITUATIONS, (outcome.summary["verdict"] for outcome in outcomes), strict=True))


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_run_of_each_situation_is_known_for_what_it_is(name, verdicts):
    for words in SITUATIONS[name][1]:
        assert words in verdicts[name]


def test_no_two_sentences_of_a_verdict_are_the_same(verdicts):
    for said in verdicts.values():
        sentences = said.split(". ")
        assert len(sentences) == len(set(sentences)) and said.endswith(".") and ".." not in said
