"""One configuration as several runs: `dataset.folds=k` without a fold means k runs, each validated on another fold, and
an ensemble means its members.
"""

from __future__ import annotations

import dataclasses

from runner.config.settings import Settings


def expand_folds(settings: Settings) -> list[Settings]:
    """The runs that a configuration stands for: one a fold, or itself alone."""
    folds = settings.dataset.folds
    if folds is None or settings.dataset.fold is not None:
        return [settings]
    return [
        dataclasses.replace(settings, dataset=dataclasses.replace(settings.dataset, fold=fold)) for fold in range(folds)
    ]


def trained(settings: Settings) -> list[Settings]:
    """The runs that train for a configuration: of each fold its members, or itself."""
    found = []
    for run in expand_folds(settings):
        found += [member.settings for member in run.ensemble.members(run)] or [run]
    return found
