"""What the compiled loop (`runner.compiled.row`) is given of one row: its settings as numbers, its pieces as addresses.

Shapes: L layers, S steps, K techniques.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from runner.compiled import row as compiled
from runner.compiled.forms import RuleForm
from runner.compiled.kernels import address
from runner.config.engines import KEYS
from runner.config.registry import entries, name_of
from runner.config.settings import Settings
from runner.optimizers.rules.base import Rule
from runner.population.draws import key
from runner.population.members import Columns, active_entries
from runner.regularizers.base import Constraint, Noise, ParameterNoise, Penalty, Targets
from runner.training.noise import purpose
from runner.training.steps.compiled_network import described, form, functions_of
from runner.training.steps.protocols import Epoch, Population

NOTHING = np.zeros(0)


def the_rate(slots, h, step):
    """The gain of a rule that moves every weight by the rate: h begins with it."""
    step[:] = h[0]


def functions_of_penalty(run: Settings, piece: Any) -> list[tuple[Callable | None, str]]:
    """(function, kind) of its value, its gradient and its proximal step, None where it does not act so."""
    own, by_prox = form("regularizer", piece), run.optimizer.proximal and piece.prox is not None
    return [
        (own.value, "penalty"),
        (None if by_prox else own.gradient, "penalty_gradient"),
        (own.prox if by_prox else None, "prox"),
    ]


def functions_of_steps(run: Settings, columns: Columns, averages: bool) -> dict[str, Callable | None]:
    """What the steps of a row call besides its network's functions, by the names of `PIECES`; None if they do not.
    A row `averages` if any of its population does.
    """
    rule, optimizer = form("optimizer", run.optimizer), run.optimizer
    penalties, targets = active_entries(columns, Penalty), active_entries(columns, Targets)
    proximal = optimizer.proximal and any(piece.prox is not None for _, piece, _ in penalties)
    clips = optimizer.clip_norm is not None or optimizer.clip_value is not None
    return {
        "targets": form("regularizer", targets[0][1]).targets if targets else None,
        "rule": rule.update,
        "gain": (rule.gain or the_rate) if proximal else None,
        "add_penalties": compiled.add_penalties if penalties else None,
        "proximal_step": compiled.proximal_step if proximal else None,
        "project": compiled.project if active_entries(columns, Constraint) else None,
        "clip": compiled.clip if clips else None,
        "add_normal": compiled.add_normal if active_entries(columns, ParameterNoise) else None,
        "average": compiled.average if averages else None,
    }


class Row:
    """One row of a population."""

    def __init__(self, population: Population, row: int):
        self.run, self.row, self.population = population.runs[row], row, population
        self.dtype = str(population.dtype).removeprefix("torch.")
        self.columns = Columns([self.run], population.dtype)
        self.layout, self.averages = population.layout, population.average.active
        self.segment = next(s for s in population.segments if s.rows.start <= row < s.rows.stop)
        self.rule: RuleForm = form("optimizer", self.run.optimizer)
        self.penalties, self.noises = self._penalties(), list(self._noises())
        self.targets = active_entries(self.columns, Targets)
        self.targets_h = self._keys(self.targets[0][2], 0) if self.targets else self._array([])
        self.parameter_noise = {
            piece.site: (name, piece, paths) for name, piece, paths in active_entries(self.columns, ParameterNoise)
        }
        noisy = {place for _, _, place, _, _ in self.noises}
        of_network = population.layout, population.network, population.loss, population.batch, self.dtype
        of_steps = functions_of_steps(self.run, self.columns, self.averages)
        functions = functions_of(population.network, population.loss) | of_steps
        self.network, self.work_size = described(*of_network, noisy, functions)
        self.state, self.rule_numbers = self._state(), RuleNumbers(self.run.optimizer, self.dtype)

    # ---- what does not change

    def _at(self, function: Callable | None, kind: str) -> int:
        return address(function, kind, self.dtype) if function else 0

    def _array(self, values: Any) -> np.ndarray:
        with np.errstate(over="ignore"):
            return np.array(values, dtype=np.float64).astype(self.dtype)

    def _keys(self, paths: dict[str, str], layer: int) -> np.ndarray:
        values = [float(self.columns.values(path, layer)[0]) for path in paths.values()]
        return self._array(values + [0.0] * (KEYS - len(values)))

    def _in_layers(self, found: list[tuple[str, Any, dict[str, str]]]) -> np.ndarray:
        layers = range(self.layout.layers)
        return self._array([[self._keys(paths, i) for i in layers] for _, _, paths in found]).reshape(
            len(found), self.layout.layers, KEYS
        )

    def _penalties(self) -> compiled.Penalties:
        found, constraints = active_entries(self.columns, Penalty), active_entries(self.columns, Constraint)
        pieces = np.zeros((len(found), 3), np.int64)
        for k, (_, piece, _) in enumerate(found):
            pieces[k] = [self._at(*each) for each in functions_of_penalty(self.run, piece)]
        projections = [self._at(form("regularizer", piece).project, "constraint") for _, piece, _ in constraints]
        return compiled.Penalties(
            pieces,
            self._in_layers(found),
            np.array(projections, np.int64),
            self._in_layers(constraints),
            bool(pieces[:, 2].any()),
        )

    def _noises(self) -> Iterator[tuple[str, int, int, int, np.ndarray]]:
        """(name, draws, place, address, keys) of each, in the order in which they act."""
        for name, piece, paths in active_entries(self.columns, Noise):
            change = self._at(form("regularizer", piece).change, "noise")
            for layer in [-1] if piece.site == "input" else range(self.layout.layers - 1):
                yield name, piece.draws, layer + 1, change, self._keys(paths, max(layer, 0))

    def _state(self) -> compiled.State:
        population, row = self.population, self.row
        average = {name: tensor[row].numpy() for name, tensor in population.average.shown.items()}
        nothing = self._array([])
        kept, place = self.segment.state, row - self.segment.rows.start
        slots = [kept[name][place].numpy() if name in kept else nothing for name in self.segment.rule.slots]
        theta = population.theta[row].numpy()
        return compiled.State(
            theta,
            population.buffers[row].numpy(),
            tuple([*slots, nothing, nothing, nothing, nothing][:4]),
            average["theta"] if self.averages else nothing,
            average["buffers"] if self.averages else nothing,
            np.zeros_like(theta),
            np.empty_like(theta),
            np.empty(self.work_size, self.dtype),
        )

    # ---- what every epoch changes

    def start_epoch(self, epoch: Epoch) -> None:
        """What the steps of an epoch need."""
        run, made = self.run, int(epoch.made[self.row])
        steps = made * epoch.steps + np.arange(epoch.steps)
        rates = epoch.rates[self.row].numpy()
        self.words = self._noise_words(steps)
        self.h = self.rule_numbers.of(rates, steps + 1)
        amount = run.optimizer.weight_decay
        self.decay = rates * amount if run.optimizer.decoupled else np.full(epoch.steps, amount)
        self.decaying = self.segment.decaying if amount else 0
        self.average = run.averaging.weights(made, epoch.steps, run.trainer.epochs) if self.averages else NOTHING
        self.weight_noise, self.gradient_noise = (self._deviations(site, steps) for site in ("weights", "gradient"))

    def _noise_words(self, steps: np.ndarray) -> np.ndarray:
        words = np.zeros((len(steps), len(self.noises), 4), np.uint32)
        for k, (name, draws, place, _, _) in enumerate(self.noises):
            for i in range(draws):
                words[:, k, 2 * i : 2 * i + 2] = _words(key(self.run.seed, purpose(name, i), steps, place))
        return words

    def _deviations(self, site: str, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if site not in self.parameter_noise:
            return NOTHING, np.zeros((0, 4), np.uint32)
        name, piece, paths = self.parameter_noise[site]
        h = {k: np.array(self.columns.values(path), dtype=np.float64) for k, path in paths.items()}
        deviation = np.broadcast_to(piece.deviation(steps.astype(np.float64), **h), len(steps)).astype(np.float64)
        words = [_words(key(self.run.seed, purpose(name, i), steps)) for i in range(2)]
        return deviation, np.concatenate(words, 1)

    def advance(self, examples: compiled.Examples, first: int, last: int, objectives: np.ndarray) -> float:
        """Make the steps first ... last - 1 of the epoch."""
        steps = slice(first, last)
        (weights, weight_words), (gradients, gradient_words) = self.weight_noise, self.gradient_noise
        noises = compiled.Noises(
            np.array([each[2:4] for each in self.noises], np.int64).reshape(-1, 2),
            self.words[steps],
            self._array([h for *_, h in self.noises]).reshape(-1, KEYS),
            self.targets_h,
        )
        limits = compiled.Limits(
            _limit(self.run.optimizer.clip_norm),
            _limit(self.run.optimizer.clip_value),
            weights[steps], weight_words[steps], gradients[steps], gradient_words[steps], self.layout.weights,
        )  # fmt: skip
        rates = compiled.Rates(
            self.h[steps], self.decay[steps], self.run.optimizer.decoupled, self.decaying, self.average[steps]
        )
        return compiled.advance(self.state, self.network, examples, noises, self.penalties, limits, rates, objectives)


class RuleNumbers:
    """What the compiled form of a rule is given as h."""

    def __init__(self, rule: Rule, dtype: str):
        self.rule, self.dtype, self.names = rule, dtype, form("optimizer", rule).h
        keys = {name: getattr(rule, name) for name in entries("optimizer")[name_of(rule, "optimizer")].options}
        self.keys = {name: float(value) for name, value in keys.items() if value is not None}
        self.constants = self.keys | {f"1-{name}": 1 - value for name, value in self.keys.items()}

    def of(self, rates: np.ndarray, t: np.ndarray) -> np.ndarray:
        """The same in steps t [S], counted from 1, of these rates: [S, keys]."""
        tables = {"lr": rates, "t": t} | self.rule.tables(self.keys, t.astype(np.float64))
        h = np.empty((len(t), len(self.names)), self.dtype)
        with np.errstate(over="ignore"):  # what is too large for single precision is infinite, as for torch
            for column, name in enumerate(self.names):
                h[:, column] = tables[name] if name in tables else self.constants[name]
        return h


def _words(keys: np.ndarray) -> np.ndarray:
    """The two words of each key, uint32 [..., 2]."""
    return np.ascontiguousarray(keys).view(np.uint32).reshape(*keys.shape, 2)


def _limit(limit: float | None) -> float:
    return np.inf if limit is None else float(limit)
