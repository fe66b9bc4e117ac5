"""Parts of an array as compiled code sees them, made by nothing but arithmetic.

A slice of NumPy's is counted as a user of its array, and reshaping one calls a function: for the small matrices of a
step that takes as long as what is done with them. The array has to outlive these views.
"""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array


def _view(context, builder, values, array, begin, shape, made):
    """An array of the type `made` and of this shape, from array[begin] on."""
    one = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(values.dtype)))
    data = builder.gep(context.make_array(values)(context, builder, array).data, [begin])
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
        return _view(context, builder, values, array, begin, [size], made)

    return made(values, types.intp, types.intp), code


@intrinsic
def matrix(typingctx, values, begin, rows, columns):
    """The numbers from values[begin] on as a matrix."""
    made = types.Array(values.dtype, 2, "C")

    def code(context, builder, signature, arguments):
        array, begin, *shape = arguments
        return _view(context, builder, values, array, begin, shape, made)

    return made(values, types.intp, types.intp, types.intp), code
