"""Machine code of one function, linked into this process by LLVM alone: no compiler is imported.

What is kept of a function is a line of words (its name, that which it has in its code and, if Python calls it, what it
takes and gives) and the object file that the compiler made. Code may call what numba's extension modules offer, which
are loaded by themselves, without numba.
"""

from __future__ import annotations

import builtins
import functools
import importlib
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
        linker, known = _linker()
        builder = llvm.JITLibraryBuilder().add_object_img(image).export_symbol(symbol)
        builder.add_jit_library(known.name).add_current_process()
        self._held = builder.link(linker, f"{self.name} {next(_numbers)}")
        self.address = self._held[symbol]


def described(name: str, symbol: str, takes: str, gives: str, image: bytes) -> bytes:
    """What is kept of a function: its words, and its object file."""
    return "\t".join((name, symbol, takes, gives)).encode() + b"\n" + image


@functools.cache
def _linker() -> tuple[Any, Any]:
    """What links, and the library of what is offered to all code."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    linker, known = llvm.create_lljit_compiler(suppress_errors=True), llvm.JITLibraryBuilder()
    for name, place in _offered().items():
        known.import_symbol(name, place)
    return linker, known.link(linker, "offered")


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
    """An extension module of an installed package: by itself if that can be, else with all that the package imports."""
    if name not in sys.modules:
        try:
            return _by_itself(name)
        except Exception:  # noqa: BLE001 whatever keeps it from that
            sys.modules.pop(name, None)
    return importlib.import_module(name)


def _by_itself(name: str) -> ModuleType:
    package, *folders, _ = name.split(".")
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise ImportError(f"{package} is not installed")
    spec = PathFinder.find_spec(name, [str(Path(found.origin).parent.joinpath(*folders))])
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is not where it was")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
