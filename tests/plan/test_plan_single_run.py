"""A sweep of one job is the single run: both compose from the same list of overrides, or both are refused."""

from __future__ import annotations

import random
from typing import Any

import pytest
from omegaconf import OmegaConf

from runner.config.compose import Composer, compose, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse, parse_word
from runner.config.validate import validate
from runner.plan.command_line import read_command_line
from runner.plan.overridden import standing, without_effect
from runner.plan.recipes import sweep_words

GRID = {"_target_": "hydra_plugins.runner_sweeper.GridSweeper", "max_jobs": 10_000}
POOL = [
    "optimizer=sgd", "optimizer=adam", "optimizer={lr:0.5}", "optimizer={lr:0.1,weight_decay:0.01}", "optimizer.lr=0.2",
    "++optimizer.lr=0.3", "+optimizer.lr=0.4", "++optimizer={lr:0.6}", "optimizer.weight_decay=0.1", "optimizer={}",
    "model={hidden:[8]}", "model={activation:tanh}", "model={hidden:[7,6],norm:layer}", "model.hidden=[5,4]",
    "model.hidden=3", "model.hidden.0=9", "model.hidden=sort([4,2])", "model={norm:batch}", "~model.norm",
    "regularizer=[l2]", "regularizer=none", "regularizer=[dropout,l1]", "regularizer.l2=0.1", "regularizer={l2:0.2}",
    "regularizer.dropout=0.1", "++regularizer.l1=0.3", "regularizer={elastic_net:{alpha:0.1}}", "regularizer=null",
    "scheduler=cosine", "scheduler={warmup:2}", "scheduler=step", "~scheduler", "early_stopping={patience:null}",
    "early_stopping=none", "early_stopping.patience=7", "trainer={epochs:3}", "trainer.epochs=${seed}", "seed=4",
    "seed=5", "++seed=6", "name=1E5", "name='a, b'", "name=x_${seed}", "name=null", "dataset={class_weights:{1_1:2}}",
    "dataset.class_weights=balanced", "dataset={class_weights:{a:2,b:3}}", "dataset=csv", "dataset.target=2024_01",
    "dataset={drop:[1_1,c],path:0x10}", "experiment=fashion_mnist",
]  # fmt: skip


def made(config: Any) -> dict:
    keys = OmegaConf.create({key: config._get_node(key) for key in config if key != "hydra"})
    tree: Any = OmegaConf.to_container(keys, resolve=True)
    return validate(tree).tree()


def composed(words: list[str], composer: Composer) -> Any:
    """What the check of the command line makes of the words of a job; None if it refuses them."""
    overrides, problems = parse(words)
    settings, wrong = composer.settings(overrides)
    return None if problems or wrong or settings is None else settings.tree()


def check(rounds: int, seed: int) -> int:
    """How many of so many command lines are a run; each is the same run in a sweep, and as Hydra composes it."""
    chosen = random.Random(seed)
    runs = 0
    with hydra_ready(config_dir()):
        composer = Composer()
        for _ in range(rounds):
            words = [chosen.choice(POOL) for _ in range(chosen.randint(2, 5))]
            (job,) = sweep_words(words, GRID, composer)
            single = composed(words, composer)
            assert composed(job, composer) == single, words
            if single is not None:
                runs += 1
                hydras = [override.input_line or "" for override in parse(words)[0]]
                assert made(compose(hydras)) == single == made(compose(job)), words
    return runs


def test_the_one_job_of_a_sweep_is_the_single_run():
    assert 3 < check(12, seed=0) < 12


@pytest.mark.soak
def test_many_sweeps_of_one_job_are_the_single_run():
    check(1000, seed=1)


@pytest.fixture(scope="module")
def ready():
    with hydra_ready(config_dir()):
        yield


def settings(*words: str) -> list[Any]:
    return read_command_line(list(words), multirun=True).settings


def test_a_choice_that_is_swept_over_keeps_the_values_set_for_all(ready):
    found = settings("optimizer=sgd,adam", "optimizer={lr:0.5}")
    assert [(type(each.optimizer).__name__, each.optimizer.lr) for each in found] == [("SGD", 0.5), ("Adam", 0.5)]
    (only,) = settings("model={hidden:[8]}", "model={activation:tanh}")
    assert (only.model.hidden, only.model.activation) == ([8], "tanh")


def test_values_set_together_are_swept_over_with_their_group(ready):
    found = settings("optimizer=sgd,adam", "optimizer={lr:0.5},{lr:0.1,weight_decay:0.2}", "seed=1,2")
    assert [(type(s.optimizer).__name__, s.optimizer.lr, s.optimizer.weight_decay, s.seed) for s in found] == [
        (name, *values, seed) for name in ("SGD", "Adam") for values in ((0.5, 0.0), (0.1, 0.2)) for seed in (1, 2)
    ]


def test_the_last_word_on_a_key_wins_in_a_sweep_too(ready):
    assert [each.seed for each in settings("seed=1,2", "seed=5,6,7")] == [5, 6, 7]
    (only,) = settings("optimizer.lr=0.1,0.2", "optimizer.lr=0.3")
    assert only.optimizer.lr == 0.3
    found = settings("optimizer.lr=0.1,0.2", "optimizer={lr:0.3}")
    assert [each.optimizer.lr for each in found] == [0.3]
    found = settings("optimizer={lr:0.3}", "optimizer.weight_decay=1", "optimizer.lr=0.1,0.2")
    assert [(each.optimizer.lr, each.optimizer.weight_decay) for each in found] == [(0.1, 1), (0.2, 1)]


def words(*given: str) -> list[str]:
    return [each.input_line or "" for each in standing([parse_word(word) for word in given])]


def test_a_sweep_gives_way_to_what_comes_later_and_all_else_stays(ready):
    assert words("seed=1,2", "optimizer.lr=2", "seed=3") == ["seed=3", "optimizer.lr=2"]
    between = ["optimizer.lr=1,2", "optimizer={lr:2,weight_decay:0}", "optimizer.lr=3,4"]
    assert words(*between) == between[1:]
    assert words("optimizer={lr:1},{lr:2}", "seed=2", "optimizer.lr=3") == ["optimizer.lr=3", "seed=2"]
    assert words("+dataset.class_weights.a=2,3", "dataset.class_weights=balanced") == ["dataset.class_weights=balanced"]
    assert words("optimizer=sgd,lion", "optimizer=adam") == ["optimizer=adam"]
    for kept in [
        ["optimizer=sgd,adam", "optimizer.lr=1,2", "optimizer={weight_decay:2}", "optimizer={lr:1},{momentum:2}"],
        ["optimizer.lr=1", "optimizer.lr=2", "optimizer.lr=3"],
        ["optimizer={lr:1,momentum:0},{lr:2}", "optimizer.lr=3"],
    ]:
        assert words(*kept) == kept


def test_what_has_no_effect_is_said(ready):
    typed = ["optimizer.lr=1", "seed=2", "++optimizer.lr=3", "optimizer={lr:4}"]
    assert without_effect([parse_word(word) for word in typed]) == [
        "optimizer.lr=1: has no effect, as optimizer={lr:4} comes after it",
        "++optimizer.lr=3: has no effect, as optimizer={lr:4} comes after it",
    ]
    assert read_command_line(typed[:2]).notes == []
    on, off = ["regularizer.dropout=0.1", "regularizer.l2=0", "augmentation.mixup=0.2"], "regularizer=none"
    said = "regularizer=none: has no effect on regularizer.dropout=0.1, as values win over choices"
    assert without_effect([parse_word(word) for word in [*on, off]]) == [said]
    assert without_effect([parse_word(word) for word in [off, *on]]) == []
    assert read_command_line(typed, multirun=True).notes == without_effect([parse_word(word) for word in typed])
