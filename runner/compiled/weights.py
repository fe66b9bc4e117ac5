"""What the passes of a row go through in the place of its weights, and the way back of the gradient.

Shapes: P parameters, L layers; the rest as in `runner.compiled.records`.
"""

from __future__ import annotations

from runner.compiled.declared import function_of
from runner.compiled.records import (
    CONNECTIONS,
    KIND,
    MASK,
    MASKS,
    PARAMETRIZATION,
    PARAMETRIZATION_BACKWARD,
    REPARAMETRIZED,
    SCALE,
    SCALES,
    WEIGHT,
    WIDTH,
)
from runner.compiled.views import matrix, vector

parametrization_at = function_of("parametrization")
parametrization_backward_at = function_of("parametrization_backward")
connections_at = function_of("connections")


def reparametrize(theta, passed, layers, pieces):
    """passed <- the weights that come from theta, in layers that are reparametrized; it holds the rest already."""
    forward = parametrization_at(theta, pieces[PARAMETRIZATION])
    for i in range(1, layers.shape[0]):
        p, rows, columns = layers[i], layers[i, WIDTH], layers[i - 1, WIDTH]
        if p[KIND] & REPARAMETRIZED:
            into = matrix(passed, p[WEIGHT], rows, columns)
            forward(matrix(theta, p[WEIGHT], rows, columns), into, vector(theta, p[SCALE], p[SCALES]))


def pull_back(theta, grad, layers, pieces):
    """grad, of the weights that come from theta, becomes the gradient of theta."""
    backward = parametrization_backward_at(theta, pieces[PARAMETRIZATION_BACKWARD])
    for i in range(1, layers.shape[0]):
        p, rows, columns = layers[i], layers[i, WIDTH], layers[i - 1, WIDTH]
        if p[KIND] & REPARAMETRIZED:
            v, g = matrix(theta, p[WEIGHT], rows, columns), matrix(grad, p[WEIGHT], rows, columns)
            backward(v, g, vector(theta, p[SCALE], p[SCALES]), vector(grad, p[SCALE], p[SCALES]))


def restrict(values, buffers, layers):
    """values [P] <- 0 where a mask is 0."""
    zero = values.dtype.type(0)
    for i in range(1, layers.shape[0]):
        mask = vector(buffers, layers[i, MASK], layers[i, MASKS])
        w = vector(values, layers[i, WEIGHT], mask.shape[0])
        for j in range(mask.shape[0]):
            w[j] = zero if mask[j] == zero else w[j]


def thin(values, layers, pieces, words, h):
    """values [P] <- values times the random factors of weights; h [L, keys]."""
    change = connections_at(values, pieces[CONNECTIONS])
    for i in range(1, layers.shape[0]):
        first = layers[i, WEIGHT]
        change(matrix(values, first, layers[i, WIDTH], layers[i - 1, WIDTH]), words, first, h[i - 1])
