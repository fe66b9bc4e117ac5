"""validate: every problem at once, each with key, value, range and fix."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.compact import compact
from runner.config.registry import entries
from runner.config.settings import CHOICE_GROUPS, default_tree
from runner.config.validate import check, validate
from runner.errors import ConfigError


def tree_with(path: str, value, choices=None) -> dict:
    """The default tree with one dotted key set."""
    tree = default_tree(choices)
    *parents, last = path.split(".")
    node = tree
    for name in parents:
        node = node[name]
    node[last] = value
    return tree


def problems(path: str, value, choices=None) -> list[str]:
    return check(tree_with(path, value, choices))[1]


@pytest.mark.parametrize("group", CHOICE_GROUPS)
def test_the_defaults_of_every_choice_are_valid(group):
    for name in entries(group):
        tree = default_tree({group: name})
        if (group, name) not in (("loss", "mse"), ("ensemble", "snapshot")):  # which need other data, and cycles
            assert validate(tree).tree() == tree


def test_an_empty_tree_is_the_default_run():
    assert validate({}).tree() == default_tree()


def test_a_tree_survives_the_way_there_and_back():
    tree = tree_with("regularizer.elastic_net.alpha", 0.25) | {"seed": 7, "name": "x"}
    assert validate(tree).tree() == tree


@pytest.mark.parametrize(
    ("path", "value", "allowed"),
    [
        ("optimizer.lr", 0, "a number > 0"),
        ("optimizer.lr", -1e-3, "a number > 0"),
        ("optimizer.lr", math.nan, "a number > 0"),
        ("optimizer.lr", math.inf, "a number > 0"),
        ("optimizer.lr", "fast", "a number > 0"),
        ("optimizer.lr", None, "a number > 0"),
        ("optimizer.lr", True, "a number > 0"),
        ("regularizer.dropout", 1.0, "a number >= 0 and < 1"),
        ("regularizer.dropout", 1.5, "a number >= 0 and < 1"),
        ("regularizer.dropout", -0.1, "a number >= 0 and < 1"),
        ("regularizer.dropout", [0.5, "x"], "a number >= 0 and < 1"),
        ("regularizer.elastic_net.l1_ratio", 2, "a number >= 0 and <= 1"),
        ("model.hidden", [0], "a list of whole numbers >= 1"),
        ("model.hidden", [-3], "a list of whole numbers >= 1"),
        ("model.hidden", "abc", "a list of whole numbers >= 1"),
        ("model.hidden", [1.5], "a list of whole numbers >= 1"),
        ("trainer.batch_size", 0, "a whole number >= 1"),
        ("trainer.drop_last", "maybe", "true or false"),
        ("trainer.dtype", "float16", "float32 | float64"),
        ("seed", -1, "a whole number >= 0"),
    ],
)
def test_a_wrong_value_names_key_value_range_and_a_fix(path, value, allowed):
    (problem,) = problems(path, value)
    assert problem.startswith(f"{path} = ")
    assert f"allowed: {allowed}" in problem
    assert f"{path}=" in problem.split("allowed: ")[1]


def test_the_fix_of_every_wrong_value_is_itself_valid():
    (problem,) = problems("regularizer.dropout", 1.5)
    assert problem.endswith("for example regularizer.dropout=0.5")
    assert not problems("regularizer.dropout", 0.5)


def test_a_width_alone_is_a_list_of_one():
    assert validate(tree_with("model.hidden", 64)).model.hidden == [64]


def test_all_examples_and_one_example_are_two_settings():
    whole, one = (validate(tree_with("dataset.train_size", size)) for size in (1.0, 1))
    assert (whole.dataset.train_size, one.dataset.train_size) == (None, 1)
    assert compact(whole) == compact(validate({})) and compact(one) == {"dataset.train_size": 1}
    assert validate(tree_with("dataset.train_size", 0.5)).dataset.train_size == 0.5


def test_no_hidden_layer_is_a_linear_model():
    assert validate(tree_with("model.hidden", [])).model.hidden == []


def test_seed_zero_is_a_seed():
    assert validate(tree_with("seed", 0)).seed == 0


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("model.hiden", "did you mean model.hidden?"),
        ("model.weight_norm", "did you mean model.parametrization=weight_norm?"),
        ("model.weight_standardization", "did you mean model.parametrization=weight_standardization?"),
        ("optimizer.momentum", "it belongs to optimizer=muon and optimizer=rmsprop and optimizer=sgd"),
        (
            "optimizer.momentun",
            "did you mean optimizer.momentum, a key of optimizer=muon and optimizer=rmsprop",
        ),
        ("optimizer.dropout", "did you mean regularizer.dropout?"),
        ("lr", "did you mean optimizer.lr?"),
        ("regularizer.tie", "did you mean ensemble.tie, a key of ensemble=deep and ensemble=bagging?"),
        ("sed", "did you mean seed?"),
        ("regularizer.dropuot", "did you mean regularizer.dropout?"),
        ("regularizer.elastic_net.alhpa", "did you mean regularizer.elastic_net.alpha?"),
        ("optimiser", "did you mean optimizer?"),
        ("trainer.xyzzy", "trainer has epochs, batch_size"),
        ("xyzzy", "at the top there are dataset, model"),
    ],
)
def test_an_unknown_key_says_which_one_was_meant(path, hint):
    (problem,) = problems(path, 3)
    assert problem.startswith(f"{path} = 3: ")
    assert hint in problem


def test_a_column_called_null_is_named_in_quotes():
    (problem,) = problems("dataset.drop", [None, "x"], choices={"dataset": "csv"})
    assert problem.endswith('quote it if it is a name: dataset.drop=["null",x]')


@pytest.mark.parametrize("value", [1e5, 7, True])
def test_a_text_that_was_read_as_something_else_is_not_guessed(value):
    """1e5, 007 and yes are no longer known as they were written."""
    (problem,) = problems("name", value)
    assert "quote it as it is meant" in problem and '"' not in problem
    assert problem.endswith("text around it, as in name=run${seed}")


def test_an_unknown_choice_says_which_one_was_meant():
    (problem,) = problems("optimizer.name", "admw")
    assert "did you mean optimizer=adamw?" in problem
    (problem,) = problems("model.activation", "rleu")
    assert "did you mean model.activation=relu?" in problem


def test_a_regularizer_with_keys_of_its_own_says_so():
    (problem,) = problems("regularizer.elastic_net", 0.1)
    assert "set regularizer.elastic_net.alpha, regularizer.elastic_net.l1_ratio" in problem


def test_a_group_that_is_no_node():
    (problem,) = problems("trainer", 5)
    assert problem == "trainer = 5: must hold keys; `runner list trainer` shows them"


def test_all_problems_come_at_once():
    tree = tree_with("optimizer.lr", -1)
    tree["seed"] = -1
    tree["typo"] = 3
    tree["model"]["hidden"] = [0]
    with pytest.raises(ConfigError) as error:
        validate(tree)
    assert len(error.value.problems) == 4
    assert {p.split(" = ")[0] for p in error.value.problems} == {"typo", "model.hidden", "optimizer.lr", "seed"}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_value_is_accepted_or_refused_never_a_crash(value):
    for path in ("optimizer.lr", "model.hidden", "regularizer.dropout", "early_stopping.monitor", "seed", "trainer"):
        settings, found = check(tree_with(path, value))
        assert found or settings is not None
