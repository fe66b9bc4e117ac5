"""The product followed step by step, where a claim is about a way and not only about its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from runner.data.encoding import Encoding
from runner.data.prepare import RunData, prepare
from runner.diagnose.landscape import Landscape
from runner.diagnose.subject import Case
from runner.execution.configurations import read
from runner.optimizers.rules.base import Search
from runner.optimizers.segments import Segment
from runner.population.architecture import Architecture
from runner.population.arrays import as_array
from runner.population.initial import initial_theta
from runner.population.network import Network
from runner.training.engine import Engine

HESSIAN = np.array([[2.0, -1, 0], [-1, 2, -1], [0, -1, 2]])
OPTIMUM = np.array([0.81, 0.91, 0.13])


def table(x: Any, y: Any) -> RunData:
    """Examples as they are: those of classes where y holds whole numbers, else those of a regression."""
    x, y = np.asarray(x, float), np.asarray(y)
    task = "classification" if y.dtype.kind == "i" else "regression"
    columns = [f"x{i}" for i in range(x.shape[1])]
    zeros, ones, rows = [0.0] * len(columns), [1.0] * len(columns), np.arange(len(x))
    encoding = Encoding(task, "y", columns, columns, zeros, zeros, ones)
    labels = [str(each) for each in range(y.max() + 1)] if task == "classification" else None
    outputs = len(labels) if labels else 1
    return RunData(task, x, y, rows, rows, rows[:0], encoding, labels, outputs, None, sha256="")


def walk(words: Sequence[str], steps: int, data: RunData | None = None, start: Any = None) -> np.ndarray:
    """[1 + steps, outputs, inputs]: the weights of the first layer after each epoch, those of the start first."""
    run = read(list(words))
    engine = Engine([run], [data or prepare(run)])
    slot = engine.layout.slots["0.weight"]
    if start is not None:
        slot.true(engine.theta)[...] = engine.rows.own(np.asarray(start, float))
    found = [as_array(slot.true(engine.theta))[0].copy()]
    for _ in range(steps):
        engine.train_epoch([1.0])
        found.append(as_array(slot.true(engine.theta))[0].copy())
    return np.stack(found)


def descend(
    words: Mapping[str, Any], start: Sequence[float], gradient: Callable[[Tensor], Tensor], rates: Sequence[float]
) -> np.ndarray:
    """[1 + steps, P]: a rule that `words` choose on a function given by its gradient, a rate a step."""
    return np.array([list(start), *_steps(words, start, gradient, rates)])


def _steps(
    words: Mapping[str, Any], start: Sequence[float], gradient: Callable[[Tensor], Tensor], rates: Sequence[float]
) -> Iterator[list[float]]:
    run = read({"optimizer.name": "sgd", "trainer.dtype": "float64", **words})
    w = torch.tensor([list(start)], dtype=torch.float64)
    g = torch.zeros_like(w)
    segment = Segment([run], slice(0, 1), w.shape[1], w)
    segment.start_epoch(torch.tensor([list(rates)], dtype=torch.float64), torch.zeros(1, dtype=torch.int64), w, g)
    for s in range(len(rates)):
        g.copy_(gradient(w))
        segment.update(
            s, Search(torch.zeros(1, 1), lambda w: (w, gradient(w)), lambda w: lambda v: _curved(gradient, w, v))
        )
        yield w[0].tolist()


def _curved(gradient: Callable[[Tensor], Tensor], w: Tensor, v: Tensor) -> Tensor:
    """Hessian times v, of a gradient that is linear in w."""
    return gradient(w + v) - gradient(w)


def quadratic(hessian: Any, optimum: Any) -> Callable[[Tensor], Tensor]:
    """Gradient of (w - optimum)' hessian (w - optimum) / 2."""
    h, o = torch.as_tensor(hessian, dtype=torch.float64), torch.as_tensor(optimum, dtype=torch.float64)
    return lambda w: (w - o) @ h


def network(sizes: Sequence[int], values: Mapping[str, Any], **model: Any) -> Network:
    """A network of these widths in double precision, all 0 but for these weights, such as {"0.weight": ...}."""
    return _filled(sizes, values, model)[0]


def slopes(sizes: Sequence[int], values: Mapping[str, Any], x: Any, g: Any, **model: Any) -> dict[str, Tensor]:
    """Name -> gradient, as training works it out, of the sum of g x outputs of such a network; x [B, D], g [B, C]."""
    found, theta = _filled(sizes, values, model)
    grad = torch.zeros_like(theta)
    tape: list[Any] = []
    x, g = (torch.as_tensor(each, dtype=torch.float64)[None] for each in (x, g))
    found.bind(theta, grad).forward(x, training=True, tape=tape)
    found.backward(tape, g)
    return {name: slot.true(grad)[0] for name, slot in found.layout.slots.items()}


def _filled(sizes: Sequence[int], values: Mapping[str, Any], model: Mapping[str, Any]) -> tuple[Network, Tensor]:
    words = {f"model.{key}": value for key, value in model.items()}
    run = read({"dataset": "two_moons", "model.hidden": list(sizes[1:-1]), **words})
    architecture = Architecture(run.model, sizes[0], sizes[-1], aligned=False)
    theta = torch.zeros(1, architecture.layout.size, dtype=torch.float64)
    for name, numbers in values.items():
        architecture.layout.slots[name].true(theta)[0] = torch.as_tensor(numbers)
    return Network(architecture, torch.float64).bind(theta), theta


def landscape(words: Sequence[str]) -> Landscape:
    """The objective of a configuration around its first weights."""
    return Landscape(Case(" ".join(words), read(list(words))))


def first_weights(sizes: Sequence[int], init: str, seed: int) -> list[Tensor]:
    """[outputs, inputs] of each layer, as `model.init` draws them."""
    run = read({"dataset": "two_moons", "model.hidden": list(sizes[1:-1])})
    layout = Architecture(run.model, sizes[0], sizes[-1], aligned=False).layout
    theta = torch.from_numpy(initial_theta(layout, [seed], init))
    return [layout.slots[f"{i}.weight"].true(theta)[0] for i in range(len(sizes) - 1)]
