"""Solvers: what is refused, what is said, and what is not."""

import dataclasses

import pytest

from runner.config.conflicts import Known, conflicts
from runner.config.suggest import explain_unknown_key
from runner.config.warnings import warnings
from runner.errors import ConfigError
from runner.execution.configurations import read

DATA = Known("classification", train=150, val=20, parameters=100_000)
FULL = {"optimizer": "lbfgs", "trainer.batch_size": 150}


@pytest.mark.parametrize("optimizer", ["newton", "bfgs"])
def test_a_matrix_of_too_many_parameters_is_refused(optimizer):
    (conflict,) = conflicts(read({"optimizer": optimizer}), DATA)
    assert conflict.text == (
        f"optimizer.max_parameters = 2000: {optimizer} with 100,000 parameters needs a 100,000 x 100,000 matrix of 75 "
        "GiB; use optimizer=lbfgs, or raise optimizer.max_parameters"
    )
    (large,) = conflicts(read({"optimizer": optimizer}), dataclasses.replace(DATA, parameters=1_000_000))
    assert "matrix of 7,451 GiB;" in large.text
    assert not conflicts(read({"optimizer": optimizer, "optimizer.max_parameters": 100_000}), DATA)
    assert not conflicts(read({"optimizer": optimizer}), Known())


def test_the_parameters_of_a_run_are_counted_before_it_trains(tmp_path, capsys):
    from runner.cli import main

    words = ["optimizer=newton", "dataset=two_moons", "model.hidden=[50,50]", f"hydra.run.dir={tmp_path}"]
    assert main(words) == 2
    assert "newton with 2,802 parameters needs" in capsys.readouterr().err


@pytest.mark.parametrize("optimizer", ["cg", "bfgs", "lbfgs"])
def test_batches_are_warned_of_where_steps_are_compared(optimizer):
    (sentence,) = warnings(read({"optimizer": optimizer}), DATA)
    assert sentence.startswith(f"trainer.batch_size = 32: optimizer = {optimizer} compares the gradients of one step")
    assert "set trainer.batch_size=150" in sentence


def test_newton_takes_batches():
    assert warnings(read({"optimizer": "newton"}), DATA) == []


@pytest.mark.parametrize(
    ("change", "key", "off"),
    [
        ({"regularizer.dropout": 0.2}, "regularizer.dropout = 0.2", "regularizer.dropout=0"),
        ({"regularizer.gradient_noise.s": 0.1}, "regularizer.gradient_noise.s = 0.1", "regularizer.gradient_noise.s=0"),
        ({"augmentation.noise": 0.1}, "augmentation.noise = 0.1", "augmentation.noise=0"),
        ({"optimizer.clip_norm": 1.0}, "optimizer.clip_norm = 1", "optimizer.clip_norm=null"),
        ({"optimizer.proximal": True, "regularizer.l1": 0.1}, "optimizer.proximal = true", "optimizer.proximal=false"),
    ],
)
def test_what_changes_the_objective_under_a_solver_is_said(change, key, off):
    (sentence,) = warnings(read(FULL | change), DATA)
    assert sentence.startswith(f"{key}: optimizer = lbfgs judges its steps by one objective")
    assert f"set {off}, or" in sentence


def test_no_false_alarm():
    calm = {"regularizer.l2": 0.1, "regularizer.label_smoothing": 0.1, "optimizer.weight_decay": 0.0}
    assert warnings(read(FULL | calm), DATA) == []
    assert warnings(read({"optimizer": "adam", "regularizer.dropout": 0.2}), DATA) == []


@pytest.mark.parametrize(
    ("key", "meant"),
    [("optimizer.sam_rho", "regularizer.sam"), ("optimizer.lookahead", "regularizer.lookahead.alpha")],
)
def test_a_technique_is_found_in_the_group_that_has_it(key, meant):
    assert explain_unknown_key(key, {"optimizer": "adamw"}).endswith(f"did you mean {meant}?")


def test_a_rule_with_an_average_of_its_own_takes_no_other():
    assert not conflicts(read({"optimizer": "schedule_free_adamw"}))
    with pytest.raises(
        ConfigError, match="averaging = ema: optimizer = schedule_free_adamw keeps an average of its own"
    ):
        read({"optimizer": "schedule_free_adamw", "averaging": "ema"})
