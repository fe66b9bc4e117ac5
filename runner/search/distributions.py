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
    assert isinstance(dimension, Listed)
    if dimension.steps is None:
        return CategoricalDistribution(dimension.labels)
    low, high, step = dimension.steps
    if all(isinstance(each, int) for each in (low, high, step)):
        return IntDistribution(int(low), int(high), step=int(step))
    return FloatDistribution(low, high, step=step)


def override_of(dimension: Dimension, value: Any) -> Override:
    """The override that sets what Optuna asks for."""
    if isinstance(dimension, Interval):
        return dimension.word(value)
    assert isinstance(dimension, Listed)
    return dimension.word(value) if dimension.steps is None else dimension.nearest(value)


def value_of(dimension: Dimension, override: Override) -> Any:
    """The value in the study of an override that sets one of the dimension's."""
    named = isinstance(dimension, Listed) and dimension.steps is None
    return override.get_value_element_as_str() if named else override.value()
