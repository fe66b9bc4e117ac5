"""A plug-in for tests, and the process as it was before any was imported."""

from __future__ import annotations

import os
import sys

from hydra.core.config_store import ConfigStore

from runner.config import choices, plugins, store

HALVES = """\
from dataclasses import dataclass

from runner.config.registry import number, register
from runner.optimizers.rules.base import Rule
from runner.population.pieces.base import Activation
from runner.regularizers.base import Penalty


@register("optimizer", "half_sgd")
@dataclass
class HalfSGD(Rule):
    \"\"\"w <- w - share lr g\"\"\"

    share: float = number(0.5, above=0, le=1, help="of the step")

    def update(self, w, g, state, h, t):
        w.sub_(h.share * h.lr * g)


@register("activation", "halved")
@dataclass
class Halved(Activation):
    \"\"\"x/2\"\"\"

    zero_at_zero = True

    def forward(self, x):
        return x * 0.5


@register("regularizer", "quartic")
@dataclass
class Quartic(Penalty):
    \"\"\"strength sum w^4\"\"\"

    strength: float = number(0.0, ge=0, neutral=0.0, preset=0.01)
    elementwise = True

    def value(self, w, strength):
        return (strength * w**4).sum(1)
"""


def as_new() -> None:
    """As a process begins: nothing of any plug-in is there."""
    choices.load()
    for entry in [entry for entry in choices._all() if not _is_own(entry)]:
        ConfigStore.instance().repo.get(entry.group, {}).pop(f"{entry.name}.yaml", None)
        store._stored.pop((entry.group, entry.name), None)
        if entry.plugin:
            sys.modules.pop(entry.cls.__module__, None)
    own = {group: {n: e for n, e in known.items() if _is_own(e)} for group, known in choices._ENTRIES.items()}
    choices.restore({group: known for group, known in own.items() if known})
    choices._added.clear()
    os.environ.pop(plugins.VARIABLE, None)


def _is_own(entry: choices.Entry) -> bool:
    return entry.plugin is None and entry.cls.__module__.startswith("runner.")
