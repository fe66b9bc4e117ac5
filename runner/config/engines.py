"""Which of the two ways to make steps a run takes: `native`, compiled, a row at a time; or `stacked`, torch, many rows.

It follows from the run's own settings and its task alone, never from its company: native on a CPU if everything that
the run asks for has a compiled form (`Entry.compiled`). Whether this machine can compile is asked elsewhere
(`runner.execution.engines`).
"""

from __future__ import annotations

import importlib.util
from collections import Counter
from collections.abc import Iterator
from typing import Any

from runner.config.registry import Entry, entries, name_of
from runner.config.settings import Settings, flat_key

AUTO, NATIVE, STACKED = "auto", "native", "stacked"
LOSS_OF = {"classification": "cross_entropy", "regression": "mse"}  # what loss=auto comes to
KEYS, SLOTS = 4, 4  # keys of a technique, and slots of a rule, that compiled code has room for
NEEDED = {"numba": "numba", "scipy": "scipy, by which numba multiplies matrices"}


def engine(settings: Settings, task: str) -> str:
    """What makes the steps of a run: as it has begun, else as its settings say."""
    if settings.engine or settings.trainer.engine != AUTO:
        return settings.engine or settings.trainer.engine
    return STACKED if lacking(settings, task) else NATIVE


def explained(settings: Settings, task: str) -> str:
    """The engine of a run in words, with what keeps it from the other where `auto` decided."""
    found = engine(settings, task)
    without = lacking(settings, task) if found == STACKED and settings.trainer.engine == AUTO else []
    return f"{found}: {no_form(without)}" if without else found


def no_form(found: list[str]) -> str:
    """`lacking` as a sentence."""
    return f"{' and '.join(found)} {'has' if len(found) == 1 else 'have'} no compiled form"


def lacking(settings: Settings, task: str | None) -> list[str]:
    """What of a run has no compiled form, as the user writes it; the loss `auto` is judged once the task is known."""
    model, run = settings.model, settings.trainer
    found = [f"trainer.device={run.device}"] if run.device != "cpu" else []
    found += _layer("activation", model.activation, parameters=1, buffers=0)
    found += _layer("norm", model.norm, parameters=2, buffers=2)
    found += _loss(name_of(settings.loss, "loss"), task)
    rule = entries("optimizer")[name_of(settings.optimizer, "optimizer")]
    if rule.compiled is None or rule.cls.searches or rule.cls.row_slots or len(rule.cls.slots) > SLOTS:
        found.append(str(rule))
    return found + list(dict.fromkeys(_techniques(settings)))


def not_installed() -> str:
    """What the native engine needs and cannot be found here, in words; "" if nothing. Nothing is imported."""
    return ", ".join(words for name, words in NEEDED.items() if importlib.util.find_spec(name) is None)


def _layer(group: str, name: str, parameters: int, buffers: int) -> list[str]:
    """A piece of the hidden layers without a form, or with more tensors than compiled code has room for."""
    entry = entries(group).get(name)
    if entry is None:  # none
        return []
    fits = len(entry.cls.parameters) <= parameters and len(entry.cls.buffers) <= buffers
    return [] if entry.compiled is not None and fits else [f"model.{entry}"]


def _loss(name: str, task: str | None) -> list[str]:
    meant = LOSS_OF.get(str(task), "") if name == AUTO else name
    if not meant or entries("loss")[meant].compiled is not None:
        return []
    return [f"loss={name} ({meant})" if meant != name else f"loss={name}"]


def _techniques(settings: Settings) -> Iterator[str]:
    """Regularizers that are used and cannot be compiled."""
    alone: Counter[str] = Counter()  # of these kinds compiled code has room for one
    for entry in entries("regularizer").values():
        role, written = entry.cls.role, _used(settings, entry)
        if not written:
            continue
        kind = f"{role} {entry.cls.site}" if role == "parameter_noise" else role
        alone[kind] += 1
        if role == "parameter_noise":
            fits = alone[kind] == 1
        else:
            proximal = role == "penalty" and settings.optimizer.proximal and entry.cls.prox is not None
            known = role != "around" and entry.compiled is not None and len(entry.options) <= KEYS
            fits = known and not (proximal and entry.compiled.prox is None) and (role != "targets" or alone[kind] == 1)
        if not fits:
            yield written


def _used(settings: Settings, entry: Entry) -> str:
    """The key that switches a technique on, with its value, as a user writes it; "" where it is off."""
    piece = settings.regularizer.get(entry.name)
    for key, option in entry.options.items():
        value: Any = getattr(piece, key, None)
        if option.active(value):
            return f"{flat_key(entry, key)}={f'{value:g}' if isinstance(value, float) else value}"
    return ""
