"""Products of matrices by the BLAS that SciPy brings, in parts of a size for which it has its quickest code.

OpenBLAS computes small products by code that copies nothing first: a fourth quicker on processors with AVX-512, where
it has such code. Elsewhere a product is computed whole.
"""

from __future__ import annotations

import numpy as np
from llvmlite import binding

from runner.compiled.declared import by_hand, part
from runner.compiled.views import block, matrix

# What OpenBLAS takes for small: multiplications, and results of a product with a transposed second matrix.
SMALL = 10**6 if binding.get_host_cpu_features().get("avx512vl") else 0
SMALL_TRANSPOSED = 1200
ROWS, COLUMNS = 8, 64  # of a part: a multiple of so many, and at most so many
NARROW = 16  # columns of a result; fewer are computed from the matrix as it lies
STRIP = 32


@by_hand
def gemm(x, x_transposed, y, y_transposed, into):
    """into <- x y, either of them transposed; matrices whose lines are contiguous, such as parts of larger ones."""
    np.matmul(x.T if x_transposed else x, y.T if y_transposed else y, out=into)


@part
def parts(rows, columns, inner):
    """How many rows and columns of a product are computed at once."""
    if rows * columns * inner <= SMALL:
        return rows, columns
    blocks = (columns + COLUMNS - 1) // COLUMNS
    width = min(columns, ((columns + blocks - 1) // blocks + 15) // 16 * 16)
    height = SMALL // (width * inner) // ROWS * ROWS
    return (height, width) if height > 0 else (rows, columns)


@part
def in_parts(x, turned, y, into):
    """into <- x y, or x^T y if x is to be turned"""
    (rows, columns), inner = into.shape, y.shape[0]
    height, width = parts(rows, columns, inner)
    for c in range(0, columns, width):
        w = min(width, columns - c)
        for r in range(0, rows, height):
            h = min(height, rows - r)
            of_x = block(x, 0, r, inner, h) if turned else block(x, r, 0, h, inner)
            gemm(of_x, turned, block(y, 0, c, inner, w), False, block(into, r, c, h, w))


def times(x, y, into):
    """into <- x y"""
    in_parts(x, False, y, into)


def transposed_times(x, y, into):
    """into <- x^T y"""
    in_parts(x, True, y, into)


def times_transposed(x, y, into, space):
    """into <- x y^T; the space holds as many numbers as y."""
    (rows, columns), inner = into.shape, x.shape[1]
    if pays(rows, columns, y.size):
        transposed = matrix(space, 0, inner, columns)
        transpose(y, transposed)
        in_parts(x, False, transposed, into)
    else:
        height = SMALL_TRANSPOSED // columns if columns < NARROW and SMALL > 0 else rows
        for r in range(0, rows, height):
            h = min(height, rows - r)
            gemm(block(x, r, 0, h, inner), False, y, True, block(into, r, 0, h, columns))


@part
def pays(rows, columns, size):
    """Whether the second matrix, of so many numbers, is better transposed first."""
    return SMALL > 0 and rows >= 64 and columns >= NARROW and size <= 1000 * rows


@part
def transpose(x, into):
    """into <- x^T, in strips that stay in the cache."""
    for a in range(0, x.shape[0], STRIP):
        source, target = x[a : a + STRIP], into[:, a : a + STRIP]
        for j in range(target.shape[0]):
            for i in range(target.shape[1]):
                target[j, i] = source[i, j]
