"""One row of a population, compiled: a stretch of its steps, and its outputs in evaluation. No stacking, no padding.

`advance` is a step from top to bottom, in the order of `runner.training.steps.stacked_step`. Its parts (`network`,
`sites`) and the pieces of networks and techniques are compiled apart and called by address, so that none is compiled
into another. What each is given: `runner.compiled.records`.
"""

from __future__ import annotations

import numpy as np

from runner.compiled import maths
from runner.compiled.declared import function_of, part
from runner.compiled.kernels import driver
from runner.compiled.network import copy, copy_vector
from runner.compiled.records import (
    ADD_NORMAL,
    ADD_PENALTIES,
    AVERAGE,
    BACKWARD,
    CLIP,
    DATA_LOSS,
    FORWARD,
    LOSSES,
    PROJECT,
    PROXIMAL_STEP,
    PULL_BACK,
    REPARAMETRIZE,
    RESTRICT,
    RULE,
    TAKE_BATCH,
    THIN,
    WIDTH,
    Examples,
    Limits,
    Network,
    Noises,
    Penalties,
    Rates,
    State,
    Z,
)
from runner.compiled.sites import decay
from runner.compiled.views import line, matrix, vector

rule_at = function_of("rule")
take_batch_at = function_of("take_batch")
forward_at = function_of("forward")
data_loss_at = function_of("data_loss")
backward_at = function_of("backward")
add_penalties_at = function_of("add_penalties")
clip_at = function_of("clip")
add_normal_at = function_of("add_normal")
proximal_step_at = function_of("proximal_step")
project_at = function_of("project")
average_at = function_of("average")
reparametrize_at = function_of("reparametrize")
pull_back_at = function_of("pull_back")
restrict_at = function_of("restrict")
thin_at = function_of("thin")


def _nothing(dtype):
    """(numbers, matrix, whole numbers, table, network, examples) without content."""
    v, whole = np.zeros(0, dtype), np.zeros(0, np.int64)
    m, table = v.reshape(0, 0), whole.reshape(0, 0)
    return v, m, whole, table, Network(table, whole, v, v), Examples(m, m, v, whole, whole, 0)


def no_steps(dtype):
    """Arguments of `advance`."""
    v, m, whole, table, network, examples = _nothing(dtype)
    block, double, words = v.reshape(0, 0, 0), np.zeros(0), np.zeros((0, 0), np.uint32)
    return (
        State(v, v, (v, v, v, v), v, v, v, v, v),
        network,
        examples,
        Noises(table, words.reshape(0, 0, 0), m, words, v),
        Penalties(table, block, whole, block, False, table, block),
        Limits(0.0, 0.0, double, words, double, words, words, m, 0),
        Rates(m, 0.0, False, 0, double),
        double,
        0,
        double,
    )


def no_pass(dtype):
    """Arguments of `passes`."""
    v, _, _, _, network, examples = _nothing(dtype)
    return v, v, v, v, network, examples


def no_examples(dtype):
    """Arguments of `score`."""
    v, m, _, _, network, _ = _nothing(dtype)
    apart, places = (np.zeros((2, 2), kind)[:, :1] for kind in (dtype, np.int64))
    return apart, apart, v, network, m, m, places, places, 1, False, v.reshape(0, 0, 0), apart, places


@driver(no_steps)
def advance(state, network, examples, noises, penalties, limits, rates, lr, first, objectives):
    """Make the steps of a stretch, of the rates lr [S]; objectives [S] <- what was optimized. The first step's line in
    the tables of noises, limits and rates is `first`. Returns the norm of the last gradient, before clipping.
    """
    theta, buffers, slots, mean_theta, mean_buffers, grad, passed, work = state
    layers, pieces, loss_h, norm_h = network
    take_batch, forward = take_batch_at(theta, pieces[TAKE_BATCH]), forward_at(theta, pieces[FORWARD])
    data_loss, backward = data_loss_at(theta, pieces[DATA_LOSS]), backward_at(theta, pieces[BACKWARD])
    rule = rule_at(theta, pieces[RULE])
    add_normal, average = add_normal_at(theta, pieces[ADD_NORMAL]), average_at(theta, pieces[AVERAGE])
    restrict, thin = restrict_at(theta, pieces[RESTRICT]), thin_at(theta, pieces[THIN])
    masked, thins = pieces[RESTRICT] != 0, pieces[THIN] != 0
    norm = theta.dtype.type(0)
    for s in range(objectives.shape[0]):
        step = first + s
        # The objective and its gradient.
        begin = s * examples.batch
        size = min(examples.batch, examples.of_x.shape[0] - begin)
        of_x, of_q = vector(examples.of_x, begin, size), vector(examples.of_q, begin, size)
        weights = vector(examples.weights, begin, min(size, examples.weights.shape[0]))
        targets_words = noises.targets_words[step]
        take_batch(examples.x, examples.q, weights, of_x, of_q, work, layers, pieces, targets_words, noises.targets_h)
        if state.passed.shape[0] > 0:
            copy_vector(theta, passed)
            if pieces[REPARAMETRIZE] != 0:
                reparametrize_at(theta, pieces[REPARAMETRIZE])(theta, passed, layers, pieces)
            if limits.weight_noise.shape[0] > 0:
                add_normal(passed[: limits.weights], limits.weight_noise[step], limits.weight_words[step])
            if masked:
                restrict(passed, buffers, layers)
            if thins:
                thin(passed, layers, pieces, limits.connection_words[step], limits.connections_h)
        else:
            passed = theta
        words = noises.words[step]
        forward(size, passed, buffers, work, layers, pieces, norm_h, True, noises.pieces, words, noises.h)
        objectives[s] = data_loss(size, work, layers, pieces, loss_h)
        given = penalties.activities, penalties.activities_h
        objectives[s] += backward(size, passed, grad, work, layers, pieces, norm_h, *given)
        if thins:
            thin(grad, layers, pieces, limits.connection_words[step], limits.connections_h)
        if masked:
            restrict(grad, buffers, layers)
        if pieces[PULL_BACK] != 0:
            pull_back_at(theta, pieces[PULL_BACK])(theta, grad, layers, pieces)
        if penalties.pieces.shape[0] > 0:
            add_penalties = add_penalties_at(theta, pieces[ADD_PENALTIES])
            objectives[s] += add_penalties(theta, grad, layers, penalties.pieces, penalties.h)
        if masked:
            restrict(grad, buffers, layers)
        # Its limits and noise.
        clips_norm = limits.norm < np.inf
        if clips_norm or s == objectives.shape[0] - 1:
            norm = maths.norm(grad)
        if clips_norm or limits.value < np.inf:
            clip_at(theta, pieces[CLIP])(grad, norm, limits.norm, limits.value)
        if limits.gradient_noise.shape[0] > 0:
            add_normal(grad, limits.gradient_noise[step], limits.gradient_words[step])
        # The rule, and what brings weights back.
        decayed = rates.decay * lr[s] if rates.decoupled else rates.decay
        decay(vector(theta, 0, rates.decaying), vector(grad, 0, rates.decaying), decayed, rates.decoupled)
        h = rates.h[step]
        h[0] = lr[s]
        rule(theta, grad, slots, h)
        if penalties.proximal:
            proximal_step = proximal_step_at(theta, pieces[PROXIMAL_STEP])
            proximal_step(theta, slots, layers, pieces, penalties.pieces, penalties.h, h)
        if penalties.constraints.shape[0] > 0:
            project_at(theta, pieces[PROJECT])(theta, layers, penalties.constraints, penalties.constraints_h)
        if masked:
            restrict(theta, buffers, layers)
        # What is kept in the place of the weights.
        if rates.average.shape[0] > 0:
            average(mean_theta, theta, rates.average[step])
            average(mean_buffers, buffers, rates.average[step])
    return norm


@driver(no_pass)
def passes(theta, buffers, grad, work, network, examples):
    """A forward and a backward pass of a batch without noise: what layers give into work, the gradient into grad."""
    layers, pieces, loss_h, norm_h = network
    size, none = examples.of_x.shape[0], np.empty(0, theta.dtype)
    take_batch, forward = take_batch_at(theta, pieces[TAKE_BATCH]), forward_at(theta, pieces[FORWARD])
    data_loss, backward = data_loss_at(theta, pieces[DATA_LOSS]), backward_at(theta, pieces[BACKWARD])
    no_noise, no_words, nothing = np.empty((0, 2), np.int64), np.empty((1, 4), np.uint32), none.reshape(0, 0, 0)
    take_batch(
        examples.x, examples.q, examples.weights, examples.of_x, examples.of_q, work, layers, pieces, no_words[0], none
    )
    forward(size, theta, buffers, work, layers, pieces, norm_h, True, no_noise, no_words, none.reshape(0, 0))
    objective = data_loss(size, work, layers, pieces, loss_h)
    backward(size, theta, grad, work, layers, pieces, norm_h, no_noise, nothing)
    return objective


@part
def take_largest(values, places):
    """places [n] <- where in its line of values [n, C] the first of the largest is."""
    for r in range(values.shape[0]):
        top, place = values[r, 0], 0
        for j in range(1, values.shape[1]):
            if values[r, j] > top:
                top, place = values[r, j], j
        places[r] = place


@part
def score_row(theta, buffers, work, network, examples, chunk, training, found):
    """What `score` gives, of one row."""
    (x, q, of_x, of_q), (outputs, losses, guesses) = examples, found
    layers, pieces, loss_h, norm_h = network
    last, classes, n = layers.shape[0] - 1, layers[-1, WIDTH], of_x.shape[0]
    none = np.empty(0, theta.dtype)
    no_noise, no_words, no_h = np.empty((0, 2), np.int64), np.empty((1, 4), np.uint32), none.reshape(0, 0)
    take_batch, forward = take_batch_at(theta, pieces[TAKE_BATCH]), forward_at(theta, pieces[FORWARD])
    data_loss = data_loss_at(theta, pieces[DATA_LOSS])
    for begin in range(0, n, chunk):
        size = min(chunk, n - begin)
        take_batch(
            x, q, none, vector(of_x, begin, size), vector(of_q, begin, size), work, layers, pieces, no_words[0], none
        )
        forward(size, theta, buffers, work, layers, pieces, norm_h, training, no_noise, no_words, no_h)
        data_loss(size, work, layers, pieces, loss_h)
        given = matrix(work, layers[last, Z], size, classes)
        copy(given, outputs[begin : begin + size])
        copy_vector(vector(work, layers[0, LOSSES], size), vector(losses, begin, size))
        take_largest(given, vector(guesses, begin, size))


@driver(no_examples)
def score(theta, buffers, work, network, x, q, of_x, of_q, chunk, training, outputs, losses, guesses):
    """Of rows theta [M, P], without noise: outputs [M, n, C], losses [M, n] and the likeliest classes [M, n] of the
    examples at lines [M, n] of the tables x and q, `chunk` at once. In `training`, norms take each chunk as a batch of
    training, which enters the running statistics.
    """
    for r in range(theta.shape[0]):
        examples = x, q, line(of_x, r), line(of_q, r)
        found = outputs[r], line(losses, r), line(guesses, r)
        score_row(line(theta, r), line(buffers, r), work, network, examples, chunk, training, found)


def no_rows(dtype):
    """Arguments of `use`."""
    v, _, whole, table, _, _ = _nothing(dtype)
    return v, v, v, table, whole


@driver(no_rows)
def use(theta, used, buffers, layers, pieces):
    """used [P] <- the weights of a row as its passes use them, and theta [P] besides."""
    copy_vector(theta, used)
    if pieces[REPARAMETRIZE] != 0:
        reparametrize_at(theta, pieces[REPARAMETRIZE])(theta, used, layers, pieces)
    if pieces[RESTRICT] != 0:
        restrict_at(theta, pieces[RESTRICT])(used, buffers, layers)


@driver(lambda dtype: (np.zeros(0, dtype),))
def norm_and_zeros(values):
    """(||values||_2, how many of them are 0)"""
    zeros = 0
    for i in range(values.shape[0]):
        zeros += values[i] == 0
    return maths.norm(values), zeros
