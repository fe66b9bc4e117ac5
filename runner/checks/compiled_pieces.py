"""Compiled forms of activations, norms, parametrizations and losses: they give what the definitions in torch give, in
both formats.

Shapes: B batch, W units or outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from runner.checks.broken import require
from runner.checks.compiled import PRECISION, agree, call
from runner.checks.populations import examples
from runner.config.registry import Entry
from runner.population.pieces.base import Activation, Head, Loss, Norm, Parametrization
from runner.population.pieces.declared import Declared

SHAPES = ((1, 1), (1, 17), (13, 1), (13, 17), (29, 17), (29, 64))
SCALES = (1e-30, 1e-6, 1e-2, 1.0, 5.0, 30.0, 1e3, 1e30)
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30, 88.0, -88.0, 20.5, -20.5)


class Case(NamedTuple):
    """Numbers x that enter a piece and g that come back to it, both [B, W]."""

    what: str
    x: np.ndarray
    g: np.ndarray


def of_a_piece(entry: Entry) -> None:
    """The compiled form of an entry, in both number formats."""
    for dtype in PRECISION:
        CHECKS[entry.group](entry, dtype)


def cases(dtype: str) -> Iterator[Case]:
    """Of every shape, tiny to huge; then numbers that are not finite or where functions saturate.

    The first is above 0: alone, one that torch rounds to nothing, such as gelu(-30), would have no magnitude.
    """
    random = np.random.default_rng(0)
    for shape in SHAPES:
        for scale in SCALES:
            x, g = random.normal(size=(2, *shape))
            x[0, 0] = abs(x[0, 0])
            yield Case(f"{shape} numbers near {scale:g}", (x * scale).astype(dtype), g.astype(dtype))
    x, g = random.normal(size=(2, 29, 17)).astype(dtype)
    x.reshape(-1)[7::37][: len(SPECIAL)] = SPECIAL
    yield Case("numbers that are not finite", x, g)


def activation(entry: Entry, dtype: str) -> None:
    """Outputs, and the gradients of the input and of parameters. The definition computes in double precision: in single
    precision torch's erf of infinity may be NaN.
    """
    piece, form, single = entry.cls(), entry.compiled, getattr(torch, dtype)
    for what, z, g in cases(dtype):
        parameters, y = _values(piece.parameters, z), np.empty_like(z)
        tensors = [each.double() for each in (_torch(z), *map(_beside, parameters))]
        p = np.concatenate([each.reshape(-1) for each in parameters]) if parameters else np.zeros(0, dtype)
        call(form.forward, "activation", dtype, z, y, p)
        agree(y, piece.forward(*tensors).to(single), f"outputs of {what}")
        expected = [each.to(single) for each in _slopes(piece, tensors, _torch(y).double(), _torch(g).double())]
        g_p = np.empty_like(p)
        call(form.backward, "activation_backward", dtype, z, y, g, p, g_p)
        agree(g, expected[0], f"the gradient of {what}")
        if parameters:
            agree(g_p, torch.cat([each.flatten() for each in expected[1:]]), f"that of parameters, {what}", z.size)


def _slopes(piece: Activation, tensors: Sequence[Tensor], y: Tensor, g: Tensor) -> Sequence[Tensor]:
    """The gradients of the input and of the parameters."""
    if piece.gradient is None:
        return _by_autograd(piece.forward, tensors, g)
    found = piece.gradient(tensors[0], y, g, *tensors[1:])
    return found if piece.parameters else [found]


def norm(entry: Entry, dtype: str) -> None:
    """Outputs, running statistics and gradients in training, outputs by running statistics in evaluation."""
    for case in cases(dtype):
        if len(case.x) > 1 or not entry.cls.needs_batch:
            for training in (True, False):
                _normalize(entry, dtype, case._replace(what=f"{case.what}, training={training}"), training)


def _normalize(entry: Entry, dtype: str, case: Case, training: bool) -> None:
    """The forward pass, and in training the backward pass."""
    piece, (what, x, _), (size, width) = entry.cls(), case, case.x.shape
    parameters, buffers = _values(piece.parameters, x), _values(piece.buffers, x)
    statistics = {each.name: _torch(values) for each, values in zip(piece.buffers, buffers, strict=True)}
    context = {"mask": torch.ones(width, dtype=getattr(torch, dtype)), "buffers": statistics, "training": training}
    expected, saved = piece.forward(_torch(x), *map(_beside, parameters), **context)
    normal, inverse, y = np.empty_like(x), np.empty(max(size, width), dtype), np.empty_like(x)
    in_place, (mean, var) = x.copy(), _two(buffers, dtype)
    for into, given, running in ((y, x, (mean, var)), (in_place, in_place, _two(buffers, dtype))):
        learned = *_two(parameters, dtype), *running
        call(entry.compiled.forward, "norm", dtype, given, into, *learned, training, normal, inverse)
    agree(y, expected, f"outputs of {what}")
    require(np.array_equal(in_place, y, equal_nan=True), f"y in the place of x has other numbers, {what}")
    for each, statistic in zip(piece.buffers, (mean, var), strict=False):
        agree(statistic, statistics[each.name], f"{each.name} of {what}")
    if training:
        slopes = _slopes_of_norm(piece, saved, case, parameters, context)
        _norm_backward(entry, dtype, case, parameters, normal, inverse, slopes)


def _norm_backward(
    entry: Entry,
    dtype: str,
    case: Case,
    parameters: list,
    normal: np.ndarray,
    inverse: np.ndarray,
    expected: Sequence[Tensor],
) -> None:
    """The gradients of x, gain and shift, whose sums may cancel."""
    g, (size, width), gain = case.g, case.x.shape, parameters[0]
    g_gain, g_shift = _two(parameters, dtype)
    of_unit_or_example = inverse[:width] if entry.cls.needs_batch else inverse[:size, None]
    scales = g * gain * of_unit_or_example, g * normal, g.copy()
    call(entry.compiled.backward, "norm_backward", dtype, g, normal, inverse, gain, g_gain, g_shift)
    found = zip(("x", "gain", "shift"), (g, g_gain, g_shift), expected, scales, strict=False)
    for name, slope, wanted, scale in found:
        agree(slope, wanted, f"the gradient of {name} of {case.what}", size, scale)


def _slopes_of_norm(piece: Norm, saved: Any, case: Case, parameters: list, context: dict) -> Sequence[Tensor]:
    if piece.gradient is not None:
        return piece.gradient(saved, _torch(case.g))
    tensors = [_torch(case.x), *map(_beside, parameters)]
    return _by_autograd(lambda *given: piece.forward(*given, **context)[0], tensors, _torch(case.g))


def loss(entry: Entry, dtype: str) -> None:
    """Losses of the examples, and the gradient of the outputs, for every key and kind of targets."""
    keys = [{}, *({n: v} for n, o in entry.options.items() for v in examples(o, entry.defaults[n])[1:])]
    for key in keys:
        piece = entry.cls(**key)
        for what, outputs, g in cases(dtype):
            for q in _targets(piece, g):
                _lose(entry, piece, outputs, q, f"{what}, {key}")


def _lose(entry: Entry, piece: Loss, outputs: np.ndarray, q: np.ndarray, what: str) -> None:
    dtype, (size, count) = outputs.dtype.name, outputs.shape
    w, g, losses = np.linspace(0, 2 / size, size).astype(dtype), np.empty_like(outputs), np.empty(size, dtype)
    ones = torch.ones(count, dtype=getattr(torch, dtype))
    head, theirs, targets = Head(count, ones, ones - 1), _torch(outputs), _torch(q)
    h = np.array([getattr(piece, name) for name in entry.compiled.keys], dtype)
    call(entry.compiled.loss, "loss", dtype, outputs, q, w, h, g, losses)
    agree(losses, piece.forward(theirs, targets, head), f"losses of {what}", count)
    weight = _torch(w).unsqueeze(-1)
    if piece.gradient is None:
        expected = _by_autograd(lambda z: piece.forward(z, targets, head), [theirs], weight[..., 0])[0]
    else:
        expected = piece.gradient(theirs, piece.prepare(targets, weight), head, weight)[1]
    agree(g, expected, f"the gradient of {what}", count)


def _targets(piece: Loss, numbers: np.ndarray) -> Iterator[np.ndarray]:
    """Numbers, or classes as they are and smoothed."""
    if piece.task == "regression":
        yield numbers
        return
    classes, count = (
        np.eye(numbers.shape[1], dtype=numbers.dtype)[numbers.argmax(1)],
        numbers.dtype.type(len(numbers[0])),
    )
    yield classes
    yield classes * numbers.dtype.type(0.9) + numbers.dtype.type(0.1) / count


def parametrization(entry: Entry, dtype: str) -> None:
    """The weights that are used, and the gradients of what is learned, also where a unit is 0."""
    piece, form = entry.cls(), entry.compiled
    for shape in ((1, 2), (13, 17), (29, 64)):
        for scale in (1e-2, 1.0, 30.0):
            random = np.random.default_rng(0)
            v, g = ((each * scale).astype(dtype) for each in random.normal(size=(2, *shape)))
            _reparametrize(piece, form, v, g, f"{shape} weights near {scale:g}")
    v[3] = 0
    _reparametrize(piece, form, v, g, "a unit of zeros")


def _reparametrize(piece: Parametrization, form: Any, v: np.ndarray, g: np.ndarray, what: str) -> None:
    dtype, w = v.dtype.name, np.empty_like(v)
    p = np.concatenate([np.zeros(0, dtype), *(np.linspace(0.2, 1.3, len(v), dtype=dtype) for _ in piece.parameters)])
    tensors = [_torch(v), *([_torch(p).unsqueeze(2)] if len(p) else [])]
    call(form.forward, "parametrization", dtype, v.copy(), w, p)
    agree(w, piece.effective(*tensors), f"weights of {what}", v.shape[1])
    slope, g_p = piece.gradient, np.empty_like(p)
    expected = slope(*tensors, _torch(g)) if slope else _by_autograd(piece.effective, tensors, _torch(g))
    scale = np.abs(g).max() * np.abs(w).max(1, keepdims=True) / np.maximum(np.abs(v).max(1, keepdims=True), 1e-9)
    call(form.backward, "parametrization_backward", dtype, v, g, p, g_p)
    agree(g, expected[0], f"the gradient of {what}", v.shape[1], scale)
    if len(p):
        agree(g_p, expected[1].flatten(1), f"that of parameters, {what}", v.shape[1], np.abs(g).max())


CHECKS: dict[str, Callable[[Entry, str], None]] = {
    "activation": activation,
    "norm": norm,
    "parametrization": parametrization,
    "loss": loss,
}


def _values(declared: Sequence[Declared], x: np.ndarray) -> list[np.ndarray]:
    """Positive numbers for each tensor that is declared, of the format of x."""
    shapes = [each.shape(1, x.shape[1]) for each in declared]
    return [np.linspace(0.2, 1.3 + i, int(np.prod(s))).reshape(s).astype(x.dtype) for i, s in enumerate(shapes)]


def _two(tensors: list[np.ndarray], dtype: str) -> list[np.ndarray]:
    """Copies of both, empty where there is none."""
    return ([each.copy() for each in tensors] + [np.zeros(0, dtype)] * 2)[:2]


def _torch(values: np.ndarray) -> Tensor:
    """A copy as that of one row of a population."""
    return torch.from_numpy(values.copy()).unsqueeze(0)


def _beside(values: np.ndarray) -> Tensor:
    """A parameter as `Piece.forward` takes it."""
    tensor = _torch(values)
    return tensor if tensor.dim() == 3 else tensor.unsqueeze(1)


def _by_autograd(function: Callable, tensors: Sequence[Tensor], g: Tensor) -> Sequence[Tensor]:
    leaves = [each.requires_grad_() for each in tensors]
    return torch.autograd.grad(function(*leaves), leaves, g)
