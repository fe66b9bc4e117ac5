"""Numbers of normalization worked out by hand or by NumPy: groups, statistics, momentum; and of the hinge loss."""

import numpy as np
import pytest
import torch
from descent import digits

from runner.checks.populations import data, settings
from runner.config.registry import entries
from runner.population.pieces.base import Head, NormKeys
from runner.training.engine import Engine

SHAPE = (6, [5, 4], 3, 20)


def normalized(norm, values, **keys):
    """(outputs, saved, piece) of one example, with gain 1 and shift 0 and three numbers of padding."""
    piece = entries("norm")[norm].cls().with_keys(NormKeys(**keys))
    width = len(values)
    x = torch.zeros(1, 1, width + 3).double()
    x[0, 0, :width] = torch.tensor(values, dtype=torch.float64)
    mask = (torch.arange(width + 3) < width).double()
    y, saved = piece.forward(x, mask.reshape(1, 1, -1), 0 * x, mask=mask, buffers={}, training=True)
    return y, saved, piece


def test_group_norm_and_layer_norm_of_four_numbers():
    """S6: (1, 2, 3, 6) in two groups, each of which becomes +-1 but for eps; and as one group."""
    grouped, *_ = normalized("group", [1.0, 2.0, 3.0, 6.0], groups=2)
    assert digits(grouped[0, 0, :4], 6) == [-0.99998, 0.99998, -0.999998, 0.999998]
    for norm in ("layer", "group"):
        whole, *_ = normalized(norm, [1.0, 2.0, 3.0, 6.0])
        assert digits(whole[0, 0, :4], 6) == [-1.069043, -0.534522, 0, 1.603565]
        assert not whole[0, 0, 4:].any() and not grouped[0, 0, 4:].any()


def test_the_gradient_of_group_norm_by_differences():
    """Each group's sums to 0 and is orthogonal to what came out but for eps."""
    values, g = [1.0, 2.0, 3.5, 3.0, 6.0, -1.0], torch.tensor([0.3, -1.0, 0.7, 2.0, 0.5, 1.1], dtype=torch.float64)
    y, saved, piece = normalized("group", values, groups=2)
    padded = torch.cat([g, torch.zeros(3).double()]).reshape(1, 1, -1)
    found = piece.gradient(saved, padded)[0][0, 0]
    slopes = []
    for i in range(6):
        ends = [normalized("group", [v + d * (j == i) for j, v in enumerate(values)], groups=2) for d in (1e-6, -1e-6)]
        slopes.append(float(((ends[0][0] - ends[1][0]) / 2e-6 * padded).sum()))
    assert found[:6].tolist() == pytest.approx(slopes, abs=1e-8)
    assert not found[6:].any()
    assert found[:6].reshape(2, 3).sum(1).tolist() == pytest.approx([0, 0], abs=1e-14)
    assert (found * y[0, 0])[:6].reshape(2, 3).sum(1).tolist() == pytest.approx([0, 0], abs=1e-4)


def layers_of(engine, theta):
    """(weight, bias, gain, shift) of each hidden layer of the first row, as NumPy arrays."""
    named = {name: np.asarray(slot.true(theta)[0]) for name, slot in engine.layout.slots.items()}
    return [[named[f"{i}.{part}"] for part in ("weight", "bias", "gain", "shift")] for i in range(2)]


def statistics(batches, layers):
    """E[mean_B] and E[B/(B-1) var_B] of each hidden layer over batches, written out: relu after the norm."""
    found = []
    for weight, bias, gain, shift in layers:
        z = [x @ weight.T + bias for x in batches]
        found.append((np.mean([b.mean(0) for b in z], 0), np.mean([b.var(0, ddof=1) for b in z], 0)))
        normal = [(b - b.mean(0)) / np.sqrt(b.var(0) + 1e-5) for b in z]
        batches = [np.maximum(gain * b + shift, 0) for b in normal]
    return found


@pytest.mark.parametrize("averaging", ["none", "ema"])
def test_statistics_of_all_batches_are_those_of_the_weights_that_are_kept(way, averaging):
    """Ioffe & Szegedy 2015, algorithm 2, over the batches of the last epoch; also of averaged weights."""
    keys = {"model.norm": "batch", "model.norm_statistics": "all", "trainer.dtype": "float64", "averaging": averaging}
    table = data(6, 3, dtype="float64")
    engine = Engine([settings(SHAPE, **way, **keys)], [table])
    for _ in range(3):
        engine.train_epoch([1.0])
    order = engine.tables.order([0], [2])[0]
    batches = [table.x[order[a : a + 20]] for a in range(0, 75, 20)]  # the last one has 15
    kept = engine.kept
    expected = statistics(batches, layers_of(engine, kept["theta"]))
    running = {name: np.asarray(slot.true(kept["buffers"])[0]) for name, slot in engine.layout.buffers.items()}
    for i, (mean, var) in enumerate(expected):
        np.testing.assert_allclose(running[f"{i}.running_mean"], mean, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(running[f"{i}.running_var"], var, rtol=1e-12, atol=1e-13)
    assert running["0.num_batches_tracked"] == 4


def test_without_a_momentum_the_running_statistics_are_means_over_all_batches(way):
    """At a rate of 0 they are the same means of every epoch's batches, here of two epochs."""
    keys = {"model.norm": "batch", "model.norm_momentum": None, "trainer.dtype": "float64", "optimizer": "sgd"}
    keys |= {"optimizer.lr": 1e-300}
    table = data(6, 3, dtype="float64")
    engine = Engine([settings(SHAPE, **way, **keys)], [table])
    for _ in range(2):
        engine.train_epoch([1.0])
    orders = [engine.tables.order([0], [epoch])[0] for epoch in (0, 1)]
    batches = [table.x[order[a : a + 20]] for order in orders for a in range(0, 75, 20)]
    (mean, var), _ = statistics(batches, layers_of(engine, engine.theta))
    running = {name: np.asarray(slot.true(engine.buffers)[0]) for name, slot in engine.layout.buffers.items()}
    np.testing.assert_allclose(running["0.running_mean"], mean, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(running["0.running_var"], var, rtol=1e-12, atol=1e-13)
    assert running["1.num_batches_tracked"] == 8


SCORES = [[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]]


def test_hinge_loss_of_three_examples():
    """S19: 2.9, 0 and 12.9, their mean 5.266667."""
    loss, outputs = entries("loss")["hinge"].cls(), torch.zeros(1, 3, 5).double()
    outputs[0, :, :3] = torch.tensor(SCORES, dtype=torch.float64)
    targets, mask = torch.zeros(1, 3, 5).double(), torch.tensor([1.0, 1, 1, 0, 0]).double()
    targets[0, range(3), range(3)] = 1
    head = Head(3, mask, (mask - 1) * 1e30)
    found = loss.forward(outputs, targets, head)
    assert digits(found.flatten(), 12) == [2.9, 0, 12.9]
    assert digits(found.mean(), 6) == [5.266667]
    terms, g = loss.gradient(outputs, loss.prepare(targets, 1.0), head, 1.0)
    assert digits(terms.sum(-1).flatten(), 12) == [2.9, 0, 12.9]
    assert g[0, :, :3].tolist() == [[-1, 1, 0], [0, 0, 0], [1, 1, -2]] and not g[..., 3:].any()


def test_a_hinge_loss_of_more_classes_than_are_taken_at_once_is_the_sum_over_all():
    """Written out by NumPy for 150 classes, with targets that name several of them."""
    draw = np.random.default_rng(0)
    z, q = draw.normal(size=(2, 4, 150))
    q = np.where(q > 1, q, 0) / np.where(q > 1, q, 0).sum(1, keepdims=True)
    margins = np.maximum(0, z[:, None, :] - z[:, :, None] + 1) * (1 - np.eye(150))
    inside = margins > 0
    loss, head = entries("loss")["hinge"].cls(), Head(150, torch.ones(150).double(), torch.zeros(150).double())
    outputs, targets = torch.from_numpy(z[None]), torch.from_numpy(q[None])
    np.testing.assert_allclose(loss.forward(outputs, targets, head)[0], (q * margins.sum(2)).sum(1), rtol=1e-12)
    terms, g = loss.gradient(outputs, targets, head, 0.25)
    np.testing.assert_allclose(terms[0].sum(1), 0.25 * (q * margins.sum(2)).sum(1), rtol=1e-12)
    expected = 0.25 * (np.einsum("by,byj->bj", q, inside) - q * inside.sum(2))
    np.testing.assert_allclose(g[0], expected, rtol=1e-12, atol=1e-15)


def test_a_hinge_loss_of_zero_stays_zero_when_the_weights_double():
    """002:9: what is right by a margin of 1 is so at twice the scores, so that nothing but a penalty holds weights."""
    loss, head = entries("loss")["hinge"].cls(), Head(3, torch.ones(3), torch.zeros(3))
    scores, q = torch.tensor([[SCORES[1]]]), torch.tensor([[[0.0, 1, 0]]])
    assert loss.forward(scores, q, head).item() == loss.forward(2 * scores, q, head).item() == 0
