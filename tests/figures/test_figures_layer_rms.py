"""Sizes of activations and gradients by layer against torch.nn and autograd, and against what theory says of depth."""

import dataclasses

import numpy as np
import pytest
import torch

from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.figures.layer_rms import at_initial_weights, layer_rms
from runner.population.arrays import as_tensors
from runner.population.export import architecture, state_dict
from runner.population.modules import build
from runner.training.engine import Engine
from runner.training.percentiles import EXAMPLES


def network(**changes):
    settings = read({"dataset": "two_moons", "dataset.n": 400, "trainer.dtype": "float64"} | changes)
    return Engine([settings], [prepare(settings)])


@pytest.mark.parametrize(
    "model",
    [
        {"model.hidden": [7, 20, 5]},
        {"model.hidden": [9], "model.activation": "tanh"},
        {"model.hidden": [8, 8], "model.norm": "batch"},
        {"model.hidden": []},
    ],
    ids=["ragged", "tanh", "batch norm", "linear"],
)
def test_both_are_those_of_torch(model, way):
    mine = network(**model | way)
    arch = architecture(mine.runs[0], mine.layout.widths[0], mine.layout.widths[-1])
    module = build(arch).double().train()
    module.load_state_dict(as_tensors(state_dict(arch, mine.layout, mine.theta[0], mine.buffers[0])))
    rows = mine.tables.index["train_eval"][0, :EXAMPLES]
    data = mine.tables.data[0]
    x, y = torch.from_numpy(data.x[rows]), torch.from_numpy(data.y[rows])
    linear = [i for i, each in enumerate(module) if isinstance(each, torch.nn.Linear)]
    passed_on = [module[:i](x) for i in linear[1:]]
    torch.nn.functional.cross_entropy(module(x), y).backward()
    found = layer_rms(mine)
    assert found["activation"] == pytest.approx([out.square().mean().sqrt().item() for out in passed_on], rel=1e-10)
    gradients = [module[i].weight.grad.square().mean().sqrt().item() for i in linear]
    assert found["gradient"] == pytest.approx(gradients, rel=1e-10)


def test_nothing_of_the_engine_changes(way):
    mine, other = (network(**way | {"model.norm": "batch", "model.hidden": [8], "averaging": "ema"}) for _ in range(2))
    for _ in range(2):
        layer_rms(mine)
        assert all(np.array_equal(array, mine.state()[name]) for name, array in other.state().items())
        for each in (mine, other):
            each.train_epoch([1.0])


def test_as_many_examples_however_few_train_is_measured_on():
    """Of one example batch norm has no statistics."""
    changes = {"model.norm": "batch", "model.hidden": [8, 8]}
    few, many = network(**changes, **{"trainer.train_eval_rows": 1}), network(**changes)
    assert min(layer_rms(few)["gradient"]) > 0
    assert few.tables.sample(EXAMPLES).shape == (1, EXAMPLES)
    assert layer_rms(few)["activation"] == pytest.approx(layer_rms(many)["activation"], rel=0.1)


def test_the_initial_weights_are_found_again(way):
    mine = network(**way | {"model.hidden": [8, 8], "model.norm": "batch"})
    fresh = layer_rms(mine)
    mine.train_epoch([1.0])
    assert layer_rms(mine) != fresh
    assert layer_rms(at_initial_weights(mine)) == fresh


def test_each_row_of_a_population_has_its_own(way):
    settings = read(way | {"dataset": "two_moons", "model.hidden": [8, 8]})
    data = prepare(settings)
    together = Engine([settings, dataclasses.replace(settings, seed=5)], [data, data])
    alone = Engine([dataclasses.replace(settings, seed=5)], [data])
    assert layer_rms(together, row=1) == layer_rms(alone) != layer_rms(together)


def test_he_weights_keep_the_size_of_a_signal_and_glorots_halve_its_square_under_relu():
    """He et al. 2015, equation 10: E[x_l^2] = n Var[w] / 2 E[x_{l-1}^2] under ReLU."""
    deep = {"model.hidden": [256] * 10, "model.activation": "relu"}
    he = np.array(layer_rms(network(**deep, **{"model.init": "he"}))["activation"])
    glorot = np.array(layer_rms(network(**deep, **{"model.init": "glorot"}))["activation"])
    assert he[-1] / he[1] == pytest.approx(1, rel=0.35)
    assert glorot[-1] / glorot[1] == pytest.approx(0.5 ** (8 / 2), rel=0.35)
