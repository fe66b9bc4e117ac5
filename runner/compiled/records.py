"""What compiled code is given of one row: a network as a table and addresses, and arrays by what they are for.

A network is a table `layers` of whole numbers: line 0 is the input, line i the i-th layer, and its columns, named
below, say how wide it is, where its parameters begin in theta (and in the gradient), its running statistics in the
buffers, and its arrays in `work`, a workspace of one row. `pieces` are addresses, in the order of `PIECES`; the last
number says whether the norm comes after the activation.

Shapes: L layers, B batch, S steps, P parameters, K techniques; layers [L + 1, COLUMNS].
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

COLUMNS = 29
# In theta and the gradient, in the buffers: where a tensor begins and, for those of pieces, how many numbers it has.
WIDTH, WEIGHT, BIAS, SLOPE, SLOPES, GAIN, GAINS, SHIFT, SHIFTS, MEAN, MEANS, VAR, VARS, BATCHES, COUNTS = range(15)
# In the workspace, [B, width] each: what the layer is before and after its activation, and in the end; d/d of that;
# the same kept for a layer that adds its input; what noise multiplied by; what the norm keeps, twice.
Z, A, Y, G, AROUND, FACTOR, NORMAL, INVERSE = range(15, 23)
KIND = 23  # the sum of what the layer is:
SKIPS, NOISY, NORMED, PLAIN, REPARAMETRIZED = 1, 2, 4, 8, 16  # PLAIN: its norm learns nothing; GAIN is where in the
# workspace 1s [W] are, then 0s, then space for two gradients
# In theta: how many biases, and the parameters of what its weights come from; in the buffers: which weights stay 0.
BIASES, SCALE, SCALES, MASK, MASKS = range(24, 29)

# In the workspace, by line 0: targets [B, C], weights of the examples [B] and their losses [B]; space for the largest
# matrix of weights.
TARGETS, SHARES, LOSSES, SPACE = Z, A, WEIGHT, BIAS

PIECES = (
    "activation", "activation_backward", "norm", "norm_backward", "loss", "targets", "rule", "gain",
    "times_transposed", "transposed_times", "times", "take_batch", "forward", "data_loss", "backward",
    "add_penalties", "clip", "add_normal", "proximal_step", "project", "average",
    "parametrization", "parametrization_backward", "connections", "reparametrize", "pull_back", "restrict", "thin",
)  # fmt: skip
(
    ACTIVATION, ACTIVATION_BACKWARD, NORM, NORM_BACKWARD, LOSS, CHANGE_TARGETS, RULE, GAIN_OF_RULE,
    TIMES_TRANSPOSED, TRANSPOSED_TIMES, TIMES, TAKE_BATCH, FORWARD, DATA_LOSS, BACKWARD,
    ADD_PENALTIES, CLIP, ADD_NORMAL, PROXIMAL_STEP, PROJECT, AVERAGE,
    PARAMETRIZATION, PARAMETRIZATION_BACKWARD, CONNECTIONS, REPARAMETRIZE, PULL_BACK, RESTRICT, THIN, NORM_LAST,
) = range(len(PIECES) + 1)  # fmt: skip


class Network(NamedTuple):
    """What is trained, and how its parts are reached."""

    layers: np.ndarray  # [L + 1, COLUMNS] int64
    pieces: np.ndarray  # int64
    loss_h: np.ndarray
    norm_h: np.ndarray


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
    targets_words: np.ndarray  # [S, 4] uint32, the keys of up to two draws for the change of targets
    targets_h: np.ndarray  # [keys] of the change of targets


class Penalties(NamedTuple):
    """Penalties and constraints with their keys in every layer."""

    pieces: np.ndarray  # [K, 3] int64, addresses of value, gradient and proximal step; 0 where it does not act so
    h: np.ndarray  # [K, L, keys]
    constraints: np.ndarray  # [J] int64
    constraints_h: np.ndarray  # [J, L, keys]
    proximal: bool  # whether any acts by its proximal step
    activities: np.ndarray  # [K, 2] int64, addresses of value and gradient of penalties of activations
    activities_h: np.ndarray  # [K, hidden layers, keys]


class Limits(NamedTuple):
    """Clipping, and noise of parameters; what a row does not have is infinite or empty."""

    norm: float
    value: float
    weight_noise: np.ndarray  # [S] double, standard deviations
    weight_words: np.ndarray  # [S, 4] uint32
    gradient_noise: np.ndarray  # [S]
    gradient_words: np.ndarray  # [S, 4]
    connection_words: np.ndarray  # [S, 4] of the random factors of weights
    connections_h: np.ndarray  # [L, keys]
    weights: int  # how many of the first parameters are weights


class Rates(NamedTuple):
    """What the rule is given in each step."""

    h: np.ndarray  # [S, keys], of which the first is the rate
    decay: float  # times the rate what decayed weights lose; if not decoupled, what of them enters the gradient
    decoupled: bool
    decaying: int  # how many of the first parameters decay acts on; 0 = none
    average: np.ndarray  # [S] double, c of mean <- mean + c (theta - mean); empty where nothing is averaged
