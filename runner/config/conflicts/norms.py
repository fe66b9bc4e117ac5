"""Conflicts between the norm, its keys and what it normalizes."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterator
from typing import Any

from runner.config.conflicts.base import Conflict, Known
from runner.config.registry import entries
from runner.config.settings import Settings


def last_batch(s: Settings, known: Known) -> Iterator[Conflict]:
    """A norm over the batch needs two examples in each."""
    norm = entries("norm").get(s.model.norm)
    if norm is None or not getattr(norm.cls, "needs_batch", False):
        return
    batch, n = known.batch(s) or s.trainer.batch_size, known.train
    problem = ""
    if batch == 1:
        problem = f"model.norm={s.model.norm} needs at least two examples a batch; use more, or model.norm=none"
    elif n and n % batch == 1 and not s.trainer.drop_last:
        problem = (
            f"with {n} training examples the last batch holds one, and model.norm={s.model.norm} has no variance "
            "there; set trainer.drop_last=true or another batch size"
        )
    if problem:
        keys = ("trainer.batch_size", "trainer.drop_last", "model.norm")
        yield Conflict(keys, f"trainer.batch_size = {s.trainer.batch_size}: {problem}")


def norm_keys(s: Settings, known: Known) -> Iterator[Conflict]:
    """Keys of norms that the chosen norm has no use for are as they were."""
    norm, defaults = entries("norm").get(s.model.norm), type(s.model.norm_keys)()
    uses = norm.cls.uses if norm else ()
    for name, default in dataclasses.asdict(defaults).items():
        value = getattr(s.model, f"norm_{name}")
        if value != default and name not in uses:
            key, with_it = f"model.norm_{name}", [n for n, e in entries("norm").items() if name in e.cls.uses]
            yield Conflict(
                (key, "model.norm"),
                f"{key} = {_typed(value)}: model.norm = {s.model.norm} has no use for it; set {key}={_typed(default)} "
                f"or model.norm={with_it[0]}",
            )
    if s.model.norm_statistics == "all" and s.model.norm_momentum != defaults.momentum:
        yield Conflict(
            ("model.norm_momentum", "model.norm_statistics"),
            f"model.norm_momentum = {_typed(s.model.norm_momentum)}: model.norm_statistics = all keeps no running "
            f"average; set model.norm_momentum={defaults.momentum} or model.norm_statistics=running",
        )


def _typed(value: Any) -> str:
    """A value as it is typed."""
    return value if isinstance(value, str) else json.dumps(value)


def norm_input(s: Settings, known: Known) -> Iterator[Conflict]:
    """The norm of the input is the chosen one."""
    if s.model.norm_input and s.model.norm == "none":
        yield Conflict(
            ("model.norm_input", "model.norm"),
            "model.norm_input = true: there is no norm, model.norm = none; set model.norm=batch or "
            "model.norm_input=false",
        )


def norm_groups(s: Settings, known: Known) -> Iterator[Conflict]:
    """Groups are of one size in every layer that is normalized."""
    groups, widths = s.model.norm_groups, [(f"model.hidden = {s.model.hidden}", width) for width in s.model.hidden]
    if s.model.norm_input and known.inputs:
        widths.insert(0, (f"model.norm_input = true with {known.inputs} features", known.inputs))
    wrong = next(((where, width) for where, width in widths if width % groups), None)
    if s.model.norm == "group" and wrong:
        common = math.gcd(*(width for _, width in widths))
        fitting = [str(n) for n in range(1, common + 1) if common % n == 0]
        yield Conflict(
            ("model.norm_groups", "model.hidden", "model.norm_input"),
            f"model.norm_groups = {groups}: does not divide {wrong[1]} of {wrong[0]}; allowed: {', '.join(fitting)}, "
            "or other widths",
        )


CHECKS = (last_batch, norm_keys, norm_input, norm_groups)
