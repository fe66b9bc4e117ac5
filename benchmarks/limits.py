"""What no trainer on one thread can go far below: the matrix products alone, and a loop in C that does nothing else.

Both know only the plain recipe. `dense_c` needs a C compiler, named cc.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numba
import numpy as np
from recipes import PLAIN, RATE, Contestant, Examples, Shape

SOURCE = Path(__file__).with_name("dense.c")
# The last five are what of -ffast-math makes loops vectorize. The flag itself would link code that makes this whole
# process, peers included, take subnormal numbers for 0.
FLAGS = (
    "-O3", "-march=native", "-mprefer-vector-width=512", "-shared", "-fPIC", "-fassociative-math", "-fno-signed-zeros",
    "-fno-trapping-math", "-fno-math-errno", "-freciprocal-math",
)  # fmt: skip
TILE = 16  # of dense.c


@numba.njit(nogil=True)
def repeated(a, b, out, times):
    """out = a b, so many times, by scipy's BLAS and without Python in between."""
    for _ in range(times):
        np.dot(a, b, out)


def products(shape: Shape, batch: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """(a, b, out) of the products of one step: forward, gradients of the weights, gradients of the hidden layers."""
    draw, found = np.random.default_rng(0), []
    for layer, (inputs, width) in enumerate(pairwise(shape.widths)):
        x, w, d = (
            draw.standard_normal(s, dtype=np.float32) for s in ((batch, inputs), (inputs, width), (batch, width))
        )
        found += [(x, w, np.empty_like(d)), (x.T, d, np.empty_like(w))]
        if layer:
            found.append((d, w.T, np.empty_like(x)))
    return found


def gemm(data: Examples) -> Contestant:
    """The matrix products of an epoch, nothing else."""
    parts = products(data.shape, data.shape.batch)

    def epoch() -> None:
        for a, b, out in parts:
            repeated(a, b, out, data.steps)

    return Contestant(epoch)


def dense_c(data: Examples) -> Contestant | None:
    """dense.c, compiled for this processor; None without a compiler, or where it fails."""
    library = _built()
    if library is None:
        return None
    train = dense_epochs(library, data)
    return Contestant(train)


def _built() -> ctypes.CDLL | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "dense.so"
        done = subprocess.run([compiler, *FLAGS, "-o", target, SOURCE, "-lm"], capture_output=True)
        return ctypes.CDLL(str(target)) if done.returncode == 0 else None


def dense_epochs(library: ctypes.CDLL, data: Examples) -> Callable[[], float]:
    """A function that trains one epoch in a new order and returns the mean loss."""
    widths, classes = data.shape.widths, data.shape.widths[-1]
    padded = np.array([widths[0], *(-(-w // TILE) * TILE for w in widths[1:])], dtype=np.int32)
    draw = np.random.default_rng(0)
    theta = np.concatenate(
        [_layer(draw, *pair, *to) for pair, to in zip(pairwise(widths), pairwise(padded), strict=True)]
    )
    gradient, mean, square = (np.zeros_like(theta) for _ in range(3))
    y, made = data.y.astype(np.int64), 0
    library.epoch.restype = ctypes.c_double

    def epoch() -> float:
        nonlocal made
        order = draw.permutation(len(y))
        whole, long, real = ctypes.c_int, ctypes.c_long, ctypes.c_float
        loss = library.epoch(
            whole(len(widths) - 1), _at(padded), whole(classes), whole(data.shape.batch), whole(data.steps),
            _at(data.x), _at(y), _at(order), long(len(theta)), _at(theta), _at(gradient), _at(mean), _at(square),
            long(made), real(RATE), real(PLAIN.weight_decay),
        )  # fmt: skip
        made += data.steps
        return loss

    return epoch


def _layer(draw: np.random.Generator, inputs: int, width: int, rows: int, columns: int) -> np.ndarray:
    """He's initial weights [inputs, width] within zeros [rows, columns], then a bias of zeros."""
    weight = np.zeros((rows + 1, columns), dtype=np.float32)
    weight[:inputs, :width] = draw.standard_normal((inputs, width)) * np.sqrt(2 / inputs)
    return weight.ravel()


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
