"""Conflicts of an ensemble with what its members are to train, or to answer."""

from __future__ import annotations

from collections.abc import Iterator

from runner.config.conflicts.base import Conflict, Known, task_of
from runner.config.registry import name_of
from runner.config.settings import Settings
from runner.config.tasks import MULTITASK

MEAN, OF_CLASSES = "mean", ("geometric", "vote")  # ways to combine, of which numbers have the first


def combining(s: Settings, known: Known) -> Iterator[Conflict]:
    """Only classes have probabilities."""
    task, why = task_of(s, known)
    if s.ensemble.active and task == MULTITASK:
        kind = name_of(s.ensemble, "ensemble")
        yield Conflict(
            (f"ensemble={kind}", "dataset.target"),
            f"ensemble = {kind}: combines answers about one target or about numbers, but there are several targets of "
            "which some are classes; set ensemble=none, or name one target",
        )
    if s.ensemble.active and task == "regression" and s.ensemble.combine in OF_CLASSES:
        yield Conflict(
            ("ensemble.combine", "loss", "dataset.task"),
            f"ensemble.combine = {s.ensemble.combine}: is about the probabilities of classes, but {why} is {task}; set "
            f"ensemble.combine={MEAN}, the mean of the numbers",
        )


def members(s: Settings, known: Known) -> Iterator[Conflict]:
    """A kind says how its members train."""
    for keys, text in (*s.ensemble.conflicts_with(s), *s.ensemble.conflicts_with_rows(known.train)):
        yield Conflict((f"ensemble={name_of(s.ensemble, 'ensemble')}", *keys), text)


def evaluations(s: Settings, known: Known) -> Iterator[Conflict]:
    """What members say about validation rows is that of networks that did not train on them."""
    stop, kind = s.early_stopping, name_of(s.ensemble, "ensemble")
    if s.ensemble.active and stop.then != "none":
        yield Conflict(
            ("early_stopping.then", f"ensemble={kind}"),
            f"early_stopping.then = {stop.then}: trains each member on the validation rows, on which ensemble={kind} "
            "measures all of them together; set early_stopping.then=none",
        )


CHECKS = (combining, members, evaluations)
