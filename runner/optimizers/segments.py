"""Rows sorted by update rule: one segment a rule and its switches, a contiguous slice of theta each."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from runner.config.settings import Settings
from runner.optimizers.rules.base import Rule, Search, segment_key
from runner.population.devices import profile
from runner.population.layout import Layout
from runner.population.members import Columns


class Hyper:
    """Hyper-parameters of some rows: `h.lr`, `h.momentum`, ... as columns [R, 1]; None where neutral in all rows.

    Args:
        columns: name -> [R, 1] in double precision, or None.
        tables: name -> [R, S], what changes from step to step; `at` moves to one of them.
        dtype: the number format of the columns.
    """

    lr: Tensor

    def __init__(self, columns: dict[str, Tensor | None], tables: dict[str, Tensor], dtype):
        self._double, self._dtype = columns, dtype
        self._tables = {name: table.to(dtype) for name, table in tables.items()}
        self._complements: dict[str, Tensor] = {}
        for name, column in columns.items():
            setattr(self, name, None if column is None else column.to(dtype))

    def at(self, s: int) -> Hyper:
        """The same, in step s. Called as `Hyper.at(h, s)`, as a rule may have a key of any name."""
        for name, table in self._tables.items():
            setattr(self, name, table[:, s : s + 1])
        return self

    def complement(self, name: str) -> Tensor:
        """1 - h.<name>, of the number as it was given: 1 - 0.999 loses five digits in single precision."""
        if name not in self._complements:
            column = self._double[name]
            if column is None:
                raise KeyError(f"{name} is neutral in all rows")
            self._complements[name] = (1 - column).to(self._dtype)
        return self._complements[name]


class Segment:
    """One rule over its rows of theta, of which weight decay acts on the first `decaying` numbers."""

    def __init__(self, runs: list[Settings], rows: slice, decaying: int, theta: Tensor, layout: Layout | None = None):
        self.rule: Rule = copy.copy(runs[0].optimizer)
        self.rule.layout = layout
        self.rows, self.decaying, self.dtype = rows, decaying, theta.dtype
        self.profile = profile(theta.device)
        columns = Columns(runs, torch.float64, theta.device)
        options = {f.name: f.metadata["option"] for f in dataclasses.fields(self.rule)}
        names = [n for n, option in options.items() if option.kind == "column" and option.stage == "rule"]
        self.columns: dict[str, Any] = {
            n: columns.tensor(f"optimizer.{n}") if columns.active(f"optimizer.{n}") else None for n in names
        }
        self.numbers = [{n: float(getattr(run.optimizer, n)) for n in names} for run in runs]
        widths = dict.fromkeys(self.rule.slots_used(self.columns), theta.shape[1])
        widths |= dict.fromkeys(self.rule.row_slots, 1)
        widths |= dict.fromkeys(self.rule.matrix_slots, (layout.parameters if layout else theta.shape[1]) ** 2)
        self.state = {name: theta.new_zeros(len(runs), width) for name, width in widths.items()}

    def kept(self) -> dict[str, Tensor]:
        """The state by the names that a checkpoint knows it by; one of a row differs from one of a weight."""
        row_slots = self.rule.row_slots + self.rule.matrix_slots
        return {f"optimizer.{'row.' if n in row_slots else ''}{n}": slot for n, slot in self.state.items()}

    def start_epoch(self, rates_RS: Tensor, first_step: Tensor, theta: Tensor, grad: Tensor) -> None:
        """Rates (float64) of every step of the coming epoch, the number of steps each row has made, and all rows'
        tensors.
        """
        self.w, self.g = theta[self.rows], grad[self.rows]
        self.rates, self.first = rates_RS, first_step.to(theta.device).double().unsqueeze(1)
        self._row_blocks: list[RowBlock] = []
        able = self.rule.fused is not None and not self.rule.row_slots
        alike = list(self._equal_rows(rates_RS.tolist(), first_step.tolist())) if able else []
        self.use_fused = able and len(alike) <= self.profile.fused
        if self.use_fused:
            self.blocks = [self._block(rows) for rows in alike]

    def update(self, s: int, search: Search | None = None) -> None:
        """Step s (from 0) of the epoch: decay, then the rule, in place; a rule that searches is given the means."""
        if self.columns["weight_decay"] is not None:
            search = self._with_decay(search)
            self._decay(s)
        if self.use_fused:
            for block in self.blocks:
                block.h["lr"] = block.rates[s]
                self.rule.fused(*block.tensors, block.h, block.t[s])
        else:
            self._update_blocks(s, search)

    def remarks(self) -> list[str]:
        """What the rule has to say of each row."""
        rows = range(len(self.w))
        return [self.rule.remark({name: slot[row] for name, slot in self.state.items()}) for row in rows]

    def _equal_rows(self, rates: list[list[float]], first: list[int]) -> Iterator[slice]:
        """Neighbours whose hyper-parameters are all equal: to a fused kernel they are one long row."""
        keys = list(zip(self.numbers, rates, first, strict=True))
        starts = [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
        yield from (slice(a, b) for a, b in zip(starts, [*starts[1:], len(keys)], strict=True))

    def _block(self, rows: slice) -> Block:
        state = {name: slot[rows].view(-1) for name, slot in self.state.items()}
        rates = self.rates[rows.start].tolist()
        t = torch.arange(1, len(rates) + 1, device=self.w.device) + int(self.first[rows.start])
        tensors = (self.w[rows].view(-1), self.g[rows].view(-1), state)
        return Block(tensors, dict(self.numbers[rows.start]), rates, t.float().unbind())

    def _decay(self, s: int) -> None:
        decay, w, g = self.columns["weight_decay"], self._decayed(self.w), self._decayed(self.g)
        if self.rule.decoupled:
            state = {name: self._decayed(slot) for name, slot in self.state.items()}
            self.rule.shrink(w, state, self.rates[:, s : s + 1] * decay, self.columns)
        else:
            g.add_(w * decay.to(w.dtype))

    def _decayed(self, rows: Tensor) -> Tensor:
        return rows[:, : self.decaying]

    def _with_decay(self, search: Search | None) -> Search | None:
        """The search with decay/2 ||w||^2 in its objective, where decay enters the gradient; else with the curvature at
        the weights before decay, where the gradient is.
        """
        if search is None:
            return None
        if self.rule.decoupled:
            before, curvature = self.w.clone(), search.curvature
            return search._replace(curvature=lambda w: curvature(before))
        decay, evaluate = self.columns["weight_decay"].to(self.dtype), search.evaluate

        def decayed(w: Tensor) -> tuple[Tensor, Tensor]:
            objective, g = evaluate(w)
            self._decayed(g).add_(self._decayed(w) * decay)
            return objective + self._half_square(w) * decay, g

        def curved(w: Tensor) -> Callable[[Tensor], Tensor]:
            product = search.curvature(w)

            def decayed_product(v: Tensor) -> Tensor:
                found = product(v)
                found[..., : self.decaying] += v[..., : self.decaying] * decay
                return found

            return decayed_product

        return search._replace(
            objective=search.objective + self._half_square(self.w) * decay, evaluate=decayed, curvature=curved
        )

    def _half_square(self, w: Tensor) -> Tensor:
        return self._decayed(w).square().sum(1, keepdim=True) / 2

    def _update_blocks(self, s: int, search: Search | None) -> None:
        for block in self.row_blocks():
            self.rule.advance(search, block.w, block.g, block.state, Hyper.at(block.h, s), block.first + s + 1)

    def gain(self, s: int) -> Tensor:
        """What `Rule.gain` gives after step s, for every weight: [R, P]."""
        return torch.cat(
            [self.rule.gain(b.state, Hyper.at(b.h, s), b.first + s + 1).expand_as(b.w) for b in self.row_blocks()]
        )

    def row_blocks(self) -> list[RowBlock]:
        """As many rows at once as suit the device, or all if they search together; bound once an epoch."""
        if not self._row_blocks:
            at_once = None if self.rule.searches else self.profile.updated
            many = len(self.w) if at_once is None else at_once // self.w.shape[1]
            size, tables = max(1, many), self._tables()
            self._row_blocks = [self._row_block(slice(a, a + size), tables) for a in range(0, len(self.w), size)]
        return self._row_blocks

    def _row_block(self, rows: slice, tables: dict[str, Tensor]) -> RowBlock:
        columns = {name: None if c is None else c[rows] for name, c in self.columns.items()}
        h = Hyper(columns, {name: table[rows] for name, table in tables.items()}, self.dtype)
        state = {name: slot[rows] for name, slot in self.state.items()}
        return RowBlock(self.w[rows], self.g[rows], state, h, self.first[rows])

    def _tables(self) -> dict[str, Tensor]:
        """The rates and the rule's own tables of the epoch, [R, S] each: row by row, so that a row does not depend on
        how many there are.
        """
        steps = np.arange(1, self.rates.shape[1] + 1, dtype=np.float64)
        first = self.first.flatten().tolist()
        own = [self.rule.tables(h, t + steps) for h, t in zip(self.numbers, first, strict=True)]
        device = self.rates.device
        return {"lr": self.rates} | {
            name: torch.from_numpy(np.stack([each[name] for each in own])).to(device) for name in own[0]
        }


def segments(runs: list[Settings], layout: Layout, theta: Tensor) -> Iterator[Segment]:
    """The rows of theta [M, P], sorted by `segment_key`, as segments."""
    keys = [segment_key(run) for run in runs]
    starts = [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
    for a, b in zip(starts, [*starts[1:], len(keys)], strict=True):
        decaying = layout.decaying(runs[a].optimizer.decay_biases)
        yield Segment(runs[a:b], slice(a, b), decaying, theta, layout)


@dataclasses.dataclass
class RowBlock:
    """Rows that a rule's `update` works on at once."""

    w: Tensor
    g: Tensor
    state: dict[str, Tensor]
    h: Hyper
    first: Tensor  # steps each row has made before the epoch, [R, 1]


@dataclasses.dataclass
class Block:
    """Rows with equal hyper-parameters, flat, for a fused kernel."""

    tensors: tuple[Tensor, Tensor, dict[str, Tensor]]  # w, g, state
    h: dict[str, float]
    rates: list[float]  # of each step of the epoch
    t: tuple[Tensor, ...]  # 1-based number of each step
