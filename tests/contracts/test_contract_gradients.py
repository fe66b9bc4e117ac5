"""Every registered piece: analytic gradient = autograd = central differences, in float64; fused kernels = definitions;
padding stays zero.
"""

import numpy as np
import pytest
import torch
from populations import SHAPES, data, settings, train, variations

from runner.config.registry import entries
from runner.optimizers.segments import Segment
from runner.population.layout import Layout
from runner.regularizers.base import Penalty
from runner.training import checkpoint
from runner.training.engine import Engine

NORMS = ["none", *entries("norm")]
LOSSES = [name for name in entries("loss") if name != "auto"]


def engine_of(shape=SHAPES[0], members=3, task="classification", **changes):
    changes = {"trainer.dtype": "float64"} | changes
    runs = [settings(shape, seed=i, **changes) for i in range(members)]
    return Engine(runs, [data(shape[0], shape[2], task, dtype=changes["trainer.dtype"])] * members)


def batch_of(engine):
    """The first batch: features, plain targets and noise."""
    index = engine.tables.index["train"][:, : engine.batch]
    x, q = engine.tables.gather(index)
    noise = engine.noise.draw(np.zeros((1, len(index)), dtype=np.int64), engine.batch)
    return x, q, noise[0] if noise else None


def objective(engine, theta, x, q, noise):
    """The data loss of all rows, through the definitions alone."""
    network = engine.network.bind(theta, None, engine.buffers.clone())
    outputs = network.forward(x, training=True, noise=noise)
    return (engine.loss.forward(outputs, q, network.head).sum(1) / x.shape[1]).sum()


def analytic(engine, x, q, noise):
    """The gradient as training computes it."""
    theta = engine.theta.clone()
    engine.network.bind(theta, engine.grad, engine.buffers.clone())
    with torch.no_grad():
        tape = []
        prepared = engine.loss.prepare(q, 1 / x.shape[1])
        _, g = engine._loss(engine.network.forward(x, training=True, noise=noise, tape=tape), prepared)
        engine.network.backward(tape, g)
    return engine.grad.clone()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", list(entries("activation")))
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_is_autograds_and_the_central_difference(activation, norm, loss):
    task = entries("loss")[loss].cls.task
    engine = engine_of(
        task=task, loss=loss, **{"model.activation": activation, "model.norm": norm, "regularizer.dropout": 0.2}
    )
    assert_gradient(engine)


def assert_gradient(engine, tried=40):
    """As training computes it = autograd's of the definitions = central differences, at some true positions."""
    x, q, noise = batch_of(engine)
    found = analytic(engine, x, q, noise)
    leaf = engine.theta.clone().requires_grad_()
    expected = torch.autograd.grad(objective(engine, leaf, x, q, noise), leaf)[0]
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)

    random = np.random.default_rng(0)
    h, theta = 1e-6, engine.theta
    true = torch.zeros_like(theta, dtype=torch.bool)
    for slot in engine.layout.slots.values():
        slot.true(true).fill_(True)
    for index in random.permutation(torch.nonzero(true).numpy())[:tried]:
        shifted = [theta.clone(), theta.clone()]
        shifted[0][tuple(index)] += h
        shifted[1][tuple(index)] -= h
        with torch.no_grad():
            slope = (objective(engine, shifted[0], x, q, noise) - objective(engine, shifted[1], x, q, noise)) / (2 * h)
        assert found[tuple(index)].item() == pytest.approx(slope.item(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize("name", [n for n, e in entries("regularizer").items() if issubclass(e.cls, Penalty)])
def test_penalty_gradient_is_autograds(name):
    changes = variations("regularizer", name)[0]
    engine = engine_of(**changes)
    leaf = engine.theta.clone().requires_grad_()
    expected = torch.autograd.grad(engine.penalties.value(leaf).sum(), leaf)[0]
    engine.grad.zero_()
    engine.penalties.add_gradient(engine.theta, engine.grad)
    torch.testing.assert_close(engine.grad, expected, rtol=1e-10, atol=1e-14)
    assert engine.grad.abs().sum() > 0


@pytest.mark.parametrize(
    "name", [n for n, e in entries("regularizer").items() if issubclass(e.cls, Penalty) and e.cls.prox]
)
def test_prox_minimizes_its_objective(name):
    """prox(w, s) = argmin |u - w|^2/2 + s value(u): no nearby u is better, also where units become 0."""
    entry = entries("regularizer")[name]
    piece, one = entry.cls(), (1, 1) if entry.cls.elementwise else (1, 1, 1)
    h = {key: torch.full(one, option.preset or 0.5, dtype=torch.float64) for key, option in entry.options.items()}
    random = torch.Generator().manual_seed(0)
    w = torch.randn(1, 5, 10, dtype=torch.float64, generator=random)
    w[:, 4] = 0
    w = w.flatten(1) if entry.cls.elementwise else w
    for strength in (2.0, 1e3, 1e6):
        step = torch.full(one, strength, dtype=torch.float64)

        def value(u, strength=strength):
            return ((u - w).square().sum() / 2 + strength * piece.value(u, **h)[0]).item()

        best = piece.prox(w, step, **h)
        assert best.isfinite().all()
        for _ in range(100):
            nearby = best + 1e-3 * torch.randn(w.shape, dtype=torch.float64, generator=random)
            assert value(best) <= value(nearby) + 1e-12


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", [n for n, e in entries("optimizer").items() if e.cls.fused is not None])
def test_fused_kernel_is_the_definition(name, dtype):
    for change in variations("optimizer", name):
        runs = [settings(seed=i, **(change | {"optimizer.lr": 0.01 * (i + 1)})) for i in range(3)]
        random = torch.Generator().manual_seed(1)
        start = torch.randn(3, 160, generator=random, dtype=torch.float64).to(dtype)
        ends = []
        for fused in (True, False):
            theta = start.clone()
            segment = Segment(runs, slice(0, 3), 128, theta)
            grad = torch.empty_like(theta)
            segment.start_epoch(torch.full((3, 5), 0.01, dtype=torch.float64), torch.tensor([0, 3, 0]), theta, grad)
            assert segment.use_fused
            segment.use_fused = fused
            random.manual_seed(2)
            for s in range(5):
                grad.copy_(torch.randn(3, 160, generator=random, dtype=torch.float64))
                segment.update(s)
            ends.append(theta)
        tolerance = 1e-12 if dtype == torch.float64 else 2e-6
        torch.testing.assert_close(ends[0], ends[1], rtol=tolerance, atol=tolerance)


def padding(layout: Layout, theta):
    rest = theta.clone()
    for slot in layout.slots.values():
        slot.true(rest).zero_()
    return rest


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", list(entries("activation")))
def test_padding_stays_zero_under_every_rule_and_regularizer(activation, norm, shape):
    changes = [variations("optimizer", n)[0] for n in entries("optimizer")] + [
        variations("regularizer", n)[0] for n in entries("regularizer")
    ]
    runs = [
        settings(shape, seed=i, **{"model.activation": activation, "model.norm": norm} | c)
        for i, c in enumerate(changes)
    ]
    found = train(runs, [data(shape[0], shape[2])] * len(runs))
    layout = Engine(runs[:1], [data(shape[0], shape[2])]).layout
    theta = torch.stack([f["theta"] for f in found])
    assert theta.isfinite().all()
    assert torch.equal(padding(layout, theta), torch.zeros_like(theta))


@pytest.mark.parametrize(
    ("group", "name"), [(g, n) for g in ("optimizer", "scheduler", "averaging", "regularizer") for n in entries(g)]
)
def test_state_survives_a_checkpoint(group, name, tmp_path):
    for change in variations(group, name):
        runs = [settings(seed=i, **(change | {"model.norm": "batch"})) for i in range(3)]
        tables = [data(13, 2)] * 3
        first = Engine(runs, tables)
        for _ in range(2):
            first.train_epoch([1.0] * 3)
        checkpoint.write(tmp_path / "checkpoint", first.state(), [{"any": 0.1}])
        tensors, rows = checkpoint.read(tmp_path / "checkpoint")
        second = Engine(runs, tables)
        second.load_state(tensors, first.epochs)
        for engine in (first, second):
            engine.train_epoch([1.0] * 3)
        assert rows == [{"any": 0.1}]
        assert torch.equal(first.theta, second.theta), change
        assert torch.equal(first.buffers, second.buffers), change
        assert all(torch.equal(first.kept[part], second.kept[part]) for part in first.kept), change
