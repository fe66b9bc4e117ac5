"""Where parameters lie: aligned, padded, without overlap, weights first; and to and from nn.Sequential."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runner.config.registry import entries
from runner.config.settings import default_tree
from runner.config.validate import validate
from runner.population.export import architecture, build, load_state_dict, state_dict
from runner.population.initial import initial_buffers, initial_theta
from runner.population.layout import Layout
from runner.population.network import Network

widths = st.lists(st.integers(1, 70), min_size=2, max_size=5)


@given(widths=widths, exact=st.booleans(), normed=st.booleans(), shifted=st.booleans())
def test_slots_are_aligned_and_do_not_overlap(widths, exact, normed, shifted):
    buffers = ("running_mean",) if normed else ()
    layout = Layout(widths, exact=exact, normed=normed, shifted=shifted, buffers=buffers)
    used = torch.zeros(1, layout.size)
    for slot in layout.slots.values():
        assert slot.offset % 16 == 0
        assert (slot.kind == "weight") == (slot.offset < layout.weights)
        slot.view(used).add_(1)
    assert used.max() == 1
    assert layout.size % 16 == 0
    of_norm = normed * (1 + shifted)  # numbers a hidden unit
    assert layout.parameters == sum((a + 1) * b for a, b in itertools.pairwise(widths)) + of_norm * sum(widths[1:-1])
    assert layout.true_weights == sum(a * b for a, b in itertools.pairwise(widths))


def settings(**model):
    tree = default_tree()
    tree["model"] |= model
    tree["regularizer"]["dropout"] = 0.5 if model["hidden"] else 0.0
    return validate(tree)


@pytest.mark.parametrize("norm", ["none", *entries("norm")])
@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize(
    ("hidden", "residual"), [([], False), ([7], False), ([33, 5], False), ([7, 7, 5, 5, 5, 7], True)]
)
def test_a_row_as_nn_sequential_says_the_same(norm, position, hidden, residual):
    run = settings(hidden=hidden, norm=norm, norm_position=position, residual=residual, activation="gelu")
    network = Network(run.model, 13, 3, dtype=torch.float64)
    layout = network.layout
    theta = initial_theta(layout, [0, 1, 2], "he", torch.float64)
    buffers = initial_buffers(layout, 3, network.norm.buffers if network.norm else {}, torch.float64)
    for slot in layout.buffers.values():
        slot.true(buffers).uniform_(0.5, 2)
    for slot in layout.slots.values():
        if slot.kind != "weight":
            slot.true(theta).uniform_(0.5, 2)
    network.bind(theta, None, buffers)
    x = torch.randn(3, 11, 16, dtype=torch.float64)
    x[..., 13:] = 0
    expected = network.forward(x)[1, :, :3]

    arch = architecture(run, 13, 3)
    state = state_dict(arch, layout, theta[1], buffers[1])
    module = build(arch).double().eval()
    module.load_state_dict(state, strict=True)
    torch.testing.assert_close(module(x[1, :, :13]), expected, rtol=1e-12, atol=1e-12)

    back_theta, back_buffers = torch.zeros_like(theta[1]), torch.zeros_like(buffers[1])
    load_state_dict(arch, layout, module.state_dict(), back_theta, back_buffers)
    assert torch.equal(back_theta, theta[1])
    for slot in layout.buffers.values():
        assert torch.equal(slot.true(back_buffers[None]), slot.true(buffers[1:2]))


def test_initial_weights_depend_on_seed_and_layer_only():
    small = Layout([13, 7, 2], exact=True, normed=False)
    rows = initial_theta(small, [3, 4, 5], "torch")
    assert torch.equal(initial_theta(small, [4], "torch")[0], rows[1])
    assert not torch.equal(rows[0], rows[1])
    other = Layout([13, 7, 9, 2], exact=False, normed=True)
    first = other.slots["0.weight"].true(initial_theta(other, [4], "torch"))
    assert torch.equal(first[0], small.slots["0.weight"].true(rows)[1])
