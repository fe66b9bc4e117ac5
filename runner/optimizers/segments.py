"""Rows sorted by update rule: one segment a rule and its switches, a contiguous slice of theta each."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor

from runner.config.settings import Settings
from runner.optimizers.rules.base import Rule
from runner.population.members import Columns

BLOCK = 1 << 16  # numbers a rule works on at once, so that they stay in the cache


def segment_key(run: Settings) -> tuple:
    """Rows with equal keys share a segment."""
    rule = run.optimizer
    switches = ((f.name, getattr(rule, f.name)) for f in dataclasses.fields(rule) if f.metadata["option"].kind == "segment")
    return (type(rule).__name__, *switches)


class Hyper:
    """Hyper-parameters of some rows: `h.lr`, `h.momentum`, ... as columns [R, 1]; None where neutral in all rows."""

    def __init__(self, columns: dict[str, Tensor | None], dtype):
        self._double, self._dtype = columns, dtype
        for name, column in columns.items():
            setattr(self, name, None if column is None else column.to(dtype))

    def correction(self, name: str, t: Tensor) -> Tensor:
        """1 - h.<name>^t, computed in double precision (Adam's bias correction)."""
        return (1 - self._double[name] ** t.double()).to(self._dtype)


class Segment:
    """One rule over the rows `span` of theta."""

    def __init__(self, runs: list[Settings], span: slice, weights: int, theta: Tensor):
        self.rule: Rule = runs[0].optimizer
        self.span, self.weights, self.dtype = span, weights, theta.dtype
        columns = Columns(runs, torch.float64, theta.device)
        names = [f.name for f in dataclasses.fields(self.rule) if f.metadata["option"].kind == "column"]
        names = [n for n in names if n not in ("lr", "clip_norm")]
        self.columns = {
            n: columns.tensor(f"optimizer.{n}") if columns.active(f"optimizer.{n}") else None for n in names
        }
        self.numbers = [{n: float(getattr(run.optimizer, n)) for n in names} for run in runs]
        self.state = {s: torch.zeros(len(runs), theta.shape[1], dtype=theta.dtype, device=theta.device) for s in self.slots}
        self.rates: Tensor | None = None

    @property
    def slots(self) -> tuple[str, ...]:
        """State the rule keeps for these rows."""
        return self.rule.slots_used(self.columns)

    def start_epoch(self, rates_RS: Tensor, first_step: Tensor) -> None:
        """Rates (float64) of every step of the coming epoch, and the number of steps each row has made."""
        self.rates, self.first = rates_RS, first_step.double().unsqueeze(1)
        self._rates, self._first = rates_RS.tolist(), first_step.tolist()
        same = [
            i > 0 and self.numbers[i] == self.numbers[i - 1] and self._rates[i] == self._rates[i - 1] and first_step[i] == first_step[i - 1]
            for i in range(len(self.numbers))
        ]
        starts = [i for i, joined in enumerate(same) if not joined] + [len(same)]
        self.blocks = [slice(a, b) for a, b in zip(starts, starts[1:], strict=False)]

    def update(self, theta: Tensor, grad: Tensor, s: int) -> None:
        """Step s (from 0) of the epoch: decay, then the rule, in place."""
        w, g = theta[self.span], grad[self.span]
        self._decay(w, g, s)
        if self.rule.fused is not None and w.is_cpu:
            self._update_fused(w, g, s)
        else:
            self._update_blocks(w, g, s)

    def _decay(self, w: Tensor, g: Tensor, s: int) -> None:
        decay = self.columns["weight_decay"]
        if decay is None:
            return
        if not self.rule.decay_biases:
            w, g = w[:, : self.weights], g[:, : self.weights]
        if self.rule.decoupled:
            w.mul_((1 - self.rates[:, s : s + 1] * decay).to(w.dtype))
        else:
            g.add_(w * decay.to(w.dtype))

    def _update_fused(self, w: Tensor, g: Tensor, s: int) -> None:
        for rows in self.blocks:
            first = rows.start
            h: dict[str, Any] = self.numbers[first] | {"lr": self._rates[first][s]}
            state = {name: slot[rows].view(-1) for name, slot in self.state.items()}
            self.rule.fused(w[rows].view(-1), g[rows].view(-1), state, h, self._first[first] + s + 1)

    def _update_blocks(self, w: Tensor, g: Tensor, s: int) -> None:
        size = max(1, BLOCK // w.shape[1])
        for a in range(0, len(w), size):
            rows = slice(a, a + size)
            columns = {n: None if c is None else c[rows] for n, c in self.columns.items()}
            h = Hyper(columns | {"lr": self.rates[rows, s : s + 1]}, self.dtype)
            state = {name: slot[rows] for name, slot in self.state.items()}
            self.rule.update(w[rows], g[rows], state, h, self.first[rows] + s + 1)
