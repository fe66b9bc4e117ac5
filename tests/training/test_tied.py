"""Layers with one weight: the gradient of a weight used twice, its numbers, and what a tied run leaves behind."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris
from torch import nn

import runner
from runner.checks.populations import data, settings
from runner.cli import main
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.population.arrays import as_array
from runner.training.engine import Engine

AUTOENCODER = {
    "dataset": "iris", "dataset.task": "autoencoder", "dataset.val_fraction": 0, "dataset.test_fraction": 0,
    "model.tied": "transposed", "trainer.batch_size": 150, "trainer.dtype": "float64", "trainer.figures": False,
    "early_stopping.patience": None, "early_stopping.restore_best": False, "early_stopping.monitor": "train/loss",
}  # fmt: skip
EXPECTED = {2: 0.041868, 1: 0.270376}  # units -> mean square that PCA leaves of standardized iris
HIDDEN = {"model.hidden": [6, 6, 6], "model.tied": "hidden"}


def matrices(outcome):
    return [m.weight.detach().double() for m in runner.load(outcome.folder).network if isinstance(m, nn.Linear)]


@pytest.mark.parametrize("units", EXPECTED)
def test_a_tied_linear_autoencoder_leaves_what_principal_components_leave(tmp_path, units):
    linear = {"model.hidden": [units], "model.activation": "identity", "optimizer": "lbfgs", "trainer.epochs": 60}
    [outcome] = runner.train([AUTOENCODER | linear], outputs=tmp_path)
    assert round(outcome.summary["train"]["loss"], 6) == EXPECTED[units]
    encoder, decoder = matrices(outcome)
    assert torch.equal(decoder, encoder.T)
    assert outcome.summary["parameters"] == 4 * units + units + 4


def test_two_hundred_steps_of_a_tied_autoencoder_are_those_of_torch(tmp_path):
    deep = {
        "model.hidden": [5, 2, 5], "model.activation": "tanh", "optimizer": "sgd", "optimizer.lr": 0.1,
        "optimizer.momentum": 0.9, "regularizer.l2": 0.01, "early_stopping.every": 50,
    }  # fmt: skip
    begun, ended = (
        runner.train([AUTOENCODER | deep | {"trainer.epochs": epochs}], outputs=tmp_path)[0] for epochs in (0, 200)
    )
    x = load_iris().data
    x = torch.from_numpy((x - x.mean(0)) / x.std(0))
    layers = [m for m in runner.load(begun.folder).network.double() if isinstance(m, nn.Linear)]
    w = [layer.weight.detach().clone().requires_grad_() for layer in layers[:2]]
    b = [layer.bias.detach().clone().requires_grad_() for layer in layers]
    rule = torch.optim.SGD([*w, *b], lr=0.1, momentum=0.9)
    for _ in range(200):
        rule.zero_grad()
        h = x
        for weight, bias in zip([*w, w[1].T, w[0].T], b, strict=True):
            h = nn.functional.linear(h.tanh() if h is not x else x, weight, bias)
        (((h - x) ** 2).mean() + 0.005 * sum((each**2).sum() for each in w)).backward()
        rule.step()
    found = matrices(ended)
    for mine, theirs in zip(found, [*w, w[1].T, w[0].T], strict=True):
        np.testing.assert_allclose(mine, theirs.detach(), atol=1e-6)  # the model file has single precision


@pytest.mark.parametrize(
    "change",
    [
        {"regularizer.gradient_noise.s": 0.1, "regularizer.weight_noise": 0.1, "averaging": "ema"},
        {"regularizer.orthogonality": 0.1, "regularizer.dropconnect": 0.2, "optimizer": "muon"},
        {"optimizer": "bfgs", "regularizer.max_norm": 0.5},
        {"regularizer.direct_dropout": 0.3, "model.prune": 0.3, "optimizer": "adam"},
    ],
    ids=lambda c: next(iter(c)),
)
def test_a_layer_with_the_weight_of_another_learns_none_and_uses_that(change):
    run = settings((7, [6, 6, 6], 3, 29), **HIDDEN | change | {"seed": 5})
    engine = Engine([settings((7, [6, 6, 6], 3, 29), **HIDDEN | change), run], [data(7, 3)] * 2)
    for _ in range(3):
        engine.train_epoch([1.0, 1.0])
    slots = engine.layout.weight_slots
    assert not as_array(slots[2].view(engine.theta)).any()
    used = [as_array(slot.true(engine.shown["theta"])) for slot in slots]
    assert used[1].any() and np.array_equal(used[1], used[2])
    alone = Engine([run], [data(7, 3)])
    for _ in range(3):
        alone.train_epoch([1.0])
    assert np.array_equal(as_array(alone.theta)[0], as_array(engine.theta)[1])


def test_a_tied_run_goes_on_predicts_and_begins_another(tmp_path):
    quick = {"dataset": "iris", **HIDDEN, "trainer.figures": False, "early_stopping.patience": None}
    kept = quick | {"trainer.keep_checkpoint": True}
    whole, half = (runner.train([kept | {"trainer.epochs": n}], outputs=tmp_path)[0] for n in (6, 3))
    assert main(["resume", str(half.folder), "trainer.epochs=6"]) == 0
    assert all(map(torch.equal, matrices(whole), matrices(half)))
    [other] = runner.train([quick | {"model.init_from": str(whole.folder), "trainer.epochs": 0}], outputs=tmp_path)
    assert all(map(torch.equal, matrices(whole), matrices(other)))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["model.hidden=[8,3,4]"], "set model.hidden=[8,3,8]"),
        (["model.hidden=[8,8]"], "set model.hidden=[8,8,8]"),
        (["model.hidden=[]"], "set model.hidden=[16]"),
        (["model.hidden=[8]", "dataset.task=auto"], "set dataset.task=autoencoder"),
        (["model.hidden=[9,9,8]", "model.tied=hidden"], "set model.hidden=[9,9,9]"),
        (["model.hidden=[9]", "model.tied=hidden"], "set model.hidden=[9,9,9]"),
        (["model.parametrization=weight_norm"], "set model.parametrization=none"),
        (["trainer.engine=native"], "model.tied=transposed"),
    ],
)
def test_weights_of_unequal_shapes_cannot_be_one(words, said):
    with pytest.raises(ConfigError) as caught:
        read(["dataset=iris", "dataset.task=autoencoder", "model.hidden=[3]", "model.tied=transposed", *words])
    assert said in str(caught.value)
