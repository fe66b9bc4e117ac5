"""The library that multiplies matrices for compiled code: SciPy's BLAS, where compiled code looks for it.

Numba asks Python for the module of this name. By itself it is there in a tenth of the time that its package takes.
"""

from __future__ import annotations

import importlib
import sys

from runner.compiled.code import extension

NAME = "scipy.linalg.cython_blas"
NEEDED = ("sgemm", "dgemm")


def load() -> None:
    """Load it."""
    offered = getattr(extension(NAME), "__pyx_capi__", {})
    if not all(name in offered for name in NEEDED):
        del sys.modules[NAME]
        importlib.import_module(NAME)
