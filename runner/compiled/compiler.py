"""Machine code by numba: what it must know of the functions that it compiles, and their signatures.

Imported only where something is to be compiled; `runner.compiled.kernels` says what and keeps it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.core.typing.templates import infer_global
from numba.extending import intrinsic, overload, register_jitable

from runner.compiled import chance, intrinsics, maths
from runner.compiled.arguments import entrance, kind, leaves, result_format
from runner.compiled.code import described
from runner.compiled.declared import BY_ADDRESS, BY_HAND, DRIVER, PARTS, Kernel

# Sums may be taken in any order and a * b + c in one rounding; a number that is not finite stays what it is. "arcp" is
# not among them: it takes x / sqrt(y) from the processor's estimate of 1 / sqrt(y), which is NaN at 0 and infinity.
OPTIONS: dict[str, Any] = {
    "nogil": True,
    "fastmath": {"contract", "reassoc", "nsz"},
    "error_model": "numpy",
}
ALONE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # compiled code alone calls it


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
        "norm": nothing(m, m, v, v, v, v, v, flag, v, m, v),
        "norm_backward": nothing(m, m, v, v, v, v, v),
        "loss": nothing(m, m, v, v, m, v),
        "targets": nothing(m, keys, v),
        "noise": nothing(m, m, keys, v),
        "rule": nothing(v, v, slots, v),
        "gain": nothing(slots, v, v),
        "penalty": types.float64(m, v),
        "parametrization": nothing(m, m, v),
        "parametrization_backward": nothing(m, m, v, v),
        "connections": nothing(m, keys, types.int64, v),
        "penalty_gradient": nothing(m, v, m),
        "prox": nothing(m, m, v),
        "constraint": nothing(m, v),
        "activity": types.float64(m, v),
        "activity_gradient": nothing(m, v, m),
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
        "take_batch": nothing(m, m, v, numbers, numbers, *network, words, v),
        "forward": nothing(size, v, v, *network, v, flag, table, types.Array(types.uint32, 2, "C"), m),
        "data_loss": double(size, *network, v),
        "backward": double(size, v, v, *network, v, table, block),
        "add_penalties": double(v, v, table, table, block),
        "clip": nothing(v, real, double, double),
        "add_normal": nothing(v, double, words),
        "proximal_step": nothing(v, slots, table, numbers, table, block, v),
        "project": nothing(v, table, numbers, block),
        "average": nothing(v, v, double),
        "reparametrize": nothing(v, v, table, numbers),
        "pull_back": nothing(v, v, table, numbers),
        "restrict": nothing(v, v, table),
        "thin": nothing(v, table, numbers, words, m),
    }


FORMATS = {"float32": types.float32, "float64": types.float64}
SIGNATURES = {name: _signatures(real) | _signatures_of_parts(real) for name, real in FORMATS.items()}


def compiled(kernel: Kernel) -> bytes:
    """The machine code of a kernel, as `code.Code` takes it."""
    _learn()
    signature = _signature(kernel)
    function = numba.njit(**OPTIONS, **ALONE)(kernel.function)
    function.compile(signature)
    [made], takes, gives = function.overloads.values(), "", ""
    if kernel.called or kernel.kind == DRIVER:
        taken, gives = tuple(made.signature.args), result_format(made.signature.return_type)
        takes = ",".join(map(kind, leaves(taken)))
        door = numba.njit(**OPTIONS, **ALONE)(entrance(function, taken))
        door.compile((types.int64,))
        [made] = door.overloads.values()
    _, _, (image, _) = made.library.serialize_using_object_code()
    return described(kernel.function.__name__, made.fndesc.llvm_func_name, takes, gives, image)


def _learn() -> None:
    """Make numba know what modules have told `kernels` since it was asked last."""
    while PARTS:
        register_jitable(PARTS.pop())
    known = {function: _by_address(of) for function, of in BY_ADDRESS.items()}
    known |= {function: getattr(intrinsics, function.__name__) for function in BY_HAND}
    BY_ADDRESS.clear()
    BY_HAND.clear()
    cpu_target.typing_context.refresh()
    for function, made in known.items():
        infer_global(function, cpu_target.typing_context.resolve_value_type(made))


def _signature(kernel: Kernel) -> Any:
    """The types of what it takes and, unless it is a driver, of what it gives."""
    if kernel.kind == DRIVER:
        return tuple(map(numba.typeof, kernel.example))
    return SIGNATURES[kernel.dtype][kernel.kind]


@functools.cache
def _by_address(of: str) -> Any:
    """For compiled code: (an array of the number format, an address) -> the function of this kind that lies there."""

    @intrinsic
    def function_at(typingctx, like, place):
        function_type = types.FunctionType(SIGNATURES[like.dtype.name][of])

        def code(context, builder, signature, arguments):
            made = cgutils.create_struct_proxy(function_type)(context, builder)
            pointer = builder.inttoptr(arguments[1], ir.IntType(8).as_pointer())
            made.c_addr = made.jit_addr = pointer
            made.py_addr = context.get_constant_null(types.voidptr)
            return made._getvalue()

        return function_type(like, types.int64), code

    return function_at
