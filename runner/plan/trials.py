"""Which runs are a trial of a sweep: one setting with all its seeds and folds, which are judged together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from runner.config.settings import luck
from runner.plan.duplicates import LABELS


def trials_of(told: Iterable[Mapping[str, Any]]) -> list[list[int]]:
    """The runs of each trial, by their places: those that differ in nothing but luck. `told` is what
    `runner.config.compact.told` says of each run.
    """
    found: dict[str, list[int]] = {}
    left_out = {*luck(), *LABELS}
    for i, values in enumerate(told):
        setting = {key: value for key, value in values.items() if key not in left_out}
        found.setdefault(json.dumps(setting, sort_keys=True), []).append(i)
    return list(found.values())
