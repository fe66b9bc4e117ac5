"""Which keys of a sweep are there in which of its jobs: `optimizer.momentum` only in those with optimizer=sgd.

A key is left out of jobs whose choices have no such key, if other jobs have it. One that is there in no job is a
mistake and stays, so that the check of the jobs tells it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from runner.config.belonging import DECIDING, Belonging, belongings
from runner.config.compose import Composer
from runner.config.overrides import points
from runner.config.settings import luck
from runner.errors import ConfigError
from runner.plan.sweeper import OWN_KINDS, SweeperOptions

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


class Existence:
    """Says of the overrides of a sweep where their keys are there. Without a composer all are there everywhere.

    `tied` are keys that are there in any case: what is walked through together is meant together.
    """

    def __init__(self, overrides: Sequence[Override], composer: Composer | None, tied: Iterable[str] = ()):
        self.composer = composer
        self._trees: dict[tuple[str, ...], dict[str, Any] | None] = {}
        self._walks = [walk for each in overrides if self.decides(each) and (walk := _walk(each))]
        first = [walk[0] for walk in self._walks]
        self._corners = [[[*first[:i], each, *first[i + 1 :]] for each in walk] for i, walk in enumerate(self._walks)]
        varies = composer is not None and any(len(walk) > 1 for walk in self._walks)
        kept = {*tied, *(each.key_or_group for each in overrides if each.is_delete())}
        keys = (each.key_or_group for each in overrides if varies and each.key_or_group not in kept)
        found = {key: belongings(key) for key in keys}
        self.partly = {key: of for key, of in found.items() if of and self._differs(of)}

    @staticmethod
    def of(overrides: Sequence[Override], options: SweeperOptions, composer: Composer | None) -> Existence:
        """That of a sweep: what is zipped is meant together, and sweepers that are not ours leave nothing out."""
        return Existence(overrides, composer if options.kind in OWN_KINDS else None, itertools.chain(*options.zip))

    def decides(self, override: Override) -> bool:
        """Whether an override is about what decides which keys there are: a choice, or a key such as model.init."""
        if override.is_delete() or self.composer is None:
            return False
        return override.key_or_group in DECIDING or self.composer.is_choice(override)

    def there(self, key: str, job: Sequence[Override]) -> bool:
        """Whether a key is there in a job, of which only what decides is looked at."""
        return key not in self.partly or self._holds(self.partly[key], job)

    def kept(self, job: Sequence[Override]) -> list[Override]:
        """The overrides of a job whose keys are there."""
        return [each for each in job if self.there(each.key_or_group, job)] if self.partly else list(job)

    def said(self, axes: Sequence[Override], jobs: Sequence[Sequence[Override]], what: str) -> list[str]:
        """A sentence for each key that only some jobs (or trials: `what`) have, and which these are; without jobs it is
        not known yet how many.
        """
        found = {}
        for axis in axes:
            if (key := axis.key_or_group) in self.partly:
                number = sum(any(each.key_or_group == key for each in job) for job in jobs)
                how = f"{_verb(axis, what)} with {self.choices(key)}"
                counted = f" ({number} of {len(jobs)} {what})" if jobs else ""
                found[key] = f"{key}: {how}{counted}, absent elsewhere"
        return list(found.values())

    def choices(self, key: str) -> str:
        """With what a key that only some jobs have is there, as it was typed: optimizer=sgd,rmsprop."""
        found = []
        for walk, corners in zip(self._walks, self._corners, strict=True):
            here = [self._holds(self.partly[key], corner) for corner in corners]
            if len({*here}) > 1:
                names = [each.get_value_element_as_str() for each, holds in zip(walk, here, strict=True) if holds]
                found.append(f"{walk[0].key_or_group}={','.join(names)}")
        return " or ".join(found) or " ".join(f"{of.by}={','.join(of.names)}" for of in self.partly[key])

    def _differs(self, of: Sequence[Belonging]) -> bool:
        return {self._holds(of, job) for corners in self._corners for job in corners} == {True, False}

    def _holds(self, of: Sequence[Belonging], job: Sequence[Override]) -> bool:
        tree = self._tree(job)
        return tree is None or all(each.holds(tree) for each in of)

    def _tree(self, job: Sequence[Override]) -> dict[str, Any] | None:
        deciding = [each for each in job if self.decides(each)]
        words = tuple(each.input_line or "" for each in deciding)
        if words not in self._trees:
            self._trees[words] = self.composer.keys(deciding) if self.composer else None
        return self._trees[words]


def _verb(axis: Override, what: str) -> str:
    if not axis.is_sweep_override():
        return "set"
    return "searched" if what == "trials" and axis.key_or_group not in luck() else "combined"


def _walk(override: Override) -> list[Override]:
    """What an override that decides stands for; nothing if its values cannot be counted up, which is said elsewhere."""
    try:
        return [] if override.is_sweep_override() and not override.is_discrete_sweep() else points(override)
    except ConfigError:
        return []
