"""Compiled forms of update rules and regularizers: they do what the definitions by torch do, in both number formats.

Shapes: P parameters, O outputs and I inputs of a layer, B batch, W width.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from runner.checks.broken import require
from runner.checks.compiled import PRECISION, agree, bits_of, call
from runner.checks.populations import examples, settings, variations
from runner.compiled.forms import (
    ActivityForm,
    ConnectionsForm,
    ConstraintForm,
    NoiseForm,
    PenaltyForm,
    RuleForm,
    TargetsForm,
)
from runner.config.registry import Entry
from runner.config.settings import Settings
from runner.optimizers.segments import Segment
from runner.population.draws import bits, key, positions, words
from runner.training.steps.compiled_row import KEYS, RuleNumbers
from runner.training.steps.compiled_techniques import the_rate

SIZES = (1, 7, 1003)
SHAPES = ((1, 1), (7, 5), (10, 33), (64, 64))
SPECIAL = (np.nan, np.inf, -np.inf, 0.0, -0.0)


def same_as_torch(entry: Entry) -> None:
    """The compiled form of an entry, in both number formats."""
    for dtype in PRECISION:
        CHECKS[type(entry.compiled)](entry, dtype)


def rule(entry: Entry, dtype: str) -> None:
    """Weights, state and gain in steps 1, 2, 1000 and 1001, with any keys and switches."""
    for change in variations("optimizer", entry.name):
        run = settings(**change | {"trainer.dtype": dtype})
        for size in SIZES:
            _steps(run, entry.compiled, np.random.default_rng(0).normal(size=(4, size)).astype(dtype), str(change))
        _steps(run, entry.compiled, np.tile(SPECIAL, (4, 1)).astype(dtype), f"{change}, gradients not finite")


def _steps(run: Settings, form: RuleForm, gradients: np.ndarray, what: str) -> None:
    """Two steps from the beginning and two from step 1000, of gradients [4, P]."""
    dtype, size = gradients.dtype.name, gradients.shape[1]
    theta = torch.from_numpy(np.linspace(-2, 2, size, dtype=dtype)).unsqueeze(0)
    w, grad = theta[0].numpy().copy(), torch.empty_like(theta)
    segment = Segment([run], slice(0, 1), 0, theta)
    slots = slots_of(segment)
    for first, some in ((0, gradients[:2]), (999, gradients[2:])):
        rates = np.array([0.01, 0.02])
        segment.start_epoch(torch.from_numpy(rates).unsqueeze(0), torch.tensor([first]), theta, grad)
        segment.use_fused = False
        h = RuleNumbers(run.optimizer, dtype).of(first + np.arange(1, 3))
        h[:, 0] = rates
        for s, g in enumerate(some):
            grad.copy_(torch.from_numpy(g))
            segment.update(s)
            call(form.update, "rule", dtype, w, g, slots, h[s])
            step = np.empty_like(w)
            call(form.gain or the_rate, "gain", dtype, slots, h[s], step)
            at = f"step {first + s + 1} of {size} weights with {what}"
            agree(w, theta[0], f"weights after {at}")
            agree(step, segment.gain(s)[0], f"gain after {at}")
            for name, slot in zip(segment.rule.slots, slots, strict=False):
                if name in segment.state:
                    agree(slot, segment.state[name][0], f"{name} after {at}")


def slots_of(segment: Segment, row: int = 0) -> tuple[np.ndarray, ...]:
    """Copies of a row's state as a compiled rule is given it."""
    nothing = np.zeros(0, str(segment.dtype).removeprefix("torch."))
    found = [segment.state[n][row].numpy().copy() if n in segment.state else nothing for n in segment.rule.slots]
    return tuple([*found, nothing, nothing, nothing, nothing][:4])


def rule_in_company(entry: Entry, dtype: str) -> None:
    """Slots that only other rows of the segment need do not change a bit, whatever they hold."""
    random = np.random.default_rng(0)
    active = {f"optimizer.{n}": 0.5 for n, o in entry.options.items() if o.kind == "column" and o.neutral is not None}
    for change in variations("optimizer", entry.name):
        run, other = (settings(**changed | {"trainer.dtype": dtype}) for changed in (change, change | active))
        w, g = random.normal(size=(2, 1003)).astype(dtype)
        theta = torch.from_numpy(np.stack([w, w]))
        alone, together = Segment([run], slice(0, 1), 0, theta), Segment([run, other], slice(0, 2), 0, theta)
        h = RuleNumbers(run.optimizer, dtype).of(np.array([3]))[0]
        for name in together.state:
            together.state[name].uniform_()
            if name in alone.state:
                alone.state[name].copy_(together.state[name][:1])
        found = []
        for segment in (alone, together):
            new, slots, step = w.copy(), slots_of(segment), np.empty_like(w)
            call(entry.compiled.update, "rule", dtype, new, g, slots, h)
            call(entry.compiled.gain or the_rate, "gain", dtype, slots, h, step)
            kept = [slot for n, slot in zip(segment.rule.slots, slots, strict=False) if n in alone.state]
            found.append(bits_of((new, step, *kept)))
        require(found[0] == found[1], f"the bits depend on slots that only other rows need, with {change}")


def penalty(entry: Entry, dtype: str) -> None:
    """Value, gradient and proximal step."""
    form, piece = entry.compiled, entry.cls()
    for numbers, h, w in _cases(entry, dtype):
        what, size = f"with {numbers}", w.size
        theirs, columns = _torch(w, piece.elementwise), _columns(numbers, dtype, 2 if piece.elementwise else 3)
        value = call(form.value, "penalty", dtype, w.copy(), h)
        agree([value], piece.value(theirs, **columns), f"the penalty {what}", size)
        g = np.ones_like(w)  # to which the gradient is added
        expected = _torch(g, piece.elementwise) + piece.gradient(theirs, **columns)
        call(form.gradient, "penalty_gradient", dtype, w.copy(), h, g)
        agree(g, expected[0], f"its gradient {what}", sum(w.shape), 1.0)
        if piece.prox is None:
            continue
        step, new = (np.sin(np.arange(size)) ** 2 / 10).reshape(w.shape).astype(dtype), w.copy()
        lengths = _torch(step, piece.elementwise)
        expected = piece.prox(theirs, lengths if piece.elementwise else lengths.mean(-1, keepdim=True), **columns)
        call(form.prox, "prox", dtype, new, step, h)
        agree(new, expected[0], f"its proximal step {what}", w.shape[1])
        require(np.array_equal(new.reshape(-1) == 0, expected.numpy().reshape(-1) == 0), f"other zeros {what}")


def constraint(entry: Entry, dtype: str) -> None:
    """Weights that are brought back."""
    for numbers, h, w in _cases(entry, dtype):
        expected = entry.cls().project(_torch(w, False), **_columns(numbers, dtype, 3))
        call(entry.compiled.project, "constraint", dtype, w, h)
        agree(w, expected[0], f"weights with {numbers}", w.shape[1])


def targets(entry: Entry, dtype: str) -> None:
    """Targets of classes, or numbers."""
    piece = entry.cls()
    for numbers, h, w in _cases(entry, dtype):
        classes = np.eye(w.shape[1], dtype=dtype)[np.arange(len(w)) % w.shape[1]]
        q = classes if piece.task == "classification" else w
        keys, drawn = _drawn(piece.draws, *q.shape)
        expected = piece.targets(_torch(q, False), w.shape[1], *drawn, **_columns(numbers, dtype, 3))
        call(entry.compiled.targets, "targets", dtype, q, keys.view(np.uint32), h)
        agree(q, expected[0], f"targets with {numbers}")


def activity(entry: Entry, dtype: str) -> None:
    """Value and gradient, of activations between 0 and 1."""
    form, piece = entry.compiled, entry.cls()
    for numbers, h, w in _cases(entry, dtype):
        a = 1 / (1 + np.exp(-w)) if piece.of_shares else w
        theirs, columns, what = _torch(a, False), _columns(numbers, dtype, 3), f"with {numbers}"
        value, g = call(form.value, "activity", dtype, a.copy(), h), np.ones_like(a)
        agree([value], piece.value(theirs, **columns), f"the penalty {what}", a.size)
        expected = _torch(g, False) + piece.gradient(theirs, **columns)
        call(form.gradient, "activity_gradient", dtype, a.copy(), h, g)
        agree(g, expected[0], f"its gradient {what}", sum(a.shape), 1.0)


def noise(entry: Entry, dtype: str) -> None:
    """Activations and factors; what is switched off is the same to the last unit."""
    piece = entry.cls()
    for numbers, h, y in _cases(entry, dtype):
        of_unit, width = piece.per == "unit", y.shape[1] if piece.per == "unit" else 1
        keys, drawn = _drawn(piece.draws, len(y), width)
        ones = torch.ones(1, *y.shape, dtype=getattr(torch, dtype))
        units = {} if of_unit else {"units": torch.arange(1, y.shape[1] + 1, dtype=ones.dtype)}
        factor, addend = piece.change(*drawn, **_columns(numbers, dtype, 3), **units)
        factor = ones if factor is None else factor.expand(ones.shape)
        expected = _torch(y, False) * factor + (0 if addend is None else addend)
        found = np.ones_like(y)
        call(entry.compiled.change, "noise", dtype, y, found, keys.view(np.uint32), h)
        require(np.array_equal(found == 0, factor[0].numpy() == 0), f"other units are switched off with {numbers}")
        agree(found, factor[0], f"factors with {numbers}")
        agree(y, expected[0], f"activations with {numbers}")


def connections(entry: Entry, dtype: str) -> None:
    """Weights times their factors, whichever the position of the first."""
    piece = entry.cls()
    for numbers, h, w in _cases(entry, dtype):
        keys, first, found = key(7, "weights")[None], 5, w.copy()
        drawn = bits(words(keys), positions(1, first + w.size, first + w.size))[:, 0, first:].reshape(1, *w.shape)
        factor = piece.factor(drawn, **_columns(numbers, dtype, 3))
        given = np.concatenate([keys.view(np.uint32).reshape(-1), np.zeros(2, np.uint32)])
        call(entry.compiled.change, "connections", dtype, found, given, first, h)
        agree(found, (_torch(w, False) * factor)[0], f"weights with {numbers}")


CHECKS = {
    RuleForm: rule,
    PenaltyForm: penalty,
    ActivityForm: activity,
    ConstraintForm: constraint,
    TargetsForm: targets,
    NoiseForm: noise,
    ConnectionsForm: connections,
}


def _drawn(draws: int, rows: int, width: int) -> tuple[np.ndarray, list[torch.Tensor]]:
    """(keys of two draws, so many of them at the positions of a matrix)"""
    keys, place = np.array([key(7, f"draw {i}") for i in range(2)]), positions(rows, width, width)
    return keys, [bits(words(keys[i : i + 1]), place) for i in range(draws)]


def _cases(entry: Entry, dtype: str) -> Iterator[tuple[dict[str, float], np.ndarray, np.ndarray]]:
    """(keys, the same as h, a matrix): every key moved, on matrices of several shapes; then one with units that are 0,
    NaN and infinite.
    """
    random = np.random.default_rng(0)
    usual = {name: 0.5 if o.preset is None else o.preset for name, o in entry.options.items()}
    moved = [{n: v} for n, o in entry.options.items() for v in examples(o, entry.defaults[n]) if v is not None]
    for numbers in (usual, *(usual | each for each in moved)):
        h = np.array([*numbers.values(), *[0.0] * (KEYS - len(numbers))]).astype(dtype)
        for shape in SHAPES:
            yield numbers, h, random.normal(size=shape).astype(dtype)
        special = random.normal(size=(10, 33)).astype(dtype)
        special[: len(SPECIAL), 0], special[-1] = SPECIAL, 0
        yield numbers, h, special


def _torch(matrix: np.ndarray, flat: bool) -> torch.Tensor:
    """A copy of a matrix as that of one row of a population, [1, O I] or [1, O, I]."""
    tensor = torch.from_numpy(matrix.copy()).unsqueeze(0)
    return tensor.flatten(1) if flat else tensor


def _columns(numbers: dict[str, float], dtype: str, dims: int) -> dict[str, torch.Tensor]:
    return {name: torch.full([1] * dims, value, dtype=getattr(torch, dtype)) for name, value in numbers.items()}
