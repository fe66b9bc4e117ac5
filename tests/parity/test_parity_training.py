"""Training equals PyTorch's: weights, running statistics, rates, objectives and metrics after 200 steps of every case.

A row alone is compared in float64, to 1e-10. Then all rows that can share a population train side by side, whatever
their rules, penalties and schedules, and each must still equal its own PyTorch run: in float32, to 1e-5. Both by each
engine; once more in float64 without fused kernels: the definitions (`update`) of the rules.

What a case is compared with is computed once, in float64. Where a rounding error decides something (which side of a
kink of |w| a weight is on), float32 ends elsewhere than float64 in any program; there PyTorch's own float32 run counts.
"""

import functools
import itertools

import pytest
from parity_case import TOLERANCE, Case, of_case
from parity_cases import CASES
from parity_engine import Trained, begin, differences, in_rows, train
from parity_reference import reference

from runner.config.engines import NATIVE, STACKED, lacking
from runner.config.registry import entries


@functools.cache
def structure(case: Case) -> str:
    """What rows of one population have in common: shapes, task, loss, batches."""
    run = of_case(case, "float64")
    return str((case.task, run.model, run.loss, run.trainer.batch_size, run.trainer.drop_last, run.trainer.epochs))


GROUPS = [list(group) for _, group in itertools.groupby(sorted(CASES, key=structure), key=structure)]
RULES = [case for case in max(GROUPS, key=len) if any(key.startswith("optimizer") for key in case.settings)]


def trained(cases: list[Case], dtype: str, engine: str = STACKED) -> dict[Case, Trained]:
    """The cases as the rows of one engine."""
    rows = in_rows(cases)
    return dict(zip(rows, train(begin(rows, dtype, engine)), strict=True))


@functools.cache
def side_by_side(first: Case, engine: str = STACKED) -> dict[Case, Trained]:
    """The group that begins with a case, as far as an engine can train it."""
    group = next(group for group in GROUPS if group[0] is first)
    able = [case for case in group if engine == STACKED or compiles(case)]
    return trained(able, "float32", engine)


@functools.cache
def by_definitions() -> dict[Case, Trained]:
    """The cases of rules, without the rules' fused kernels."""
    with pytest.MonkeyPatch.context() as patch:
        for entry in entries("optimizer").values():
            patch.setattr(entry.cls, "fused", None)
        return trained(RULES, "float64")


def furthest(ours: Trained, case: Case, dtype: str) -> tuple[float, str]:
    """The largest difference to PyTorch's run in a number format, and of what."""
    theirs = reference(case, dtype)
    assert len(theirs.rates) >= case.steps
    return max((found, what) for what, found in differences(ours, theirs).items())


def compiles(case: Case) -> bool:
    """Whether the native engine can train it."""
    return not lacking(of_case(case, "float64"), case.task)


def each_way():
    """(case, way): what is compared with the same reference stands together."""
    for group in GROUPS:
        for case in group:
            yield from ((case, group[0], way) for way in WAYS if _concerns(way, case))


def _concerns(way: str, case: Case) -> bool:
    if way.startswith("native") and not compiles(case):
        return False
    return case in RULES if way == "definitions" else not (case.decides and way.endswith("side by side"))


WAYS = {  # way -> (number format, what it makes of a case of a group)
    "alone": ("float64", lambda case, first: trained([case], "float64")),
    "side by side": ("float32", lambda case, first: side_by_side(first)),
    "definitions": ("float64", lambda case, first: by_definitions()),
    "native alone": ("float64", lambda case, first: trained([case], "float64", NATIVE)),
    "native side by side": ("float32", lambda case, first: side_by_side(first, NATIVE)),
}


def test_names_are_unique():
    assert len({case.name for case in CASES}) == len(CASES) > 50


def test_every_rule_is_tried_by_its_definition():
    """A solver has no other code than its definition."""
    others = {name for name, entry in entries("optimizer").items() if not entry.cls.searches or entry.cls.stochastic}
    assert {case.settings.get("optimizer", "sgd") for case in RULES} == others


@pytest.mark.parametrize(
    ("case", "first", "way"), [pytest.param(*each, id=f"{each[0]}-{each[2]}") for each in each_way()]
)
def test_training_is_pytorchs(case, first, way):
    dtype, train_by = WAYS[way]
    ours = train_by(case, first)[case]
    found, what = furthest(ours, case, "float64")
    if found > TOLERANCE[dtype] and dtype == "float32":
        found, what = furthest(ours, case, dtype)
    assert found <= TOLERANCE[dtype], f"{case}, {way}: {what} differ by {found:.1e}"
