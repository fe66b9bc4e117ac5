"""Weights that are computed from others, unit by unit: what is learned is v, what the network uses is W."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runner.compiled.forms import ParametrizationForm
from runner.compiled.maths import norm
from runner.config.registry import register
from runner.population.pieces.base import Parametrization
from runner.population.pieces.declared import Parameter

EPS = 1e-10  # of a variance of weights; smaller than any that an initialization draws


def normalize(v, w, p):
    """w_unit <- p v / ||v||, 0 where v is 0"""
    one, zero = v.dtype.type(1), v.dtype.type(0)
    for o in range(v.shape[0]):
        length = norm(v[o])
        scale = p[o] / (one if length == zero else length)
        for i in range(v.shape[1]):
            w[o, i] = scale * v[o, i]


def normalize_backward(v, g, p, g_p):
    """g_p <- g . u, g <- p / ||v|| (g - g_p u), with u = v / ||v||"""
    one, zero = v.dtype.type(1), v.dtype.type(0)
    for o in range(v.shape[0]):
        length, along = norm(v[o]), zero
        inverse = one / (one if length == zero else length)
        for i in range(v.shape[1]):
            along += g[o, i] * v[o, i]
        along *= inverse
        g_p[o] = along
        scale, back = p[o] * inverse, along * inverse
        for i in range(v.shape[1]):
            g[o, i] = scale * (g[o, i] - back * v[o, i])


@register(
    "parametrization",
    "weight_norm",
    torch="weight_norm",
    paper="Salimans & Kingma 2016",
    lecture="003:1244",
    compiled=ParametrizationForm(normalize, normalize_backward),
)
@dataclass
class WeightNorm(Parametrization):
    """W_unit = g v / ||v||_2: the length g of a unit's weights is learned apart from their direction v

    In every layer. g begins at ||v||, so that training begins at the weights that were drawn. Penalties, constraints
    and decay act on v, as in torch, and leave the network as it is; g decays where `optimizer.decay_biases` says so.
    A unit whose v is 0 has W = 0 and stays so.
    """

    parameters = (Parameter("scale", ("unit",), start=0.0),)

    def effective(self, v, scale):
        return scale * (v / _length(v))

    def gradient(self, v, scale, g):
        length = _length(v)
        u = v / length
        along = (g * u).sum(-1, keepdim=True)
        return scale / length * (g - along * u), along

    def begin(self, v, scale):
        scale[...] = np.sqrt(np.square(v).sum(-1))


def _length(v):
    """||v|| of each unit, 1 where it is 0."""
    length = v.square().sum(-1, keepdim=True).sqrt()
    return length.masked_fill(length == 0, 1)


def standardize(v, w, p):
    """w_unit <- (v - mean v) / sqrt(var v + EPS)"""
    count = v.dtype.type(v.shape[1])
    for o in range(v.shape[0]):
        mean, var = v.dtype.type(0), v.dtype.type(0)
        for i in range(v.shape[1]):
            mean += v[o, i]
        mean /= count
        for i in range(v.shape[1]):
            w[o, i] = v[o, i] - mean
            var += w[o, i] * w[o, i]
        inverse = v.dtype.type(1) / np.sqrt(var / count + v.dtype.type(EPS))
        for i in range(v.shape[1]):
            w[o, i] *= inverse


def standardize_backward(v, g, p, g_p):
    """g <- (g - mean g - w mean(g w)) / sqrt(var v + EPS), with w the standardized weights"""
    count, zero = v.dtype.type(v.shape[1]), v.dtype.type(0)
    for o in range(v.shape[0]):
        mean, var, slope, along = zero, zero, zero, zero
        for i in range(v.shape[1]):
            mean += v[o, i]
            slope += g[o, i]
        mean /= count
        slope /= count
        for i in range(v.shape[1]):
            away = v[o, i] - mean
            var += away * away
            along += g[o, i] * away
        inverse = v.dtype.type(1) / np.sqrt(var / count + v.dtype.type(EPS))
        along *= inverse * inverse / count
        for i in range(v.shape[1]):
            g[o, i] = (g[o, i] - slope - along * (v[o, i] - mean)) * inverse


@register(
    "parametrization",
    "weight_standardization",
    paper="Qiao et al. 2019",
    lecture="003:1258",
    compiled=ParametrizationForm(standardize, standardize_backward),
)
@dataclass
class WeightStandardization(Parametrization):
    """W_unit = (v - mean v) / sqrt(var v + 1e-10) over a unit's inputs, in hidden layers

    Without a gain, as in the paper, so that a sum has the variance of as many inputs as it has: it goes with a norm
    of the layer. Penalties, constraints and decay act on v and leave the network as it is.
    """

    of_output = False
    least_inputs = 2

    def effective(self, v):
        return _standardized(v)[0]

    def gradient(self, v, g):
        w, deviation = _standardized(v)
        along = (g * w).mean(-1, keepdim=True)
        return ((g - g.mean(-1, keepdim=True) - along * w) / deviation,)


def _standardized(v):
    """(W, sqrt(var v + EPS))"""
    away = v - v.mean(-1, keepdim=True)
    deviation = (away.square().mean(-1, keepdim=True) + EPS).sqrt()
    return away / deviation, deviation
