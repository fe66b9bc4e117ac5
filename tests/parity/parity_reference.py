"""The independent reference: torch.nn.Sequential, torch.optim, torch.optim.lr_scheduler and explicit penalty terms.

`replay` takes the engine's initial weights and the order of its examples, and nothing else, and trains by autograd.

Shapes: B batch, D features.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import Any

import torch
from parity_case import Case, Schedule, of_case, synthetic
from parity_cases import MODULES
from parity_engine import Trained, begin, named_state
from parity_noise import (
    connections,
    disturbed,
    mean,
    noisy_targets,
    parameter_noise,
    parameters_in_order,
    strengths,
)
from parity_weights import learned, reparametrize, used_state
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from runner.config.registry import entries
from runner.config.settings import Settings
from runner.data.prepare import RunData
from runner.data.tables import Tables


class Skipping(nn.Sequential):
    """h = h + block(h) for every hidden layer that keeps the width of the hidden layer before it."""

    def __init__(self, blocks: list[list[nn.Module]], *modules: nn.Module):
        super().__init__(*modules)
        self.blocks = blocks  # input dropout, then one a hidden layer

    def forward(self, h: Tensor) -> Tensor:
        for place, block in enumerate(self.blocks):
            y = nn.Sequential(*block)(h)
            h = h + y if place > 1 and y.shape == h.shape else y
        return self[-1](h)


def sequential(settings: Settings, inputs: int, outputs: int) -> nn.Sequential:
    """The network written by hand; activation and norm are the torch classes their registration names."""
    model, depth = settings.model, len(settings.model.hidden)
    blocks: list[list[nn.Module]] = [[nn.Identity()] if settings.value("regularizer.input_dropout") else []]
    blocks[0] += [normalization(model, inputs)] if model.norm_input else []
    dropouts = [settings.value(f"regularizer.{name}") for name in ("alpha_dropout", "dropout")]
    dropouts = [p if isinstance(p, list) else [p] * depth for p in dropouts]
    for layer, width in enumerate(model.hidden):
        norm = [normalization(model, width)] if model.norm != "none" else []
        activation = [named(model.activation, width)]
        pair = activation + norm if model.norm_position == "after" else norm + activation
        blocks.append(
            [nn.Linear(inputs, width, bias=model.bias), *pair, *(nn.Identity() for p in dropouts if p[layer])]
        )
        inputs = width
    modules = [*itertools.chain(*blocks), nn.Linear(inputs, outputs, bias=model.bias)]
    network = Skipping(blocks, *modules) if model.residual else nn.Sequential(*modules)
    watch(network, [block[1 + (model.norm != "none" and model.norm_position == "before")] for block in blocks[1:]])
    disturb(network, [block[-1] for block in blocks[1:]], settings)
    return network.to(getattr(torch, settings.trainer.dtype))


def watch(network: nn.Sequential, activations: list[nn.Module]) -> None:
    """Keep what the activations of the last batch gave in `network.activations`."""
    network.activations = [torch.empty(0)] * len(activations)
    for i, module in enumerate(activations):
        module.register_forward_hook(lambda module, args, out, i=i: network.activations.__setitem__(i, out))


def disturb(network: nn.Sequential, ends: list[nn.Module], settings: Settings) -> None:
    """Noise on what enters the network and leaves each hidden layer while training, in step `network.step`."""

    def hook(place: int, noises: dict[str, float]):
        def change(module: nn.Module, x: Tensor) -> Tensor:
            return disturbed(settings, noises, x, place, int(network.step)) if module.training else x * mean(noises)

        return change

    network.step = -1
    if found := strengths(settings, 0):
        on_input = hook(0, found)
        network.register_forward_pre_hook(lambda module, args: (on_input(module, args[0]),))
    for place, end in enumerate(ends, 1):
        if found := strengths(settings, place):
            on_output = hook(place, found)
            end.register_forward_hook(lambda module, args, out, change=on_output: change(module, out))


class Rate:
    """The rate of every step: LinearLR's factor times the case's scheduler, each on an optimizer of its own, whose rate
    is that of the settings times the schedule's scale.
    """

    def __init__(self, schedule: Schedule | None, base: float, steps_per_epoch: int):
        self.schedule, self.every = schedule or Schedule(_constant), steps_per_epoch
        self.base = base * self.schedule.scale
        self.warm, self.carrier = (torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=self.base) for _ in range(2))
        self.main = self.schedule.main(self.carrier)
        length = self.schedule.warmup
        self.linear = _warmup(self.warm, length) if length else None
        self.warm.step()  # nothing to do, but schedulers warn unless a step has been made
        self.carrier.step()
        self.step_number = 0

    def value(self) -> float:
        """The rate of the coming step."""
        return self.warm.param_groups[0]["lr"] * (self.carrier.param_groups[0]["lr"] / self.base)

    def after_step(self) -> None:
        """Advance the clocks by one step."""
        self.step_number += 1
        into_main = self.step_number - self.schedule.warmup
        if self.linear:
            self.linear.step()
        tick = 1 if self.schedule.unit == "steps" else self.every
        if not self.schedule.reactive and into_main > 0 and into_main % tick == 0:
            self.main.step()

    def after_epoch(self, value: float) -> None:
        """Show the validation loss to a scheduler that reacts to it."""
        if self.schedule.reactive:
            self.main.step(value)


def _constant(optimizer: Optimizer):
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


def _warmup(optimizer: Optimizer, length: int):
    """(s + 1) / length for s < length, then 1. A warm-up of one step is no warm-up."""
    schedulers = torch.optim.lr_scheduler
    if length == 1:
        return _constant(optimizer)
    return schedulers.LinearLR(optimizer, start_factor=1 / length, end_factor=1.0, total_iters=length - 1)


def named(activation: str, width: int) -> nn.Module:
    """The reference of an activation: from MODULES of a cases_*.py, else the torch.nn class its entry names."""
    if activation in MODULES:
        return MODULES[activation](width)
    return getattr(nn, str(entries("activation")[activation].torch))()


def normalization(model: Any, width: int) -> nn.Module:
    """The torch.nn class that the entry of a norm names, with the model's keys as that takes them."""
    kind, affine = getattr(nn, str(entries("norm")[model.norm].torch)), model.norm_affine
    sizes: dict[str, Any] = {"batch": [width], "group": [model.norm_groups, width]}
    keys: dict[str, Any] = {"batch": {"momentum": model.norm_momentum, "affine": affine}, "group": {"affine": affine}}
    own = keys.get(model.norm, {"elementwise_affine": affine})
    return kind(*sizes.get(model.norm, [width]), eps=model.norm_eps, **own)


def data_loss(task: str, outputs: Tensor, y: Tensor) -> Tensor:
    """Cross entropy, or the mean squared error of the only output."""
    return functional.cross_entropy(outputs, y) if task == "classification" else functional.mse_loss(outputs[:, 0], y)


def _metrics(network: nn.Sequential, data: RunData, dtype, loss_of: Callable) -> dict[str, float]:
    """Loss and accuracy of train and val in evaluation mode (loss, rmse and r2 for numbers)."""
    found: dict[str, float] = {}
    network.eval()
    for split in ("train", "val"):
        index = getattr(data, split)
        x, y = torch.from_numpy(data.x[index]), torch.from_numpy(data.y[index])
        with torch.no_grad():
            out = network(x)
        if data.task == "classification":
            found[f"{split}/loss"] = float(loss_of(out, y))
            found[f"{split}/accuracy"] = float((out.argmax(1) == y).double().mean())
        else:
            found[f"{split}/loss"] = float(loss_of(out, y.to(dtype)))
            squares = (out[:, 0].double() - y).square()
            found[f"{split}/rmse"] = float(squares.mean().sqrt())
            found[f"{split}/r2"] = float(1 - squares.sum() / (y - y.mean()).square().sum())
    network.train()
    return found


@functools.cache
def _batches(
    task: str, dtype: str, seed: int, size: int, drop_last: bool, epochs: int, sampling: str
) -> list[tuple[Tensor, Tensor]]:
    """(x [B, D], y [B]) of every step, in the engine's order; most cases train on the same ones."""
    data = synthetic(task, dtype)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    y = y if task == "classification" else y.to(x.dtype)
    orders = [Tables([data], dtype).order([seed], [epoch], [sampling])[0] for epoch in range(epochs)]
    steps = [order[a : a + size] for order in orders for a in range(0, len(order), size)]
    return [(x[index], y[index]) for index in steps if len(index) == size or not drop_last]


def replay(case: Case, dtype: str, nudge: Callable[[Tensor], Tensor] = lambda w: w) -> Trained:
    """The case in PyTorch, from the weights and batches of an engine that trains this row alone.

    nudge: a change of each initial weight matrix (to see how much a rounding error grows).
    """
    settings, data, engine = of_case(case, dtype), synthetic(case.task, dtype), begin([case], dtype)
    network = sequential(settings, data.x.shape[1], data.outputs).train()
    network.load_state_dict(named_state(begin([unpruned(case)], dtype)))
    reparametrize(network, settings)
    weights = list(dict.fromkeys(learned(m) for m in network if isinstance(m, nn.Linear)))
    with torch.no_grad():
        for w in weights:
            w.copy_(nudge(w))
    optimizer = case.optimizer(weights, [p for p in network.parameters() if all(p is not w for w in weights)])
    rate = Rate(case.schedule, settings.optimizer.lr, engine.steps)
    reported = case.reported or functools.partial(data_loss, data.task)
    step = Step(case, settings, network, weights, optimizer, case.loss or reported)
    average = case.average(network) if case.average else None
    kept = average.module if average else network
    measure = functools.partial(_metrics, kept, data, getattr(torch, dtype), reported)
    rates, objectives = [], []
    trainer = settings.trainer
    how = trainer.batch_size, trainer.drop_last, trainer.epochs, trainer.sampling
    for x, y in _batches(case.task, dtype, settings.seed, *how):
        rates.append(rate.value())
        objectives.append(step.make(x, y, rates[-1]))
        rate.after_step()
        if average and case.averaged(len(rates) - 1, engine.steps):
            average.update_parameters(network)
        if rate.schedule.reactive and len(rates) % engine.steps == 0:
            rate.after_epoch(measure()["val/loss"])
    if hasattr(optimizer, "show"):  # what it keeps is not what it takes gradients at
        optimizer.show()
    return Trained(used_state(kept, settings), rates, objectives, measure())


def unpruned(case: Case) -> Case:
    """The case with all weights there are."""
    return dataclasses.replace(case, settings={k: v for k, v in case.settings.items() if k != "model.prune"})


def gain(optimizer: Optimizer, w: Tensor) -> Tensor | float:
    """How far w moves in the long run per unit of a constant gradient: the size of a proximal step.

    A reference of a case may say it itself: `optimizer.gain(w)`.
    """
    if hasattr(optimizer, "gain"):
        return optimizer.gain(w)
    group = next(group for group in optimizer.param_groups if any(p is w for p in group["params"]))
    state, lr = optimizer.state[w], group["lr"]
    if isinstance(optimizer, torch.optim.RMSprop):
        mean = state["grad_avg"] if group["centered"] else 0.0
        root = (state["square_avg"] - mean * mean).sqrt() + group["eps"]
        return lr / root / (1 - group["momentum"])
    if "betas" in group:
        v = state["max_exp_avg_sq" if group["amsgrad"] else "exp_avg_sq"] / (
            1 - group["betas"][1] ** state["step"].item()
        )
        return lr / (v.sqrt() + group["eps"])
    momentum = group["momentum"]
    return lr * (1 - group["dampening"] * (momentum > 0)) / (1 - momentum)


class Step:
    """One step in the order of the design: loss and penalty, gradients, clip, noise, rule, prox or projection."""

    def __init__(self, case: Case, settings: Settings, network, weights, optimizer: Optimizer, loss_of: Callable):
        self.case, self.settings, self.network, self.weights = case, settings, network, weights
        self.optimizer, self.loss_of, self.parameters = optimizer, loss_of, list(network.parameters())
        noises = ("weight_noise", "dropconnect")
        self.noisy_weights = any(settings.value(f"regularizer.{name}") for name in noises)
        self.noisy_gradient = bool(settings.value("regularizer.gradient_noise.s"))

    def make(self, x: Tensor, y: Tensor, rate: float) -> float:
        """Returns the objective."""
        case, network = self.case, self.network
        network.step += 1
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        for p in self.parameters:
            p.grad = None
        y = noisy_targets(self.settings, y, network.step)
        objective = self._objective(x, y)
        objective.backward()
        if case.clip:
            torch.nn.utils.clip_grad_norm_(self.parameters, case.clip)
        if case.clip_value:
            torch.nn.utils.clip_grad_value_(self.parameters, case.clip_value)
        if self.noisy_gradient:
            noise = parameter_noise(self.settings, network, "gradient_noise", network.step)
            for p, n in zip(parameters_in_order(network), noise, strict=True):
                p.grad += n
        if hasattr(self.optimizer, "solve"):  # it asks for the objective at other weights
            self.optimizer.solve(objective.item(), lambda: self._objective(x, y))
        else:
            self.optimizer.step()
        if case.after:
            with torch.no_grad():
                case.after(self.weights, functools.partial(gain, self.optimizer))
        return objective.item()

    def _objective(self, x: Tensor, y: Tensor) -> Tensor:
        """What the step decreases, at the weights as they are."""
        if self.case.trained:
            objective = self.case.trained(self.network, x, y, self.loss_of)
        else:
            objective = self.loss_of(self._noisy(x) if self.noisy_weights else self.network(x), y)
        if self.case.activity:
            objective = objective + self.case.activity(self.network.activations)
        return objective + self.case.penalty(self.weights) if self.case.penalty else objective

    def _noisy(self, x: Tensor) -> Tensor:
        """The outputs at weights that noise is added to, and that lose connections."""
        network = self.network
        names = {id(p): name for name, p in network.named_parameters()}
        noise = parameter_noise(self.settings, network, "weight_noise", network.step)
        weights = parameters_in_order(network)[: len(noise)]
        factors = connections(self.settings, weights, network.step)
        noisy = {names[id(w)]: (w + n) * f for w, n, f in zip(weights, noise, factors, strict=True)}
        return torch.func.functional_call(network, noisy, (x,))


@functools.cache
def reference(case: Case, dtype: str) -> Trained:
    """The reference of a case, computed once."""
    return replay(case, dtype)
