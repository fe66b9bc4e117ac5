"""Compiled forms of pieces: all have one, a wrong one is found out, and a network of them trains as the definition."""

import dataclasses
import itertools

import pytest
import torch

from runner.checks import compiled_pieces
from runner.checks.broken import BrokenError
from runner.checks.compiled_steps import AWAY, check_alike
from runner.checks.populations import SHAPES
from runner.compiled.forms import ActivationForm, LossForm, NormForm
from runner.compiled.maths import exp
from runner.config.registry import entries
from runner.population.pieces import losses, norms, norms_batch, rectifiers, squashing

torch.set_num_threads(1)

LOSSES = [name for name in entries("loss") if name != "auto"]
NORMS = [("none", "before"), *itertools.product(entries("norm"), ("before", "after"))]
# Not adam: it magnifies gradients that are zero but for rounding, such as that of a bias before a batch norm.
SGD = {"optimizer": "sgd", "optimizer.lr": 0.1}
SHAPE = SHAPES[1]  # wide: where all of few units are below 0, a norm magnifies what leaky_relu leaves of them
every_format = pytest.mark.parametrize("dtype", AWAY)


@every_format
@pytest.mark.parametrize(("norm", "position"), NORMS)
@pytest.mark.parametrize("activation", list(entries("activation")))
def test_a_network_trains_as_its_definition(activation, norm, position, dtype):
    pieces = {"model.activation": activation, "model.norm": norm, "model.norm_position": position}
    check_alike([SGD | pieces, SGD | pieces], dtype, SHAPE)


KEYED = [
    {"norm": "batch", "norm_momentum": None},
    {"norm": "batch", "norm_statistics": "all", "norm_input": True},
    {"norm": "batch", "norm_affine": False, "norm_eps": 0.1, "norm_momentum": 0.5},
    {"norm": "group", "norm_groups": 3, "norm_input": True, "norm_affine": False},
    {"norm": "group", "norm_groups": 5, "norm_position": "after", "residual": True},
    {"norm": "rms", "norm_input": True, "hidden": []},
]


@every_format
@pytest.mark.parametrize("keys", KEYED, ids=lambda keys: "-".join(f"{v}" for v in keys.values()))
def test_a_network_trains_as_its_definition_with_the_keys_of_norms(keys, dtype):
    pieces = {f"model.{key}": value for key, value in keys.items()}
    check_alike([SGD | pieces, SGD | pieces | {"averaging": "ema"}], dtype, (33, [45, 45], 3, 31))


@every_format
@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_is_minimized_as_its_definition(loss, dtype):
    task = entries("loss")[loss].cls.task
    check_alike([SGD | {"loss": loss}, SGD | {"loss": loss, "optimizer.momentum": 0.9}], dtype, SHAPE, task)


@pytest.mark.parametrize(("group", "kind"), [("activation", ActivationForm), ("norm", NormForm), ("loss", LossForm)])
def test_every_activation_norm_and_loss_has_a_compiled_form(group, kind):
    forms = {name: entry.compiled for name, entry in entries(group).items() if name != "auto"}
    assert forms and all(isinstance(form, kind) for form in forms.values())


def nothing_learned(g, normal, inverse, gain, h, g_gain, g_shift):
    g_gain[:] = 0


def tanh_of_large_numbers(z, y, p):
    for r in range(z.shape[0]):
        for j in range(z.shape[1]):
            y[r, j] = 1 - 2 / (exp(2 * z[r, j]) + 1)


WRONG = [
    ("activation", "tanh", ActivationForm(tanh_of_large_numbers, squashing.tanh_backward), "outputs of .* near 1e"),
    ("activation", "leaky_relu", ActivationForm(rectifiers.leaky_relu, rectifiers.relu_backward), "the gradient of"),
    ("norm", "layer", NormForm(norms.layer_norm, nothing_learned, ("eps",)), "the gradient of"),
    ("norm", "batch", NormForm(norms.layer_norm, norms_batch.batch_norm_backward, ("eps",)), "running_mean of"),
    ("loss", "cross_entropy", LossForm(losses.mse), "losses of"),
]


@pytest.mark.parametrize(("group", "name", "form", "told"), WRONG, ids=[f"{g} {n}" for g, n, *_ in WRONG])
def test_a_form_that_computes_something_else_is_found_out(group, name, form, told):
    entry = dataclasses.replace(entries(group)[name], compiled=form)
    with pytest.raises(BrokenError, match=told):
        compiled_pieces.CHECKS[group](entry, "float64")
