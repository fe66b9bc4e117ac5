"""The engine's side of a comparison, and the comparison itself.

Distances are ||a - b||_2 / ||b||_2 over all parameters of a network taken as one vector, b the reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from parity_case import Case, of_case, synthetic
from torch import Tensor

from runner.config.engines import STACKED
from runner.optimizers.rules.base import segment_key
from runner.population.arrays import as_array, as_tensors
from runner.population.export import architecture, state_dict
from runner.population.pieces.base import Parametrization
from runner.training.engine import Engine


@dataclass
class Trained:
    """What training left: named parameters and buffers, and for each step the rate and the objective."""

    state: dict[str, Tensor]
    rates: list[float]
    objectives: list[float]
    metrics: dict[str, float]


def begin(cases: list[Case], dtype: str, engine: str = STACKED) -> Engine:
    """The cases as rows of one engine (in the order of `in_rows`), from the weights that float32 draws."""
    engines = [
        Engine([of_case(case, d, engine) for case in cases], [synthetic(case.task, d) for case in cases])
        for d in dict.fromkeys(("float32", dtype))
    ]
    engine = engines[-1]
    engine.load_state(engines[0].state(), engines[0].epochs)
    layout, theta = engine.layout, as_array(engine.theta)
    for layer, piece in layout.of_kind(Parametrization):  # what is computed from these weights, in the number format
        piece.begin(layout.slots[f"{layer}.weight"].true(theta), *(s.true(theta) for s in layout.of(layer, piece)))
    return engine


def in_rows(cases: list[Case]) -> list[Case]:
    """In the order in which an engine takes them as rows."""
    return sorted(cases, key=lambda case: segment_key(of_case(case, "float64")))


def named_state(engine: Engine, row: int = 0, *, used: bool = False) -> dict[str, Tensor]:
    """Parameters and running statistics that a row keeps, under nn.Sequential names: as they are learned, or used."""
    arch = architecture(engine.runs[row], engine.layout.widths[0], engine.layout.widths[-1])
    found = engine.shown if used else engine.kept
    return as_tensors(state_dict(arch, engine.layout, found["theta"][row], found["buffers"][row]))


def train(engine: Engine) -> list[Trained]:
    """All epochs of the first row's settings, with reduce-on-plateau on the validation loss."""
    members = range(len(engine.runs))
    plateau: list[dict] = [{} for _ in members]
    rates, objectives = [], []
    for _ in range(engine.runs[0].trainer.epochs):
        objectives.append(engine.train_epoch([p.get("scale", 1.0) for p in plateau])["objectives"])
        rates.append(engine.epoch.rates.T)
        if any(run.scheduler.reactive for run in engine.runs):
            value = engine.evaluate(("val",))["val/loss"]
            plateau = [
                run.scheduler.react(p, float(v), False) if run.scheduler.reactive else p
                for run, p, v in zip(engine.runs, plateau, value, strict=True)
            ]
    metrics = engine.evaluate(("train", "val"))
    rates_KM, objectives_KM = np.concatenate(rates), np.concatenate(objectives)
    return [
        Trained(
            named_state(engine, m, used=True),
            rates_KM[:, m].tolist(),
            objectives_KM[:, m].tolist(),
            {name: float(values[m]) for name, values in metrics.items()},
        )
        for m in members
    ]


def distance(a: dict[str, Tensor], b: dict[str, Tensor]) -> float:
    """||a - b||_2 / ||b||_2 over all tensors as one vector."""
    if set(a) != set(b):
        raise KeyError(f"names differ: {sorted(set(a) ^ set(b))}")
    x, y = (torch.cat([s[name].double().flatten() for name in sorted(b)]) for s in (a, b))
    return float((x - y).norm() / y.norm())


def split_state(state: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(parameters, running statistics)."""
    running = {k: v for k, v in state.items() if "running" in k}
    return {k: v for k, v in state.items() if k not in running and "num_batches" not in k}, running


def differences(ours: Trained, theirs: Trained) -> dict[str, float]:
    """Relative distance of parameters, running statistics, rates, objectives and final metrics."""
    (ours_p, ours_r), (theirs_p, theirs_r) = split_state(ours.state), split_state(theirs.state)
    found = {"parameters": distance(ours_p, theirs_p)}
    found |= {"running statistics": distance(ours_r, theirs_r)} if theirs_r else {}
    for name in ("rates", "objectives"):
        a, b = np.array(getattr(ours, name)), np.array(getattr(theirs, name))
        found[name] = float(np.linalg.norm(a - b) / np.linalg.norm(b)) if a.shape == b.shape else float("inf")
    for name, value in theirs.metrics.items():
        found[name] = abs(ours.metrics[name] - value) / max(abs(value), 1e-3)
    return found
