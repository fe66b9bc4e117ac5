"""What hydra.sweeper.* says about settings that do worse than others, and what it may not say."""

from __future__ import annotations

import pytest

from runner.cli import main
from runner.errors import ConfigError
from runner.plan.losers import Losers
from runner.plan.sweeper import SweeperOptions

RATES = "optimizer.lr=1e-4,1e-3,1e-2,1e-1"
HALVING = ["hydra/sweeper=halving", RATES]
MEDIAN = ["hydra.sweeper.pruner=median", RATES]
DRAWN = ["hydra/sweeper=hyperband", "optimizer.lr=tag(log,interval(1e-4,1))"]


def node(kind: str, **keys) -> dict:
    return {"_target_": f"hydra_plugins.runner_sweeper.{kind}Sweeper"} | keys


def test_the_keys_of_the_sweepers_are_read():
    found = SweeperOptions.of(node("Halving", candidates="grid", eta=4, min_epochs=2, objective="val/accuracy"))
    assert found.losers == Losers("halving", "val/accuracy", eta=4, first=2) and found.way == "grid"
    found = SweeperOptions.of(node("Hyperband", candidates="random", seed=7))
    assert found.losers == Losers("hyperband") and (found.way, found.n_trials, found.seed) == ("random", 20, 7)
    found = SweeperOptions.of(node("Grid", pruner="median", pruner_every=3, pruner_warmup=4, pruner_startup=2))
    assert found.losers == Losers("median", every=3, warmup=4, startup=2)
    assert SweeperOptions.of(node("Grid")).losers.rule == ""
    assert (
        Losers.of("optuna", {"pruner": "median", "objective": ["val/accuracy", "epochs"]}).objective == "val/accuracy"
    )


def test_halving_does_not_bring_a_rule_of_its_own_a_second_one():
    with pytest.raises(ConfigError, match="ends settings by its own rule"):
        Losers.of("halving", {"pruner": "median"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*HALVING, "hydra.sweeper.eta=1"], "hydra.sweeper.eta = 1: must be a whole number >= 2"),
        ([*HALVING, "hydra.sweeper.eta=1.5"], "hydra.sweeper.eta = 1.5: must be a whole number >= 2"),
        ([*HALVING, "hydra.sweeper.min_epochs=0"], "hydra.sweeper.min_epochs = 0: must be a whole number >= 1"),
        ([*HALVING, "hydra.sweeper.min_epochs=9", "trainer.epochs=9"], "for example hydra.sweeper.min_epochs=3"),
        ([*HALVING, "trainer.epochs=1"], "trainer.epochs = 1: hydra/sweeper=halving compares settings before"),
        (
            [*HALVING, "trainer.epochs=4,9"],
            "trainer.epochs = 4, 9: hydra/sweeper=halving compares settings that are to",
        ),
        ([*HALVING, "hydra.sweeper.objective=val/acuracy"], "did you mean val/accuracy?"),
        ([*HALVING, "hydra.sweeper.objective=test/loss"], "not known while a run trains"),
        ([*HALVING, "hydra.sweeper.objective=val/f1"], "no run records it on digits; one of val/loss, val/accuracy"),
        ([*HALVING, "early_stopping.monitor=val/loss,val/accuracy"], "name it with hydra.sweeper.objective=val/loss"),
        ([*HALVING, "hydra/launcher=basic"], "takes hydra/launcher=population; leave the other launcher out"),
        ([*HALVING, "hydra.sweeper.candidates=lists"], "hydra.sweeper.candidates = lists: must be one of grid, random"),
        ([*HALVING, "hydra.sweeper.max_jobs=3"], "the sweep has 4 jobs"),
        ([*HALVING, "hydra.sweeper.n_trials=5"], "a grid has every combination"),
        ([*HALVING, "ensemble=deep"], "an ensemble answers only when its members have ended"),
        (["hydra/sweeper=halving", "seeds=3"], "fewer than 3 settings, so that none would be compared"),
        (["hydra/sweeper=halving", "optimizer.lr=interval(0,1)"], "draw from it with hydra.sweeper.candidates=random"),
        ([*DRAWN, "hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials = 0: must be a whole number >= 1"),
        ([*DRAWN, "hydra.sweeper.zip=[[a,b]]"], "keys of a grid are walked through together, random has none"),
        ([*MEDIAN, "hydra.sweeper.pruner=mean"], "hydra.sweeper.pruner = 'mean': must be one of median"),
        ([*MEDIAN, "hydra.sweeper.pruner_every=0"], "hydra.sweeper.pruner_every = 0: must be a whole number >= 1"),
        ([*MEDIAN, "hydra.sweeper.pruner_warmup=9", "trainer.epochs=9"], "hydra.sweeper.pruner_warmup = 9: not fewer"),
        ([*MEDIAN, "hydra/launcher=basic"], "hydra.sweeper.pruner = median: runs pause and continue"),
    ],
)
def test_what_cannot_be_is_refused_with_a_way_out(words, said, capsys):
    assert main(["-m", *words, "--dry-run"]) == 2
    assert said in capsys.readouterr().err


def test_what_only_the_folder_shows_is_refused_before_anything_trains(tmp_path, capsys):
    assert main(["-m", "hydra/sweeper=halving", "optimizer.lr=1,2", f"hydra.sweep.dir={tmp_path / 'sweep'}"]) == 2
    assert "fewer than 3 settings" in capsys.readouterr().err
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (HALVING, "halving: 4 settings to epoch 3, the best 1 to the end (epoch 9)\nhalving: 50% of the epochs"),
        (
            [*DRAWN, "hydra.sweeper.n_trials=12"],
            "hyperband: 1 bracket of 6 settings to epoch 1, the best 2 to epoch 3,",
        ),
        (
            MEDIAN,
            "median: after epoch 1, 2, 3, ... a setting ends that is worse than the median of the others: too few",
        ),
    ],
)
def test_a_dry_run_says_how_far_settings_train(words, said, capsys):
    assert main(["-m", *words, "seed=0,1", "trainer.epochs=9", "--dry-run"]) == 0
    assert said in capsys.readouterr().out
