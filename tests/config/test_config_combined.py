"""Many combinations of choices put together from few compositions are what Hydra composes, or are left to Hydra."""

import pytest

from runner.config import compose as module
from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.plan.command_line import read_command_line


def jobs(*words: str) -> list:
    return read_command_line(list(words), multirun=True).jobs


@pytest.fixture
def at_once(monkeypatch):
    """Combinations are put together from the first on."""
    monkeypatch.setattr(module, "FEW", 0)


@pytest.fixture
def composed(monkeypatch):
    """The words of every composition by Hydra."""
    seen = []
    plain = module.compose
    monkeypatch.setattr(module, "compose", lambda words, name="config": seen.append(words) or plain(words, name))
    return seen


def same(choices: list, composer: Composer) -> None:
    ours, theirs = composer._of_choices(choices), Composer()._whole(choices)
    assert ours.tree == theirs.tree
    assert ours.chosen == theirs.chosen


def test_every_combination_is_what_hydra_composes(at_once):
    with hydra_ready(config_dir()):
        composer = Composer()
        for words in (
            ["optimizer=nesterov", "scheduler=cosine", "early_stopping=none"],
            ["optimizer=adam", "regularizer=[dropout,l2]", "scheduler=step"],
            ["regularizer=batch_norm", "optimizer=sgd", "scheduler=step"],
            ["experiment=fashion_mnist", "optimizer=sgd", "scheduler=cosine"],
            ["dataset=csv", "loss=huber", "model=mlp", "augmentation=[noise]"],
        ):
            same([parse_word(word) for word in words], composer)


def test_as_many_compositions_as_there_are_choices(composed):
    with hydra_ready(config_dir()):
        words = ["optimizer=sgd,adam,lion,radam", "scheduler=cosine,step,linear,onecycle", "loss=auto,huber"]
        line = read_command_line(words, multirun=True)
    assert len(line.settings) == 32
    assert len({type(s.optimizer) for s in line.settings}) == len({type(s.scheduler) for s in line.settings}) == 4
    assert len(composed) <= 1 + module.FEW + 1 + 4 + 4 + 2


def test_a_choice_that_reaches_into_other_groups_is_left_to_hydra(at_once, tmp_path):
    (tmp_path / "averaging").mkdir()
    text = "# @package _global_\ndefaults:\n  - override /scheduler: cosine\naveraging:\n  name: none\n"
    (tmp_path / "averaging" / "mine.yaml").write_text(text)
    with hydra_ready(config_dir(), str(tmp_path)):
        composer = Composer()
        choices = [parse_word(word) for word in ("averaging=mine", "loss=huber", "early_stopping=none")]
        assert composer._of_choices(choices).tree["scheduler"]["name"] == "cosine"
        same(choices, composer)
        same([*choices, parse_word("scheduler=step")], composer)


def test_where_a_choice_may_follow_another_everything_is_left_to_hydra(at_once, tmp_path):
    choices = [parse_word("optimizer=adam"), parse_word("loss=huber")]
    with hydra_ready(config_dir()):
        assert Composer()._combinations.combined(choices) is not None
    (tmp_path / "mine.yaml").write_text("defaults:\n  - optimizer: sgd\n  - trainer: ${optimizer}\n")
    with hydra_ready(config_dir(), str(tmp_path)):
        assert Composer()._combinations.combined(choices) is None
        same(choices, Composer())


def test_interpolations_are_left_to_hydra(at_once, tmp_path):
    (tmp_path / "trainer").mkdir()
    (tmp_path / "trainer" / "follows.yaml").write_text("defaults:\n  - default\n  - _self_\nepochs: ${seed}\n")
    with hydra_ready(config_dir(), str(tmp_path)):
        line = read_command_line(
            ["trainer=follows", "optimizer=sgd,adam", "loss=auto,huber", "seed=3,4"], multirun=True
        )
    assert [s.trainer.epochs for s in line.settings] == [3, 4] * 4


def test_what_hydra_cannot_compose_is_tried_once(composed):
    with hydra_ready(config_dir()), pytest.raises(module.ConfigError, match="experiment=null"):
        jobs("experiment=null,fashion_mnist", "seeds=20")
    assert len(composed) <= 5
