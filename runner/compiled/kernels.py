"""Functions of plain Python as machine code, each apart from the others: taken from the disk, or compiled and kept.

A piece's compiled form is one or two module-level functions of a fixed signature (`runner.compiled.forms`). Each is
compiled with exactly that signature and reached by its address, so that the loop of `runner.compiled.row` is compiled
once and not once for every combination of pieces. Numba is imported only where something must be compiled
(`runner.compiled.compiler`): what is kept needs LLVM's linker alone (`runner.compiled.code`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from runner.compiled import kept
from runner.compiled.code import Code
from runner.compiled.declared import DRIVER, EXAMPLES, Kernel
from runner.compiled.door import Door


class Driver:
    """A function that Python calls, as machine code; which number format it is called in, its arguments say."""

    def __init__(self, function: Callable):
        self.py_func = function
        self._doors: dict[str, Door] = {}  # by the letter of a number format
        functools.update_wrapper(self, function)

    def __call__(self, *arguments: Any) -> Any:
        first = arguments[0][0] if isinstance(arguments[0], tuple) else arguments[0]
        return self.made(first.dtype)(*arguments)

    def made(self, dtype: Any) -> Door:
        """What calls it in a number format, compiled or taken from the disk."""
        dtype = np.dtype(dtype)
        door = self._doors.get(dtype.char)
        if door is None:
            door = self._doors[dtype.char] = Door(make(Kernel(self.py_func, DRIVER, dtype.name)))
        return door


def driver(example: Callable[[str], tuple]) -> Callable[[Callable], Driver]:
    """Decorator of a function that Python calls; `example` gives arguments of the types that it is called with, in a
    number format.
    """

    def compiled(function: Callable) -> Driver:
        EXAMPLES[function] = example
        return Driver(function)

    return compiled


_made: dict[Kernel, Code] = {}  # what this process has


def missing(kernels: Iterable[Kernel]) -> list[Kernel]:
    """Those that this process has not compiled and the disk does not keep."""
    return [kernel for kernel in dict.fromkeys(kernels) if _found(kernel) is None]


def make(kernel: Kernel) -> Code:
    """Take a kernel from the disk, or compile it and keep it."""
    if found := _found(kernel):
        return found
    from runner.compiled.compiler import compiled

    content = compiled(kernel)
    kept.save(_path(kernel), content)
    _made[kernel] = Code(content)
    return _made[kernel]


def _found(kernel: Kernel) -> Code | None:
    """A kernel that this process has, or that is on the disk and whole."""
    content = None if kernel in _made else kept.read(_path(kernel))
    if content is not None:
        try:
            _made[kernel] = Code(content)
        except (RuntimeError, ValueError):  # it is no code, or asks for what is not here: to be compiled again
            return None
    return _made.get(kernel)


def _path(kernel: Kernel) -> Any:
    return kept.path(kernel.function, kernel.kind, kernel.dtype, kernel.called)


@functools.cache
def compiled_as(function: Callable, kind: str, dtype: str) -> Door:
    """The function as Python calls it, compiled or taken from the disk."""
    return Door(make(Kernel(function, kind, dtype, called=True)))


@functools.cache
def address(function: Callable, kind: str, dtype: str) -> int:
    """Where the machine code of a function lies, compiled or taken from the disk."""
    return make(Kernel(function, kind, dtype)).address
