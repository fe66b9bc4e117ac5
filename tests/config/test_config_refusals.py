"""What is typed acts, or is refused with the way to say it: deletions, nulls, additions, keys of the other mode."""

import pytest

from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.config.refusals import misplaced, refusal
from runner.config.settings import CHOICE_GROUPS, FLAT_GROUPS, SINGLE_GROUPS, declared
from runner.config.validate import check
from runner.execution.configurations import read
from runner.plan.command_line import read_command_line


@pytest.fixture(scope="module")
def composer():
    with hydra_ready(config_dir()):
        yield Composer()


def found(word: str) -> str:
    (problem,) = refusal(parse_word(word))
    assert problem.startswith(f"{word}: ")
    return problem


@pytest.mark.parametrize("group", [*CHOICE_GROUPS, *SINGLE_GROUPS, *FLAT_GROUPS])
def test_a_group_is_never_left_out_without_a_word(group, composer):
    for word in (f"{group}=null", f"~{group}"):
        assert "a group cannot be left out; " in found(word)
        assert composer.settings([parse_word(word)])[1] == [found(word)]
    _, (problem,) = check({group: None})
    assert problem.startswith(f"{group} = null: a group cannot be left out; ")


@pytest.mark.parametrize("key", sorted(declared()))
def test_a_key_is_never_deleted_and_the_way_to_say_none_of_it_works(key):
    problem = found(f"~{key}")
    assert "leave it out for its default" in problem
    _, _, way = problem.partition(", or write ")
    if way:
        given, _, value = way.partition("=")
        option = declared()[key]
        assert given == key
        assert option.check(parse_word(f"x.y={value}").value())[1] is None
        assert value == "null" or not option.active(parse_word(f"x.y={value}").value())


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("~scheduler", "scheduler=constant is the default"),
        ("~optimizer=adamw", "optimizer=adamw is the default"),
        ("regularizer=null", "regularizer=none switches it off"),
        ("early_stopping=null", "early_stopping=none switches it off"),
        ("~early_stopping.patience", "write early_stopping.patience=null"),
        ("~regularizer.l1", "write regularizer.l1=0"),
        ("~regularizer.elastic_net", "write regularizer.elastic_net.alpha=0"),
        ("~experiment", "leave it out"),
        ("experiment=null", "leave it out"),
        ("optimizer={}", "sets nothing"),
        ("optimizer={name:sgd}", "write optimizer=sgd"),
        ("optimizer.name=sgd", "write optimizer=sgd"),
        ("+optimizer.lr=0.1", "write optimizer.lr=0.1 without +"),
        ("+seed=1", "write seed=1 without +"),
    ],
)
def test_what_would_do_nothing_says_what_to_write(word, says):
    (problem,) = refusal(parse_word(word))
    assert says in problem


@pytest.mark.parametrize(
    "word",
    ["++optimizer.lr=0.1", "+dataset.class_weights.a=2", "optimizer={lr:1}", "early_stopping.patience=null",
     "name=null", "optimizer=sgd", "regularizer=[]", "~hydra.sweeper.params.seed", "hydra.run.dir=x", "~nothing"],
)  # fmt: skip
def test_what_acts_is_not_refused(word):
    assert refusal(parse_word(word)) == []


@pytest.mark.parametrize(
    ("word", "multirun"),
    [
        ("hydra.sweep.dir=x", False), ("hydra.sweeper.max_jobs=3", False), ("hydra/sweeper=random", False),
        ("hydra.launcher.workers=2", False), ("hydra/launcher=basic", False), ("hydra.run.dir=x", True),
        ("hydra.mode=RUN", True),
    ],
)  # fmt: skip
def test_hydras_keys_of_the_other_mode_are_refused(word, multirun, composer):
    (problem,) = misplaced([parse_word(word)], multirun)
    assert problem.startswith(f"{word}: ")
    assert misplaced([parse_word(word)], not multirun) == []
    assert misplaced([parse_word("hydra.job.name=x")], multirun) == []
    assert misplaced([parse_word("hydra.run.dir=x"), parse_word("hydra.sweep.dir=x")], multirun) == []


def test_a_group_that_holds_no_keys_is_no_default():
    for value in (0, False, "", []):
        assert any("must hold keys" in problem for problem in check({"optimizer": value})[1])
    assert read({"optimizer": {}}).optimizer == read({}).optimizer


def test_a_list_is_changed_element_by_element(composer):
    (settings,) = read_command_line(["model.hidden=[9,8]", "model.hidden.0=5"]).settings
    assert settings.model.hidden == [5, 8]
