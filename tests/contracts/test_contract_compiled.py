"""Compiled forms of pieces: all have one, a wrong one is found out, and a network of them trains as the definition."""

import dataclasses
import itertools

import pytest
import torch

from runner.checks import compiled_pieces
from runner.checks.broken import BrokenError
from runner.checks.populations import SHAPES, data, settings
from runner.compiled.forms import ActivationForm, LossForm, NormForm
from runner.compiled.maths import exp
from runner.config.registry import entries
from runner.population.pieces import losses, norms, rectifiers, squashing
from runner.training.engine import Engine
from runner.training.steps.compiled_step import Compiled
from runner.training.steps.stacked_step import Stacked

torch.set_num_threads(1)

LOSSES = [name for name in entries("loss") if name != "auto"]
NORMS = [("none", "before"), *itertools.product(entries("norm"), ("before", "after"))]
PRECISION = {"float64": 1e-12, "float32": 1e-5}  # after three epochs, of the largest parameter
every_format = pytest.mark.parametrize("dtype", PRECISION)


def parameters(engine):
    found = {name: slot.true(engine.theta) for name, slot in engine.layout.slots.items()}
    return found | {name: slot.true(engine.buffers) for name, slot in engine.layout.buffers.items()}


def assert_both_ways_agree(dtype, task="classification", **changes):
    """Three epochs with a ragged last batch. Adam with an eps of 1: else it would magnify gradients that are zero but
    for rounding, such as that of a bias before a batch norm.
    """
    inputs, _, outputs, _ = SHAPES[1]
    runs = [settings(SHAPES[1], seed=i, **{"trainer.dtype": dtype, "optimizer.eps": 1.0} | changes) for i in range(2)]
    table = data(inputs, outputs, task, dtype=dtype)
    engines = [Engine(runs, [table] * 2, stepper=stepper) for stepper in (Stacked, Compiled)]
    for _ in range(3):
        stacked, compiled = (engine.train_epoch([1.0] * 2) for engine in engines)
    largest = max(float(each.abs().max()) for each in parameters(engines[0]).values())
    for (name, expected), found in zip(parameters(engines[0]).items(), parameters(engines[1]).values(), strict=True):
        assert float((found - expected).abs().max()) <= PRECISION[dtype] * largest, name
    assert compiled["objectives"] == pytest.approx(stacked["objectives"], rel=PRECISION[dtype])
    assert compiled["grad_norm"] == pytest.approx(stacked["grad_norm"], rel=10 * PRECISION[dtype])


@every_format
@pytest.mark.parametrize(("norm", "position"), NORMS)
@pytest.mark.parametrize("activation", list(entries("activation")))
def test_a_network_trains_as_its_definition(activation, norm, position, dtype):
    pieces = {"model.activation": activation, "model.norm": norm, "model.norm_position": position}
    assert_both_ways_agree(dtype, **pieces)


@every_format
@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_minimized_as_its_definition(loss, dtype):
    assert_both_ways_agree(dtype, entries("loss")[loss].cls.task, loss=loss)


@pytest.mark.parametrize(("group", "kind"), [("activation", ActivationForm), ("norm", NormForm), ("loss", LossForm)])
def test_every_activation_norm_and_loss_has_a_compiled_form(group, kind):
    forms = {name: entry.compiled for name, entry in entries(group).items() if name != "auto"}
    assert forms and all(isinstance(form, kind) for form in forms.values())


def nothing_learned(g, normal, inverse, gain, g_gain, g_shift):
    g_gain[:] = 0


def tanh_of_large_numbers(z, y, p):
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = 1 - 2 / (exp(2 * z[r, j]) + 1)


WRONG = [
    ("activation", "tanh", ActivationForm(tanh_of_large_numbers, squashing.tanh_backward), "outputs of .* near 1e"),
    ("activation", "leaky_relu", ActivationForm(rectifiers.leaky_relu, rectifiers.relu_backward), "the gradient of"),
    ("norm", "layer", NormForm(norms.layer_norm, nothing_learned), "the gradient of"),
    ("norm", "batch", NormForm(norms.layer_norm, norms.batch_norm_backward), "running_mean of"),
    ("loss", "cross_entropy", LossForm(losses.mse), "losses of"),
]


@pytest.mark.parametrize(("group", "name", "form", "told"), WRONG, ids=[f"{g} {n}" for g, n, *_ in WRONG])
def test_a_form_that_computes_something_else_is_found_out(group, name, form, told):
    entry = dataclasses.replace(entries(group)[name], compiled=form)
    with pytest.raises(BrokenError, match=told):
        compiled_pieces.CHECKS[group](entry, "float64")
