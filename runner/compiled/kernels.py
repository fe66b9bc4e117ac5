"""Functions of plain Python compiled for the processor, each apart from the others, and kept on disk.

A piece's compiled form is one or two module-level functions of a fixed signature (`runner.compiled.forms`). Each is
compiled with exactly that signature and reached by its address, so that the loop of `runner.compiled.row` is compiled
once and not once for every combination of pieces.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable

from runner.compiled import chance, maths
from runner.compiled.kept import Kept

# Sums may be taken in any order and a * b + c in one rounding; a number that is not finite stays what it is. "arcp" is
# not among them: it takes x / sqrt(y) from the processor's estimate of 1 / sqrt(y), which is NaN at 0 and infinity.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": {"contract", "reassoc", "nsz"},
    "error_model": "numpy",
}


# Elementary functions rely on the order in which they are written.
ORDERED: Any = {"fastmath": {"contract"}}


def _choose(function: Callable, single: Callable) -> None:
    """Let compiled code compute a function of `maths` as its number format asks."""
    register_jitable(forceinline=True, **ORDERED)(single)
    overload(function, jit_options=ORDERED)(lambda x: single if x == types.float32 else function)


for _function in (*chance.FUNCTIONS, *maths.LOOPS):
    register_jitable(forceinline=True)(_function)
for _function in maths.PARTS:
    register_jitable(forceinline=True, **ORDERED)(_function)
for _function, _single in maths.SINGLE.items():
    _choose(_function, _single)


def _signatures(real: Any) -> dict[str, Any]:
    """What a function of each kind takes and gives, in one number format."""
    v, m = types.Array(real, 1, "C"), types.Array(real, 2, "C")
    keys = types.Array(types.uint32, 1, "C")
    slots = types.UniTuple(v, 4)
    flag, nothing = types.boolean, types.void
    return {
        "activation": nothing(m, m, v),
        "activation_backward": nothing(m, m, m, v, v),
        "norm": nothing(m, m, v, v, v, v, flag, m, v),
        "norm_backward": nothing(m, m, v, v, v, v),
        "loss": nothing(m, m, v, v, m, v),
        "targets": nothing(m, v),
        "noise": nothing(m, m, keys, v),
        "rule": nothing(v, v, slots, v),
        "gain": nothing(slots, v, v),
        "penalty": types.float64(m, v),
        "penalty_gradient": nothing(m, v, m),
        "prox": nothing(m, m, v),
        "constraint": nothing(m, v),
    }


def _signatures_of_parts(real: Any) -> dict[str, Any]:
    """The same of the parts of a step: `runner.compiled.network`, `products` and `sites`."""
    v, m, block = (types.Array(real, dims, "C") for dims in (1, 2, 3))
    numbers, table, words = (
        types.Array(types.int64, 1, "C"),
        types.Array(types.int64, 2, "C"),
        types.Array(types.uint32, 1, "C"),
    )
    size, double, flag, nothing = types.int64, types.float64, types.boolean, types.void
    slots, network = types.UniTuple(v, 4), (v, table, numbers)
    return {
        "product": nothing(m, m, m),
        "times_transposed": nothing(m, m, m, v),
        "take_batch": nothing(m, m, v, numbers, numbers, *network, v),
        "forward": nothing(size, v, v, *network, flag, table, types.Array(types.uint32, 2, "C"), m),
        "data_loss": double(size, *network, v),
        "backward": nothing(size, v, v, *network),
        "add_penalties": double(v, v, table, table, block),
        "clip": nothing(v, real, double, double),
        "add_normal": nothing(v, double, words),
        "proximal_step": nothing(v, slots, table, numbers, table, block, v),
        "project": nothing(v, table, numbers, block),
        "average": nothing(v, v, double),
    }


FORMATS = {"float32": types.float32, "float64": types.float64}
SIGNATURES = {name: _signatures(real) | _signatures_of_parts(real) for name, real in FORMATS.items()}


class Kernel(NamedTuple):
    """A function to be compiled: as what of `SIGNATURES`, or as a driver, and in which number format."""

    function: Callable
    kind: str
    dtype: str


DRIVER = "driver"
_examples: dict[Callable, Callable[[str], tuple]] = {}  # of a driver: number format -> arguments of its types


@functools.cache
def _dispatcher(function: Callable) -> Any:
    made = numba.njit(**OPTIONS)(function)
    made._cache = Kept(function)
    return made


def _signature(kernel: Kernel) -> Any:
    if kernel.kind != DRIVER:
        return SIGNATURES[kernel.dtype][kernel.kind]
    return tuple(map(numba.typeof, _examples[kernel.function](kernel.dtype)))


def _arguments(signature: Any) -> tuple:
    return signature if isinstance(signature, tuple) else tuple(signature.args)


def missing(kernels: Iterable[Kernel]) -> list[Kernel]:
    """Those that this process has not compiled and the disk does not keep."""
    found = []
    for kernel in dict.fromkeys(kernels):
        dispatcher, signature = _dispatcher(kernel.function), _signature(kernel)
        there = _arguments(signature) in dispatcher.overloads
        if not there and dispatcher._cache.whole(signature, dispatcher.targetctx) is None:
            found.append(kernel)
    return found


def make(kernel: Kernel) -> Any:
    """Take a kernel from the disk, or compile it."""
    dispatcher, signature = _dispatcher(kernel.function), _signature(kernel)
    dispatcher.compile(signature)
    return dispatcher.overloads[_arguments(signature)]


@functools.cache
def compiled_as(function: Callable, kind: str, dtype: str) -> Any:
    """The function as Python calls it, compiled or taken from the disk."""
    make(Kernel(function, kind, dtype))
    return _dispatcher(function)


@functools.cache
def address(function: Callable, kind: str, dtype: str) -> int:
    """Where the machine code of a function lies, compiled or taken from the disk."""
    made = make(Kernel(function, kind, dtype))
    return made.library.get_pointer_to_function(made.fndesc.llvm_func_name)


def function_of(kind: str) -> Any:
    """For compiled code: (an array of the number format, an address) -> the function of this kind that lies there."""

    @intrinsic
    def function_at(typingctx, like, place):
        function_type = types.FunctionType(SIGNATURES[like.dtype.name][kind])

        def code(context, builder, signature, arguments):
            made = cgutils.create_struct_proxy(function_type)(context, builder)
            pointer = builder.inttoptr(arguments[1], ir.IntType(8).as_pointer())
            made.c_addr = made.jit_addr = pointer
            made.py_addr = context.get_constant_null(types.voidptr)
            return made._getvalue()

        return function_type(like, types.int64), code

    return function_at


@functools.cache
def entry(made: Any, dtype: str) -> Any:
    """A driver for arguments of exactly its types in a number format: to look at them takes longer than many a call."""
    return make(Kernel(made.py_func, DRIVER, dtype)).entry_point


part = register_jitable


def driver(example: Callable[[str], tuple]) -> Callable[[Callable], Any]:
    """Decorator of a function that Python calls; `example` gives arguments of the types that it is called with, in a
    number format.
    """

    def compiled(function: Callable) -> Any:
        _examples[function] = example
        return _dispatcher(function)

    return compiled
