"""Settings as words of the command line, and words laid over settings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.changes import Changes
from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse
from runner.config.validate import validate
from runner.config.words import key_of, spelled, word, words
from runner.execution.configurations import read

TEXTS = ["null", "True", "nan", "-inf", "1e5", "2024_01", "", " a", "a,b", "it's", "\\", "a\\'", "${x}", "a\\${seed}b"]
TEXTS += ["[1]", "{a:1}", "a:b", "=", "~x", "glob(*)", "é ü", "#", "%", "$HOME", "x\ty", '"q"', "/data/my-file_1.csv"]


@pytest.fixture(scope="module", autouse=True)
def composer():
    with hydra_ready(config_dir()):
        yield Composer()


def composed(composer, given):
    overrides, problems = parse(given)
    settings, wrong = composer.settings(overrides)
    assert not problems + wrong
    return settings


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_read_as_it_was_written(composer, text):
    assert composed(composer, [word("name", text)]).name == text


@given(st.text(alphabet="ab1 '\"\\${},=()[]:.e-", min_size=1, max_size=8))
def test_any_text_is_read_as_it_was_written(composer, text):
    assert composed(composer, [word("name", text)]).name == text


@pytest.mark.parametrize(
    "given",
    [
        {"optimizer": "sgd", "optimizer.lr": 0.1 + 0.2, "optimizer.nesterov": True, "optimizer.momentum": 0.5},
        {"model.hidden": [], "regularizer.input_dropout": 1e-17, "early_stopping.patience": None, "seed": 2**63},
        {"model.hidden": [8, 8], "regularizer.dropout": [0.5, 0.1], "regularizer.elastic_net": {"alpha": 0.1}},
        {"dataset": "csv", "dataset.path": "/x/it's, here.csv", "dataset.target": "a b", "dataset.drop": ["1_1", "c,d"],
         "dataset.class_weights": {"yes no": 2.0, "a:b": 0.5}},
    ],
)  # fmt: skip
def test_settings_are_what_their_words_compose_to(composer, given):
    settings = read(given)
    assert composed(composer, words(settings)).tree() == settings.tree()


def test_values_are_written_in_full_and_keys_are_found():
    assert spelled([1, 0.1, None, True, ["a"]]) == "[1,0.1,null,true,[a]]"
    assert spelled(1 / 3) == repr(1 / 3)
    assert [key_of(each) for each in ("seeds=5", "++seed=1", "~scheduler", "a.b=c=d")] == [
        "seed",
        "seed",
        "scheduler",
        "a.b",
    ]


def test_values_change_what_they_name_and_nothing_else():
    before = read(
        {"optimizer": "sgd", "optimizer.momentum": 0.9, "regularizer.l2": 0.1, "model.hidden": [8], "seed": 4}
    )
    changed, problems = Changes(["optimizer.lr=0.5", "++regularizer.dropout=0.25"]).over(before)
    tree = before.tree()
    tree["optimizer"]["lr"], tree["regularizer"]["dropout"] = 0.5, 0.25
    assert not problems and changed.tree() == tree


def test_a_choice_brings_its_own_values_and_those_it_sets_elsewhere():
    before = read({"optimizer": "sgd", "optimizer.lr": 0.7, "regularizer.l2": 0.1, "model.hidden": [8], "seed": 4})
    changed, problems = Changes(["optimizer=nesterov", "optimizer.lr=0.2", "regularizer=[batch_norm]"]).over(before)
    assert not problems
    assert (changed.optimizer.lr, changed.optimizer.nesterov, changed.optimizer.momentum) == (0.2, True, 0.9)
    assert changed.regularizer["l2"].strength == 0.0
    assert (changed.model.norm, changed.model.hidden, changed.seed) == ("batch", [8], 4)


def test_all_that_is_wrong_with_changes_is_said_at_once():
    given = [
        "optimizer=sdg",
        "seed=1,2",
        "experiment=overfit",
        "hydra.verbose=true",
        "model.hiden=3",
        "trainer.epochs=-1",
    ]
    changes = Changes(given)
    problems = changes.problems + changes.over(validate({}))[1]
    said = ["did you mean optimizer=sgd", "seed=1,2: several values", "start it by itself", "says nothing about a run"]
    assert all(any(each in problem for problem in problems) for each in [*said, "model.hiden", "trainer.epochs = -1"])
    assert len(problems) == 6
