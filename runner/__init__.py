"""A laboratory for regularization and optimization of small neural networks on the command line.

From Python: `runner.load(DIR)`, `runner.results(DIR)`, `runner.curves(DIR)`, `runner.train([config, ...])`; before
these `runner.use_plugins(FILE)`, if they need code of yours.
Nothing heavy is imported before one of them is used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_LAZY = {
    "load": "runner.reports.load",
    "results": "runner.reports.table",
    "curves": "runner.reports.curves",
    "train": "runner.api",
    "use_plugins": "runner.config.choices",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'runner' has no attribute {name!r}; it has {', '.join(sorted(_LAZY))}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
