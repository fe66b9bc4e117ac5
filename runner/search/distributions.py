"""The dimensions of a search as Optuna's distributions, and back: the value in the study is the one that trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from runner.plan.dimensions import Dimension, Interval, Listed

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override


def distribution(dimension: Dimension) -> BaseDistribution:
    """An interval or a range is of numbers, anything else of names, of which none is nearer to another."""
    if isinstance(dimension, Interval):
        kind = IntDistribution if dimension.whole else FloatDistribution
        return kind(dimension.low, dimension.high, log=dimension.log)  # type: ignore[arg-type]
    listed: Any = dimension
    if listed.steps is None:
        return CategoricalDistribution(listed.labels)
    low, high, step = listed.steps
    if all(isinstance(each, int) for each in (low, high, step)):
        return IntDistribution(low, high, step=step)
    return FloatDistribution(low, high, step=step)


def override_of(dimension: Dimension, value: Any) -> Override:
    """The override that sets what Optuna asks for."""
    found: Any = dimension
    return found.nearest(value) if _is_range(dimension) else found.word(value)


def value_of(dimension: Dimension, override: Override) -> Any:
    """The value in the study of an override that sets one of the dimension's."""
    numbers = isinstance(dimension, Interval) or _is_range(dimension)
    return override.value() if numbers else override.get_value_element_as_str()


def _is_range(dimension: Dimension) -> bool:
    return isinstance(dimension, Listed) and dimension.steps is not None
