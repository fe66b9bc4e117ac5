"""How compiled code reads what Python gives it: the block of words of `runner.compiled.door`, by numba."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np import arrayobj

WORD, HALF = ir.IntType(64), ir.IntType(32)
HEAD = object.__basicsize__  # what Python keeps of every object, before what NumPy keeps of an array, in bytes:
DATA, DIMENSIONS, SHAPE, STRIDES, TYPE, FLAGS = (HEAD + offset for offset in (0, 8, 16, 24, 40, 48))
NUMBER_OF_TYPE = HEAD + 12  # in what NumPy keeps of a type
WHOLE, ALIGNED = 0x0001, 0x0100  # its flags for "without gaps, row by row", and for numbers at places of their size


def entrance(function: Any, taken: tuple) -> Callable:
    """A function of one number, where the block of words is that holds the arguments."""

    @intrinsic
    def arguments(typingctx, place):
        def code(context, builder, signature, given):
            words = _Words(context, builder, given[0], [kind(each) for each in leaves(taken)])
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
        if _is_tuple(wanted):
            return self.context.make_tuple(self.builder, wanted, [self.value(each) for each in wanted.types])
        if isinstance(wanted, types.Array):
            return self._array(wanted, self._next(self.of_arrays))
        word = self._next(self.of_numbers)
        if wanted == types.boolean:
            return self.builder.icmp_unsigned("!=", word, ir.Constant(WORD, 0))
        if wanted == types.float64:
            return self.builder.bitcast(word, ir.DoubleType())
        if wanted == types.float32:
            return self.builder.fptrunc(self.builder.bitcast(word, ir.DoubleType()), ir.FloatType())
        return word

    def _next(self, numbers: Any) -> Any:
        return self.builder.load(self.builder.gep(self.block, [ir.Constant(WORD, next(numbers))]))

    def _array(self, wanted: Any, place: Any) -> Any:
        """The array whose structure is at a place; an error if it is not of this type."""
        context, builder = self.context, self.builder
        of_type = self._field(place, TYPE, WORD)
        number = ir.Constant(HALF, np.dtype(wanted.dtype.name).num)
        fits = builder.icmp_signed("==", self._field(place, DIMENSIONS, HALF), ir.Constant(HALF, wanted.ndim))
        fits = builder.and_(fits, builder.icmp_signed("==", self._field(of_type, NUMBER_OF_TYPE, HALF), number))
        asked = ir.Constant(HALF, ALIGNED | (WHOLE if wanted.layout == "C" else 0))
        fits = builder.and_(
            fits, builder.icmp_signed("==", builder.and_(self._field(place, FLAGS, HALF), asked), asked)
        )
        with builder.if_then(builder.not_(fits), likely=False):
            context.call_conv.return_user_exc(builder, TypeError, ("not as it is compiled for",))
        item = ir.Constant(WORD, context.get_abi_sizeof(context.get_data_type(wanted.dtype)))
        shape, strides = self._axes(place, SHAPE, wanted.ndim), self._axes(place, STRIDES, wanted.ndim)
        if wanted.layout == "C":  # what NumPy says of axes of one line need not be so
            strides = [item]
            for size in reversed(shape[1:]):
                strides.insert(0, builder.mul(strides[0], size))
        made = arrayobj.make_array(wanted)(context, builder)
        data = builder.inttoptr(self._field(place, DATA, WORD), context.get_data_type(wanted.dtype).as_pointer())
        arrayobj.populate_array(made, data=data, shape=shape, strides=strides, itemsize=item, meminfo=None)
        return made._getvalue()

    def _axes(self, place: Any, offset: int, count: int) -> list[Any]:
        """A number for each axis of the array whose structure is at a place."""
        first = self.builder.inttoptr(self._field(place, offset, WORD), WORD.as_pointer())
        return [self.builder.load(self.builder.gep(first, [ir.Constant(WORD, axis)])) for axis in range(count)]

    def _field(self, place: Any, offset: int, form: Any) -> Any:
        """A number in the structure at a place."""
        where = self.builder.add(place, ir.Constant(WORD, offset))
        return self.builder.load(self.builder.inttoptr(where, form.as_pointer()))


def leaves(taken: Iterable[Any]) -> Iterator[Any]:
    """The types of arrays and numbers among these, tuples opened."""
    for each in taken:
        if _is_tuple(each):
            yield from leaves(each.types)
        else:
            yield each


def _is_tuple(taken: Any) -> bool:
    return isinstance(taken, types.BaseTuple)


def kind(taken: Any) -> str:
    """An argument as `door` writes it."""
    if isinstance(taken, types.Array):
        return "array"
    return {types.boolean: "bool", types.int64: "int"}.get(taken, "float")


def result_format(given: Any) -> str:
    """What is given as `struct` reads it."""
    if _is_tuple(given):
        return "".join(map(result_format, given.types))
    return {types.none: "", types.float64: "d", types.float32: "f", types.int64: "q", types.boolean: "?"}[given]
