"""Steps and evaluations of a population: M runs of one structure, one row of theta [M, P] each.

Shapes: M members, P parameters, S steps an epoch, K steps prepared at once, B batch, D inputs, C outputs. The order of
a step: batch -> augment -> forward -> data loss -> gradients -> + penalty gradients -> clip -> + gradient noise -> rule
(decay inside) -> proximal step -> projection -> averaging.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from runner.config.registry import entries, name_of
from runner.config.settings import Settings
from runner.data.tables import Tables
from runner.optimizers.clipping import Clipping, row_norms
from runner.optimizers.segments import Segment, segment_key
from runner.population.initial import initial_buffers, initial_theta
from runner.population.members import Columns, active_entries
from runner.population.network import Network
from runner.regularizers.base import Targets
from runner.training.augmenting import Augmenting
from runner.training.averaging import Average
from runner.training.evaluation import evaluate, recorded
from runner.training.noise import NoiseSource, ParameterNoiseSource
from runner.training.penalties import Penalties

if TYPE_CHECKING:
    from runner.data.prepare import RunData

EVALUATED = 1 << 9  # members times width that are evaluated at once, so that a chunk of examples stays in the cache
PREPARED = 1 << 19  # numbers prepared at once (batches, noise), so that they stay in the cache


class Engine:
    """The rows in training. Rows must be sorted by `segment_key` and agree in every structural option.

    Tables `like` these are shared instead of made again, where they hold the same arrays.
    """

    def __init__(self, runs: list[Settings], data: list[RunData], like: Tables | None = None):
        first = runs[0]
        self.dtype = getattr(torch, first.trainer.dtype)
        self.device = torch.device(first.trainer.device)
        self.tables = Tables(data, self.dtype, self.device, first.trainer.train_eval_rows, like)
        self.network = Network(first.model, data[0].x.shape[1], data[0].outputs, self.dtype, self.device)
        self.layout = self.network.layout
        loss = {"classification": "cross_entropy", "regression": "mse"}[data[0].task]
        self.loss = entries("loss")[loss].cls() if name_of(first.loss, "loss") == "auto" else first.loss
        self.batch = min(first.trainer.batch_size, self.tables.size["train"])
        self.theta = initial_theta(self.layout, [r.seed for r in runs], first.model.init, self.dtype).to(self.device)
        self.buffers = initial_buffers(self.layout, len(runs), self.dtype).to(self.device)
        self.epochs = np.zeros(len(runs), dtype=np.int64)  # epochs each row has made
        self._bind(runs)

    # ---- rows

    def _bind(self, runs: list[Settings]) -> None:
        """Everything that depends on which rows there are."""
        self.runs = runs
        self.grad = torch.zeros_like(self.theta)
        self.network.bind(self.theta, self.grad, self.buffers)
        self.columns = Columns(runs, self.dtype, self.device)
        self.penalties = Penalties(self.columns, self.layout)
        self.augmenting = Augmenting(self.columns, self.tables.data)
        self.noise = NoiseSource(self.columns, self.layout, self.batch)
        self.gradient_noise = ParameterNoiseSource(self.columns, self.layout, "gradient")
        self.weight_noise = ParameterNoiseSource(self.columns, self.layout, "weights")
        self.learner = self.network  # what the training passes go through: perturbed weights, if there is weight noise
        if self.weight_noise.sources:
            self.perturbed = self.theta.clone()
            self.learner = copy.copy(self.network).bind(self.perturbed, self.grad, self.buffers)
        self.average = Average(runs, self.theta, self.buffers)
        self.smoothing = [
            (piece, {k: self.columns.tensor(path, dims=3) for k, path in paths.items()})
            for _, piece, paths in active_entries(self.columns, Targets)
        ]
        self.clipping = Clipping(self.columns)
        self.segments = list(self._segments())

    def _segments(self) -> Iterator[Segment]:
        keys = [segment_key(run) for run in self.runs]
        starts = [i for i, key in enumerate(keys) if i == 0 or key != keys[i - 1]]
        for a, b in zip(starts, [*starts[1:], len(keys)], strict=True):
            decaying = self.layout.decaying(self.runs[a].optimizer.decay_biases)
            yield Segment(self.runs[a:b], slice(a, b), decaying, self.theta)

    def state(self) -> dict[str, Tensor]:
        """All tensors that training changes, [M, ...] each; optimizer slots that a row does not use are zero."""
        names = sorted({slot for segment in self.segments for slot in segment.state})
        state = {f"optimizer.{n}": torch.zeros_like(self.theta) for n in names}
        for segment in self.segments:
            for name, slot in segment.state.items():
                state[f"optimizer.{name}"][segment.span] = slot
        return {"theta": self.theta, "buffers": self.buffers} | self.average.state() | state

    def load_state(self, state: dict[str, Tensor], epochs: np.ndarray) -> None:
        """Take over what `state` gave."""
        self.theta.copy_(state["theta"])
        self.buffers.copy_(state["buffers"])
        self.average.load_state(state)
        self.epochs = epochs.copy()
        for segment in self.segments:
            for name, slot in segment.state.items():
                if f"optimizer.{name}" in state:
                    slot.copy_(state[f"optimizer.{name}"][segment.span])

    def keep(self, rows: list[int]) -> None:
        """Drop every row but these and close the gaps."""
        state = {name: tensor[rows] for name, tensor in self.state().items()}
        self.theta, self.buffers = state["theta"].clone(), state["buffers"].clone()
        self.tables = self.tables.subset(rows)
        epochs = self.epochs[rows]
        self._bind([self.runs[r] for r in rows])
        self.load_state(state, epochs)

    def joined(self, old: int, runs: list[Settings], data: list[RunData], order: list[int]) -> Engine:
        """An engine of the first `old` rows as they are and of new `runs`, in `order` (positions in old + new)."""
        every = list(zip(self.runs[:old] + runs, self.tables.data[:old] + data, strict=True))
        other = Engine([every[i][0] for i in order], [every[i][1] for i in order], like=self.tables)
        rows = [order.index(i) for i in range(old)]
        state, epochs = other.state(), np.zeros(len(order), dtype=np.int64)
        for name, tensor in self.state().items() if old else ():
            state[name][rows] = tensor[:old]
        epochs[rows] = self.epochs[:old]
        other.load_state(state, epochs)
        return other

    # ---- an epoch

    @property
    def steps(self) -> int:
        """Steps an epoch."""
        n = self.tables.size["train"]
        return n // self.batch if self.runs[0].trainer.drop_last else -(-n // self.batch)

    @torch.no_grad()
    def train_epoch(self, scales: list[float]) -> dict[str, np.ndarray]:
        """One epoch of every row; scales multiply the scheduled rates (reduce on plateau).

        Returns objective [M] (mean over examples of what was optimized), objectives [S, M] a step, grad_norm [M] (last
        step, before clipping) and lr [M] (last step).
        """
        rates = self._start_epoch(scales)
        objectives, sizes = [], []
        for s, (x, q, noise, weights) in enumerate(self._batches()):
            objectives.append(self.step(s, x, q, noise, weights))
            sizes.append(x.shape[1])
        self.epochs += 1
        objectives_SM = torch.stack(objectives).double().cpu().numpy()
        objectives_MS = np.ascontiguousarray(objectives_SM.T)  # so that the order of a sum does not depend on M
        return {
            "objective": np.average(objectives_MS, axis=1, weights=sizes),
            "objectives": objectives_SM,
            "grad_norm": self.grad_norm.double().cpu().numpy(),
            "lr": rates[:, -1],
        }

    def _start_epoch(self, scales: list[float]) -> np.ndarray:
        first = self.epochs * self.steps
        factors = [
            run.scheduler.factors(int(e), self.steps, run.trainer.epochs)
            for run, e in zip(self.runs, self.epochs, strict=True)
        ]
        lr = np.array([run.optimizer.lr * run.scheduler.batch_factor(self.batch) for run in self.runs])
        rates = lr[:, None] * np.array(factors) * np.array(scales)[:, None]
        self.rates = torch.from_numpy(rates).to(self.device)
        self.first_step = first
        self.average.start_epoch(self.epochs, self.steps)
        for segment in self.segments:
            segment.start_epoch(self.rates[segment.span], torch.from_numpy(first[segment.span]), self.theta, self.grad)
        return rates

    def _batches(self) -> Iterator[tuple[Tensor, Tensor, list | None, Tensor | None]]:
        """(features [M, B, D], targets [M, B, C] as the loss wants them, noise, weights [M, B, 1] of the examples that
        are not all alike) of each step, prepared K steps at a time.
        """
        order = self.tables.order([run.seed for run in self.runs], self.epochs.tolist())
        members, full = len(order), len(order[0]) // self.batch
        many = max(1, PREPARED // (members * self.batch * max(self.layout.padded[:-1])))
        chunks = [(a, min(a + many, full), self.batch) for a in range(0, full, many)]
        if full < self.steps:
            chunks.append((full, full + 1, order.shape[1] - full * self.batch))
        for a, b, size in chunks:
            index = order[:, a * self.batch : a * self.batch + (b - a) * size].view(members, b - a, size)
            x, q = self.tables.gather(index.transpose(0, 1))
            steps_KM = np.arange(a, b)[:, None] + self.epochs * self.steps
            weights = self.tables.weights.of(index.transpose(0, 1)) if self.tables.weights.used else None
            if self.augmenting.active:
                x, q, weights = self.augmenting.apply(x, q, steps_KM, weights)
            for piece, h in self.smoothing:
                q = piece.targets(q, self.layout.widths[-1], **h) * self.network.masks[-1]
            noise = self.noise.draw(steps_KM, size)
            weights = None if weights is None else weights * (1 / size)
            prepared = self.loss.prepare(q, 1 / size if weights is None else weights)
            absent = [None] * (b - a)
            yield from zip(x, prepared, noise or absent, absent if weights is None else weights, strict=True)

    def step(self, s: int, x: Tensor, q: Tensor, noise: list | None, weights: Tensor | None = None) -> Tensor:
        """Step s of the epoch on one batch a row; returns the objective [M] it decreased."""
        tape: list = []
        if self.weight_noise.sources:
            self.weight_noise.add(self.perturbed.copy_(self.theta), self.first_step + s)
        outputs = self.learner.forward(x, training=True, noise=noise, tape=tape)
        terms, g = self._loss(outputs, q, weights)
        objective = terms.sum((1, 2))
        self.learner.backward(tape, g)
        if self.penalties.active:
            objective += self.penalties.value(self.theta)
            self.penalties.add_gradient(self.theta, self.grad)
        if self.clipping.needs_norm or s == self.steps - 1:
            self.grad_norm = row_norms(self.grad)
        if self.clipping.active:
            self.clipping.clip(self.grad, self.grad_norm if self.clipping.needs_norm else None)
        if self.gradient_noise.sources:
            self.gradient_noise.add(self.grad, self.first_step + s)
        for segment in self.segments:
            segment.update(s)
        if self.penalties.by_prox:
            self.penalties.proximal_step(self.theta, torch.cat([segment.gain(s) for segment in self.segments]))
        if self.penalties.constraints:
            self.penalties.project(self.theta)
        if self.average.active:
            self.average.update(s)
        return objective

    def _loss(self, outputs: Tensor, q: Tensor, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Terms [M, B, C] that sum to the mean data loss of each row, and their gradient by the outputs."""
        weight = 1 / outputs.shape[1] if weights is None else weights
        if self.loss.gradient is not None:
            return self.loss.gradient(outputs, q, self.network.head, weight)
        with torch.enable_grad():
            leaf = outputs.detach().requires_grad_()
            value = self.loss.forward(leaf, q, self.network.head)
            value = value * (weight if weights is None else weights.squeeze(2))
            return value.detach().unsqueeze(2), torch.autograd.grad(value.sum(), leaf)[0]

    # ---- evaluation

    def evaluate(self, splits: tuple[str, ...]) -> dict[str, np.ndarray]:
        """Metrics [M] named "<split>/<metric>", of the weights that would be kept now (averaged, where a row averages),
        without dropout, penalties or smoothing.
        """
        names = list(dict.fromkeys(name for run in self.runs for name in recorded(run, self.tables.task)))
        parts = [block._evaluate(splits, names) for block in self._blocks()]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def _blocks(self) -> Iterator[Engine]:
        """The rows, with the weights that are kept, a few at a time: the same bits, sooner."""
        many = max(1, EVALUATED // max(self.layout.padded))
        if len(self.runs) <= many and not self.average.active:
            yield self
            return
        for a in range(0, len(self.runs), many):
            rows = list(range(len(self.runs)))[a : a + many]
            yield self.subset(rows, *(tensor[a : a + many] for tensor in self.kept.values()))

    def _evaluate(self, splits: tuple[str, ...], names: list[str]) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for split in splits:
            if self.tables.size[split]:
                index = self.tables.index["train_eval" if split == "train" else split]
                metrics = evaluate(self.network, self.loss, self.tables, index, names)
                found |= {f"{split}/{name}": values for name, values in metrics.items()}
        return found

    @property
    def kept(self) -> dict[str, Tensor]:
        """theta and running statistics that are evaluated and kept: averages, where a row averages."""
        return self.average.shown

    def weight_statistics(self) -> dict[str, np.ndarray]:
        """weight_norm (L2 norm of all weights) and sparsity (share of weights that are exactly zero), [M] each; both
        NaN where the norm is not finite.
        """
        true_MP = self.layout.true_weights_of(self.kept["theta"])
        zeros = (true_MP == 0).sum(1) - (self.layout.weights - self.layout.true_weights)
        norm = row_norms(true_MP).double()
        found = {"weight_norm": norm, "sparsity": zeros.double() / self.layout.true_weights}
        return {name: values.where(norm.isfinite(), torch.nan).cpu().numpy() for name, values in found.items()}

    def subset(self, rows: list[int], theta: Tensor, buffers: Tensor) -> Engine:
        """A second engine of some rows with other weights (such as their best), for evaluation."""
        other = copy.copy(self)
        other.tables = self.tables.subset(rows)
        other.network = copy.copy(self.network).bind(theta, None, buffers)
        other.runs = [self.runs[r] for r in rows]
        other.theta, other.buffers = theta, buffers
        other.average = Average(other.runs, theta, buffers)
        return other
