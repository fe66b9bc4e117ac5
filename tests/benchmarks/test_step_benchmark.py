"""The benchmark of a step still drives the product and its peers, they train the same, and its arithmetic is right."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import contestants
import limits
import step
from contestants import data_loader, jax_scan, ours, scikit_learn, tight_loop
from recipes import PLAIN, Examples, Recipe, Shape
from step import BASE, PRODUCTS, ROWS, SINGLE, Spent, figures, judge

RECIPES = list(dict.fromkeys(row.recipe for row in ROWS))  # in order, as test workers must agree on it
PENALIZED = Recipe(l1=1e-4, max_norm=3.0)


@pytest.fixture(scope="module")
def data():
    return Examples(Shape((8, 6, 3), 16), steps=2)


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_every_contestant_trains(recipe, data):
    field = [tight_loop(data, recipe), data_loader(data, recipe), scikit_learn(data, recipe)]
    present = [contestant for contestant in field if contestant]
    assert len(present) == (3 if recipe == PLAIN else 1 if recipe == PENALIZED else 2)
    for contestant in present:
        contestant.train()
    for engine in ("compiled", "stacked"):
        assert ours(data, recipe, 3, engine).train()["objectives"].shape == (2, 3)


FULL = Recipe(1e-9, "gelu", batch_norm=True, l1=1e-3, max_norm=0.9)  # nothing is dropped: the masks differ


@pytest.mark.parametrize("recipe", [PLAIN, FULL], ids=["plain", "full"])
def test_jax_makes_the_same_step(recipe, data):
    pytest.importorskip("jax")
    import jax_perceptron as peer

    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    jit = peer.jax.jit
    state = jit(peer.initial, static_argnums=(2, 3))(peer.jax.random.key(0), 1e-3, data.shape.widths, recipe)
    step_of_jax = jit(peer.step, static_argnums=3)
    model = contestants.network(data.shape, recipe)
    for module, layer in zip(linear(model), state.parameters, strict=True):
        module.weight.data = torch.tensor(np.asarray(layer["weight"]).T.copy())
        module.bias.data = torch.tensor(np.asarray(layer["bias"]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=recipe.weight_decay)
    for _ in range(3):
        optimizer.zero_grad()
        weights = [module.weight for module in linear(model)]
        loss = torch.nn.functional.cross_entropy(model(x), y) + recipe.l1 * sum(w.abs().sum() for w in weights)
        loss.backward()
        optimizer.step()
        if recipe.max_norm:
            contestants._project(weights, recipe.max_norm)
        state, found = step_of_jax(state, data.x, data.y, recipe)
        assert float(found) == pytest.approx(loss.item(), rel=1e-5)
    for module, layer in zip(linear(model), state.parameters, strict=True):
        np.testing.assert_allclose(layer["weight"].T, module.weight.detach(), atol=2e-5)


def linear(model):
    return [module for module in model if hasattr(module, "in_features")]


def test_an_epoch_in_jax_is_its_steps_alone_or_by_vmap(data):
    pytest.importorskip("jax")
    import jax_perceptron as peer

    rates, order = np.array([1e-3, 2e-3], np.float32), np.random.default_rng(1).permutation(32)
    stack = peer.compiled(data.shape.widths, 12, PLAIN, True)
    states = stack.initial(peer.keys([0, 1], True), rates)
    alone = peer.jax.tree.map(lambda leaf: leaf[1], states)
    step_of_jax = peer.jax.jit(peer.step, static_argnums=3)
    for rows in (order[:12], order[12:24], order[24:]):
        alone, loss = step_of_jax(alone, data.x[rows], data.y[rows], PLAIN)
    _, losses = stack.epoch(states, np.stack([order, order]), data.x, data.y)
    assert float(losses[1]) == pytest.approx(float(loss), rel=1e-5)
    assert float(losses[0]) != pytest.approx(float(loss), rel=1e-4)  # another start, another rate


def test_without_jax_it_is_left_out(data, monkeypatch):
    monkeypatch.setattr(contestants, "find_spec", lambda package: None)
    assert jax_scan(data, PLAIN) is None
    times = {name: [Spent(1.0, 1.0)] for name in (BASE, SINGLE)}
    assert list(judge(ROWS[0], times)) == ["x tight loop"]


def test_the_loop_in_c_trains_as_pytorch_does(data):
    contestant = limits.dense_c(data)
    if contestant is None:
        pytest.skip("there is no C compiler")
    draw, model = np.random.default_rng(0), contestants.network(data.shape, PLAIN)
    for module in linear(model):
        inputs, width = module.in_features, module.out_features
        weight = draw.standard_normal((inputs, width)) * np.sqrt(2 / inputs)
        module.weight.data = torch.from_numpy(weight.T.astype(np.float32).copy())
        module.bias.data.zero_()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=PLAIN.weight_decay)
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    for _ in range(20):
        losses = []
        for rows in torch.from_numpy(draw.permutation(len(x))).split(16):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert contestant.train() == pytest.approx(np.mean(losses), rel=1e-5)


def test_the_products_are_those_of_a_step():
    sizes = [(*a.shape, b.shape[1], out.shape) for a, b, out in limits.products(Shape((8, 6, 3), 16), 16)]
    assert sizes == [
        (16, 8, 6, (16, 6)), (8, 16, 6, (8, 6)),
        (16, 6, 3, (16, 3)), (6, 16, 3, (6, 3)), (16, 3, 6, (16, 6)),
    ]  # fmt: skip


def test_ratios_are_of_processor_time_and_taken_within_a_round():
    def spent(*cpu):
        return [Spent(100.0, seconds) for seconds in cpu]

    times = {
        BASE: spent(10.0, 40.0, 30.0),
        PRODUCTS: spent(1.0, 1.0, 1.0),
        SINGLE: spent(1.0, 2.0, 3.0),
        step.JAX[0]: spent(4.0, 2.0, 9.0),
        step.JAX[1]: spent(2.0, 4.0, 4.0),
    }
    assert figures(times)[SINGLE]["ratios"] == [10.0, 20.0, 10.0]
    assert figures(times)[SINGLE]["products"] == 2.0
    verdict = judge(ROWS[1], times)
    assert verdict["x tight loop"] == {"target": 10.0, "value": 10.0, "reached": True}
    assert verdict["of JAX's best time"] == {"target": 0.85, "value": 0.75, "reached": True}
