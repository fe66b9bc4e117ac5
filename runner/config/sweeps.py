"""The functions of Hydra's grammar that make, order and convert sweeps: range, choice, sort, shuffle, tag, int, ...

Hydra's own reverse a range by exchanging its ends (`sort(range(0.5,0,-0.2))` became 0.2, 0.4, 0.6), sum steps up in
binary fractions, shuffle a list anew at each reading, and lose order and tags where functions are nested.
"""

from __future__ import annotations

import builtins
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import Any

from hydra._internal.grammar import grammar_functions as hydras
from hydra._internal.grammar.functions import FunctionCall, Functions
from hydra.core.override_parser.overrides_parser import create_functions
from hydra.core.override_parser.types import ChoiceSweep, Glob, QuotedString, RangeSweep, Sweep

MANY = 1_000_000  # values of a range that is one among others


@dataclass
class Range(RangeSweep):
    """start + i step for i = 0, 1, ... as far as `stop`, which is left out; decimals are taken as they are typed."""

    backwards: bool = False

    def count(self) -> int:
        """How many values there are. Raises ValueError for a step of 0 and for what is not finite."""
        start, stop, step = self._exact()
        if step == 0:
            raise ValueError("a range needs a step other than 0")
        return max(0, ceil((stop - start) / step))

    def values(self) -> Iterator[int | float]:
        """The values in their order. Raises ValueError as `count`."""
        start, _, step = self._exact()
        order = range(self.count())
        number = int if all(type(each) is int for each in (self.start, self.stop, self.step)) else float
        return (number(start + i * step) for i in (reversed(order) if self.backwards else order))

    def _exact(self) -> tuple[Fraction, Fraction, Fraction]:
        try:
            start, stop, step = (Fraction(str(each)) for each in (self.start, self.stop, self.step))
        except ValueError as error:
            raise ValueError("a range needs finite numbers") from error
        return start, stop, step


class SweepFunctions(Functions):
    """Hydra's functions, some of them replaced by those below."""

    def eval(self, func: FunctionCall) -> Any:
        """The value of a call; whatever it raises becomes a message."""
        own = OWN.get(func.name)
        return own(*func.args, **func.kwargs) if own else super().eval(func)


def sweep_functions() -> SweepFunctions:
    """All functions that a value may call."""
    known = create_functions()
    return SweepFunctions(known.definitions, known.functions)


def values(sweep: Sweep) -> Iterator[Any]:
    """The values of a range or a choice, in order."""
    return sweep.values() if isinstance(sweep, Range) else iter(sweep.list)  # type: ignore[attr-defined]


def flat(given: Any) -> list[Any]:
    """Values and sweeps, one after the other, as the values of one sweep. Raises ValueError."""
    found: list[Any] = []
    for each in given:
        if not isinstance(each, (Sweep, Glob)):
            found.append(each)
        elif not isinstance(each, (ChoiceSweep, Range)) or each.shuffle:
            raise ValueError("interval, glob and shuffle must stand alone, not among other values")
        elif isinstance(each, Range) and each.count() > MANY:
            raise ValueError(f"a range of {each.count()} values is too long to stand among other values")
        else:
            found += values(each)
    return found


def span(start: Any, stop: Any = None, step: Any = 1) -> Range:
    """range(stop), range(start,stop), range(start,stop,step): as Python's, for decimals too."""
    ends = (0, start, step) if stop is None else (start, stop, step)
    if any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in ends):
        raise TypeError("a range needs numbers")
    return Range(start=ends[0], stop=ends[1], step=ends[2])


def choice(*given: Any) -> Any:
    """choice(a,b,c)"""
    if not given:
        raise ValueError("a choice needs a value")
    alone = given[0] if len(given) == 1 and isinstance(given[0], (ChoiceSweep, Range)) else None
    return alone or ChoiceSweep(list=flat(given))


def sort(*given: Any, sweep: Any = None, list: Any = None, reverse: Any = False) -> Any:
    """sort(3,1,2), sort(range(...)), sort(choice(...)), sort([3,1,2]): as Python's `sorted`, with reverse=true too."""
    falling = str(_plain(reverse)).lower() == "true"
    one = _one(given, sweep, list)
    if isinstance(one, Range):
        return replace(one, shuffle=False, backwards=((one.step or 0) > 0) == falling)
    if isinstance(one, ChoiceSweep):
        return replace(one, list=sorted(one.list, key=_plain, reverse=falling), shuffle=False)
    if isinstance(one, (Sweep, Glob)):
        raise TypeError("only a choice, a range or a list can be sorted")
    return sorted(one, key=_plain, reverse=falling) if isinstance(one, builtins.list) else one


def shuffle(*given: Any, sweep: Any = None, list: Any = None) -> Any:
    """shuffle(a,b,c), shuffle(range(...)), shuffle([a,b,c]): an order that is the same for the same words."""
    one = _one(given, sweep, list)
    if isinstance(one, (ChoiceSweep, Range)):
        return replace(one, shuffle=True)
    if isinstance(one, (Sweep, Glob)):
        raise TypeError("only a choice, a range or a list can be shuffled")
    return random.Random(str(one)).sample(one, len(one)) if isinstance(one, builtins.list) else one


def tag(*given: Any, sweep: Any = None) -> Any:
    """tag(log, interval(1e-4,1e-1))"""
    *names, last = [*given, sweep] if sweep is not None else given
    if not isinstance(last, Sweep) or not all(isinstance(_plain(name), str) for name in names):
        raise ValueError("a tag is text before a choice, a range or an interval")
    return replace(last, tags={_plain(name) for name in names})


def _cast(name: str) -> Any:
    """int, float, str or bool of a value, of each value of a choice, or of the ends and the step of a range."""
    convert = getattr(hydras, f"cast_{name}")

    def cast(*given: Any, value: Any = None) -> Any:
        one = _one(given, value)
        if isinstance(one, ChoiceSweep):
            return replace(one, list=[convert(each) for each in one.list])
        if isinstance(one, Range):
            if name not in ("int", "float"):
                raise ValueError("a range can be made int or float only")
            return replace(one, start=convert(one.start), stop=convert(one.stop), step=convert(one.step))
        return convert(one)

    return cast


def _one(given: tuple[Any, ...], *named: Any) -> Any:
    """The one argument of a function, or a choice of several."""
    found = [*given, *(each for each in named if each is not None)]
    if not found:
        raise ValueError("a value is missing between the parentheses")
    return found[0] if len(found) == 1 else ChoiceSweep(list=flat(found), simple_form=True)


def _plain(value: Any) -> Any:
    """A value without the quotes that are remembered with it."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.text if isinstance(value, QuotedString) else value


OWN = {"range": span, "choice": choice, "sort": sort, "shuffle": shuffle, "tag": tag} | {
    name: _cast(name) for name in ("int", "float", "str", "bool")
}
