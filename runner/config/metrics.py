"""What the registry says about metrics: which a task has, and what each needs."""

from __future__ import annotations

from runner.config.choices import cached
from runner.config.registry import entries


@cached
def metrics_of(task: str | None) -> tuple[str, ...]:
    """The names of a task's metrics, those that are always recorded first; none of a task that is not known."""
    metrics = entries("metric")
    found = [name for name, entry in metrics.items() if task in entry.cls.tasks]
    return tuple(sorted(found, key=lambda name: not metrics[name].cls.default))


def least_answers(name: str) -> int:
    """How many different answers a metric needs to be a number."""
    return entries("metric")[name].cls.least_answers
