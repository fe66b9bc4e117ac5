"""The kernels that runs need, known before any of them trains: compiled in time, each once for all worker processes."""

from __future__ import annotations

from collections.abc import Iterable

from runner.compiled import row as compiled
from runner.compiled.declared import DRIVER, Kernel
from runner.config.conflicts.base import active
from runner.config.engines import LOSS_OF
from runner.config.registry import entries, name_of
from runner.config.settings import Settings
from runner.population.architecture import Architecture
from runner.population.members import Columns, active_entries
from runner.regularizers.base import Activity, Constraint, Noise, Penalty
from runner.training.steps.compiled_network import form, functions_of, kind_of
from runner.training.steps.compiled_techniques import functions_of_activity, functions_of_penalty, functions_of_steps

DRIVERS = (compiled.advance, compiled.score, compiled.norm_and_zeros, compiled.passes)


def needed(runs: Iterable[tuple[Settings, str]]) -> list[Kernel]:
    """The kernels of (run, task), each once."""
    distinct = {_choices(run, task): (run, task) for run, task in runs}
    return list(dict.fromkeys(kernel for run, task in distinct.values() for kernel in _kernels(run, task)))


def _choices(run: Settings, task: str) -> tuple:
    """What decides which kernels a run needs."""
    rule, used = run.optimizer, frozenset(entry.name for entry, *_ in active(run))
    model = run.model
    switches = (
        model.bias,
        model.parametrization,
        model.masked,
        rule.proximal,
        rule.clip_norm is None,
        rule.clip_value is None,
        run.averaging.active,
    )
    names = (
        bool(run.model.hidden),
        run.model.norm_input,
        run.model.activation,
        run.model.norm,
        name_of(run.loss, "loss"),
        name_of(rule, "optimizer"),
    )
    return task, run.trainer.dtype, names, switches, used


def _kernels(run: Settings, task: str) -> list[Kernel]:
    columns, loss = Columns([run]), run.loss
    if name_of(loss, "loss") == "auto":
        loss = entries("loss")[LOSS_OF[task]].cls()
    named = functions_of(Architecture(run.model, 1, 1), loss) | functions_of_steps(run, columns)
    drivers = (*DRIVERS, compiled.use) if named["reparametrize"] or named["restrict"] else DRIVERS
    found = [(function, kind_of(name)) for name, function in named.items()]
    for _, piece, _ in active_entries(columns, Penalty):
        found += functions_of_penalty(run, piece)
    found += [(form("regularizer", each).project, "constraint") for _, each, _ in active_entries(columns, Constraint)]
    for _, piece, _ in active_entries(columns, Activity):
        found += functions_of_activity(piece)
    found += [(form("regularizer", each).change, "noise") for _, each, _ in active_entries(columns, Noise)]
    found += [(each.py_func, DRIVER) for each in drivers]
    return [Kernel(function, kind, run.trainer.dtype) for function, kind in found if function]
