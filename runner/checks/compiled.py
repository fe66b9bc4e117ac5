"""What holds for every compiled form: what torch gives, to rounding, and the same bits anywhere in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from runner.checks.broken import require

PRECISION = {"float32": 1e-6, "float64": 1e-12}  # of a tensor's largest magnitude, times sqrt(K) for sums over K


def agree(found: Any, expected: Tensor, what: str, terms: int = 1, scale: Any = 0.0) -> None:
    """BrokenError unless both have their NaN and infinities in the same places and else agree to rounding.

    That is a share of the largest magnitude of the tensor or, where sums cancel to less, of what is summed, `scale`.
    """
    wanted = expected.numpy()
    got, precision = np.asarray(found, wanted.dtype).reshape(wanted.shape), PRECISION[wanted.dtype.name]
    finite = np.isfinite(wanted)
    require(np.array_equal(got[~finite], wanted[~finite], equal_nan=True), f"{what}: not NaN or infinite as in torch")
    away = np.abs(got[finite] - wanted[finite]).max(initial=0)
    summed = np.abs(scale, where=np.isfinite(scale), out=np.zeros(np.shape(scale))).max()
    allowed = precision * np.sqrt(terms) * np.abs(wanted[finite]).max(initial=summed)
    require(bool(away <= allowed), f"{what}: off by {away:.2g}, and {allowed:.2g} is rounding")


def call(function: Callable, kind: str, dtype: str, *arguments: Any) -> Any:
    """Call a compiled function, which changes its arguments in place; anywhere in memory it must do the same."""
    from runner.compiled.kernels import compiled_as

    compiled = compiled_as(function, kind, dtype)
    copies = {id(each): _moved(each) for each in arguments}  # one that is given twice stays one
    moved = [copies[id(each)] for each in arguments]
    results = compiled(*arguments), compiled(*moved)
    same = np.array_equal(*results, equal_nan=True) if results[0] is not None else True
    same = same and all(bits_of(a) == bits_of(b) for a, b in zip(arguments, moved, strict=True))
    require(same, f"{function.__name__} has other bits elsewhere in memory")
    return results[0]


def _moved(argument: Any) -> Any:
    """A copy that begins at another place of a cache line."""
    if isinstance(argument, tuple):
        return tuple(map(_moved, argument))
    if not isinstance(argument, np.ndarray):
        return argument
    offset = 1 + argument.size % 13
    buffer = np.zeros(offset + argument.size, argument.dtype)[offset:]
    buffer[:] = argument.reshape(-1)
    return buffer.reshape(argument.shape)


def bits_of(argument: Any) -> bytes:
    """The bits of an array, or of several."""
    return b"".join(map(bits_of, argument)) if isinstance(argument, tuple) else np.asarray(argument).tobytes()
