"""One row of a population, compiled: a stretch of its steps, and its outputs in evaluation. No stacking, no padding.

`advance` is a step from top to bottom, in the order of `runner.training.steps.stacked_step`. Its parts, and the pieces
of networks and techniques, are compiled apart and called by address, so that none is compiled into another.

A network is a table `layers` of whole numbers: line 0 is the input, line i the i-th layer, and its columns, named
below, say how wide it is, where its parameters begin in theta (and in the gradient), its running statistics in the
buffers, and its arrays in `work`, a workspace of one row. `pieces` are addresses.

Shapes: L layers, B batch, S steps, P parameters, K techniques; layers [L + 1, COLUMNS].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from runner.compiled import chance
from runner.compiled.kernels import EXAMPLES, driver, function_of, part

COLUMNS = 22
# In theta and the gradient, in the buffers: where a tensor begins and, for those of pieces, how many numbers it has.
WIDTH, WEIGHT, BIAS, SLOPE, SLOPES, GAIN, GAINS, SHIFT, SHIFTS, MEAN, MEANS, VAR, VARS = range(13)
# In the workspace, [B, width] each: what the layer is before and after its activation, and in the end; d/d of that;
# the same kept for a layer that adds its input; what noise multiplied by; of the norm, [max(B, width)] the second.
Z, A, Y, G, AROUND, FACTOR, NORMAL, INVERSE = range(13, 21)
KIND = 21  # the sum of what the layer is:
SKIPS, NOISY = 1, 2

# In the workspace, by line 0: targets [B, C], weights of the examples [B] and their losses [B].
TARGETS, SHARES, LOSSES = Z, A, G

PIECES = (
    "activation", "activation_backward", "norm", "norm_backward", "loss", "targets", "rule", "gain",
    "times_transposed", "transposed_times", "times", "take_batch", "forward", "data_loss", "backward",
    "add_penalties", "clip", "add_normal", "proximal_step", "project", "average",
)  # fmt: skip
(
    ACTIVATION, ACTIVATION_BACKWARD, NORM, NORM_BACKWARD, LOSS, CHANGE_TARGETS, RULE, GAIN_OF_RULE,
    TIMES_TRANSPOSED, TRANSPOSED_TIMES, TIMES, TAKE_BATCH, FORWARD, DATA_LOSS, BACKWARD,
    ADD_PENALTIES, CLIP, ADD_NORMAL, PROXIMAL_STEP, PROJECT, AVERAGE, NORM_LAST,
) = range(22)  # fmt: skip

activation_at, activation_backward_at = function_of("activation"), function_of("activation_backward")
norm_at, norm_backward_at = function_of("norm"), function_of("norm_backward")
loss_at, targets_at, noise_at = function_of("loss"), function_of("targets"), function_of("noise")
rule_at, gain_at = function_of("rule"), function_of("gain")
penalty_at, penalty_gradient_at = function_of("penalty"), function_of("penalty_gradient")
prox_at, constraint_at, product_at = function_of("prox"), function_of("constraint"), function_of("product")
take_batch_at, forward_at, data_loss_at = function_of("take_batch"), function_of("forward"), function_of("data_loss")
backward_at, add_penalties_at, clip_at = function_of("backward"), function_of("add_penalties"), function_of("clip")
add_normal_at, proximal_step_at = function_of("add_normal"), function_of("proximal_step")
project_at, average_at = function_of("project"), function_of("average")


class Network(NamedTuple):
    """What is trained, and how its parts are reached."""

    layers: np.ndarray  # [L + 1, COLUMNS] int64
    pieces: np.ndarray  # int64
    loss_h: np.ndarray


class State(NamedTuple):
    """What training changes, in place; what a row does not have is empty."""

    theta: np.ndarray  # [P]
    buffers: np.ndarray  # [Q]
    slots: tuple  # four arrays [P]
    mean_theta: np.ndarray  # [P]
    mean_buffers: np.ndarray  # [Q]
    grad: np.ndarray  # [P]
    passed: np.ndarray  # [P], what the passes go through if not theta itself
    work: np.ndarray


class Examples(NamedTuple):
    """The examples of the steps: lines of the tables x and q."""

    x: np.ndarray  # [N, D]
    q: np.ndarray  # [N, C]
    weights: np.ndarray  # [n] of the steps' examples in their order; empty where all are alike
    of_x: np.ndarray  # [n] int64
    of_q: np.ndarray  # [n] int64
    batch: int


class Noises(NamedTuple):
    """Changes of the input (place 0) and of hidden layers (place i), in the order in which they act."""

    pieces: np.ndarray  # [K, 2] int64: place, address
    words: np.ndarray  # [S, K, 4] uint32, the keys of up to two draws
    h: np.ndarray  # [K, keys]
    targets_h: np.ndarray  # [keys] of the change of targets


class Penalties(NamedTuple):
    """Penalties and constraints with their keys in every layer."""

    pieces: np.ndarray  # [K, 3] int64, addresses of value, gradient and proximal step; 0 where it does not act so
    h: np.ndarray  # [K, L, keys]
    constraints: np.ndarray  # [J] int64
    constraints_h: np.ndarray  # [J, L, keys]
    proximal: bool  # whether any acts by its proximal step


class Limits(NamedTuple):
    """Clipping, and noise of parameters; what a row does not have is infinite or empty."""

    norm: float
    value: float
    weight_noise: np.ndarray  # [S] double, standard deviations
    weight_words: np.ndarray  # [S, 4] uint32
    gradient_noise: np.ndarray  # [S]
    gradient_words: np.ndarray  # [S, 4]
    weights: int  # how many of the first parameters are weights


class Rates(NamedTuple):
    """What the rule is given in each step."""

    h: np.ndarray  # [S, keys]
    decay: np.ndarray  # [S] double, what decayed weights lose, or what of them enters the gradient
    decoupled: bool
    decaying: int  # how many of the first parameters decay acts on; 0 = none
    average: np.ndarray  # [S] double, c of mean <- mean + c (theta - mean); empty where nothing is averaged


@part
def vector(values, begin, size):
    """The numbers values[begin : begin + size], a view."""
    return values[begin : begin + size]


@part
def matrix(values, begin, rows, columns):
    """The numbers from values[begin] on as a matrix, a view."""
    return values[begin : begin + rows * columns].reshape(rows, columns)


def times_transposed(x, y, into):
    """into <- x y^T"""
    np.dot(x, y.T, into)


def transposed_times(x, y, into):
    """into <- x^T y"""
    np.dot(x.T, y, into)


def times(x, y, into):
    """into <- x y"""
    np.dot(x, y, into)


@part
def copy(source, into):
    """into <- source, [B, W]. As loops: an assignment of arrays compiles for seconds, for its error text."""
    for r in range(into.shape[0]):
        for j in range(into.shape[1]):
            into[r, j] = source[r, j]


@part
def copy_vector(source, into):
    """into <- source"""
    for i in range(into.shape[0]):
        into[i] = source[i]


@part
def add(target, change):
    """target <- target + change, [B, W]."""
    for r in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[r, j] += change[r, j]


@part
def multiply(target, factor):
    """target <- target factor, [B, W]."""
    for r in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[r, j] *= factor[r, j]


@part
def gather(table, order, into):
    """into <- rows `order` of a table."""
    for r in range(into.shape[0]):
        source = order[r]
        for j in range(into.shape[1]):
            into[r, j] = table[source, j]


def take_batch(x, q, weights, of_x, of_q, work, layers, pieces, targets_h):
    """Features, targets and shares of examples, lines of the tables; weights are given unless all are alike."""
    size, outputs = of_x.shape[0], layers[-1, WIDTH]
    targets, shares = matrix(work, layers[0, TARGETS], size, outputs), vector(work, layers[0, SHARES], size)
    gather(x, of_x, matrix(work, layers[0, Y], size, layers[0, WIDTH]))
    gather(q, of_q, targets)
    for r in range(size):
        shares[r] = weights[r] / size if weights.shape[0] > 0 else 1 / size
    if pieces[CHANGE_TARGETS] != 0:
        targets_at(work, pieces[CHANGE_TARGETS])(targets, targets_h)


@part
def linear(i, size, theta, work, layers, pieces, x):
    """z <- x W^T + b of layer i; returns z."""
    width = layers[i, WIDTH]
    z, bias = matrix(work, layers[i, Z], size, width), vector(theta, layers[i, BIAS], width)
    product_at(work, pieces[TIMES_TRANSPOSED])(x, matrix(theta, layers[i, WEIGHT], width, layers[i - 1, WIDTH]), z)
    for r in range(size):
        for j in range(width):
            z[r, j] += bias[j]
    return z


@part
def change(i, y, work, layers, noises, words, h):
    """The noise of a place: y changed, and the factors that the backward pass needs."""
    factor = matrix(work, layers[i, FACTOR], y.shape[0], y.shape[1])
    factor[:] = 1
    for k in range(noises.shape[0]):
        if noises[k, 0] == i:
            noise_at(work, noises[k, 1])(y, factor, words[k], h[k])


def forward(size, theta, buffers, work, layers, pieces, training, noises, words, noise_h):
    """Outputs of the batch in the workspace; with noise, and norms of the batch, if in training."""
    last = layers.shape[0] - 1
    activation, norm = activation_at(work, pieces[ACTIVATION]), norm_at(work, pieces[NORM])
    x = matrix(work, layers[0, Y], size, layers[0, WIDTH])
    if training and layers[0, KIND] & NOISY:
        change(0, x, work, layers, noises, words, noise_h)
    for i in range(1, last):
        p, width = layers[i], layers[i, WIDTH]
        z = linear(i, size, theta, work, layers, pieces, x)
        a, y = matrix(work, p[A], size, width), matrix(work, p[Y], size, width)
        gain, shift = vector(theta, p[GAIN], p[GAINS]), vector(theta, p[SHIFT], p[SHIFTS])
        mean, var = vector(buffers, p[MEAN], p[MEANS]), vector(buffers, p[VAR], p[VARS])
        if pieces[NORM] != 0:
            normal, inverse = matrix(work, p[NORMAL], size, width), vector(work, p[INVERSE], max(size, width))
            if pieces[NORM_LAST] == 0:
                norm(z, z, gain, shift, mean, var, training, normal, inverse)
            activation(z, a, vector(theta, p[SLOPE], p[SLOPES]))
            if pieces[NORM_LAST] != 0:
                norm(a, y, gain, shift, mean, var, training, normal, inverse)
        else:
            activation(z, a, vector(theta, p[SLOPE], p[SLOPES]))
        if p[A] != p[Y] and pieces[NORM_LAST] == 0:
            copy(a, y)
        if training and p[KIND] & NOISY:
            change(i, y, work, layers, noises, words, noise_h)
        if p[KIND] & SKIPS:
            add(y, x)
        x = y
    linear(last, size, theta, work, layers, pieces, x)


def data_loss(size, work, layers, pieces, h):
    """The loss of the batch in the workspace, and its gradient there."""
    last = layers.shape[0] - 1
    outputs, g = (
        matrix(work, layers[last, Z], size, layers[last, WIDTH]),
        matrix(work, layers[last, G], size, layers[last, WIDTH]),
    )
    targets = matrix(work, layers[0, TARGETS], size, layers[last, WIDTH])
    shares, losses = vector(work, layers[0, SHARES], size), vector(work, layers[0, LOSSES], size)
    loss_at(work, pieces[LOSS])(outputs, targets, shares, h, g, losses)
    total = 0.0
    for r in range(size):
        total += shares[r] * losses[r]
    return total


def backward(size, theta, grad, work, layers, pieces):
    """The gradient of all parameters, from that of the outputs in the workspace."""
    last = layers.shape[0] - 1
    activation_backward = activation_backward_at(work, pieces[ACTIVATION_BACKWARD])
    norm_backward = norm_backward_at(work, pieces[NORM_BACKWARD])
    times, transposed_times = product_at(work, pieces[TIMES]), product_at(work, pieces[TRANSPOSED_TIMES])
    for i in range(last, 0, -1):
        p, width, below = layers[i], layers[i, WIDTH], layers[i - 1, WIDTH]
        g = matrix(work, p[G], size, width)
        if i < last:
            above = layers[i + 1]
            weight = matrix(theta, above[WEIGHT], above[WIDTH], width)
            times(matrix(work, above[G], size, above[WIDTH]), weight, g)
            if above[KIND] & SKIPS:
                add(g, matrix(work, above[AROUND], size, width))
            if p[KIND] & SKIPS:
                copy(g, matrix(work, p[AROUND], size, width))
            if p[KIND] & NOISY:
                multiply(g, matrix(work, p[FACTOR], size, width))
            z, a = matrix(work, p[Z], size, width), matrix(work, p[A], size, width)
            slopes, g_slopes = vector(theta, p[SLOPE], p[SLOPES]), vector(grad, p[SLOPE], p[SLOPES])
            if pieces[NORM] == 0:
                activation_backward(z, a, g, slopes, g_slopes)
            else:
                normal, inverse = matrix(work, p[NORMAL], size, width), vector(work, p[INVERSE], max(size, width))
                gain, g_gain = vector(theta, p[GAIN], p[GAINS]), vector(grad, p[GAIN], p[GAINS])
                g_shift = vector(grad, p[SHIFT], p[SHIFTS])
                if pieces[NORM_LAST] == 0:
                    activation_backward(z, a, g, slopes, g_slopes)
                norm_backward(g, normal, inverse, gain, g_gain, g_shift)
                if pieces[NORM_LAST] != 0:
                    activation_backward(z, a, g, slopes, g_slopes)
        x = matrix(work, layers[i - 1, Y], size, below)
        transposed_times(g, x, matrix(grad, p[WEIGHT], width, below))
        g_bias = vector(grad, p[BIAS], width)
        g_bias[:] = 0
        for r in range(size):
            for j in range(width):
                g_bias[j] += g[r, j]


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
def norm_of(g):
    """||g||_2"""
    total = g.dtype.type(0)
    for i in range(g.shape[0]):
        total += g[i] * g[i]
    return np.sqrt(total)


@part
def decay(w, g, amount, decoupled):
    """Weight decay: of the weights themselves, or by the gradient."""
    share = w.dtype.type(1 - amount) if decoupled else w.dtype.type(amount)
    for i in range(w.shape[0]):
        if decoupled:
            w[i] *= share
        else:
            g[i] += w[i] * share


@driver
def advance(state, network, examples, noises, penalties, limits, rates, objectives):
    """Make the steps of a stretch; objectives [S] <- what was optimized. Returns the norm of the last gradient, before
    clipping.
    """
    theta, buffers, slots, mean_theta, mean_buffers, grad, passed, work = state
    layers, pieces, loss_h = network
    take_batch, forward = take_batch_at(theta, pieces[TAKE_BATCH]), forward_at(theta, pieces[FORWARD])
    data_loss, backward = data_loss_at(theta, pieces[DATA_LOSS]), backward_at(theta, pieces[BACKWARD])
    rule = rule_at(theta, pieces[RULE])
    add_normal, average = add_normal_at(theta, pieces[ADD_NORMAL]), average_at(theta, pieces[AVERAGE])
    norm = theta.dtype.type(0)
    for s in range(objectives.shape[0]):
        # The objective and its gradient.
        batch = slice(s * examples.batch, (s + 1) * examples.batch)
        of_x, of_q, weights = examples.of_x[batch], examples.of_q[batch], examples.weights[batch]
        take_batch(examples.x, examples.q, weights, of_x, of_q, work, layers, pieces, noises.targets_h)
        if limits.weight_noise.shape[0] > 0:
            copy_vector(theta, passed)
            add_normal(passed[: limits.weights], limits.weight_noise[s], limits.weight_words[s])
        else:
            passed = theta
        size = of_x.shape[0]
        forward(size, passed, buffers, work, layers, pieces, True, noises.pieces, noises.words[s], noises.h)
        objectives[s] = data_loss(size, work, layers, pieces, loss_h)
        backward(size, passed, grad, work, layers, pieces)
        if penalties.pieces.shape[0] > 0:
            add_penalties = add_penalties_at(theta, pieces[ADD_PENALTIES])
            objectives[s] += add_penalties(theta, grad, layers, penalties.pieces, penalties.h)
        # Its limits and noise.
        clips_norm = limits.norm < np.inf
        if clips_norm or s == objectives.shape[0] - 1:
            norm = norm_of(grad)
        if clips_norm or limits.value < np.inf:
            clip_at(theta, pieces[CLIP])(grad, norm, limits.norm, limits.value)
        if limits.gradient_noise.shape[0] > 0:
            add_normal(grad, limits.gradient_noise[s], limits.gradient_words[s])
        # The rule, and what brings weights back.
        decay(theta[: rates.decaying], grad[: rates.decaying], rates.decay[s], rates.decoupled)
        rule(theta, grad, slots, rates.h[s])
        if penalties.proximal:
            proximal_step = proximal_step_at(theta, pieces[PROXIMAL_STEP])
            proximal_step(theta, slots, layers, pieces, penalties.pieces, penalties.h, rates.h[s])
        if penalties.constraints.shape[0] > 0:
            project_at(theta, pieces[PROJECT])(theta, layers, penalties.constraints, penalties.constraints_h)
        # What is kept in the place of the weights.
        if rates.average.shape[0] > 0:
            average(mean_theta, theta, rates.average[s])
            average(mean_buffers, buffers, rates.average[s])
    return norm


@driver
def passes(theta, buffers, grad, work, network, examples):
    """A forward and a backward pass of a batch without noise: what layers give into work, the gradient into grad."""
    layers, pieces, loss_h = network
    size, none = examples.of_x.shape[0], np.empty(0, theta.dtype)
    take_batch, forward = take_batch_at(theta, pieces[TAKE_BATCH]), forward_at(theta, pieces[FORWARD])
    data_loss, backward = data_loss_at(theta, pieces[DATA_LOSS]), backward_at(theta, pieces[BACKWARD])
    no_noise, no_words = np.empty((0, 2), np.int64), np.empty((0, 4), np.uint32)
    take_batch(examples.x, examples.q, examples.weights, examples.of_x, examples.of_q, work, layers, pieces, none)
    forward(size, theta, buffers, work, layers, pieces, True, no_noise, no_words, none.reshape(0, 0))
    objective = data_loss(size, work, layers, pieces, loss_h)
    backward(size, theta, grad, work, layers, pieces)
    return objective


@driver
def score(theta, buffers, work, network, x, q, of_x, of_q, chunk, outputs, losses):
    """Outputs [n, C] and losses [n] of the examples at lines of the tables x and q, without noise."""
    layers, pieces, loss_h = network
    last, classes, n = layers.shape[0] - 1, layers[-1, WIDTH], of_x.shape[0]
    none = np.empty(0, theta.dtype)
    no_noise, no_words = np.empty((0, 2), np.int64), np.empty((0, 4), np.uint32)
    forward, loss = forward_at(theta, pieces[FORWARD]), loss_at(theta, pieces[LOSS])
    take_batch = take_batch_at(theta, pieces[TAKE_BATCH])
    for begin in range(0, n, chunk):
        size = min(chunk, n - begin)
        examples = slice(begin, begin + size)
        take_batch(x, q, none, of_x[examples], of_q[examples], work, layers, pieces, none)
        forward(size, theta, buffers, work, layers, pieces, False, no_noise, no_words, none.reshape(0, 0))
        found, g = matrix(work, layers[last, Z], size, classes), matrix(work, layers[last, G], size, classes)
        targets, shares = matrix(work, layers[0, TARGETS], size, classes), vector(work, layers[0, SHARES], size)
        loss(found, targets, shares, loss_h, g, losses[examples])
        copy(found, outputs[examples])


@driver
def sums(values):
    """(sum of squares, number of zeros)"""
    zeros = 0
    for i in range(values.shape[0]):
        zeros += values[i] == 0
    return norm_of(values), zeros


def nothing(dtype):
    """Arguments of `advance` that it does nothing with."""
    v, double = np.zeros(0, dtype), np.zeros(0)
    m, block, whole = v.reshape(0, 0), v.reshape(0, 0, 0), np.zeros(0, np.int64)
    table, words = whole.reshape(0, 0), np.zeros((0, 0), np.uint32)
    return (
        State(v, v, (v, v, v, v), v, v, v, v, v),
        Network(table, whole, v),
        Examples(m, m, v, whole, whole, 0),
        Noises(table, words.reshape(0, 0, 0), m, v),
        Penalties(table, block, whole, block, False),
        Limits(0.0, 0.0, double, words, double, words, 0),
        Rates(m, double, False, 0, double),
        double,
    )


def no_examples(dtype):
    """Arguments of `score` without examples."""
    v, whole = np.zeros(0, dtype), np.zeros(0, np.int64)
    m = v.reshape(0, 0)
    return v, v, v, Network(whole.reshape(0, 0), whole, v), m, m, whole, whole, 1, m, v


def no_pass(dtype):
    """Arguments of `passes` without examples."""
    v, whole = np.zeros(0, dtype), np.zeros(0, np.int64)
    m = v.reshape(0, 0)
    return v, v, v, v, Network(whole.reshape(0, 0), whole, v), Examples(m, m, v, whole, whole, 0)


def no_values(dtype):
    """Arguments of `sums`."""
    return (np.zeros(0, dtype),)


EXAMPLES.update(
    {advance.py_func: nothing, passes.py_func: no_pass, score.py_func: no_examples, sums.py_func: no_values}
)
