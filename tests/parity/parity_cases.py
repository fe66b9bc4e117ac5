"""Every case of every module cases_*.py in this folder: a new file is found by itself."""

from __future__ import annotations

import importlib
from pathlib import Path

from parity_case import Case

CASES: list[Case] = [
    case
    for path in sorted(Path(__file__).parent.glob("cases_*.py"))
    for case in importlib.import_module(path.stem).CASES
]
