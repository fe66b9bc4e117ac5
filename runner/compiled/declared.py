"""What modules tell the compiler of their functions before there is one: what is a part, what is called by address."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

PARTS: list[Callable] = []  # functions that are compiled into those that call them
BY_HAND: list[Callable] = []  # functions that `compiler` has by their name in `intrinsics`
BY_ADDRESS: dict[Callable, str] = {}  # what gives a function that lies at an address, and of which kind that is
DRIVER = "driver"
EXAMPLES: dict[Callable, Callable[[str], tuple]] = {}  # of a driver: number format -> arguments of its types


class Kernel(NamedTuple):
    """A function to be compiled: as what of `compiler.SIGNATURES`, or as a driver, and in which number format.

    One that is `called` is called by Python, as drivers are, not by compiled code.
    """

    function: Callable
    kind: str
    dtype: str
    called: bool = False

    @property
    def example(self) -> tuple:
        """Arguments of the types that a driver is called with."""
        return EXAMPLES[self.function](self.dtype)


def part(function: Callable) -> Callable:
    """Decorator of a function that is compiled into those that call it."""
    PARTS.append(function)
    return function


def by_hand(function: Callable) -> Callable:
    """Decorator of the definition of what compiled code does by the function of this name in `intrinsics`."""
    BY_HAND.append(function)
    return function


def function_of(kind: str) -> Callable:
    """For compiled code: (an array of the number format, an address) -> the function of this kind that lies there."""

    def function_at(like, place):
        raise NotImplementedError(f"only compiled code calls a {kind} by its address")

    BY_ADDRESS[function_at] = kind
    return function_at
