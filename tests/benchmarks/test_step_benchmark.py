"""The benchmark of a step still drives the product and its peers, who all train the same, and its arithmetic is right."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import contestants
import limits
import step
from contestants import PLAIN, Examples, Recipe, Shape, data_loader, jax_scan, ours, scikit_learn, tight_loop
from step import BASE, PRODUCTS, ROWS, SINGLE, Spent, figures, judge

RECIPES = {row.recipe for row in ROWS}
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


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_jax_makes_the_same_step(recipe, data):
    pytest.importorskip("jax")
    import jax_perceptron as peer
    import torch

    if recipe.dropout:
        recipe = Recipe(dropout=1e-9)  # nothing is dropped: other masks could not be compared
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    state = peer.initial(peer.jax.random.key(0), 1e-3, data.shape.widths, recipe)
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
        state, found = peer.step(state, data.x, data.y, recipe)
        assert float(found) == pytest.approx(loss.item(), rel=1e-5)
    for module, layer in zip(linear(model), state.parameters, strict=True):
        np.testing.assert_allclose(layer["weight"].T, module.weight.detach(), atol=2e-5)


def linear(model):
    return [module for module in model if hasattr(module, "in_features")]


@pytest.mark.parametrize("members", [None, 3])
def test_jax_learns_by_heart(members, data):
    pytest.importorskip("jax")
    train = jax_scan(data, PLAIN, members).train
    first = train().mean()
    for _ in range(300):
        last = train().mean()
    assert last < first / 2


def test_without_jax_it_is_left_out(data, monkeypatch):
    monkeypatch.setattr(contestants, "find_spec", lambda package: None)
    assert jax_scan(data, PLAIN) is None
    times = {name: [Spent(1.0, 1.0)] for name in (BASE, SINGLE)}
    assert list(judge(ROWS[0], times)) == ["x tight loop"]


def test_the_loop_in_c_learns_by_heart(data):
    contestant = limits.dense_c(data)
    if contestant is None:
        pytest.skip("there is no C compiler")
    first = contestant.train()
    for _ in range(300):
        last = contestant.train()
    assert last < first / 2


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
