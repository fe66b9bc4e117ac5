"""Every two switches and choices of a model, in all combinations: gradients under every norm; padding and together =
alone under every second.

A key that a model gets later is covered by itself. Of the activations one of each kind stands for all: what a network
does around them depends on nothing else. They take turns; each of them everywhere is for a long search.
"""

import itertools

import numpy as np
import pytest
import torch

from runner.checks.gradients import check_gradient, engine_of
from runner.checks.populations import anywhere, data, examples, settings, train, variations
from runner.checks.tensors import padding
from runner.checks.together import check_alone_is_together
from runner.config.registry import entries
from runner.errors import ConfigError
from runner.training.engine import Engine

torch.set_num_threads(1)

SHAPE = (13, [17, 17, 5, 5], 3, 29)  # neighbours of one width, and of another
NORMS = ["none", *entries("norm")]
KINDS = {
    (e.cls.zero_at_zero, e.cls.exact, e.cls.gradient is None, len(e.cls.parameters)): name
    for name, e in entries("activation").items()
}


def structures() -> list[dict]:
    """The switches and choices of a model that have no group of their own: every two of them, with all their values,
    the others at their defaults.
    """
    found = []
    for name, entry in entries("model").items():
        keys = {key: o for key, o in entry.options.items() if o.type in ("switch", "choice") and not o.group}
        plain = {f"model.{key}": entry.defaults[key] for key in keys}
        for pair in itertools.combinations(keys, 2):
            values = [[(f"model.{key}", v) for v in examples(keys[key], entry.defaults[key])] for key in pair]
            found += [{"model": name} | plain | dict(chosen) for chosen in itertools.product(*values)]
    return [each for i, each in enumerate(found) if each not in found[:i]]


def allowed(structure: dict, norm: str) -> bool:
    """Whether a norm has a use for what a structure says of norms."""
    try:
        settings(SHAPE, **structure, **{"model.norm": norm})
    except ConfigError:
        return False
    return True


STRUCTURES = structures()
NORMS_OF = [[norm for norm in NORMS if allowed(structure, norm)] for structure in STRUCTURES]


def in_turns(some: list[list[str]]):
    """Parametrize by every structure with every norm it allows; quick are those with `some`, an activation each."""
    found, quick = [], 0
    for structure, norms, tried in zip(STRUCTURES, NORMS_OF, some, strict=True):
        for norm in norms:
            turn = quick % len(KINDS) if norm in tried else None
            quick += norm in tried
            for j, activation in enumerate(KINDS.values()):
                marks = () if j == turn else pytest.mark.soak
                found.append(pytest.param(structure, norm, activation, marks=marks))
    return pytest.mark.parametrize(("structure", "norm", "activation"), found, ids=lambda value: words(value))


with_norms = in_turns(NORMS_OF)
with_some_norms = in_turns([norms[i % 2 :: 2] or norms for i, norms in enumerate(NORMS_OF)])


def words(value) -> str:
    return "-".join(str(v) for v in value.values()) if isinstance(value, dict) else str(value)


def test_there_are_switches():
    assert len(STRUCTURES) >= 4
    both = {"model.norm_position": "after", "model.residual": True}
    assert any(both.items() <= each.items() for each in STRUCTURES)
    assert {
        norm for each, norms in zip(STRUCTURES, NORMS_OF, strict=True) if both.items() <= each.items() for norm in norms
    } == set(NORMS)
    assert len(KINDS) >= 3


@with_norms
def test_gradient_is_autograds_and_the_central_difference(structure, norm, activation):
    engine = engine_of(
        SHAPE, **structure, **{"model.norm": norm, "model.activation": activation, "regularizer.dropout": 0.2}
    )
    random = torch.Generator().manual_seed(0)
    for slot in engine.layout.slots.values():  # gains that are not 1, shifts that are not 0
        true = slot.true(engine.theta)
        true += 0.2 * torch.randn(true.shape, generator=random, dtype=true.dtype)
    check_gradient(engine, tried=15)


@with_some_norms
def test_rows_alone_are_rows_together_and_their_padding_stays_zero(structure, norm, activation, way):
    """Compiled rows have none."""
    change = structure | {"model.norm": norm, "model.activation": activation} | way
    runs = [settings(SHAPE, seed=i, **change, **{"regularizer.dropout": 0.1 * i}) for i in range(4)]
    tables = [data(SHAPE[0], SHAPE[2])] * len(runs)
    check_alone_is_together(runs, tables, leave={1: 1})
    noisy = [
        settings(SHAPE, seed=i, **change, **variations("regularizer", name)[0])
        for i, name in enumerate(anywhere("regularizer", way["trainer.engine"]))
        if not (structure["model.residual"] and getattr(entries("regularizer")[name].cls, "mean", None))  # refused
    ]
    found = train(noisy, [data(SHAPE[0], SHAPE[2])] * len(noisy), epochs=1)
    theta = torch.stack([f["theta"] for f in found])
    assert theta.isfinite().all()
    assert torch.equal(padding(Engine(noisy[:1], tables[:1]).layout, theta), torch.zeros_like(theta))


@pytest.mark.parametrize("norm", entries("norm"))
@pytest.mark.parametrize("position", ["before", "after"])
def test_a_norm_may_leave_its_gradient_to_autograd(norm, position, monkeypatch):
    change = {"model.norm": norm, "model.norm_position": position, "model.residual": True}
    monkeypatch.setattr(entries("norm")[norm].cls, "gradient", None)
    check_gradient(engine_of(SHAPE, **change), tried=5)


def test_a_residual_layer_of_zeros_is_the_identity(way):
    """f(x) = 0 leaves x, so the rest of the network says what it says without that layer."""
    table = data(13, 3, dtype="float64")
    change = way | {"model.residual": True, "trainer.dtype": "float64", "model.activation": "tanh"}
    deep = Engine([settings((13, [17, 17, 17], 3, 29), **change)], [table])
    flat = Engine([settings((13, [17, 17], 3, 29), **change)], [table])
    layout, other = deep.layout, flat.layout
    for kind in ("weight", "bias"):
        layout.slots[f"1.{kind}"].view(deep.theta)[...] = 0
        for theirs, ours in ((0, 0), (1, 2), (2, 3)):
            other.slots[f"{theirs}.{kind}"].view(flat.theta)[...] = layout.slots[f"{ours}.{kind}"].view(deep.theta)
    val = deep.tables.index["val"]
    assert np.array_equal(deep.rows.scores(val)[0], flat.rows.scores(val)[0])
