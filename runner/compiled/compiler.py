"""Machine code by numba: what it must know of the functions that it compiles, and how Python's calls come in.

Imported only where something is to be compiled; `runner.compiled.kernels` says what and keeps it.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.core.typing.templates import infer_global
from numba.extending import intrinsic, overload, register_jitable
from numba.np import arrayobj

from runner.compiled import chance, maths
from runner.compiled.code import described
from runner.compiled.kernels import BY_ADDRESS, DRIVER, PARTS, Kernel

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
    """The same of the parts of a step: `runner.compiled.network` and `sites`."""
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


def compiled(kernel: Kernel) -> bytes:
    """The machine code of a kernel, as `code.Code` takes it."""
    _learn()
    signature, called = _signature(kernel), kernel.called or kernel.kind == DRIVER
    function = numba.njit(**OPTIONS, **ALONE)(kernel.function)
    if called:
        leaves = list(_leaves(signature))
        function = numba.njit(**OPTIONS, **ALONE)(_door(function, signature))
        signature = (types.int64,)
    function.compile(tuple(signature))
    [made] = function.overloads.values()
    _, _, (image, _) = made.library.serialize_using_object_code()
    takes = ",".join(map(_kind, leaves)) if called else ""
    gives = _format(made.signature.return_type) if called else ""
    return described(kernel.function.__name__, made.fndesc.llvm_func_name, takes, gives, image)


def _learn() -> None:
    """Make numba know what modules have told `kernels` since it was asked last."""
    while PARTS:
        register_jitable(PARTS.pop())
    known = {function: _by_address(kind) for function, kind in BY_ADDRESS.items()}
    BY_ADDRESS.clear()
    cpu_target.typing_context.refresh()
    for function, made in known.items():
        infer_global(function, cpu_target.typing_context.resolve_value_type(made))


def _signature(kernel: Kernel) -> tuple:
    """The types of what it takes."""
    if kernel.kind == DRIVER:
        return tuple(map(numba.typeof, kernel.example))
    return tuple(SIGNATURES[kernel.dtype][kernel.kind].args)


@functools.cache
def _by_address(kind: str) -> Any:
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


# ---- what Python's calls come in by (`runner.compiled.door`)

WORD, BYTE, HALF = ir.IntType(64), ir.IntType(8), ir.IntType(32)
HEAD = object.__basicsize__  # what Python keeps of every object, before what NumPy keeps of an array, in bytes:
DATA, DIMENSIONS, SHAPE, TYPE, FLAGS = HEAD, HEAD + 8, HEAD + 16, HEAD + 40, HEAD + 48
NUMBER_OF_TYPE = HEAD + 12  # in what NumPy keeps of a type
WHOLE = 0x0001 | 0x0100  # its flags for "without gaps, row by row" and "aligned"


def _door(function: Any, taken: tuple) -> Callable:
    """A function of one number, where the block of words is that holds the arguments."""

    @intrinsic
    def arguments(typingctx, place):
        def code(context, builder, signature, given):
            words = _Words(context, builder, given[0], [_kind(each) for each in _leaves(taken)])
            return context.make_tuple(builder, signature.return_type, [words.value(each) for each in taken])

        return types.Tuple(taken)(types.int64), code

    def door(place):
        return function(*arguments(place))

    return door


class _Words:
    """Reads arguments, in their order, from a block of words: first those for arrays, then those for numbers."""

    def __init__(self, context: Any, builder: Any, place: Any, kinds: list[str]):
        self.context, self.builder = context, builder
        self.block = builder.inttoptr(place, WORD.as_pointer())
        self.of_arrays, self.of_numbers = itertools.count(), itertools.count(kinds.count("array"))

    def value(self, wanted: Any) -> Any:
        """The next argument, which has this type."""
        if isinstance(wanted, types.BaseTuple):
            return self.context.make_tuple(self.builder, wanted, [self.value(each) for each in wanted])
        if isinstance(wanted, types.Array):
            return self._array(wanted, self._next(self.of_arrays))
        word = self._next(self.of_numbers)
        if wanted == types.boolean:
            return self.builder.icmp_unsigned("!=", word, ir.Constant(WORD, 0))
        if wanted == types.float64:
            return self.builder.bitcast(word, ir.DoubleType())
        return (
            word
            if wanted == types.int64
            else self.builder.fptrunc(self.builder.bitcast(word, ir.DoubleType()), ir.FloatType())
        )

    def _next(self, numbers: Any) -> Any:
        return self.builder.load(self.builder.gep(self.block, [ir.Constant(WORD, next(numbers))]))

    def _array(self, wanted: Any, place: Any) -> Any:
        """The array whose structure is at a place; an error if it is not of this type."""
        context, builder = self.context, self.builder
        of_type = self._field(place, TYPE, WORD)
        number = ir.Constant(HALF, np.dtype(wanted.dtype.name).num)
        fits = builder.icmp_signed("==", self._field(place, DIMENSIONS, HALF), ir.Constant(HALF, wanted.ndim))
        fits = builder.and_(fits, builder.icmp_signed("==", self._field(of_type, NUMBER_OF_TYPE, HALF), number))
        flags = builder.and_(self._field(place, FLAGS, HALF), ir.Constant(HALF, WHOLE))
        fits = builder.and_(fits, builder.icmp_signed("==", flags, ir.Constant(HALF, WHOLE)))
        with builder.if_then(builder.not_(fits), likely=False):
            context.call_conv.return_user_exc(builder, TypeError, ("not as it is compiled for",))
        sizes = builder.inttoptr(self._field(place, SHAPE, WORD), WORD.as_pointer())
        shape = [builder.load(builder.gep(sizes, [ir.Constant(WORD, axis)])) for axis in range(wanted.ndim)]
        item = ir.Constant(WORD, context.get_abi_sizeof(context.get_data_type(wanted.dtype)))
        strides = [item]
        for size in reversed(shape[1:]):
            strides.insert(0, builder.mul(strides[0], size))
        made = arrayobj.make_array(wanted)(context, builder)
        data = builder.inttoptr(self._field(place, DATA, WORD), context.get_data_type(wanted.dtype).as_pointer())
        arrayobj.populate_array(made, data=data, shape=shape, strides=strides, itemsize=item, meminfo=None)
        return made._getvalue()

    def _field(self, place: Any, offset: int, form: Any) -> Any:
        """A number in the structure at a place."""
        where = self.builder.add(place, ir.Constant(WORD, offset))
        return self.builder.load(self.builder.inttoptr(where, form.as_pointer()))


def _leaves(taken: Any) -> Any:
    """The types of arrays and numbers among these, tuples opened."""
    for each in taken:
        if isinstance(each, types.BaseTuple):
            yield from _leaves(each)
        else:
            yield each


def _kind(taken: Any) -> str:
    """An argument as `door` writes it."""
    if isinstance(taken, types.Array):
        return "array"
    return {types.boolean: "bool", types.int64: "int"}.get(taken, "float")


def _format(given: Any) -> str:
    """What is given as `struct` reads it."""
    if isinstance(given, types.BaseTuple):
        return "".join(map(_format, given))
    return {types.none: "", types.float64: "d", types.float32: "f", types.int64: "q", types.boolean: "?"}[given]
