"""What a step allows: further gradients, techniques around a rule, state per row, other steppers, cuts anywhere."""

import itertools

import numpy as np
import pytest
import torch
from step_techniques import loop, register_all
from torch.nn import functional

from runner.checks.populations import SHAPES, data, same, settings, train
from runner.config.engines import STACKED, lacking
from runner.optimizers.rules.base import segment_key
from runner.population.arrays import as_tensors
from runner.training import checkpoint
from runner.training.engine import Engine
from runner.training.steps.protocols import Stretch
from runner.training.steps.stacked_rows import StackedRows
from runner.training.steps.stacked_step import Stacked

torch.set_num_threads(1)

SAM = {"optimizer": "sgd", "optimizer.lr": 0.2, "regularizer.sam": 0.3}
LOOKAHEAD = {
    "optimizer": "sgd",
    "optimizer.lr": 0.1,
    "optimizer.momentum": 0.8,
    "regularizer.lookahead.alpha": 0.4,
    "regularizer.lookahead.every": 3,
}
CASES = {  # name -> (settings, loop and its numbers)
    "sam": (SAM, ("sam", {"lr": 0.2, "strength": 0.3})),
    "lookahead": (LOOKAHEAD, ("lookahead", {"lr": 0.1, "momentum": 0.8, "alpha": 0.4, "k": 3})),
    "both": (
        SAM | {"regularizer.lookahead.alpha": 0.7, "regularizer.lookahead.every": 5},
        ("lookahead", {"lr": 0.2, "strength": 0.3, "alpha": 0.7, "k": 5}),
    ),
    "normalized": ({"optimizer": "normalized", "optimizer.rho": 0.7}, ("normalized", {"lr": 0.05, "rho": 0.7})),
    "backtracking": ({"optimizer": "backtracking", "optimizer.c": 0.3}, ("backtracking", {"lr": 4.0, "c": 0.3})),
}
OTHERS = [  # rows that use none of them
    {},
    {"optimizer": "lion", "optimizer.clip_norm": 0.1},
    {"optimizer": "sgd", "optimizer.proximal": True, "regularizer.l1": 0.01, "averaging": "ema"},
    {"optimizer": "adamw", "regularizer.dropout": 0.3, "regularizer.max_norm": 0.4, "regularizer.weight_noise": 0.02},
    {"scheduler": "cosine", "averaging": "swa", "regularizer.input_noise": 0.1, "regularizer.label_smoothing": 0.1},
]
IN_COMPANY = [
    *OTHERS,
    *(change for change, _ in CASES.values()),
    SAM | {"optimizer": "adamw", "regularizer.dropout": 0.3, "regularizer.weight_noise": 0.02},
    LOOKAHEAD | {"regularizer.max_norm": 0.4, "regularizer.lookahead.every": 2},
    {"optimizer": "backtracking", "optimizer.weight_decay": 0.1, "regularizer.l2": 0.1, "regularizer.dropout": 0.2},
]


@pytest.fixture(autouse=True)
def techniques(more):
    register_all()


@pytest.fixture
def company(engine, techniques) -> list[dict]:
    """Rows that an engine can train together: the native one knows none of the techniques."""
    able = [each for each in IN_COMPANY if engine == STACKED or not lacking(settings(**each), "classification")]
    return [change | {"trainer.engine": engine} for change in able]


def layers(engine) -> list[torch.Tensor]:
    """Weights and biases of the first row, layer by layer."""
    slots = engine.layout.slots
    names = [f"{i}.{kind}" for i in range(engine.layout.layers) for kind in ("weight", "bias")]
    return [slots[name].true(engine.theta)[0].clone() for name in names]


def tanh_network(layers: list, x: torch.Tensor) -> torch.Tensor:
    for i in range(0, len(layers), 2):
        x = functional.linear(x, layers[i], layers[i + 1])
        x = x.tanh() if i + 2 < len(layers) else x
    return x


PENALIZED = [(name, "regularizer.l2") for name in CASES] + [("backtracking", "optimizer.weight_decay")]


@pytest.mark.parametrize(("name", "decay"), PENALIZED)
def test_the_steps_are_those_of_a_plain_loop(name, decay):
    """The penalty is part of what further gradients are taken of; so is decay, to a rule that searches."""
    change, (technique, numbers) = CASES[name]
    double = {
        "trainer.engine": STACKED,
        "trainer.dtype": "float64",
        "model.activation": "tanh",
        decay: 0.05,
        "optimizer.decay_biases": False,
    }
    engine = Engine([settings(**change | double)], [data(13, 2, dtype="float64")])
    start, batches, (x, y) = layers(engine), [], (engine.tables.x[:, :13], engine.tables.y)
    for _ in range(8):
        order = engine.plan([1.0]).order[0]
        parts = [order[a : a + 29] for a in range(0, len(order), 29)]
        batches += [(torch.from_numpy(x[part]), torch.from_numpy(y[part])) for part in parts]
        engine.train_epoch([1.0])

    def objective(layers, batch):
        x, y = batch
        penalty = sum(0.05 / 2 * (w * w).sum() for w in layers[::2])
        return functional.cross_entropy(tanh_network(layers, x), y) + penalty

    expected = loop(start, batches, objective, technique, **numbers)
    for ours, theirs, before in zip(layers(engine), expected, start, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)
        assert (theirs - before).norm() > 0.01 * before.norm()


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_rows_with_and_without_them_get_the_bits_they_get_alone(norm, company):
    runs = [settings(SHAPES[0], seed=i, **change | {"model.norm": norm}) for i, change in enumerate(company)]
    table = data(SHAPES[0][0], SHAPES[0][2])
    together = train(runs, [table] * len(runs), leave={1: 1, 4: 2})
    for i, run in enumerate(runs):
        assert same(together[i], train([run], [table], epochs={1: 1, 4: 2}.get(i, 3))[0]), company[i]


def engine_of(changes, **more) -> Engine:
    runs = [settings(seed=i, **change | {"model.norm": "batch"}) for i, change in enumerate(changes)]
    runs.sort(key=lambda run: str(segment_key(run)))
    return Engine(runs, [data(13, 2)] * len(runs), **more)


def test_a_checkpoint_holds_their_state(engine, company, tmp_path):
    first, second = engine_of(company), engine_of(company)
    scales = [1.0] * len(company)
    first.train_epoch(scales)
    checkpoint.write(tmp_path / "checkpoint", first.state(), [])
    tensors = as_tensors(checkpoint.read(tmp_path / "checkpoint")[0])
    assert {"optimizer.m", "optimizer.v", "average.theta", "average.buffers"} <= set(tensors)
    if engine == STACKED:
        assert {"around.lookahead.slow", "optimizer.row.n", "optimizer.row.a"} <= set(tensors)
        assert tensors["optimizer.row.a"].shape == (len(company), 1)
    second.load_state(tensors, first.epochs)
    for each in (first, second):
        each.train_epoch(scales)
    for name, array in first.state().items():
        assert np.array_equal(array, second.state()[name]), name


def test_rows_that_leave_and_join_take_their_state_along(company):
    """What joins begins its slow weights at its own start, while the others go on from theirs."""
    runs = [settings(seed=i, **change) for i, change in enumerate(company)]
    table = data(13, 2)
    order = sorted(range(len(runs)), key=lambda i: str(segment_key(runs[i])))
    early, late = order[::2], order[1::2]
    engine = Engine([runs[i] for i in early], [table] * len(early))
    engine.train_epoch([1.0] * len(early))
    staying = early[1:]
    engine.keep(list(range(1, len(early))))
    everyone = staying + late
    places = sorted(range(len(everyone)), key=lambda k: order.index(everyone[k]))
    engine = engine.joined(len(staying), [runs[i] for i in late], [table] * len(late), places)
    engine.train_epoch([1.0] * len(everyone))
    for row, k in enumerate(places):
        alone = Engine([runs[everyone[k]]], [table])
        for _ in range(2 if everyone[k] in staying else 1):
            alone.train_epoch([1.0])
        for name, array in alone.state().items():
            assert np.array_equal(array[0], engine.state()[name][row]), (name, company[everyone[k]])


def test_a_further_gradient_leaves_the_running_statistics_of_the_step():
    found = []
    for change in ({"optimizer": "sgd"}, SAM, {"optimizer": "backtracking"}):
        engine = engine_of([change | {"trainer.engine": STACKED}])
        engine.rows.start_epoch(engine.plan([1.0]))
        engine.rows.advance(0, 1)
        found.append(engine)
    plain, *others = found
    for other in others:
        assert torch.equal(plain.buffers, other.buffers)
        assert not torch.equal(plain.theta, other.theta)


@pytest.mark.parametrize("cuts", [[0, 1, 2, 3], [0, 2, 3], [0, 1, 3]], ids=str)
def test_an_epoch_may_be_cut_anywhere(cuts, company, way):
    """75 examples in batches of 29: the last of three steps is ragged."""
    changes = [*company, way | {"regularizer.dropout": 0.4, "regularizer.gradient_noise.s": 0.1}]
    whole, cut = engine_of(changes), engine_of(changes)
    scales = [1.0] * len(changes)
    trained = whole.train_epoch(scales)
    cut.rows.start_epoch(cut.plan(scales))
    parts = [cut.rows.advance(a, b) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate([part.objectives for part in parts]), trained["objectives"])
    assert np.array_equal(parts[-1].grad_norm, trained["grad_norm"])
    for name, array in whole.state().items():
        assert np.array_equal(array, cut.state()[name]), name


class Halving(StackedRows):
    """Rows whose weights are halved in every step."""

    def start_epoch(self, epoch):
        self.rates = epoch.rates

    def advance(self, first, last):
        self.theta.mul_(0.5 ** (last - first))
        return Stretch(np.full((last - first, len(self.theta)), 7.0), self.rates[:, 0])


def test_another_way_to_train_stands_in_for_those_there_are():
    engine = engine_of([{"optimizer": "sgd"}, {"optimizer": "sgd"}, {}], way=Halving)
    start, lr = engine.theta.clone(), [run.optimizer.lr for run in engine.runs]
    trained = engine.train_epoch([1.0, 2.0, 1.0])
    assert trained["objective"].tolist() == [7.0] * 3
    assert trained["grad_norm"].tolist() == pytest.approx([lr[0], 2 * lr[1], lr[2]])
    engine.keep([0, 2])
    engine = engine.joined(2, [settings(seed=9, **{"model.norm": "batch"})], [data(13, 2)], [0, 1, 2])
    engine.train_epoch([1.0] * 3)
    assert isinstance(engine.rows, Halving) and engine.epochs.tolist() == [2, 2, 1]
    assert torch.equal(engine.theta[:2], start[[0, 2]] / 64)
    assert set(engine.evaluate(("val",))) >= {"val/loss"}


def test_sites_that_no_row_asks_for_are_left_out():
    few, many = (Stacked(engine_of(changes, way=StackedRows).rows) for changes in ([{}], IN_COMPANY))
    assert [type(site).__name__ for site in few.sites] == ["Norms", "Rules"]
    assert len(many.sites) == 8
