"""A grid over keys that only some choices have: combined where they are there, and jobs that are then equal are one."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word, points
from runner.errors import ConfigError
from runner.plan.command_line import read_command_line
from runner.plan.existence import Existence
from runner.plan.jobs import one_at_a_time, remarks
from runner.plan.recipes import sweep_words
from runner.plan.sweeper import SweeperOptions

GRID = {"_target_": "hydra_plugins.runner_sweeper.GridSweeper", "max_jobs": 10_000}
RANDOM = {"_target_": "hydra_plugins.runner_sweeper.RandomSweeper", "max_jobs": 10_000, "n_trials": 8, "seed": 0}


@pytest.fixture(scope="module", autouse=True)
def composer():
    with hydra_ready(config_dir()):
        yield Composer()


@contextmanager
def own_recipes(folder: Path, **recipes: str) -> Iterator[None]:
    """Experiments of a user's own."""
    (folder / "experiment").mkdir()
    for name, content in recipes.items():
        (folder / "experiment" / f"{name}.yaml").write_text(f"# @package _global_\n{content}\n")
    hydra, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        with hydra_ready(config_dir(), str(folder)):
            yield
    finally:
        GlobalHydra.instance().hydra = hydra


def grid(composer, *words: str, **options) -> list[str]:
    return [" ".join(job) for job in sweep_words(list(words), GRID | options, composer)]


def test_a_key_is_combined_where_it_is_there(composer):
    assert grid(composer, "ensemble=none,deep", "ensemble.size=3") == ["ensemble=none", "ensemble=deep ensemble.size=3"]
    assert grid(composer, "optimizer=sgd,adamw", "optimizer.momentum=.5,.9", "seed=0,1") == [
        "optimizer=sgd optimizer.momentum=0.5 seed=0",
        "optimizer=sgd optimizer.momentum=0.5 seed=1",
        "optimizer=sgd optimizer.momentum=0.9 seed=0",
        "optimizer=sgd optimizer.momentum=0.9 seed=1",
        "optimizer=adamw seed=0",
        "optimizer=adamw seed=1",
    ]


def test_a_key_may_come_before_what_it_belongs_to_and_the_first_of_equal_jobs_stays(composer):
    words = ["optimizer.momentum=.5,.9", "optimizer=adamw,sgd", "model.init_sd=.1", "model.init=he,normal"]
    assert grid(composer, *words) == [
        "optimizer=adamw model.init=he",
        "optimizer=adamw model.init_sd=.1 model.init=normal",
        "optimizer.momentum=0.5 optimizer=sgd model.init=he",
        "optimizer.momentum=0.5 optimizer=sgd model.init_sd=.1 model.init=normal",
        "optimizer.momentum=0.9 optimizer=sgd model.init=he",
        "optimizer.momentum=0.9 optimizer=sgd model.init_sd=.1 model.init=normal",
    ]


def test_keys_of_several_choices_are_combined_with_their_own(composer):
    words = ["optimizer=sgd,adamw", "optimizer.momentum=0,.9", "optimizer.beta1=.8,.9,.95", "scheduler=constant,step"]
    jobs = grid(composer, *words, "scheduler.gamma=.1,.2,.3")
    assert len(jobs) == len(set(jobs)) == (2 + 3) * (1 + 3)
    assert all(("momentum" in job) == ("sgd" in job) and ("beta1" in job) == ("adamw" in job) for job in jobs)
    assert all(("gamma" in job) == ("step" in job) for job in jobs)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_every_combination_without_what_is_not_there_each_once(seed, composer):
    words = [
        "optimizer=sgd,adamw",
        "optimizer.momentum=.5,.9",
        "optimizer.beta1=.8,.9",
        "seed=range(2)",
        "model.init_sd=.1,.2",
        "model.init=he,normal",
        "scheduler=constant,step",
        "scheduler.gamma=.1,.2",
    ]
    words = random.Random(seed).sample(words, 7)
    axes = [parse_word(word) for word in words]
    where = Existence(axes, composer)
    every = (where.kept(job) for job in itertools.product(*map(points, axes)))
    expected = dict.fromkeys(" ".join(each.input_line or "" for each in job) for job in every)
    assert grid(composer, *words) == list(expected)


def test_what_is_zipped_is_meant_together_and_stays(composer):
    words = ["optimizer=sgd,adamw", "optimizer.momentum=.5,.9", "optimizer.beta1=.8"]
    assert grid(composer, *words, zip=[["optimizer", "optimizer.momentum"]]) == [
        "optimizer=sgd optimizer.momentum=0.5",
        "optimizer=adamw optimizer.momentum=0.9 optimizer.beta1=.8",  # to be refused
    ]


def test_jobs_are_counted_as_they_are(composer):
    words = ["optimizer=sgd,adamw,adam", "optimizer.momentum=range(0,.5,.01)"]
    assert len(grid(composer, *words, max_jobs=52)) == 52
    with pytest.raises(ConfigError, match=r"has 52 jobs \(3 x 50, fewer where a key is not there\).*max_jobs=52"):
        grid(composer, *words, max_jobs=51)
    with pytest.raises(ConfigError, match=r"has 1000000000002 jobs"):
        grid(composer, "optimizer=sgd,adamw,adam", "optimizer.momentum=range(1000000000000)")


def test_a_deletion_and_a_key_that_no_choice_has_stay_to_be_refused(composer):
    assert grid(composer, "optimizer=sgd,adamw", "~optimizer.momentum", "loss.delta=1") == [
        "optimizer=sgd ~optimizer.momentum loss.delta=1",
        "optimizer=adamw ~optimizer.momentum loss.delta=1",
    ]


def said(composer, sweeper, *words: str) -> list[str]:
    return remarks([parse_word(word) for word in words], SweeperOptions.of(sweeper), composer)


def test_where_keys_are_there_is_said_as_it_was_typed(composer):
    (sentence,) = said(composer, GRID, "optimizer=sgd,nesterov,adamw", "optimizer.momentum=.5,.9")
    assert sentence == "optimizer.momentum: combined with optimizer=sgd,nesterov (4 of 5 jobs), absent elsewhere"
    words = ["optimizer=sgd,adamw", "optimizer.momentum=interval(.5,.9)", "optimizer.beta1=.8", "seed=0,1"]
    assert said(composer, RANDOM, *words) == [
        "optimizer.momentum: searched with optimizer=sgd (5 of 8 trials), absent elsewhere",
        "optimizer.beta1: set with optimizer=adamw (3 of 8 trials), absent elsewhere",
    ]
    assert said(composer, GRID, "optimizer=sgd,adamw", "seed=0,1", "optimizer.lr=.1") == []


def test_trials_that_have_to_repeat_are_said(composer):
    _, sentence = said(composer, RANDOM, "optimizer=sgd,adamw", "optimizer.momentum=.5,.9")
    assert sentence.startswith("hydra.sweeper.n_trials = 8: there are only 3 different settings")


def test_a_key_that_a_recipe_has_is_combined_with_it_and_every_job_is_right(tmp_path):
    with own_recipes(tmp_path, slow="defaults: [{override /optimizer: sgd}]", plain="trainer: {epochs: 3}"):
        line = read_command_line(["experiment=slow,plain", "optimizer.momentum=.5,.9"], multirun=True)
    assert [run.trainer.epochs for run in line.settings] == [100, 100, 3]
    assert line.remarks == ["optimizer.momentum: combined with experiment=slow (2 of 3 jobs), absent elsewhere"]


def test_a_sweep_that_cannot_be_expanded_is_not_accused_of_keys_that_are_absent(composer):
    axes = [parse_word(word) for word in ("optimizer=sgd,adamw", "optimizer.momentum=.9", "seed=range(0)")]
    jobs = one_at_a_time(axes, SweeperOptions.of(GRID), composer)
    assert [[each.input_line for each in job] for job in jobs] == [
        ["optimizer=sgd", "optimizer.momentum=.9"],
        ["optimizer=adamw"],
    ]
