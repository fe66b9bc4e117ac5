"""The library that multiplies matrices for compiled code: SciPy's BLAS, found where compiled code looks for it."""

from __future__ import annotations

import importlib
import sys

from runner.compiled.code import extension

NAME = "scipy.linalg.cython_blas"  # numba asks for its functions by this name
NEEDED = ("sgemm", "dgemm")


def load() -> None:
    """Load it, by itself where that can be done: the package around it takes ten times as long, and is not needed."""
    if NAME in sys.modules:
        return
    try:
        offered = vars(extension(NAME)).get("__pyx_capi__", {})
    except Exception:  # noqa: BLE001 (whatever does not let it be loaded by itself)
        offered = {}
    if not all(name in offered for name in NEEDED):
        sys.modules.pop(NAME, None)
        importlib.import_module(NAME)
