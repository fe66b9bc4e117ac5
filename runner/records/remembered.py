"""What is said about a key and its value, worked out once for the same value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

UNCHANGING = (str, int, float, type(None))


class Remembered(Generic[T]):
    """A function of a key and its value. The runs of a sweep share most of their values, which are the same objects, so
    of each key the latest value and what came of it are kept. Lists, which can change, are not.
    """

    def __init__(self, function: Callable[[str, Any], T]):
        self._function = function
        self._known: dict[str, tuple[Any, T]] = {}

    def __call__(self, key: str, value: Any) -> T:
        known = self._known.get(key)
        if known is not None and known[0] is value:
            return known[1]
        found = self._function(key, value)
        if isinstance(value, UNCHANGING):
            self._known[key] = value, found
        return found
