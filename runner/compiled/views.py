"""Parts of an array as compiled code sees them, made by nothing but arithmetic (`runner.compiled.intrinsics`).

A slice of NumPy's is counted as a user of its array, and reshaping one calls a function: for the small matrices of a
step that takes as long as what is done with them. The array has to outlive these views.
"""

from __future__ import annotations

from runner.compiled.declared import by_hand


@by_hand
def vector(values, begin, size):
    """Numbers of a vector, from one on."""
    return values[begin : begin + size]


@by_hand
def matrix(values, begin, rows, columns):
    """The numbers from values[begin] on as a matrix."""
    return values[begin : begin + rows * columns].reshape(rows, columns)


@by_hand
def line(values, place):
    """A line of a matrix whose lines are contiguous, though they may lie apart."""
    return values[place]


@by_hand
def block(values, top, left, rows, columns):
    """A part of a matrix whose lines are contiguous."""
    return values[top : top + rows, left : left + columns]
