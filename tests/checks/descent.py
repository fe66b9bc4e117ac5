"""Gradient descent by the product's own rules on a function given by its gradient."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from runner.execution.configurations import read
from runner.optimizers.segments import Segment

OPTIMUM = torch.tensor([0.81, 0.91, 0.13], dtype=torch.float64)
HESSIAN = torch.tensor([[2.0, -1, 0], [-1, 2, -1], [0, -1, 2]], dtype=torch.float64)


def quadratic(hessian: Tensor, optimum: Tensor) -> Callable[[Tensor], Tensor]:
    """Gradient of (w - optimum)^T hessian (w - optimum) / 2 for rows w [M, P]."""
    return lambda w: (w - optimum) @ hessian


def descend(
    settings: dict[str, Any],
    start: Tensor,
    gradient: Callable[[Tensor], Tensor],
    steps: int,
    prox: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Iterator[Tensor]:
    """w [P] after each step of the rule that `settings` choose, from `start` [P].

    prox(w [1, P], step), if given, follows every step of the rule, with the step that the rule says it made.
    """
    run = read({"optimizer.name": "sgd", "trainer.dtype": "float64"} | settings)
    w = start.clone().unsqueeze(0)
    g = torch.zeros_like(w)
    segment = Segment([run], slice(0, 1), w.shape[1], w)
    rates = torch.full((1, steps), run.optimizer.lr, dtype=torch.float64)
    segment.start_epoch(rates, torch.zeros(1, dtype=torch.int64), w, g)
    for s in range(steps):
        g.copy_(gradient(w))
        segment.update(s)
        if prox is not None:
            w.copy_(prox(w, segment.gain(s)))
        yield w[0].clone()


def minimum(*args, **kwargs) -> Tensor:
    """Where `descend` ends."""
    *_, last = descend(*args, **kwargs)
    return last


def digits(values: Tensor, count: int) -> list[float]:
    """Numbers rounded as they are printed; no minus before a zero."""
    return [round(float(v), count) + 0.0 for v in values.flatten()]
