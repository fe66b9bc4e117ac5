"""Which of the two ways to make steps a run takes: `native`, compiled, a row at a time; or `stacked`, torch, many rows.

It follows from the run's own settings and its task alone, never from its company: native on a CPU if everything that
the run asks for has a compiled form (`Entry.compiled`). Whether this machine can compile is asked elsewhere
(`runner.execution.engines`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any

from runner.config.registry import Entry, entries, name_of
from runner.config.settings import Settings, flat_key
from runner.config.tasks import MULTITASK

AUTO, NATIVE, STACKED = "auto", "native", "stacked"
LOSS_OF = {"classification": "cross_entropy", "regression": "mse"}  # what loss=auto comes to
# What compiled code has room for: parameters and buffers of a piece, keys of a technique, slots of a rule, draws.
ROOM = {"activation": (1, 0), "norm": (2, 2), "parametrization": (1, 0)}
KEYS, SLOTS, DRAWS = 4, 4, 2
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
    model, device = settings.model, settings.trainer.device
    found = [f"trainer.device={device}"] if device != "cpu" else []
    for group, name in (("activation", model.activation), ("norm", model.norm)):
        acts = model.hidden or (group == "norm" and model.norm_input)
        if acts and name in entries(group) and not has_form(entries(group)[name]):
            found.append(f"model.{group}={name}")
    if model.parametrization != "none" and not has_form(entries("parametrization")[model.parametrization]):
        found.append(f"model.parametrization={model.parametrization}")
    found += [f"model.tied={model.tied}"] if model.tied != "none" else []
    tie = settings.tied.strength if settings.tied else settings.ensemble.tie
    found += [f"ensemble.tie={tie:g}"] if tie else []
    found += _loss(name_of(settings.loss, "loss"), task)
    found += ["dataset.target_weights"] if settings.dataset.target_weights else []
    rule = entries("optimizer")[name_of(settings.optimizer, "optimizer")]
    return [*found, *([] if has_form(rule) else [str(rule)]), *_techniques(settings)]


def has_form(entry: Entry) -> bool | None:
    """Whether compiled code can do what a choice says; None where it has no part in it."""
    cls, formed = entry.cls, entry.compiled is not None
    if entry.group in ROOM:
        parameters, buffers = ROOM[entry.group]
        return formed and len(cls.parameters) <= parameters and len(cls.buffers) <= buffers
    if entry.group == "loss":
        return None if entry.name == AUTO else formed
    if entry.group == "optimizer":
        return formed and not cls.searches and not cls.row_slots and len(cls.slots) <= SLOTS
    if entry.group != "regularizer" or cls.role == "parameter_noise":
        return None
    return formed and cls.role != "around" and len(entry.options) <= KEYS and getattr(cls, "draws", 0) <= DRAWS


def not_installed() -> str:
    """What the native engine needs and cannot be found here, in words; "" if nothing. Nothing is imported."""
    return ", ".join(words for name, words in NEEDED.items() if importlib.util.find_spec(name) is None)


def _loss(name: str, task: str | None) -> list[str]:
    if task == MULTITASK:
        return ["dataset.target (several, classes among them)"]
    meant = LOSS_OF.get(str(task), "") if name == AUTO else name
    if not meant or entries("loss")[meant].compiled is not None:
        return []
    return [f"loss={name} ({meant})" if meant != name else f"loss={name}"]


def _techniques(settings: Settings) -> Iterator[str]:
    """Regularizers that are used and cannot be compiled."""
    taken: set[str] = set()  # of what compiled code has room for once
    for entry in entries("regularizer").values():
        cls, written = entry.cls, _used(settings, entry)
        if not written:
            continue
        fits = has_form(entry) is not False
        if cls.role == "penalty" and settings.optimizer.proximal and cls.prox is not None:
            fits = fits and entry.compiled.prox is not None
        if cls.role in ("targets", "parameter_noise", "connections"):
            place = f"{cls.role} {getattr(cls, 'site', '')}"
            fits = fits and place not in taken
            taken.add(place)
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
