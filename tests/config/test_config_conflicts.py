"""Values that are fine alone and wrong together."""

import pytest

from runner.config.conflicts import Known, conflicts
from runner.config.settings import default_tree
from runner.config.validate import check, validate
from runner.errors import ConfigError
from runner.execution.configurations import read


def checked(choices, changes):
    """(settings, problems) of the default configuration with some values changed."""
    tree = default_tree(choices)
    for path, value in changes.items():
        group, key = path.split("__")
        tree[group][key] = value
    return check(tree)


def problems(choices=None, **changes) -> list[str]:
    return checked(choices, changes)[1]


@pytest.mark.parametrize(
    ("choices", "changes", "key", "fix"),
    [
        ({}, {"dataset__val_fraction": 0.6, "dataset__test_fraction": 0.5}, "dataset.val_fraction", "must be < 1"),
        ({"loss": "mse"}, {"regularizer__label_smoothing": 0.1}, "regularizer.label_smoothing", "loss=cross_entropy"),
        (
            {"dataset": "csv"},
            {"dataset__task": "regression", "regularizer__label_smoothing": 0.1},
            "regularizer.label_smoothing",
            "=0",
        ),
        (
            {},
            {"optimizer__proximal": True, "regularizer__l1": 0.1, "regularizer__l2": 0.1},
            "optimizer.proximal",
            "regularizer.elastic_net",
        ),
        ({}, {"regularizer__stochastic_depth": 0.5}, "regularizer.stochastic_depth", "set model.residual=true, or"),
        (
            {"model": "mlp"},
            {"regularizer__structural_dropout": 1.0, "model__hidden": []},
            "regularizer.structural_dropout",
            "=[128]",
        ),
        ({}, {"regularizer__fast_dropout": 0.5, "model__hidden": []}, "regularizer.fast_dropout", "model.hidden=[128]"),
        ({}, {"regularizer__fast_dropout": 0.5, "model__norm": "layer"}, "regularizer.fast_dropout", "model.norm=none"),
        (
            {},
            {"regularizer__fast_dropout": 0.5, "model__activation": "tanh"},
            "regularizer.fast_dropout",
            "model.activation=relu",
        ),
        (
            {},
            {"regularizer__fast_dropout": 0.5, "regularizer__dropout": 0.2},
            "regularizer.fast_dropout",
            "set regularizer.dropout=0",
        ),
        ({"loss": "mae"}, {"regularizer__fast_dropout": 0.5}, "regularizer.fast_dropout", "set loss=auto"),
        ({}, {"regularizer__activity_l1": 0.1, "model__hidden": []}, "regularizer.activity_l1", "model.hidden=[128]"),
        ({}, {"regularizer__activity_l1": [0.1, 0.2]}, "regularizer.activity_l1", "give 1 values"),
        (
            {},
            {"regularizer__activity_kl": {"strength": 0.1, "rho": 0.05}},
            "regularizer.activity_kl.strength",
            "set model.activation=sigmoid",
        ),
        ({}, {"trainer__metrics": ["dead_units"], "model__hidden": []}, "trainer.metrics", "model.hidden=[128]"),
        ({}, {"trainer__metrics": ["mc_nll"]}, "trainer.metrics", "set regularizer.dropout=0.1"),
        ({}, {"early_stopping__monitor": "val/mc_nll"}, "early_stopping.monitor", "set regularizer.dropout=0.1"),
        ({}, {"scheduler__warmup": 101}, "scheduler.warmup", "allowed: 0 to 100"),
        ({}, {"dataset__val_fraction": 0}, "early_stopping.patience", "early_stopping=none"),
        (
            {},
            {"early_stopping__monitor": "val/accuracy", "early_stopping__mode": "min"},
            "early_stopping.mode",
            "mode=auto",
        ),
        ({}, {"early_stopping__mode": "max"}, "early_stopping.mode", "mode=auto"),
        ({"loss": "mse"}, {"early_stopping__monitor": "val/accuracy"}, "early_stopping.monitor", "val/rmse"),
        ({"loss": "cross_entropy"}, {"early_stopping__monitor": "val/r2"}, "early_stopping.monitor", "val/accuracy"),
        ({"loss": "cross_entropy"}, {"early_stopping__monitor": "val/rmse"}, "early_stopping.monitor", "has no rmse"),
        ({"loss": "huber"}, {"early_stopping__monitor": "train/roc_auc"}, "early_stopping.monitor", "train/mae"),
        (
            {},
            {"early_stopping__monitor": "val/roc_auc", "early_stopping__mode": "min"},
            "early_stopping.mode",
            "mode=auto",
        ),
        ({}, {"early_stopping__monitor": "val/ece", "early_stopping__mode": "max"}, "early_stopping.mode", "mode=auto"),
        ({"loss": "mse"}, {"trainer__metrics": ["mae", "f1", "ece"]}, "trainer.metrics", "has no f1 and no ece"),
        ({}, {"regularizer__dropout": [0.1, 0.2]}, "regularizer.dropout", "give 1 values"),
        ({}, {"regularizer__l2": [0.1]}, "regularizer.l2", "give 2 values"),
        ({}, {"regularizer__max_norm": [1.0, 2.0, 3.0]}, "regularizer.max_norm", "give 2 values"),
        ({}, {"regularizer__dropout": 0.5, "model__hidden": []}, "regularizer.dropout", "model.hidden=[128]"),
        ({}, {"regularizer__dropout": [0.5], "model__hidden": []}, "regularizer.dropout", "dropout=0 or"),
        (
            {"dataset": "csv"},
            {"dataset__val_fraction": 0.5, "dataset__test_fraction": 0.5},
            "dataset.val_fraction",
            "1",
        ),
        (
            {"dataset": "csv", "loss": "mse"},
            {"dataset__task": "classification"},
            "loss",
            "loss=auto",
        ),
        ({}, {"model__norm": "batch", "trainer__batch_size": 1}, "trainer.batch_size", "model.norm=none"),
        ({}, {"model__norm_momentum": 0.2}, "model.norm_momentum", "set model.norm_momentum=0.1 or model.norm=batch"),
        (
            {},
            {"model__norm": "layer", "model__norm_momentum": None},
            "model.norm_momentum",
            "null: model.norm = layer has no use for it",
        ),
        (
            {},
            {"model__norm": "rms", "model__norm_statistics": "all"},
            "model.norm_statistics",
            "=running or model.norm",
        ),
        ({}, {"model__norm": "batch", "model__norm_groups": 4}, "model.norm_groups", "=1 or model.norm=group"),
        ({}, {"model__norm_affine": False}, "model.norm_affine", "=true or model.norm="),
        (
            {},
            {"model__norm": "batch", "model__norm_statistics": "all", "model__norm_momentum": 0.2},
            "model.norm_momentum",
            "model.norm_statistics=running",
        ),
        ({}, {"model__norm_input": True}, "model.norm_input", "set model.norm=batch or model.norm_input=false"),
        (
            {},
            {"model__norm": "group", "model__norm_groups": 3, "model__hidden": [12, 8]},
            "model.norm_groups",
            "does not divide 8 of model.hidden = [12, 8]; allowed: 1, 2, 4",
        ),
        ({}, {"model__residual": True}, "model.residual", "model.hidden=[128,128] or model.residual=false"),
        ({}, {"model__residual": True, "model__hidden": []}, "model.residual", "model.hidden=[128,128]"),
        ({}, {"model__residual": True, "model__hidden": [64, 32, 64]}, "model.residual", "model.hidden=[64,64]"),
        ({}, {"regularizer__dropconnect": [0.1]}, "regularizer.dropconnect", "give 2 values"),
        ({}, {"model__prune": [0.5, 0.5, 0.5]}, "model.prune", "give 2 values"),
        ({}, {"model__init_sd": 1.0}, "model.init_sd", "is for model.init=normal, but model.init = torch"),
        ({}, {"model__init_k": 5, "model__init": "normal"}, "model.init_k", "set model.init=sparse"),
        ({}, {"model__init_value": 1.0}, "model.init_value", "model.init=constant"),
        ({}, {"model__init_scale": 1.0}, "model.init_scale", "model.init=uniform"),
        ({}, {"model__init_from": "/a/run", "model__init": "he"}, "model.init_from", "leave one of them out"),
        (
            {},
            {"model__parametrization": "weight_standardization", "model__hidden": [8, 1, 8]},
            "model.parametrization",
            "of layer 2 have 1",
        ),
        (
            {},
            {"regularizer__direct_dropout": 0.5, "model__residual": True, "model__hidden": [8, 8]},
            "regularizer.direct_dropout",
            "regularizer.dropout=0.5",
        ),
        ({}, {"trainer__device": "mps"}, "trainer.device", "allowed: cpu, cuda, cuda:0"),
        ({}, {"trainer__device": "xpu:0"}, "trainer.device", "allowed: cpu, cuda, cuda:0"),
        ({}, {"trainer__device": "gpu"}, "trainer.device", "cuda:0"),
        ({}, {"trainer__device": "cuda:x"}, "trainer.device", "cuda:0"),
    ],
)
def test_one_conflict_one_sentence(choices, changes, key, fix):
    (problem,) = problems(choices, **changes)
    assert problem.startswith(f"{key} = ")
    assert fix in problem


@pytest.mark.parametrize(
    ("choices", "changes"),
    [
        ({}, {"scheduler__warmup": 100}),
        ({}, {"scheduler__warmup": 1000, "scheduler__unit": "steps"}),
        ({}, {"dataset__val_fraction": 0, "early_stopping__patience": None}),
        ({}, {"dataset__val_fraction": 0, "early_stopping__monitor": "train/loss"}),
        ({"dataset": "csv"}, {"dataset__val_fraction": 0, "dataset__split_column": "part"}),
        ({}, {"regularizer__dropout": [0.1, 0.2], "model__hidden": [8, 8]}),
        ({}, {"regularizer__l2": [0.1, 0.2, 0.3], "model__hidden": [8, 8]}),
        ({"loss": "mse"}, {"early_stopping__monitor": "val/r2"}),
        ({"loss": "mse"}, {"trainer__metrics": ["mae", "rmse"]}),
        ({}, {"trainer__metrics": "roc_auc", "early_stopping__monitor": "train/f1", "early_stopping__mode": "max"}),
        ({}, {"trainer__metrics": ["mae"]}),
        ({}, {"trainer__device": "cuda:1"}),
        ({}, {"model__init": "normal", "model__init_sd": 1.0}),
        ({}, {"model__prune": [0.5, 0.5]}),
        ({}, {"model__parametrization": "weight_standardization", "model__hidden": [8, 1]}),
        ({}, {"model__parametrization": "weight_norm", "model__hidden": [1, 1]}),
        ({}, {"regularizer__direct_input_dropout": 0.5, "model__residual": True, "model__hidden": [8, 8]}),
        ({}, {"model__residual": True, "model__hidden": [64, 32, 32]}),
        ({}, {"trainer__device": "cuda"}),
        ({}, {"scheduler__warmup": 1, "trainer__epochs": 0}),
        ({"dataset": "fashion_mnist"}, {"dataset__val_fraction": 0.9}),
        ({"dataset": "csv"}, {"dataset__val_fraction": 0.9, "dataset__split_column": "part"}),
        ({}, {"regularizer__input_dropout": 0.5, "model__hidden": []}),
        ({}, {"regularizer__dropout": [], "model__hidden": []}),
        ({}, {"model__norm": "group", "model__norm_groups": 4, "model__hidden": [12, 8], "model__norm_eps": 1e-3}),
        ({}, {"model__norm": "batch", "model__norm_momentum": None, "model__norm_statistics": "running"}),
    ],
)
def test_no_false_alarm(choices, changes):
    assert problems(choices, **changes) == []


def test_plateau_and_patience_both_need_validation_data():
    found = problems({"scheduler": "plateau"}, dataset__val_fraction=0)
    assert [p.split(" = ")[0] for p in found] == ["early_stopping.patience", "scheduler"]


def test_a_conflict_is_silent_while_one_of_its_keys_is_wrong():
    found = problems(scheduler__warmup=-5, trainer__epochs=-1)
    assert len(found) == 2
    assert all("out of range" in problem for problem in found)


REGRESSION = Known("regression", train=100, val=20)
CLASSES = Known("classification", train=100, val=20)


@pytest.mark.parametrize(
    ("choices", "changes", "known", "key", "fix"),
    [
        ({"loss": "mse"}, {}, CLASSES, "loss", "the data is classification; use loss=auto"),
        ({}, {"regularizer__label_smoothing": 0.1}, REGRESSION, "regularizer.label_smoothing", "label_smoothing=0"),
        ({}, {"early_stopping__monitor": "val/accuracy"}, REGRESSION, "early_stopping.monitor", "val/loss, val/rmse"),
        (
            {},
            {"early_stopping__monitor": "val/roc_auc"},
            REGRESSION,
            "early_stopping.monitor",
            "val/r2, val/weighted_loss, val/mae",
        ),
        (
            {},
            {"early_stopping__monitor": "val/roc_auc"},
            Known("classification", train=100, val=20, answers=1),
            "early_stopping.monitor",
            "have only one class, so that roc_auc is not defined; set early_stopping.monitor=val/loss",
        ),
        (
            {},
            {"early_stopping__monitor": "train/r2"},
            Known("regression", train=1, val=20, answers=1),
            "early_stopping.monitor",
            "have only one number to predict, so that r2 is not defined; set early_stopping.monitor=train/loss",
        ),
        ({}, {"trainer__metrics": ["mae"]}, CLASSES, "trainer.metrics", "allowed: a list of loss, accuracy"),
        ({}, {}, Known("classification", train=100, val=0), "early_stopping.patience", "leaves no validation data"),
        (
            {"scheduler": "plateau"},
            {"early_stopping__patience": None},
            Known("classification", train=100, val=0),
            "scheduler",
            "leaves no validation data",
        ),
        ({}, {"scheduler__warmup": 401, "scheduler__unit": "steps"}, CLASSES, "scheduler.warmup", "allowed: 0 to 400"),
        ({}, {"model__norm": "batch", "trainer__batch_size": 33}, CLASSES, "trainer.batch_size", "drop_last=true"),
        (
            {},
            {"model__norm": "group", "model__norm_groups": 8, "model__norm_input": True},
            Known("classification", train=100, val=20, inputs=20),
            "model.norm_groups",
            "does not divide 20 of model.norm_input = true with 20 features; allowed: 1, 2, 4",
        ),
        ({}, {"trainer__device": "cuda"}, Known(cuda=0), "trainer.device", "trainer.device=cpu"),
        ({}, {"trainer__device": "cuda:2"}, Known(cuda=2), "trainer.device", "the last CUDA device here is cuda:1"),
    ],
)
def test_the_same_rules_beside_the_data(choices, changes, known, key, fix):
    settings, before = checked(choices, changes)
    assert before == []
    (conflict,) = conflicts(settings, known)
    assert conflict.text.startswith(f"{key} = ")
    assert fix in conflict.text


def test_no_false_alarm_beside_the_data():
    changes = {"scheduler__warmup": 400, "scheduler__unit": "steps", "trainer__device": "cuda:1"}
    settings, _ = checked({}, changes | {"regularizer__label_smoothing": 0.1})
    assert conflicts(settings, Known("classification", train=100, val=20, cuda=2)) == []


def test_seeds_are_the_64_bit_numbers():
    assert validate(default_tree() | {"seed": 2**64 - 1}).seed == 2**64 - 1
    (problem,) = check(default_tree() | {"seed": 2**64})[1]
    assert problem.startswith("seed = 18446744073709551616: out of range; allowed: a whole number >= 0 and < 184467440")


def test_a_metric_that_is_misspelled():
    (monitor,) = problems(early_stopping__monitor="val/balanced_acuracy")
    assert monitor.endswith("did you mean early_stopping.monitor=val/balanced_accuracy?")
    (of_target,) = problems(early_stopping__monitor="val/kind/acuracy")
    assert of_target.endswith("did you mean early_stopping.monitor=val/kind/accuracy?")
    (metrics,) = problems(trainer__metrics=["f1", "rocauc"])
    assert metrics.startswith("trainer.metrics = [f1, rocauc]: 'rocauc' is an unknown choice; allowed: a list of acc")
    assert metrics.endswith("did you mean trainer.metrics=[roc_auc]?")
    (number,) = problems(trainer__metrics=3)
    assert number.endswith("for example trainer.metrics=[accuracy]")


def test_one_input_cannot_be_standardized():
    settings = checked({}, {"model__parametrization": "weight_standardization"})[0]
    (found,) = conflicts(settings, Known("classification", 100, 20, inputs=1))
    assert "those of layer 0 have 1; set model.parametrization=weight_norm or none" in found.text
    assert not conflicts(settings, Known("classification", 100, 20, inputs=2))


@pytest.mark.parametrize("monitor", ["val//accuracy", "vol/a/accuracy", "val/a/accurac", "val/a/", "a/accuracy"])
def test_the_metric_of_a_target_is_spelled_as_it_is_recorded(monitor):
    stop = read({"early_stopping.monitor": "train/km/h/r2"}).early_stopping
    assert (stop.split, stop.target, stop.metric, stop.maximize) == ("train", "km/h", "r2", True)
    with pytest.raises(ConfigError, match=r"unknown choice; allowed: .* \| val/TARGET/NAME; "):
        read({"early_stopping.monitor": monitor})
