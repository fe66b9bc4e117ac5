"""Proximal steps and projections do what their definitions say, to the last bit that rounding leaves."""

import numpy as np
import pytest
import torch
from parity_case import TWO, of_case, settings_of, synthetic
from parity_cases import CASES
from parity_engine import begin, distance, named_state, split_state, train
from parity_reference import reference
from scipy.optimize import minimize_scalar

from runner.config.engines import STACKED
from runner.config.registry import entries
from runner.population.arrays import as_array
from runner.regularizers.base import Penalty
from runner.training.engine import Engine

POINTS = torch.tensor([[-3.0, -0.31, -0.3, -1e-9, 0.0, 0.1, 0.29999, 0.3, 0.30001, 2.5]], dtype=torch.float64)
VALUES = {"l1": {"strength": 0.6}, "l2": {"strength": 1.4}, "elastic_net": {"alpha": 0.8, "l1_ratio": 0.75}}
WITH_PROX = {
    n: e for n, e in entries("regularizer").items() if issubclass(e.cls, Penalty) and e.cls.prox and e.cls.elementwise
}
KEYS = {n: (e.cls(), VALUES.get(n, {k: o.preset or 0.5 for k, o in e.options.items()})) for n, e in WITH_PROX.items()}


def columns(values: dict) -> dict:
    """Numbers as columns of one row."""
    return {key: torch.tensor([[value]], dtype=torch.float64) for key, value in values.items()}


@pytest.mark.parametrize("name", KEYS)
def test_prox_is_the_argmin(name):
    """argmin_u |u - w|^2 / 2 + step value(u), found numerically point by point."""
    piece, values = KEYS[name]
    step, h = 0.5, columns(values)
    found = piece.prox(POINTS, torch.tensor([[step]], dtype=torch.float64), **h)[0]
    for w, u in zip(POINTS[0], found, strict=True):

        def objective(v, w=w):
            return float((v - w) ** 2 / 2 + step * piece.value(torch.tensor([[v]], dtype=torch.float64), **h)[0])

        best = minimize_scalar(objective, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})
        assert objective(float(u)) <= best.fun + 1e-15
        assert float(u) == pytest.approx(best.x, abs=1e-5)


@pytest.mark.parametrize(("name", "threshold"), [("l1", 0.3), ("elastic_net", 0.3)])
def test_prox_gives_exact_zeros_inside_the_threshold_only(name, threshold):
    piece, values = KEYS[name]
    found = piece.prox(POINTS, torch.tensor([[0.5]], dtype=torch.float64), **columns(values))
    inside = POINTS.abs() <= torch.tensor(0.5 * 0.6, dtype=torch.float64)
    torch.testing.assert_close(found == 0, inside)
    assert not torch.signbit(found[found == 0] + 0.0).any()
    assert torch.equal(found[~inside].sign(), POINTS[~inside].sign())
    assert int(inside.sum()) == int((POINTS.abs() <= threshold).sum())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["l1_proximal", "elastic_net_proximal"])
def test_the_same_weights_are_zero_as_in_the_reference(name, dtype, engine):
    case = next(case for case in CASES if case.name == name)
    ours, theirs = train(begin([case], dtype, engine))[0].state, reference(case, dtype).state
    weights = [n for n in theirs if theirs[n].dim() == 2]
    zeros = sum(int((theirs[n] == 0).sum()) for n in weights)
    assert zeros > 10
    assert all(torch.equal(ours[n] == 0, theirs[n] == 0) for n in weights)
    assert all((ours[n] != 0).all() for n in theirs if n.endswith("bias"))


def constrained(radius, dtype: str, engine: str = STACKED) -> tuple[Engine, list[float]]:
    """A run that its constraint stops again and again, and its radius in each layer."""
    keys = {"regularizer.max_norm": radius, "optimizer.lr": 0.5, "optimizer.momentum": 0.9, "trainer.epochs": 5}
    run = settings_of(TWO | keys | {"trainer.engine": engine}, dtype)
    return Engine([run], [synthetic("classification", dtype)]), radius if isinstance(radius, list) else [radius] * 3


every_radius = pytest.mark.parametrize("radius", [0.5, [0.3, 0.9, 0.5]], ids=["one", "per layer"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_radius
def test_max_norm_holds_after_every_step(radius, dtype, engine):
    found, radii = constrained(radius, dtype, engine)
    slack, inside, outside = 1 + 4 * np.finfo(dtype).eps, 0, 0
    for _ in range(5):
        found.rows.start_epoch(found.plan([1.0]))
        found.epochs += 1
        for s in range(found.steps):
            found.rows.advance(s, s + 1)
            for r, slot in zip(radii, found.layout.weight_slots, strict=True):
                norms = np.linalg.norm(slot.true(as_array(found.theta))[0].astype(np.float64), axis=-1)
                assert (norms <= r * slack).all()
                inside, outside = inside + int((norms < r / slack).sum()), outside + int((norms >= r / slack).sum())
    assert inside > 50 and outside > 50


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_radius
def test_max_norm_changes_what_is_too_long_and_nothing_else(radius, dtype):
    """Units longer than the radius end on the sphere, shorter ones are not touched; biases may be anything."""
    engine, radii = constrained(radius, dtype)
    projected, kept = _watch_projections(engine)
    for _ in range(5):
        engine.train_epoch([1.0])
    slack = 1 + 4 * np.finfo(engine.dtype).eps
    assert len(projected) == 3 * 5 * engine.steps
    touched = untouched = 0
    for number, (before, after) in enumerate(projected):
        r = radii[number % 3]
        norms = torch.linalg.vector_norm(after.double(), dim=-1)
        assert (norms <= r * slack).all()
        long = torch.linalg.vector_norm(before.double(), dim=-1) > r * slack
        assert (norms[long] >= r / slack).all()
        short = torch.linalg.vector_norm(before.double(), dim=-1) < r / slack
        assert torch.equal(before[short], after[short])
        touched, untouched = touched + int(long.sum()), untouched + int(short.sum())
    assert touched > 50 and untouched > 50
    assert kept["biases"]


def _watch_projections(engine) -> tuple[list, dict]:
    """Record every layer's weights before and after each projection, and whether biases stayed what they were."""
    records: list = []
    kept = {"biases": True}
    project, slots = engine.rows.stepper.objective.penalties.project, engine.layout.slots

    def watched(theta):
        before = theta.clone()
        project(theta)
        for layer in range(engine.layout.layers):
            slot = slots[f"{layer}.weight"]
            records.append((slot.true(before)[0].clone(), slot.true(theta)[0].clone()))
        kept["biases"] &= torch.equal(before[:, engine.layout.weights :], theta[:, engine.layout.weights :])

    engine.rows.stepper.objective.penalties.project = watched
    return records, kept


def test_projection_leaves_zero_units_and_padding_at_zero():
    piece = entries("regularizer")["max_norm"].cls()
    w = torch.zeros(2, 3, 4)
    w[0, 1] = torch.tensor([3.0, 4.0, 0.0, 0.0])
    radius = torch.tensor([2.0, float("inf")]).view(2, 1, 1)
    found = piece.project(w, radius=radius)
    np.testing.assert_allclose(found[0, 1], [1.2, 1.6, 0, 0], rtol=1e-6)
    found[0, 1] = 0
    assert torch.equal(found, torch.zeros(2, 3, 4))


def test_evaluation_uses_the_running_statistics(engine):
    """The running averages after training are torch's; other statistics would give other validation losses."""
    case = next(case for case in CASES if case.name == "norm_batch")
    engine = Engine([of_case(case, "float64", engine)], [synthetic(case.task, "float64")])
    train(engine)
    names = ("1.running_mean", "1.running_var")
    before = engine.evaluate(("val",))["val/loss"][0]
    _, running = split_state(named_state(engine))
    assert set(names) <= set(running)
    assert (running[names[0]] != 0).all()
    assert (running[names[1]] != 1).all()
    assert engine.evaluate(("val",))["val/loss"][0] == before  # evaluation does not change them
    assert distance(split_state(named_state(engine))[1], running) == 0
    engine.layout.buffers["0.running_mean"].view(engine.buffers)[...] += 0.5
    assert abs(engine.evaluate(("val",))["val/loss"][0] - before) > 1e-3
