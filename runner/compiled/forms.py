"""The compiled forms of pieces: plain functions on arrays of one row, given to `register(..., compiled=...)`.

Each function is module-level, without numba, and loops over its arrays; constants are made in the arrays' format,
`z.dtype.type(0.5)`, since a bare 0.5 computes in double precision. What it may call is in `runner.compiled.maths` and
`runner.compiled.chance`. Results must be those of the torch definition to rounding, NaN and infinity included: the
contract tests find every form and compare. A piece without one is trained by torch.

Shapes: B batch, W units of a layer, C outputs, O x I weights of a layer, P parameters; all true, nothing is padded.
`h` holds a piece's keys in the order of its fields, those of one layer where they differ by layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class ActivationForm(NamedTuple):
    """forward(z [B, W], y [B, W], p): y <- f(z), with p the layer's parameters of the piece, if it has one.

    backward(z, y, g, p, g_p): g <- g f'(z) in place, g_p <- the gradient of p.
    """

    forward: Callable
    backward: Callable


class NormForm(NamedTuple):
    """forward(x, y, gain [W], shift [W], mean [W], var [W], batches [1], training, h, normal [B, W], inverse [B W]).

    y <- the normalized x; running statistics and the number of batches in them (empty where the piece has none) are
    changed in training; `normal` and `inverse` are for backward(g [B, W], normal, inverse, gain, h, g_gain, g_shift):
    g <- d/dx in place. `keys` are the keys of `NormKeys` that h holds, "1-key" the complement of one. A norm that
    learns nothing is given gains of 1 and shifts of 0.
    """

    forward: Callable
    backward: Callable
    keys: tuple[str, ...] = ()


class ParametrizationForm(NamedTuple):
    """forward(v [O, I], w [O, I], p): w <- the weights that are used, from what is learned in their place.

    backward(v, g [O, I], p, g_p): g, the gradient of w, becomes that of v, in place; g_p <- the gradient of p.
    """

    forward: Callable
    backward: Callable


class LossForm(NamedTuple):
    """loss(outputs [B, C], q [B, C], w [B], h, g [B, C], losses [B]).

    losses <- the loss of each example, unweighted; g <- w times its gradient. `keys` are the fields h holds.
    """

    loss: Callable
    keys: tuple[str, ...] = ()


class TargetsForm(NamedTuple):
    """targets(q [B, C], words [4], h): new targets in place; the words are the keys of draws, as those of noise."""

    targets: Callable


class NoiseForm(NamedTuple):
    """change(y [B, W], factor [B, W], words [4], h): y <- y f + a and factor <- factor f, in place.

    f and a are what `Noise.change` gives. The bits of draw i at position b W + j are
    chance.bits(words[2 i], words[2 i + 1], position), as uint32.
    """

    change: Callable


class ConnectionsForm(NamedTuple):
    """change(w [O, I], words [4], first, h): w <- w f in place, with f what `Connections.factor` gives.

    The bits of the weight at o, i are chance.bits(words[0], words[1], first + o I + i), as uint32.
    """

    change: Callable


class RuleForm(NamedTuple):
    """update(w [P], g [P], slots, h): one step in place, weight decay apart.

    gain(slots, h, step [P]): step <- what `Rule.gain` says; None where it is the rate. `slots` are arrays [P] in the
    order of `Rule.slots`; one that the row does not need is empty. h holds the numbers named by `h`: first "lr", then
    "t" (the number of the step, from 1), keys, "1-key" (its complement, taken in double precision), switches (0 or 1),
    and tables.
    """

    update: Callable
    h: tuple[str, ...]
    gain: Callable | None = None


class PenaltyForm(NamedTuple):
    """value(w [O, I], h) -> float, gradient(w, h, g [O, I]): g <- g + gradient, prox(w, step [O, I], h): in place."""

    value: Callable
    gradient: Callable
    prox: Callable | None = None


class ConstraintForm(NamedTuple):
    """project(w [O, I], h): the nearest weights that are allowed, in place."""

    project: Callable


class ActivityForm(NamedTuple):
    """value(a [B, W], h) -> float, gradient(a, h, g [B, W]): g <- g + gradient, of the activations of a layer."""

    value: Callable
    gradient: Callable
