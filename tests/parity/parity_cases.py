"""Every case of every module cases_*.py in this folder: a new file is found by itself.

A file may also define RULES, name -> (reference, rate) of an optimizer, which brings the cases of the keys that all
optimizers share (`parity_shared_keys`); INITS, name -> fill(weight, generator), the references of initializations; and
MODULES, name -> torch module of a layer of some width, those of activations for which the class of torch.nn that their
registration names is not enough.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from parity_case import Case
from parity_shared_keys import cases

_FILES = [importlib.import_module(path.stem) for path in sorted(Path(__file__).parent.glob("cases_*.py"))]

RULES: dict = {name: rule for file in _FILES for name, rule in getattr(file, "RULES", {}).items()}
CASES: list[Case] = [case for module in _FILES for case in getattr(module, "CASES", [])]
CASES += [case for name, (reference, lr, *more) in RULES.items() for case in cases(name, reference, lr, **dict(*more))]
MODULES: dict = {name: module for file in _FILES for name, module in getattr(file, "MODULES", {}).items()}
INITS: dict = {name: fill for module in _FILES for name, fill in getattr(module, "INITS", {}).items()}
