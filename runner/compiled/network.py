"""A pass forward and back through the network of one row, for a batch: the parts of a step that take a gradient.

Shapes: B batch, W units of a layer, O x I weights; the rest as in `runner.compiled.records`.
"""

from __future__ import annotations

from runner.compiled.declared import function_of, part
from runner.compiled.records import (
    ACTIVATION,
    ACTIVATION_BACKWARD,
    AROUND,
    BATCHES,
    BIAS,
    BIASES,
    CHANGE_TARGETS,
    COUNTS,
    FACTOR,
    GAIN,
    GAINS,
    INVERSE,
    KIND,
    LOSS,
    LOSSES,
    MEAN,
    MEANS,
    NOISY,
    NORM,
    NORM_BACKWARD,
    NORM_LAST,
    NORMAL,
    NORMED,
    PLAIN,
    SHARES,
    SHIFT,
    SHIFTS,
    SKIPS,
    SLOPE,
    SLOPES,
    SPACE,
    TARGETS,
    TIMES,
    TIMES_TRANSPOSED,
    TRANSPOSED_TIMES,
    VAR,
    VARS,
    WEIGHT,
    WIDTH,
    A,
    G,
    Y,
    Z,
)
from runner.compiled.views import matrix, vector

activation_at = function_of("activation")
activation_backward_at = function_of("activation_backward")
norm_at = function_of("norm")
norm_backward_at = function_of("norm_backward")
loss_at = function_of("loss")
targets_at = function_of("targets")
noise_at = function_of("noise")
activity_at = function_of("activity")
activity_gradient_at = function_of("activity_gradient")
product_at = function_of("product")
times_transposed_at = function_of("times_transposed")


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


def take_batch(x, q, weights, of_x, of_q, work, layers, pieces, targets_words, targets_h):
    """Features, targets and shares of examples, lines of the tables; weights are given unless all are alike."""
    size, outputs = of_x.shape[0], layers[-1, WIDTH]
    targets, shares = matrix(work, layers[0, TARGETS], size, outputs), vector(work, layers[0, SHARES], size)
    gather(x, of_x, matrix(work, layers[0, Y], size, layers[0, WIDTH]))
    gather(q, of_q, targets)
    for r in range(size):
        shares[r] = weights[r] / size if weights.shape[0] > 0 else 1 / size
    if pieces[CHANGE_TARGETS] != 0:
        targets_at(work, pieces[CHANGE_TARGETS])(targets, targets_words, targets_h)


@part
def linear(i, size, theta, work, layers, pieces, x):
    """z <- x W^T + b of layer i, which may have no b; returns z."""
    width = layers[i, WIDTH]
    z, bias = matrix(work, layers[i, Z], size, width), vector(theta, layers[i, BIAS], layers[i, BIASES])
    weight = matrix(theta, layers[i, WEIGHT], width, layers[i - 1, WIDTH])
    times_transposed_at(work, pieces[TIMES_TRANSPOSED])(x, weight, z, vector(work, layers[0, SPACE], weight.size))
    for r in range(size):
        for j in range(bias.shape[0]):
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


@part
def normalize(i, x, y, theta, buffers, work, layers, pieces, h, training):
    """y <- the normalized x of a place, by its gains and shifts: those learned, else 1 and 0."""
    p, size, width = layers[i], x.shape[0], x.shape[1]
    normal, inverse = matrix(work, p[NORMAL], size, width), vector(work, p[INVERSE], size * width)
    mean, var, batches = (
        vector(buffers, p[MEAN], p[MEANS]),
        vector(buffers, p[VAR], p[VARS]),
        vector(buffers, p[BATCHES], p[COUNTS]),
    )
    if p[KIND] & PLAIN:
        gain, shift = vector(work, p[GAIN], width), vector(work, p[GAIN] + width, width)
        for j in range(width):
            gain[j], shift[j] = 1, 0
    else:
        gain, shift = vector(theta, p[GAIN], p[GAINS]), vector(theta, p[SHIFT], p[SHIFTS])
    norm_at(work, pieces[NORM])(x, y, gain, shift, mean, var, batches, training, h, normal, inverse)


@part
def normalize_backward(i, g, theta, grad, work, layers, pieces, h):
    """g <- the gradient before the norm of a place, from that after it; those of gains and shifts into grad."""
    p, size, width = layers[i], g.shape[0], g.shape[1]
    normal, inverse = matrix(work, p[NORMAL], size, width), vector(work, p[INVERSE], size * width)
    if p[KIND] & PLAIN:
        gain, own = vector(work, p[GAIN], width), p[GAIN] + 2 * width
        g_gain, g_shift = vector(work, own, width), vector(work, own + width, width)
    else:
        gain, g_gain = vector(theta, p[GAIN], p[GAINS]), vector(grad, p[GAIN], p[GAINS])
        g_shift = vector(grad, p[SHIFT], p[SHIFTS])
    norm_backward_at(work, pieces[NORM_BACKWARD])(g, normal, inverse, gain, h, g_gain, g_shift)


def forward(size, theta, buffers, work, layers, pieces, norm_h, training, noises, words, noise_h):
    """Outputs of the batch in the workspace; with noise, and norms of the batch, if in training."""
    last = layers.shape[0] - 1
    activation = activation_at(work, pieces[ACTIVATION])
    x = matrix(work, layers[0, Y], size, layers[0, WIDTH])
    if training and layers[0, KIND] & NOISY:
        change(0, x, work, layers, noises, words, noise_h)
    if layers[0, KIND] & NORMED:
        normalize(0, x, x, theta, buffers, work, layers, pieces, norm_h, training)
    for i in range(1, last):
        p, width = layers[i], layers[i, WIDTH]
        z = linear(i, size, theta, work, layers, pieces, x)
        a, y = matrix(work, p[A], size, width), matrix(work, p[Y], size, width)
        if p[KIND] & NORMED and pieces[NORM_LAST] == 0:
            normalize(i, z, z, theta, buffers, work, layers, pieces, norm_h, training)
        activation(z, a, vector(theta, p[SLOPE], p[SLOPES]))
        if p[KIND] & NORMED and pieces[NORM_LAST] != 0:
            normalize(i, a, y, theta, buffers, work, layers, pieces, norm_h, training)
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
    classes = layers[last, WIDTH]
    outputs, g = matrix(work, layers[last, Z], size, classes), matrix(work, layers[last, G], size, classes)
    targets = matrix(work, layers[0, TARGETS], size, classes)
    shares, losses = vector(work, layers[0, SHARES], size), vector(work, layers[0, LOSSES], size)
    loss_at(work, pieces[LOSS])(outputs, targets, shares, h, g, losses)
    total = 0.0
    for r in range(size):
        total += shares[r] * losses[r]
    return total


@part
def add_activities(a, g, activities, h, layer):
    """The penalties of the activations of a hidden layer; their gradient is added to g."""
    total = 0.0
    for k in range(activities.shape[0]):
        total += activity_at(a, activities[k, 0])(a, h[k, layer])
        activity_gradient_at(a, activities[k, 1])(a, h[k, layer], g)
    return total


def backward(size, theta, grad, work, layers, pieces, norm_h, activities, activities_h):
    """The gradient of all parameters, from that of the outputs in the workspace; returns the penalties of activations,
    whose gradient is in it.
    """
    last, penalty = layers.shape[0] - 1, 0.0
    activation_backward = activation_backward_at(work, pieces[ACTIVATION_BACKWARD])
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
            if p[KIND] & NORMED and pieces[NORM_LAST] != 0:
                normalize_backward(i, g, theta, grad, work, layers, pieces, norm_h)
            penalty += add_activities(a, g, activities, activities_h, i - 1)
            activation_backward(z, a, g, slopes, g_slopes)
            if p[KIND] & NORMED and pieces[NORM_LAST] == 0:
                normalize_backward(i, g, theta, grad, work, layers, pieces, norm_h)
        x = matrix(work, layers[i - 1, Y], size, below)
        transposed_times(g, x, matrix(grad, p[WEIGHT], width, below))
        g_bias = vector(grad, p[BIAS], p[BIASES])
        g_bias[:] = 0
        for r in range(size):
            for j in range(g_bias.shape[0]):
                g_bias[j] += g[r, j]
    if layers[0, KIND] & NORMED:
        first, below = layers[1], layers[0, WIDTH]
        g = matrix(work, layers[0, G], size, below)
        weight = matrix(theta, first[WEIGHT], first[WIDTH], below)
        times(matrix(work, first[G], size, first[WIDTH]), weight, g)
        normalize_backward(0, g, theta, grad, work, layers, pieces, norm_h)
    return penalty
