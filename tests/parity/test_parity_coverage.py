"""Nothing is forgotten: what is registered with a torch name has a parity case, and each of its keys stands in one."""

import pytest
from parity_case import of_case
from parity_cases import CASES

from runner.config.registry import entries, name_of
from runner.config.settings import regularizer_key

CHOSEN = {  # group -> the name that a run uses
    "optimizer": lambda run: name_of(run.optimizer, "optimizer"),
    "scheduler": lambda run: name_of(run.scheduler, "scheduler"),
    "loss": lambda run: name_of(run.loss, "loss"),
    "activation": lambda run: run.model.activation,
    "norm": lambda run: run.model.norm,
    "init": lambda run: run.model.init,
}
RUNS = [of_case(case, "float64") for case in CASES]


def torch_entries(*groups: str) -> list:
    """Registered entries that claim to be a thing of torch's."""
    return [entry for group in groups for entry in entries(group).values() if entry.torch]


@pytest.mark.parametrize("entry", torch_entries(*CHOSEN), ids=lambda e: f"{e.group}-{e.name}")
def test_entry_has_a_case_and_every_key_another_value_than_its_default(entry):
    runs = [run for run in RUNS if CHOSEN[entry.group](run) == entry.name]
    assert runs, f"{entry.group}={entry.name} ({entry.torch}) has no parity case; add one to tests/parity/cases_*.py"
    for key, default in entry.defaults.items():
        values = [run.value(f"{entry.group}.{key}") for run in runs]
        assert any(v != default for v in values), f"no parity case of {entry.name} sets {entry.group}.{key}"


@pytest.mark.parametrize("entry", entries("regularizer").values(), ids=lambda e: e.name)
def test_regularizer_has_a_case_with_every_key_and_per_layer_where_it_allows(entry):
    for key, option in entry.options.items():
        path = regularizer_key(entry, key)
        values = [run.value(path) for run in RUNS]
        numbers = [v for v in values if not isinstance(v, list) and v != entry.defaults[key]]
        assert numbers, f"no parity case sets {path}; add one to tests/parity/cases_*.py"
        assert not option.per_layer or any(isinstance(v, list) for v in values), f"no parity case sets {path} to a list"


def test_the_groups_with_torch_names_are_these():
    """A new group of torch's things must be added to CHOSEN."""
    from runner.config.registry import groups

    assert {e.group for group in groups() for e in torch_entries(group)} == {*CHOSEN, "regularizer"}
