"""The compiled functions that the steps of a row call besides those of its network: rule, penalties, noise, weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runner.compiled import sites, weights
from runner.config.registry import entries
from runner.config.settings import Settings
from runner.population.members import Columns, active_entries
from runner.regularizers.base import Connections, Constraint, ParameterNoise, Penalty, Targets
from runner.training.steps.compiled_network import form


def the_rate(slots, h, step):
    """The gain of a rule that moves every weight by the rate: h begins with it."""
    step[:] = h[0]


def functions_of_penalty(run: Settings, piece: Any) -> list[tuple[Callable | None, str]]:
    """(function, kind) of its value, its gradient and its proximal step, None where it does not act so."""
    own, by_prox = form("regularizer", piece), run.optimizer.proximal and piece.prox is not None
    return [
        (own.value, "penalty"),
        (None if by_prox else own.gradient, "penalty_gradient"),
        (own.prox if by_prox else None, "prox"),
    ]


def functions_of_activity(piece: Any) -> list[tuple[Callable, str]]:
    """(function, kind) of the value and the gradient of a penalty of activations."""
    own = form("regularizer", piece)
    return [(own.value, "activity"), (own.gradient, "activity_gradient")]


def functions_of_steps(run: Settings, columns: Columns) -> dict[str, Callable | None]:
    """What the steps of a row call besides its network's functions, by the names of `PIECES`; None if they do not."""
    rule, optimizer = form("optimizer", run.optimizer), run.optimizer
    penalties, targets = active_entries(columns, Penalty), active_entries(columns, Targets)
    proximal = optimizer.proximal and any(piece.prox is not None for _, piece, _ in penalties)
    clips = optimizer.clip_norm is not None or optimizer.clip_value is not None
    return {
        "targets": form("regularizer", targets[0][1]).targets if targets else None,
        "rule": rule.update,
        "gain": (rule.gain or the_rate) if proximal else None,
        "add_penalties": sites.add_penalties if penalties else None,
        "proximal_step": sites.proximal_step if proximal else None,
        "project": sites.project if active_entries(columns, Constraint) else None,
        "clip": sites.clip if clips else None,
        "add_normal": sites.add_normal if active_entries(columns, ParameterNoise) else None,
        "average": sites.average if run.averaging.active else None,
        **functions_of_weights(run, columns),
    }


def functions_of_weights(run: Settings, columns: Columns) -> dict[str, Callable | None]:
    """What stands between the weights that are learned and those that the passes use, by the names of `PIECES`."""
    name, connections = run.model.parametrization, active_entries(columns, Connections)
    own = entries("parametrization")[name].compiled if name != "none" else None
    return {
        "parametrization": own and own.forward,
        "parametrization_backward": own and own.backward,
        "reparametrize": own and weights.reparametrize,
        "pull_back": own and weights.pull_back,
        "restrict": weights.restrict if run.model.masked else None,
        "connections": form("regularizer", connections[0][1]).change if connections else None,
        "thin": weights.thin if connections else None,
    }
