"""Many combinations of choices from few compositions: a choice that changes its own group alone is composed alone.

Hydra takes 50 ms or more for each combination, and five optimizers times ten schedules are fifty. Where it can be seen
that `optimizer=sgd` changes nothing outside `optimizer`, what it changes is put in place instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.config.overrides import is_hydra

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

DEPENDS = re.compile(r"^\s*-.*\$\{", re.MULTILINE)  # an entry of a defaults list that is chosen by another choice


@dataclass(frozen=True)
class Composed:
    """What some choices compose to: the keys of the run, and what Hydra says was chosen in each group."""

    tree: dict[str, Any] | None  # None: with interpolations, which depend on everything
    chosen: dict[str, Any]


class Combinations:
    """Puts combinations together. `compose` is Hydra's own composition of some choices; `sources` its search path."""

    def __init__(self, compose: Callable[[Sequence[Override]], Composed], sources: Sequence[Any]):
        self.compose = compose
        self.possible = not any(_may_depend(source) for source in sources)
        self._known: dict[tuple[str, ...], Composed] = {}

    def combined(self, choices: Sequence[Override]) -> Composed | None:
        """What Hydra would compose of the choices; None if only Hydra can tell."""
        groups = [override.key_or_group for override in choices]
        if not self.possible or len(set(groups)) < len(groups) or any(is_hydra(o) or o.package for o in choices):
            return None
        alone = [override for override in choices if self._is_alone(override, [])]
        others = [override for override in choices if override not in alone]
        start = self._composed(others)
        if start.tree is None or len(alone) < 2 or not all(self._is_alone(each, others) for each in alone):
            return None
        tree, chosen = dict(start.tree), dict(start.chosen)
        for override in alone:
            composed = self._composed([*others, override])
            tree[override.key_or_group] = (composed.tree or {})[override.key_or_group]
            chosen |= {group: name for group, name in composed.chosen.items() if start.chosen.get(group) != name}
        return Composed(tree, chosen)

    def _is_alone(self, override: Override, others: list[Override]) -> bool:
        """Whether the choice, made besides others, changes nothing but its own group."""
        before, after = self._composed(others), self._composed([*others, override])
        if before.tree is None or after.tree is None or before.tree.keys() != after.tree.keys():
            return False
        group = override.key_or_group
        return group in after.tree and all(before.tree[key] == after.tree[key] for key in after.tree if key != group)

    def _composed(self, choices: list[Override]) -> Composed:
        words = tuple(override.input_line or "" for override in choices)
        if words not in self._known:
            self._known[words] = self.compose(choices)
        return self._known[words]


def _may_depend(source: Any) -> bool:
    """Whether a choice in this part of the search path may depend on another, seen from its files."""
    if source.provider in ("hydra", "schema") or source.scheme() == "structured":
        return False
    if source.scheme() != "file":
        return True
    return any(DEPENDS.search(path.read_text(errors="replace")) for path in Path(source.path).rglob("*.yaml"))
