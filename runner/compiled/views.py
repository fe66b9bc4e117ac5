"""Parts of an array as compiled code sees them, made by nothing but arithmetic.

A slice of NumPy's is counted as a user of its array, and reshaping one calls a function: for the small matrices of a
step that takes as long as what is done with them. The array has to outlive these views.
"""

from __future__ import annotations

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array


def _view(context, builder, data, shape, made):
    """An array of the type `made` and of this shape, whose numbers begin at `data`."""
    one = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(made.dtype)))
    strides = [builder.mul(shape[-1], one), one][-len(shape) :]
    view = context.make_array(made)(context, builder)
    populate_array(view, data=data, shape=shape, strides=strides, itemsize=one, meminfo=None)
    return view._getvalue()


@intrinsic
def vector(typingctx, values, begin, size):
    """values[begin : begin + size]"""
    made = types.Array(values.dtype, 1, "C")

    def code(context, builder, signature, arguments):
        array, begin, size = arguments
        data = context.make_array(values)(context, builder, array).data
        return _view(context, builder, builder.gep(data, [begin]), [size], made)

    return made(values, types.intp, types.intp), code


@intrinsic
def matrix(typingctx, values, begin, rows, columns):
    """The numbers from values[begin] on as a matrix."""
    made = types.Array(values.dtype, 2, "C")

    def code(context, builder, signature, arguments):
        array, begin, *shape = arguments
        data = context.make_array(values)(context, builder, array).data
        return _view(context, builder, builder.gep(data, [begin]), shape, made)

    return made(values, types.intp, types.intp, types.intp), code


@intrinsic
def line(typingctx, values, place):
    """values[place] of a matrix whose lines are contiguous, though they may lie apart."""
    made = types.Array(values.dtype, 1, "C")

    def code(context, builder, signature, arguments):
        array = context.make_array(values)(context, builder, arguments[0])
        stride, _ = cgutils.unpack_tuple(builder, array.strides, 2)
        _, size = cgutils.unpack_tuple(builder, array.shape, 2)
        data = cgutils.pointer_add(builder, array.data, builder.mul(arguments[1], stride), array.data.type)
        return _view(context, builder, data, [size], made)

    return made(values, types.intp), code


@intrinsic
def block(typingctx, values, top, left, rows, columns):
    """values[top : top + rows, left : left + columns] of a matrix whose lines are contiguous."""
    made = types.Array(values.dtype, 2, "A")

    def code(context, builder, signature, arguments):
        array, top, left, rows, columns = arguments
        source = context.make_array(values)(context, builder, array)
        stride, one = cgutils.unpack_tuple(builder, source.strides, 2)
        data = cgutils.pointer_add(builder, source.data, builder.mul(top, stride), source.data.type)
        view, begin = context.make_array(made)(context, builder), builder.gep(data, [left])
        populate_array(view, begin, [rows, columns], [stride, one], source.itemsize, meminfo=None)
        return view._getvalue()

    return made(values, *[types.intp] * 4), code
