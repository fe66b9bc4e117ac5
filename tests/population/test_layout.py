"""Where parameters lie: aligned, padded, without overlap, weights first; and to and from nn.Sequential."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runner.config.registry import entries
from runner.config.settings import default_tree
from runner.config.validate import validate
from runner.population.architecture import Architecture
from runner.population.arrays import as_tensors
from runner.population.export import architecture, load_state_dict, state_dict
from runner.population.initial import initial_buffers, initial_theta
from runner.population.layout import Layout
from runner.population.modules import build
from runner.population.network import Network
from runner.population.pieces.mlp import MLP

NORMS = ["none", *entries("norm")]
widths = st.lists(st.integers(1, 70), min_size=2, max_size=5)


@given(widths=widths, activation=st.sampled_from(list(entries("activation"))), norm=st.sampled_from(NORMS))
def test_slots_are_aligned_and_do_not_overlap(widths, activation, norm):
    model = MLP(widths[1:-1], activation, norm)
    layout = Layout(widths, model.layers())
    for slots, size in ((layout.slots, layout.size), (layout.buffers, layout.buffer_size)):
        used = torch.zeros(1, size)
        for slot in slots.values():
            assert slot.offset % 16 == 0
            slot.view(used).add_(1)
        assert size % 16 == 0 and (not slots or used.max() == 1)
    for slot in layout.slots.values():
        assert (slot.kind == "weight") == (slot.offset < layout.weights)
        assert (slot.kind == "free") == (slot.offset >= layout.decaying(True))
    hidden, slopes = sum(widths[1:-1]), {"prelu": len(widths) - 2, "prelu_units": sum(widths[1:-1])}
    weights, biases = sum(a * b for a, b in itertools.pairwise(widths)), sum(widths[1:])
    of_norm = {"none": 0, "rms": hidden}.get(norm, 2 * hidden)
    assert layout.parameters == weights + biases + of_norm + slopes.get(activation, 0)
    assert layout.parameters == model.parameters(widths[0], widths[-1])
    assert layout.true_weights == weights


def settings(**model):
    tree = default_tree()
    tree["model"] |= model
    tree["regularizer"]["dropout"] = 0.5 if model["hidden"] else 0.0
    return validate(tree)


@pytest.mark.parametrize("activation", ["gelu", "prelu", "prelu_units"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize(
    ("hidden", "residual"), [([], False), ([7], False), ([33, 5], False), ([7, 7, 5, 5, 5, 7], True)]
)
def test_a_row_as_nn_sequential_says_the_same(norm, position, hidden, residual, activation):
    run = settings(hidden=hidden, norm=norm, norm_position=position, residual=residual, activation=activation)
    network = Network(Architecture(run.model, 13, 3), torch.float64)
    layout = network.layout
    theta = torch.from_numpy(initial_theta(layout, [0, 1, 2], "he", "float64"))
    buffers = torch.from_numpy(initial_buffers(layout, 3, "float64"))
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
    state = as_tensors(state_dict(arch, layout, theta[1], buffers[1]))
    module = build(arch).double().eval()
    module.load_state_dict(state, strict=True)
    torch.testing.assert_close(module(x[1, :, :13]), expected, rtol=1e-12, atol=1e-12)

    back_theta, back_buffers = torch.zeros_like(theta[1]), torch.zeros_like(buffers[1])
    load_state_dict(arch, layout, module.state_dict(), back_theta, back_buffers)
    assert torch.equal(back_theta, theta[1])
    for slot in layout.buffers.values():
        assert torch.equal(slot.true(back_buffers[None]), slot.true(buffers[1:2]))


def test_initial_weights_depend_on_seed_and_layer_only():
    small = Layout([13, 7, 2], MLP([7]).layers())
    rows = initial_theta(small, [3, 4, 5], "torch")
    assert np.array_equal(initial_theta(small, [4], "torch")[0], rows[1])
    assert not np.array_equal(rows[0], rows[1])
    other = Layout([13, 7, 9, 2], MLP([7, 9], "tanh", "batch").layers())
    first = other.slots["0.weight"].true(initial_theta(other, [4], "torch"))
    assert np.array_equal(first[0], small.slots["0.weight"].true(rows)[1])


@pytest.mark.parametrize("aligned", [True, False])
def test_slots_give_views_of_arrays_and_of_tensors(aligned):
    """What is written to a view stands in the rows, also where these are some of more; both give the same numbers."""
    layout = Layout([13, 7, 2], MLP([7], "prelu", "batch").layers(), aligned)
    array = np.arange(8.0 * layout.size, dtype="float32").reshape(8, -1)[1:7:2, :]
    tensor = torch.from_numpy(array.copy())
    assert np.array_equal(layout.true_weights_of(array), layout.true_weights_of(tensor).numpy())
    assert layout.mask.sum() == layout.parameters
    for slot in layout.slots.values():
        for seen in (slot.view, slot.true, slot.beside):
            assert seen(array).dtype == np.float32 and np.array_equal(seen(array), seen(tensor).numpy())
            for number, rows in enumerate((array, tensor)):
                seen(rows)[1] = -1 - number
                assert (rows[1] == -1 - number).sum() == seen(rows)[1].reshape(-1).shape[0]
                rows[1] = 0
