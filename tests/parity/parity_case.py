"""What is compared: a `Case` says the same experiment twice, as settings of this project and as PyTorch calls."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from runner.config.engines import STACKED
from runner.config.settings import CHOICE_GROUPS, Settings, default_tree
from runner.config.validate import validate
from runner.data.encoding import Encoding
from runner.data.prepare import RunData

STEPS = 200
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
BASE: dict[str, Any] = {
    "model.hidden": [13],  # odd widths: every layer has padding
    "model.activation": "tanh",  # smooth: rounding is not multiplied at kinks
    "optimizer": "sgd",
    "optimizer.lr": 0.1,
    "trainer.engine": STACKED,
    "trainer.batch_size": 24,  # 90 examples: 24, 24, 24 and a ragged 18
}
TWO = {"model.hidden": [12, 9]}


@dataclass(frozen=True, eq=False)
class Schedule:
    """A torch scheduler whose clock starts after `warmup` steps and ticks every step or every epoch.

    The optimizer it is made for has the rate of the settings times `scale`.
    """

    main: Callable[[Optimizer], Any]
    unit: str = "epochs"
    warmup: int = 0
    reactive: bool = False
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Case:
    """One experiment, as settings (dotted key -> value, on top of BASE) and as PyTorch calls.

    optimizer(weights, others) gets the linear layers' weight matrices and all other parameters; loss(outputs, targets)
    is what is trained on; penalty(weights) is added to it, and activity(what the activation of each hidden layer gives,
    [B, W]); after(weights, gain) changes weights in place after a step. Reported is data_loss, or `reported(outputs,
    targets)`. average(network) is what is kept in its place; it is updated after a step (from 0) for which
    averaged(step, steps an epoch) is true. Noise is what the settings say. It is compared after `steps` steps, or few
    more. Where `trained(network, x, y, loss)` is given, it is in the place of loss(network(x), y).
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    optimizer: Callable[[list, list], Optimizer] = lambda w, o: torch.optim.SGD(w + o, lr=0.1)
    loss: Callable[[Tensor, Tensor], Tensor] | None = None
    reported: Callable[[Tensor, Tensor], Tensor] | None = None
    penalty: Callable[[list], Tensor] | None = None
    activity: Callable[[list], Tensor] | None = None
    trained: Callable[[torch.nn.Module, Tensor, Tensor, Callable], Tensor] | None = None
    clip: float | None = None
    clip_value: float | None = None
    after: Callable[[list, Callable], None] | None = None
    schedule: Schedule | None = None
    average: Callable[[torch.nn.Module], AveragedModel] | None = None
    averaged: Callable[[int, int], bool] = lambda step, steps: True
    task: str = "classification"
    steps: int = STEPS
    decides: bool = False  # whether rounding decides what a step does: compared in float64 only

    def __str__(self) -> str:
        return self.name


def settings_of(overrides: dict[str, Any], dtype: str = "float64") -> Settings:
    """Validated settings from dotted keys on top of BASE; a key without a dot (`optimizer`) chooses an entry."""
    chosen = BASE | {"trainer.dtype": dtype} | overrides
    tree = default_tree({g: chosen[g] for g in CHOICE_GROUPS if g in chosen})
    for path, value in chosen.items():
        *groups, key = path.split(".")
        if groups:
            functools.reduce(lambda node, part: node[part], groups, tree)[key] = value
        elif path not in CHOICE_GROUPS:
            tree[key] = value
    return validate(tree)


@functools.cache
def of_case(case: Case, dtype: str, engine: str = STACKED) -> Settings:
    """The settings of a case that trains for at least as many steps as it says."""
    keys = case.settings | {"trainer.engine": engine}
    settings = settings_of(keys, dtype)
    size, batch = 90, settings.trainer.batch_size
    steps = size // batch if settings.trainer.drop_last else -(-size // batch)
    return settings_of(keys | {"trainer.epochs": -(-case.steps // max(steps, 1))}, dtype)


@functools.cache
def synthetic(task: str, dtype: str) -> RunData:
    """90 training and 30 validation examples of 7 features: 3 classes of a noisy network, or its first output.

    The same numbers in both formats: those that float32 holds.
    """
    draw = np.random.default_rng(3)
    x = draw.standard_normal((120, 7)).astype(np.float32).astype(np.float64)
    z = np.tanh(x @ draw.standard_normal((7, 6))) @ draw.standard_normal((6, 3)) + 0.5 * draw.standard_normal((120, 3))
    y = z.argmax(1) if task == "classification" else z[:, 0].astype(np.float32).astype(np.float64)
    return run_data(x, y, task, dtype, train=90)


def run_data(x: np.ndarray, y: np.ndarray, task: str, dtype: str, train: int) -> RunData:
    """Arrays as prepared data; the rows after the first `train` are validation."""
    names = [f"x{i}" for i in range(x.shape[1])]
    labels = [str(c) for c in range(int(y.max()) + 1)] if task == "classification" else None
    zeros, ones = [0.0] * len(names), [1.0] * len(names)
    encoding = Encoding(task, "y", names, names, fill=zeros, offset=zeros, scale=ones, labels=labels)
    index = np.arange(len(x))
    outputs = len(labels) if labels else 1
    x = x.astype(dtype)
    return RunData(task, x, y, index[:train], index[train:], index[:0], encoding, labels, outputs, None, sha256="")
