"""Keys belong to the choices that have or read them, and that is what the check of a configuration says."""

import pytest

from runner.config.belonging import belongings, options_of, unread
from runner.config.compact import shown, values
from runner.config.registry import entries
from runner.config.settings import CHOICE_GROUPS, DEFAULT_CHOICE, declared
from runner.config.validate import check

OTHER = {"sd": 0.02, "scale": 0.3, "value": 0.7, "k": 4, "momentum": 0.3, "eps": 1e-3, "groups": 2, "affine": False}
OTHER |= {"statistics": "all", "input": True}


def names(key: str, by: str) -> set[str]:
    (found,) = [each for each in belongings(key) if each.by == by]
    return set(found.names)


@pytest.mark.parametrize("group", CHOICE_GROUPS)
def test_a_key_of_a_group_belongs_to_the_choices_that_declare_it(group):
    every = {key for entry in entries(group).values() for key in entry.options}
    for key in every:
        having = {name for name, entry in entries(group).items() if key in entry.options}
        if having == set(entries(group)):
            assert not [each for each in belongings(f"{group}.{key}") if each.by == group]
        else:
            assert names(f"{group}.{key}", group) == having
        assert len(options_of(f"{group}.{key}")) == len(having)


def test_most_keys_are_always_there_and_a_key_that_there_is_not_belongs_nowhere():
    always = ["seed", "trainer.epochs", "optimizer.lr", "regularizer.dropout", "model.hidden", "model.init_from"]
    assert not any(map(belongings, always))
    assert not any(map(belongings, ["optimizer.momentumm", "optimizr.lr", "model.init_q", "model", "optimizer"]))
    assert belongings("dataset.class_weights.yes") == ()


@pytest.mark.parametrize("named", ["init", "norm"])
def test_a_key_of_an_initialization_or_a_norm_is_refused_with_those_it_does_not_belong_to(named):
    keys = [key for key in declared() if belongings(key) and key.startswith(f"model.{named}_")]
    assert len(keys) >= 4
    for key in keys:
        last = key.partition("_")[2]
        for name in [*entries(named), *(["none"] if named == "norm" else [])]:
            tree = {"model": {named: name, f"{named}_{last}": OTHER[last], "hidden": [4, 4]}}
            refused = any(key in problem.partition(":")[0] for problem in check(tree)[1])
            assert refused == (name not in names(key, f"model.{named}")), (key, name)
            assert (key in unread({f"model.{named}": name})) == refused


def test_what_is_shown_of_a_run_leaves_out_what_its_initialization_and_norm_do_not_read():
    settings = check({"model": {"init": "normal", "norm": "layer"}})[0]
    hidden = values(settings).keys() - shown(settings).keys()
    assert {"model.init_k", "model.init_scale", "model.norm_momentum"} <= hidden
    assert not hidden & {"model.init_sd", "model.init_from", "model.norm_eps", "model.norm_input", "model.norm"}


def test_what_a_configuration_has_not_is_at_its_default():
    (belonging,) = belongings("optimizer.beta1")
    assert belonging.holds({}) and DEFAULT_CHOICE["optimizer"] == "adamw"
    assert not belonging.holds({"optimizer": {"name": "sgd"}})
    (belonging,) = belongings("model.init_sd")
    assert belonging.chosen({"model": None}) == "torch" and not belonging.holds({"model": {"hidden": [3]}})
