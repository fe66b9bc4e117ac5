"""Configurations composed fast are those that Hydra composes, on mixed jobs."""

from __future__ import annotations

import random

import pytest
from omegaconf import OmegaConf

from runner.config.compact import values
from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse
from runner.config.validate import validate
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.execution.run_list import load, write
from runner.execution.work import Run

PARTS = [
    ["optimizer=sgd", "optimizer=adam", "optimizer=momentum", "optimizer=lion", "optimizer=adamw"],
    ["optimizer.lr=0.01", "optimizer.lr=1e-3", "optimizer.lr=${regularizer.l2}"],
    ["regularizer=[dropout,l2]", "regularizer=[l1]", "regularizer=none", "+regularizer.l1=0.1", "regularizer.l2=1e-3"],
    ["model.hidden=[7,3]", "model.hidden=9", "model.hidden=[]", "model.norm=batch", "model={hidden:[3],norm:layer}"],
    ["experiment=fashion_mnist", "trainer=debug", "early_stopping=none", "scheduler=cosine"],
    ["seed=3", "seed=${trainer.batch_size}", "+seed=4", "++seed=5", "name='a b, c'", "name=x_${seed}"],
    ["++early_stopping.mode=min", "early_stopping.patience=null", "trainer.epochs=4", "dataset=moons", "loss=focal"],
]  # fmt: skip


def job(chosen: random.Random) -> list[str]:
    """Some words in some order, at most one of each part."""
    parts = chosen.sample(PARTS, chosen.randint(1, 5))
    return [chosen.choice(part) for part in parts]


def composed(count: int) -> list[tuple]:
    """(words, settings, problems, Hydra's own configuration) of so many jobs that Hydra composes."""
    from hydra import compose
    from hydra.errors import HydraException
    from omegaconf.errors import OmegaConfBaseException

    found, chosen = [], random.Random(0)
    with hydra_ready(config_dir()):
        composer = Composer()
        while len(found) < count:
            words = job(chosen)
            try:
                theirs = OmegaConf.to_container(compose("config", overrides=words), resolve=True)
            except (HydraException, OmegaConfBaseException, ValueError):
                continue
            overrides, problems = parse(words)
            settings, more = composer.settings(overrides)
            found.append((words, settings, problems + more, theirs))
    return found


@pytest.fixture(scope="module")
def jobs():
    """A quarter of them."""
    return composed(25)


def check(jobs: list[tuple]) -> None:
    """Both compose the same, or refuse."""
    for words, settings, problems, theirs in jobs:
        try:
            expected = validate(theirs)
        except ConfigError:
            assert problems, words
            continue
        assert problems == [], words
        assert settings.tree() == expected.tree(), words


def test_hydra_composes_the_same(jobs):
    check(jobs)


@pytest.mark.soak
def test_hydra_composes_a_hundred_the_same():
    check(composed(100))


def test_most_of_them_are_good_and_mixed(jobs):
    good = [words for words, settings, problems, _ in jobs if not problems]
    assert len(good) > 15
    assert {word for words in good for word in words} >= {"++seed=5", "name=x_${seed}"}


def test_what_sweep_yaml_keeps_is_the_same_configuration(jobs, tmp_path):
    good = [(words, settings) for words, settings, problems, _ in jobs if not problems]
    runs = [Run(tmp_path / str(i), settings, tuple(words), {"a": None}) for i, (words, settings) in enumerate(good)]
    write(tmp_path, runs, {"data": "sha"})
    again, data = load(tmp_path)
    assert data == {"data": "sha"}
    for one, other in zip(runs, again, strict=True):
        assert (one.folder, one.overrides, one.choices) == (other.folder, other.overrides, other.choices)
        assert other.settings.tree() == one.settings.tree()
        assert values(other.settings) == values(one.settings)
        assert read(one.settings.tree()) == one.settings
