"""Machine code of one function, linked into this process by LLVM alone: no compiler is imported.

What is kept of a function is a line of words (the name that it has in its code and, if Python calls it, what it takes
and gives) and the object file that the compiler made. Code may call what numba's own extension modules offer; they are
loaded by themselves, without numba.
"""

from __future__ import annotations

import builtins
import functools
import importlib.util
import itertools
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import llvmlite.binding as llvm

# Numba's extension modules, and what the names of their functions begin with in compiled code.
HELPERS = {"numba._helperlib": "numba_", "numba._dynfunc": "numba_", "numba.core.runtime._nrt_python": "NRT_"}
_numbers = itertools.count()


class Code:
    """One function in memory.

    Args:
        content: `described` with its object file. Raises RuntimeError if it asks for what is not here, ValueError if
            it is none.
    """

    def __init__(self, content: bytes):
        line, _, image = content.partition(b"\n")
        self.name, symbol, self.takes, self.gives = line.decode().split("\t")
        builder = llvm.JITLibraryBuilder().add_object_img(image).add_current_process().export_symbol(symbol)
        for name, place in _offered().items():
            if name.encode() in image:
                builder.import_symbol(name, place)
        self._held = builder.link(_linker(), f"{self.name} {next(_numbers)}")
        self.address = self._held[symbol]


def described(name: str, symbol: str, takes: str, gives: str, image: bytes) -> bytes:
    """What is kept of a function: its words, and its object file."""
    return "\t".join((name, symbol, takes, gives)).encode() + b"\n" + image


@functools.cache
def _linker() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.create_lljit_compiler(suppress_errors=True)


@functools.cache
def _offered() -> dict[str, int]:
    """Where what numba gives to compiled code lies, by its names there."""
    found = {"_Py_NoneStruct": id(None)}
    for name, prefix in HELPERS.items():
        for word, place in extension(name).c_helpers.items():
            found[word if word.startswith("_") else prefix + word] = place
    for each in vars(builtins).values():
        if isinstance(each, type) and issubclass(each, BaseException):
            found[f"PyExc_{each.__name__}"] = id(each)
    return found


def extension(name: str) -> ModuleType:
    """An extension module of an installed package by itself, without the modules of the package that are in Python."""
    if name in sys.modules:
        return sys.modules[name]
    package, *folders, _ = name.split(".")
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ImportError(f"{package} is not installed")
    spec = PathFinder.find_spec(name, [str(Path(found.origin).parent.joinpath(*folders))])
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is not where it was")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
