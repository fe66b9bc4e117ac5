"""What the compiled loop (`runner.compiled.row`) is given of one row: its settings as numbers, its pieces as addresses.

Shapes: L layers, S steps, K techniques, P parameters.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from runner.compiled import records
from runner.compiled.kernels import address
from runner.compiled.row import advance, use
from runner.config.engines import KEYS, SLOTS
from runner.config.registry import entries, name_of
from runner.config.settings import Settings
from runner.optimizers.rules.base import Rule
from runner.population.arrays import in_lines
from runner.population.draws import key
from runner.population.members import Columns, active_entries
from runner.regularizers.base import (
    Activity,
    Connections,
    Constraint,
    Noise,
    ParameterNoise,
    Penalty,
    Targets,
    purpose,
)
from runner.training.ahead import Ahead
from runner.training.noise_places import keys_by_layer
from runner.training.steps.compiled_network import described, form, functions_of
from runner.training.steps.compiled_techniques import functions_of_activity, functions_of_penalty, functions_of_steps
from runner.training.steps.protocols import Membership

NOTHING = np.zeros(0)

Used = tuple[str, Any, dict[str, str]]  # a technique as `active_entries` gives it


class Placed(NamedTuple):
    """The noise of one technique at one place (0 = input, i = hidden layer i)."""

    name: str
    draws: int
    place: int
    address: int
    h: np.ndarray


class Row:
    """One row of a population: what its settings come to, once, and what it changes, whenever rows leave or join."""

    state: records.State

    def __init__(self, member: Membership, run: Settings):
        self.member, self.run, self.dtype = member, run, member.dtype
        self.layout, self.averages = member.architecture.layout, run.averaging.active
        self.columns = Columns([run])
        self.penalties, self.noises = self._penalties(), list(self._noises())
        self.targets = active_entries(self.columns, Targets)
        self.parameter_noise = {used[1].site: used for used in active_entries(self.columns, ParameterNoise)}
        self.connections = active_entries(self.columns, Connections)
        self.connections_h = self._in_layers(self.connections[:1], self.layout.layers).reshape(-1, KEYS)
        functions = functions_of(member.architecture, member.loss) | functions_of_steps(run, self.columns)
        between = "reparametrize", "restrict", "thin"
        self.passes_others = "weights" in self.parameter_noise or any(functions[name] for name in between)
        noisy = {noise.place for noise in self.noises}
        self.network, self.work_size = described(
            member.architecture, member.loss, member.batch, self.dtype, noisy, functions
        )
        self.noise_without_words = records.Noises(
            np.array([(n.place, n.address) for n in self.noises], np.int64).reshape(-1, 2),
            np.zeros((0, len(self.noises), 4), np.uint32),
            self._array([n.h for n in self.noises]).reshape(-1, KEYS),
            np.zeros((0, 4), np.uint32),
            self._keys(self.targets[0][2], 0) if self.targets else self._array([]),
        )
        self.rule_numbers = RuleNumbers(run.optimizer, self.dtype)
        self.ahead = Ahead(self._tables, run.trainer.epochs)
        self.make_steps = advance.made(self.dtype)
        self.slot_names = run.optimizer.slots_used(self.rule_numbers.columns)

    def bound(self, held: dict[str, np.ndarray], grad: np.ndarray, work: np.ndarray) -> Row:
        """The same with what it changes in place, [P] or [Q] each by the names of a checkpoint, and space to work in,
        which rows may share.
        """
        other, nothing = copy.copy(self), self._array([])
        slots = [held[f"optimizer.{n}"] if n in self.slot_names else nothing for n in self.run.optimizer.slots]
        means = [held[f"average.{n}"] if self.averages else nothing for n in ("theta", "buffers")]
        passed = in_lines(held["theta"].shape, self.dtype) if self.passes_others else nothing
        slots += [nothing] * (SLOTS - len(slots))
        other.state = records.State(
            held["theta"], held["buffers"], tuple(slots), means[0], means[1], grad, passed, work
        )
        return other

    # ---- what does not change

    def _at(self, function: Callable | None, kind: str) -> int:
        return address(function, kind, self.dtype) if function else 0

    def _array(self, values: Any) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.array(values, dtype=np.float64).astype(self.dtype)

    def _keys(self, paths: dict[str, str], layer: int) -> np.ndarray:
        return self._in_room([float(self.columns.values(path, layer)[0]) for path in paths.values()])

    def _in_room(self, values: list[float]) -> np.ndarray:
        return self._array(values + [0.0] * (KEYS - len(values)))

    def _in_layers(self, found: list[Used], count: int) -> np.ndarray:
        """The keys of techniques in the first layers, [K, count, KEYS]."""
        layers = range(count)
        rows = [[self._keys(paths, i) for i in layers] for _, _, paths in found]
        return self._array(rows).reshape(len(found), len(layers), KEYS)

    def _penalties(self) -> records.Penalties:
        found, constraints = active_entries(self.columns, Penalty), active_entries(self.columns, Constraint)
        pieces = np.zeros((len(found), 3), np.int64)
        for k, (_, piece, _) in enumerate(found):
            pieces[k] = [self._at(*each) for each in functions_of_penalty(self.run, piece)]
        projections = [self._at(form("regularizer", piece).project, "constraint") for _, piece, _ in constraints]
        return records.Penalties(
            pieces,
            self._in_layers(found, self.layout.layers),
            np.array(projections, np.int64),
            self._in_layers(constraints, self.layout.layers),
            bool(pieces[:, 2].any()),
            *self._activities(),
        )

    def _activities(self) -> tuple[np.ndarray, np.ndarray]:
        """The penalties of activations, and their keys in every hidden layer."""
        found = active_entries(self.columns, Activity)
        pieces = np.zeros((len(found), 2), np.int64)
        for k, (_, piece, _) in enumerate(found):
            pieces[k] = [self._at(*each) for each in functions_of_activity(piece)]
        return pieces, self._in_layers(found, self.layout.layers - 1)

    def _noises(self) -> Iterator[Placed]:
        """The noise of every place, in the order in which techniques act."""
        for name, piece, paths in active_entries(self.columns, Noise):
            change = self._at(form("regularizer", piece).change, "noise")
            for layer, keys in keys_by_layer(self.columns, piece, paths):
                values = [float(value) for [value] in keys.values()]
                yield Placed(name, piece.draws, layer + 1, change, self._in_room(values))

    # ---- what every epoch changes

    def start_epoch(self, rates: np.ndarray, made: int, steps: int) -> None:
        """What the steps of an epoch need: rates [S], before which so many epochs of so many steps were made."""
        (self.noise_table, self.limits, self.rates), self.first = self.ahead.of(made, steps)
        self.lr = rates

    def _tables(self, epoch: int, many: int, steps: int) -> tuple[records.Noises, records.Limits, records.Rates]:
        """What the steps of `many` epochs from one on need besides their rates."""
        run, numbers = self.run, epoch * steps + np.arange(many * steps)
        noises = self.noise_without_words._replace(
            words=self._noise_words(numbers), targets_words=self._target_words(numbers)
        )
        limits = records.Limits(
            np.inf if run.optimizer.clip_norm is None else float(run.optimizer.clip_norm),
            np.inf if run.optimizer.clip_value is None else float(run.optimizer.clip_value),
            *self._parameter_noise("weights", numbers),
            *self._parameter_noise("gradient", numbers),
            self._connection_words(numbers),
            self.connections_h,
            self.layout.weights,
        )
        amount = run.optimizer.weight_decay
        decays, average = self.layout.decaying(run.optimizer.decay_biases) if amount else 0, NOTHING
        if self.averages:
            epochs = range(epoch, epoch + many)
            average = np.concatenate([run.averaging.weights(e, steps, run.trainer.epochs) for e in epochs])
        h = self.rule_numbers.of(numbers + 1)
        return noises, limits, records.Rates(h, float(amount), run.optimizer.decoupled, decays, average)

    def _noise_words(self, steps: np.ndarray) -> np.ndarray:
        """The keys of the draws of every step, [S, K, 4]."""
        words = np.zeros((len(steps), len(self.noises), 4), np.uint32)
        for k, noise in enumerate(self.noises):
            for i in range(noise.draws):
                keys = key(self.run.seed, purpose(noise.name, i), steps, noise.place)
                words[:, k, 2 * i : 2 * i + 2] = _words(keys)
        return words

    def _connection_words(self, steps: np.ndarray) -> np.ndarray:
        """The keys of the random factors of weights of every step, [S, 4]; empty where there are none."""
        words = np.zeros((len(steps) if self.connections else 0, 4), np.uint32)
        for name, *_ in self.connections:
            words[:, :2] = _words(key(self.run.seed, name, steps))
        return words

    def _target_words(self, steps: np.ndarray) -> np.ndarray:
        """The keys of the draws for the targets of every step, [S, 4]."""
        words = np.zeros((len(steps), 4), np.uint32)
        for name, piece, _ in self.targets:
            for i in range(piece.draws):
                words[:, 2 * i : 2 * i + 2] = _words(key(self.run.seed, purpose(name, i), steps))
        return words

    def _parameter_noise(self, site: str, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Standard deviations [S] and the keys of both draws [S, 4]; empty without such noise."""
        if site not in self.parameter_noise:
            return NOTHING, np.zeros((0, 4), np.uint32)
        name, piece, paths = self.parameter_noise[site]
        h = {k: np.array(self.columns.values(path), dtype=np.float64) for k, path in paths.items()}
        deviation = np.broadcast_to(piece.deviation(steps.astype(np.float64), **h), len(steps))
        words = [_words(key(self.run.seed, purpose(name, i), steps)) for i in range(2)]
        return deviation.astype(np.float64), np.concatenate(words, 1)

    def advance(self, examples: records.Examples, first: int, last: int, objectives: np.ndarray) -> float:
        """Make the steps first ... last - 1 of the epoch; returns the norm of the last gradient, before clipping."""
        given = self.noise_table, self.penalties, self.limits, self.rates, self.lr[first:last], self.first + first
        return self.make_steps(self.state, self.network, examples, *given, objectives)

    def use(self, theta: np.ndarray, used: np.ndarray, buffers: np.ndarray) -> None:
        """used [P] <- the weights that evaluation uses, from what is learned."""
        use.made(self.dtype)(theta, used, buffers, self.network.layers, self.network.pieces)


class RuleNumbers:
    """What the compiled form of a rule is given as h."""

    def __init__(self, rule: Rule, dtype: str):
        self.rule, self.dtype, self.names = rule, dtype, form("optimizer", rule).h
        options = entries("optimizer")[name_of(rule, "optimizer")].options
        keys = {name: getattr(rule, name) for name in options}
        self.keys = {name: float(value) for name, value in keys.items() if value is not None}
        self.constants = self.keys | {f"1-{name}": 1 - value for name, value in self.keys.items()}
        self.columns = {name: None if value == options[name].neutral else value for name, value in self.keys.items()}

    def of(self, t: np.ndarray) -> np.ndarray:
        """The same in steps t [S], counted from 1, [S, keys]: the first column is the rate, before it is scheduled."""
        tables = {"t": t} | self.rule.tables(self.keys, t.astype(np.float64))
        h = np.empty((len(t), len(self.names)), self.dtype)
        with np.errstate(over="ignore"):  # what is too large for single precision is infinite, as for torch
            for column, name in enumerate(self.names):
                h[:, column] = tables[name] if name in tables else self.constants[name]
        return h


def _words(keys: np.ndarray) -> np.ndarray:
    """The two words of each key, uint32 [..., 2]."""
    return np.ascontiguousarray(keys).view(np.uint32).reshape(*keys.shape, 2)
