"""What compiled code does that numba has no words for: parts of arrays by nothing but arithmetic, products by BLAS.

Each stands here under the name of its definition in plain Python (`runner.compiled.views`, `products`), which says what
it gives. Imported by the compiler alone.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from numba.np.linalg import check_blas_return, get_blas_kind


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


@intrinsic
def gemm(typingctx, x, x_transposed, y, y_transposed, into):
    """into <- x y, either of them transposed; matrices whose lines are contiguous, such as parts of larger ones."""
    real, pointer, size, char = into.dtype, cgutils.voidptr_t, cgutils.intp_t, ir.IntType(8)
    letters, factors, result = [char] * 3, [pointer, pointer, size, pointer, size], [pointer, pointer, size]
    takes = ir.FunctionType(ir.IntType(32), [*letters, size, size, size, *factors, *result])

    def code(context, builder, signature, arguments):
        def number(value):
            place = cgutils.alloca_once_value(builder, context.get_constant(real, value))
            return builder.bitcast(place, pointer)

        def seen(kind, value):
            """The shape of a matrix, its numbers, and how many lie from one line to the next."""
            array = context.make_array(kind)(context, builder, value)
            shape, (stride, _) = (cgutils.unpack_tuple(builder, each, 2) for each in (array.shape, array.strides))
            return shape, builder.bitcast(array.data, pointer), builder.sdiv(stride, array.itemsize)

        x_turned, y_turned = arguments[1], arguments[3]
        (shape_of_x, *of_x), (_, *of_y), ((rows, columns), *result) = (
            seen(kind, value) for kind, value in zip((x, y, into), arguments[::2], strict=True)
        )
        inner = builder.select(x_turned, *shape_of_x)
        # BLAS goes down columns: what it sees is the product of the transposed matrices in the other order.
        turned = [builder.select(each, char(ord("t")), char(ord("n"))) for each in (y_turned, x_turned)]
        given = [char(ord(get_blas_kind(real))), *turned, columns, rows, inner, number(1.0), *of_y, *of_x]
        function = cgutils.get_or_insert_function(builder.module, takes, "numba_xxgemm")
        check_blas_return(context, builder, builder.call(function, [*given, number(0.0), *result]))
        return context.get_dummy_value()

    return types.void(x, types.boolean, y, types.boolean, into), code
