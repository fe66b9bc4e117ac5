"""Slopes of pieces: as training computes them = autograd's of the definitions = central differences, in float64."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import torch
from torch import Tensor

from runner.checks.broken import require, require_close
from runner.checks.populations import SHAPES, data, settings, variations
from runner.config.registry import Entry
from runner.optimizers.segments import Segment
from runner.training.activities import Activities
from runner.training.engine import Engine
from runner.training.penalties import Penalties
from runner.training.steps.objective import Objective
from runner.training.steps.protocols import Batch
from runner.training.steps.stacked_rows import StackedRows
from runner.training.steps.stacked_step import Stacked
from runner.training.weights import Parametrized


def engine_of(shape=SHAPES[0], members=3, task="classification", **changes) -> Engine:
    """A population in double precision, whose rows differ in their seed."""
    changes = {"trainer.dtype": "float64"} | changes
    runs = [settings(shape, seed=i, **changes) for i in range(members)]
    table = data(shape[0], shape[2], task, dtype=changes["trainer.dtype"])
    return Engine(runs, [table] * members, way=StackedRows)


def stacked(engine: Engine) -> StackedRows:
    """The rows of an engine that stacks them."""
    return cast(StackedRows, engine.rows)


def batch_of(engine: Engine):
    """The first batch: features, plain targets and noise."""
    index = engine.tables.index["train"][:, : engine.batch]
    x, q = stacked(engine).tables.gather(index)
    noise = Stacked(stacked(engine)).batches.noise.draw(np.zeros((1, len(index)), dtype=np.int64), engine.batch)
    return x, q, noise[0] if noise else None


def objective(engine: Engine, theta: Tensor, x: Tensor, q: Tensor, noise) -> Tensor:
    """The data loss of all rows, through the definitions alone."""
    passed = theta.clone()
    Parametrized(engine.layout).apply(theta, passed)
    network = stacked(engine).network.bind(passed, None, engine.buffers.clone())
    outputs = network.forward(x, training=True, noise=noise)
    return (engine.loss.forward(outputs, q, network.head).sum(1) / x.shape[1]).sum()


def analytic(engine: Engine, x: Tensor, q: Tensor, noise) -> Tensor:
    """The gradient as training computes it."""
    objective = Objective(stacked(engine), stacked(engine).columns, engine.theta.clone(), engine.buffers.clone())
    batch = Batch(0, engine.epochs, x, engine.loss.prepare(q, 1 / x.shape[1]), noise, None)
    with torch.no_grad():
        return objective.gradient(batch, engine.theta)[1]


def check_gradient(engine: Engine, tried: int = 40) -> None:
    """As training computes it = autograd's of the definitions = central differences, at some true positions."""
    x, q, noise = batch_of(engine)
    found = analytic(engine, x, q, noise)
    leaf = engine.theta.clone().requires_grad_()
    expected = torch.autograd.grad(objective(engine, leaf, x, q, noise), leaf)[0]
    require_close(found, expected, 1e-9, 1e-12, "the gradient is not autograd's of `forward`")

    h, theta = 1e-6, engine.theta
    true = torch.zeros_like(theta, dtype=torch.bool)
    for slot in engine.layout.slots.values():
        slot.true(true).fill_(True)
    for index in np.random.default_rng(0).permutation(torch.nonzero(true).numpy())[:tried]:
        shifted = [theta.clone(), theta.clone()]
        shifted[0][tuple(index)] += h
        shifted[1][tuple(index)] -= h
        with torch.no_grad():
            up, down = (objective(engine, each, x, q, noise).item() for each in shifted)
        here, slope = found[tuple(index)].item(), (up - down) / (2 * h)
        near = math.isclose(here, slope, rel_tol=1e-4, abs_tol=1e-7)
        require(near, f"the gradient {here:.6g} is not the slope of the loss, {slope:.6g} by central differences")


def of_a_piece(entry: Entry) -> None:
    """An activation, a norm, a parametrization or a loss, in a network with dropout."""
    key = {"loss": "loss"}.get(entry.group, f"model.{entry.group}")
    task = entry.cls.task if entry.group == "loss" else "classification"
    check_gradient(engine_of(task=task, **{key: entry.name, "regularizer.dropout": 0.2}))


def of_a_penalty(entry: Entry) -> None:
    """`gradient` of a penalty that is switched on is autograd's of `value`, and not zero."""
    engine = engine_of(**variations(entry.group, entry.name)[0])
    leaf = engine.theta.clone().requires_grad_()
    penalties = Penalties(stacked(engine).columns, engine.layout)
    expected = torch.autograd.grad(penalties.value(leaf).sum(), leaf)[0]
    found = torch.zeros_like(engine.theta)
    penalties.add_gradient(engine.theta, found)
    require_close(found, expected, 1e-10, 1e-14, "`gradient` is not autograd's of `value`")
    require(bool(found.abs().sum() > 0), "the gradient of the preset strength is zero everywhere")


def of_an_activity(entry: Entry) -> None:
    """With a penalty of activations, the gradient of all parameters is autograd's of data loss and `value`."""
    changes = variations(entry.group, entry.name)[0]
    for norms in ({}, {"model.norm": "layer", "model.norm_position": "after", "regularizer.dropout": 0.2}):
        engine = engine_of(**changes | norms)
        x, q, noise = batch_of(engine)
        found = analytic(engine, x, q, noise)
        activations: list = []
        leaf = engine.theta.clone().requires_grad_()
        network = stacked(engine).network.bind(leaf, None, engine.buffers.clone())
        outputs = network.forward(x, training=True, noise=noise, activations=activations)
        loss = engine.loss.forward(outputs, q, network.head).sum() / x.shape[1]
        penalty = Activities(stacked(engine).columns, engine.layout).value(activations).sum()
        expected = torch.autograd.grad(loss + penalty, leaf, retain_graph=True)[0]
        require_close(found, expected, 1e-9, 1e-12, "the gradient is not autograd's of `value`")
        alone = torch.autograd.grad(loss, leaf)[0]
        require(bool((expected - alone).abs().max() > 0), "the penalty has no gradient at its preset strength")


def prox(entry: Entry) -> None:
    """prox(w, s) = argmin |u - w|^2/2 + s value(u): no nearby u is better, also where units become 0."""
    piece, one = entry.cls(), (1, 1) if entry.cls.elementwise else (1, 1, 1)
    h = {key: torch.full(one, option.preset or 0.5, dtype=torch.float64) for key, option in entry.options.items()}
    random = torch.Generator().manual_seed(0)
    w = torch.randn(1, 5, 10, dtype=torch.float64, generator=random)
    w[:, 4] = 0
    w = w.flatten(1) if len(one) == 2 else w
    for strength in (2.0, 1e3, 1e6):

        def value(u, strength=strength):
            return ((u - w).square().sum() / 2 + strength * piece.value(u, **h)[0]).item()

        best = piece.prox(w, torch.full(one, strength, dtype=torch.float64), **h)
        require(bool(best.isfinite().all()), f"`prox` of step {strength:g} is not finite")
        for _ in range(100):
            nearby = best + 1e-3 * torch.randn(w.shape, dtype=torch.float64, generator=random)
            better = value(nearby) < value(best) - 1e-12
            require(not better, f"`prox` of step {strength:g} is not the minimum: a point nearby is lower")


def fused(entry: Entry, dtype: torch.dtype = torch.float64) -> None:
    """The kernel of a rule makes the steps of `update`, whatever its switches and numbers."""
    for change in variations("optimizer", entry.name):
        runs = [settings(seed=i, **(change | {"optimizer.lr": 0.01 * (i + 1)})) for i in range(3)]
        tolerance = 1e-12 if dtype == torch.float64 else 2e-6
        by_kernel, by_update = _stepped(runs, dtype, True), _stepped(runs, dtype, False)
        require_close(by_kernel, by_update, tolerance, tolerance, f"`fused` is not `update` with {change}")


def _stepped(runs: list, dtype: torch.dtype, use_fused: bool) -> Tensor:
    """Weights after five steps of random gradients."""
    theta = torch.randn(3, 160, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)
    segment, grad = Segment(runs, slice(0, 3), 128, theta), torch.empty_like(theta)
    segment.start_epoch(torch.full((3, 5), 0.01, dtype=torch.float64), torch.tensor([0, 3, 0]), theta, grad)
    require(segment.use_fused, "`fused` is not used")
    segment.use_fused = use_fused
    random = torch.Generator().manual_seed(2)
    for s in range(5):
        grad.copy_(torch.randn(3, 160, generator=random, dtype=torch.float64))
        segment.update(s)
    return theta
