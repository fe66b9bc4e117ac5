"""Nothing is forgotten: what is registered has a parity case, and each of its keys stands in one."""

import dataclasses

import pytest
from parity_case import of_case, settings_of, synthetic
from parity_cases import CASES, RULES
from parity_engine import distance, train
from parity_shared_keys import SHARED

from runner.config.registry import entries, name_of
from runner.config.settings import flat_key
from runner.optimizers.rules.base import Rule
from runner.training.engine import Engine

CHOSEN = {  # group -> the name that a run uses
    "optimizer": lambda run: name_of(run.optimizer, "optimizer"),
    "scheduler": lambda run: name_of(run.scheduler, "scheduler"),
    "averaging": lambda run: name_of(run.averaging, "averaging"),
    "loss": lambda run: name_of(run.loss, "loss"),
    "activation": lambda run: run.model.activation,
    "norm": lambda run: run.model.norm,
    "parametrization": lambda run: run.model.parametrization,
    "init": lambda run: run.model.init,
}
RUNS = [of_case(case, "float64") for case in CASES]


WITHOUT = {("loss", "auto")}  # stands for another entry
ENTRIES = [e for group in CHOSEN for e in entries(group).values() if (e.group, e.name) not in WITHOUT]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.group}-{e.name}")
def test_entry_has_a_case_and_every_key_another_value_than_its_default(entry):
    runs = [run for run in RUNS if CHOSEN[entry.group](run) == entry.name]
    assert runs, f"{entry.group}={entry.name} has no parity case; add one to tests/parity/cases_*.py"
    for key, default in entry.defaults.items():
        values = [run.value(f"{entry.group}.{key}") for run in runs]
        assert any(v != default for v in values), f"no parity case of {entry.name} sets {entry.group}.{key}"


def test_every_optimizer_is_tried_with_the_keys_that_all_share():
    assert set(RULES) == set(entries("optimizer")), "add (reference, rate) to RULES of a tests/parity/cases_*.py"
    shared = {f"optimizer.{f.name}" for f in dataclasses.fields(Rule)} - {"optimizer.lr"}
    assert shared == {key for keys in SHARED.values() for key in keys if key.startswith("optimizer.")}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("shared", SHARED)
def test_each_shared_key_makes_a_difference_where_it_is_tried(rule, shared):
    """So that a case fails if the key does not act."""
    _, lr, *more = RULES[rule]
    without = {"optimizer": rule, "optimizer.lr": lr, "trainer.epochs": 5} | dict(*more).get("needed", {})
    changes = SHARED[shared]
    data = synthetic("classification", "float64")
    found = []
    for left_out in (None, *changes):
        keys = {key: value for key, value in changes.items() if key != left_out}
        found.append(train(Engine([settings_of(without | keys)], [data]))[0].state)
    for key, other in zip(changes, found[1:], strict=True):
        assert distance(other, found[0]) > 1e-6, key


@pytest.mark.parametrize("entry", entries("regularizer").values(), ids=lambda e: e.name)
def test_regularizer_has_a_case_with_every_key_and_per_layer_where_it_allows(entry):
    for key, option in entry.options.items():
        path = flat_key(entry, key)
        values = [run.value(path) for run in RUNS]
        numbers = [v for v in values if not isinstance(v, list) and v != entry.defaults[key]]
        assert numbers, f"no parity case sets {path}; add one to tests/parity/cases_*.py"
        assert not option.per_layer or any(isinstance(v, list) for v in values), f"no parity case sets {path} to a list"


def test_the_groups_of_techniques_are_these():
    """A new group of techniques must be added to CHOSEN; the others choose data, shapes and how to run."""
    from runner.config.registry import groups

    others = {"regularizer", "augmentation", "dataset", "model", "early_stopping", "trainer", "metric", "ensemble"}
    assert set(groups()) == {*CHOSEN, *others}
