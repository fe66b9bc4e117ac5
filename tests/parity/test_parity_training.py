"""Training equals PyTorch's: weights, running statistics, rates, objectives and metrics after 200 steps of every case.

A row alone is compared in float64, to 1e-10. Then all rows that can share a population train side by side, whatever
their rules, penalties and schedules, and each must still equal its own PyTorch run: in float32, to 1e-5. Once more in
float64 without fused kernels: the definitions (`update`) of the rules.
"""

import itertools

import pytest
from parity_case import STEPS, TOLERANCE, Case, of_case, synthetic
from parity_cases import CASES
from parity_engine import differences, train
from parity_reference import reference

from runner.config.registry import entries
from runner.optimizers.rules.base import segment_key
from runner.training.engine import Engine


def structure(case: Case) -> str:
    """What rows of one population have in common: shapes, task, loss, batches."""
    run = of_case(case, "float64")
    return str((case.task, run.model, run.loss, run.trainer.batch_size, run.trainer.drop_last, run.trainer.epochs))


GROUPS = [list(group) for _, group in itertools.groupby(sorted(CASES, key=structure), key=structure)]


def assert_close(case: Case, ours, dtype: str) -> None:
    """Every difference to the reference within the tolerance of the number format."""
    theirs = reference(case, dtype)
    assert len(theirs.rates) >= STEPS
    for what, found in differences(ours, theirs).items():
        assert found <= TOLERANCE[dtype], f"{case}, {dtype}: {what} differ by {found:.1e}"


def side_by_side(group: list[Case], dtype: str) -> None:
    """All cases of a group as the rows of one engine, each against its own reference."""
    rows = sorted(((of_case(case, dtype), case) for case in group), key=lambda row: segment_key(row[0]))
    engine = Engine([run for run, _ in rows], [synthetic(case.task, dtype) for _, case in rows])
    for (_, case), ours in zip(rows, train(engine), strict=True):
        assert_close(case, ours, dtype)


def test_names_are_unique():
    assert len({case.name for case in CASES}) == len(CASES) > 50


@pytest.mark.parametrize("case", CASES, ids=str)
def test_row_alone(case):
    engine = Engine([of_case(case, "float64")], [synthetic(case.task, "float64")])
    assert_close(case, train(engine)[0], "float64")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group[0]}-and-{len(group) - 1}-others")
def test_side_by_side(group):
    side_by_side(group, "float32")


def test_definitions_of_rules(monkeypatch):
    for entry in entries("optimizer").values():
        monkeypatch.setattr(entry.cls, "fused", None)
    rules = [case for case in max(GROUPS, key=len) if any(key.startswith("optimizer") for key in case.settings)]
    assert {case.settings.get("optimizer", "sgd") for case in rules} == set(entries("optimizer"))
    side_by_side(rules, "float64")
