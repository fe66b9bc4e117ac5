"""What happens to the gradient and the weights of one row in a step, one function a site.

Shapes: P parameters, K techniques; the rest as in `runner.compiled.records`.
"""

from __future__ import annotations

import numpy as np

from runner.compiled import chance
from runner.compiled.declared import function_of, part
from runner.compiled.network import copy_vector
from runner.compiled.records import GAIN_OF_RULE, WEIGHT, WIDTH
from runner.compiled.views import matrix

gain_at = function_of("gain")
penalty_at = function_of("penalty")
penalty_gradient_at = function_of("penalty_gradient")
prox_at = function_of("prox")
constraint_at = function_of("constraint")


def add_penalties(theta, grad, layers, penalties, h):
    """The sum of all penalties; the gradients of those that act by theirs are added. penalties [K, 3] are the addresses
    of value, gradient and proximal step, 0 where it does not act so.
    """
    total = 0.0
    for k in range(penalties.shape[0]):
        value, gradient = penalty_at(theta, penalties[k, 0]), penalty_gradient_at(theta, penalties[k, 1])
        for i in range(1, layers.shape[0]):
            rows, columns = layers[i, WIDTH], layers[i - 1, WIDTH]
            weight = matrix(theta, layers[i, WEIGHT], rows, columns)
            total += value(weight, h[k, i - 1])
            if penalties[k, 1] != 0:
                gradient(weight, h[k, i - 1], matrix(grad, layers[i, WEIGHT], rows, columns))
    return total


def clip(g, norm, by_norm, by_value):
    """By norm first (Pascanu et al. 2013; 1e-6 as torch), then by value."""
    factor = g.dtype.type(by_norm) / (g.dtype.type(norm) + g.dtype.type(1e-6))
    if by_norm < np.inf and not factor >= 1:
        for i in range(g.shape[0]):
            g[i] *= factor
    limit = g.dtype.type(by_value)
    if by_value < np.inf:
        for i in range(g.shape[0]):
            value = limit if g[i] > limit else g[i]
            g[i] = -limit if value < -limit else value


def add_normal(target, deviation, words):
    """target <- target + N(0, deviation^2)"""
    scale = target.dtype.type(deviation)
    for i in range(target.shape[0]):
        target[i] += scale * target.dtype.type(chance.normal(words[0], words[1], words[2], words[3], i))


def proximal_step(theta, slots, layers, pieces, penalties, h, rule_h):
    """Penalties by their proximal step, of the length that the rule's step had."""
    lengths = np.empty_like(theta)
    gain_at(theta, pieces[GAIN_OF_RULE])(slots, rule_h, lengths)
    for k in range(penalties.shape[0]):
        if penalties[k, 2] != 0:
            prox = prox_at(theta, penalties[k, 2])
            for i in range(1, layers.shape[0]):
                begin, rows, columns = layers[i, WEIGHT], layers[i, WIDTH], layers[i - 1, WIDTH]
                prox(matrix(theta, begin, rows, columns), matrix(lengths, begin, rows, columns), h[k, i - 1])


def project(theta, layers, constraints, h):
    """Weights brought back into what constraints allow."""
    for k in range(constraints.shape[0]):
        constraint = constraint_at(theta, constraints[k])
        for i in range(1, layers.shape[0]):
            constraint(matrix(theta, layers[i, WEIGHT], layers[i, WIDTH], layers[i - 1, WIDTH]), h[k, i - 1])


def average(mean, values, c):
    """mean <- mean + c (values - mean); exactly the values where c = 1, nothing where c = 0."""
    if c == 1:
        copy_vector(values, mean)
    elif c != 0:
        weight = mean.dtype.type(c)
        for i in range(mean.shape[0]):
            mean[i] += weight * (values[i] - mean[i])


@part
def decay(w, g, amount, decoupled):
    """Weight decay: of the weights themselves, or by the gradient."""
    share = w.dtype.type(1 - amount) if decoupled else w.dtype.type(amount)
    for i in range(w.shape[0]):
        if decoupled:
            w[i] *= share
        else:
            g[i] += w[i] * share
