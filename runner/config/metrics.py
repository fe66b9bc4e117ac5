"""What the registry says about metrics: which a task has, and what each needs."""

from __future__ import annotations

from runner.config.choices import cached
from runner.config.registry import entries
from runner.config.tasks import MULTITASK, TASKS


@cached
def metrics_of(*tasks: str | None) -> tuple[str, ...]:
    """The names of the metrics that one of the tasks has, those that are always recorded first; none of a task that is
    not known. Of several targets in one network it is all, unless their own tasks are given.
    """
    metrics, asked = entries("metric"), TASKS if MULTITASK in tasks else tasks
    found = [name for name, entry in metrics.items() if any(task in entry.cls.tasks for task in asked)]
    return tuple(sorted(found, key=lambda name: not metrics[name].cls.default))


def metrics_of_target(task: str) -> tuple[str, ...]:
    """Those that one of several targets has for itself: a head all of its task but what is no matter of one head, one
    of several numbers (task "") what is defined on all of them.
    """
    metrics = entries("metric")
    if not task:
        return tuple(name for name, entry in metrics.items() if entry.cls.of_each)
    return tuple(name for name in metrics_of(task) if not metrics[name].cls.of_hidden)


def least_answers(name: str) -> int:
    """How many different answers a metric needs to be a number."""
    return entries("metric")[name].cls.least_answers
