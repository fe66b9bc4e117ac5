"""Every contract that a registered class must keep, by group: one list for the tests and for `runner check`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runner.checks import compiled_pieces, compiled_rules, compiled_steps, gradients, sources, tensors, together
from runner.checks.broken import require
from runner.config.engines import NATIVE, STACKED, has_form
from runner.config.registry import Entry
from runner.config.settings import FLAT_GROUPS
from runner.regularizers.base import Activity, Penalty


@dataclass(frozen=True)
class Contract:
    """What is promised, of which groups, and the check, which raises BrokenError or whatever the class raises."""

    name: str
    groups: Sequence[str]
    check: Callable[[Entry], None]
    concerns: Callable[[Entry], bool] = lambda entry: True


def declaration(entry: Entry) -> None:
    """A docstring, a constructor without arguments, and keys whose defaults and presets are allowed."""
    require(bool(entry.formula) and not entry.formula.startswith(f"{entry.cls.__name__}("), "has no docstring")
    require(not entry.flaw, entry.flaw)


def _is_penalty(entry: Entry) -> bool:
    return issubclass(entry.cls, Penalty)


def _is_activity(entry: Entry) -> bool:
    return issubclass(entry.cls, Activity)


def _has_form(entry: Entry) -> bool:
    return entry.compiled is not None


def _compiles(entry: Entry) -> bool:
    """Whether the native engine can make use of an entry: it has a compiled form, or needs none."""
    return has_form(entry) is not False


def _by_both(name: str, groups: Sequence[str], check: Callable[..., None]) -> tuple[Contract, Contract]:
    """A promise of training that both engines keep."""
    by_native = Contract(f"{name}, native", groups, functools.partial(check, engine=NATIVE), _compiles)
    return Contract(name, groups, functools.partial(check, engine=STACKED)), by_native


LAYERS = ("activation", "norm", "parametrization")  # the groups of what layers are made of
CONTRACTS = (
    Contract("defaults are allowed", ("*",), declaration),
    Contract("read = read again", ("dataset",), sources.same_table, sources.needs_no_file),
    Contract("gradient = autograd = differences", (*LAYERS, "loss"), gradients.of_a_piece),
    Contract("compiled = definition", (*LAYERS, "loss"), compiled_pieces.of_a_piece, _has_form),
    Contract("gradient = autograd of value", ("regularizer",), gradients.of_a_penalty, _is_penalty),
    Contract("gradient = autograd of value", ("regularizer",), gradients.of_an_activity, _is_activity),
    Contract("prox minimizes", ("regularizer",), gradients.prox, lambda e: _is_penalty(e) and e.cls.prox is not None),
    Contract("fused = update", ("optimizer",), gradients.fused, lambda e: e.cls.fused is not None),
    Contract("compiled = definition", ("optimizer", "regularizer"), compiled_rules.same_as_torch, _has_form),
    Contract(
        "compiled steps = stacked",
        ("optimizer", "scheduler", "averaging", "regularizer"),
        compiled_steps.trains_alike,
        _compiles,
    ),
    Contract("padding stays zero", (*LAYERS, "optimizer", "regularizer"), tensors.padding_stays_zero),
    *_by_both("alone = together, every key", ("optimizer", "scheduler", "averaging", *FLAT_GROUPS), together.every_key),
    *_by_both("alone = together, seeds", (*LAYERS, "init", "loss", "metric"), together.seeds),
    *_by_both("neutral = absent", FLAT_GROUPS, together.neutral_is_absent),
    *_by_both("neutral keys = absent", ("optimizer",), together.neutral_keys_are_absent),
    *_by_both("NaN harms its own row", ("optimizer",), together.nan_harms_itself),
    *_by_both(
        "resumed = uninterrupted",
        ("optimizer", "scheduler", "averaging", "regularizer"),
        tensors.survives_a_checkpoint,
    ),
    Contract("export = forward", LAYERS, tensors.exports),
)


def of(entry: Entry) -> list[Contract]:
    """The contracts that concern an entry."""
    return [each for each in CONTRACTS if {"*", entry.group} & {*each.groups} and each.concerns(entry)]
