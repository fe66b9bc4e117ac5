"""Keys of norms under the contracts: together = alone, padding, checkpoints, exported modules, both engines."""

import numpy as np
import pytest
import torch

from runner.checks.gradients import check_gradient, engine_of
from runner.checks.populations import data, settings
from runner.checks.tensors import check_padding
from runner.checks.together import check_alone_is_together
from runner.config.registry import entries
from runner.population.arrays import as_tensors
from runner.population.export import architecture, load_state_dict, state_dict
from runner.population.initial import initial_buffers, initial_theta
from runner.population.modules import build
from runner.training import checkpoint
from runner.training.engine import Engine

torch.set_num_threads(1)

SHAPE = (12, [18, 18, 6], 3, 29)
KEYED = [
    {"norm": "group", "norm_groups": 3, "norm_position": "after", "residual": True},
    {"norm": "group", "norm_groups": 6, "norm_input": True, "norm_affine": False},
    {"norm": "batch", "norm_momentum": None, "norm_input": True, "residual": True},
    {"norm": "batch", "norm_statistics": "all", "norm_affine": False},
    {"norm": "batch", "norm_statistics": "all", "norm_input": True, "hidden": []},
    {"norm": "rms", "norm_input": True, "norm_eps": 0.01, "norm_affine": False},
    {"norm": "layer", "norm_input": True, "norm_position": "after"},
]
CHANGES = [{f"model.{key}": value for key, value in keys.items()} for keys in KEYED]
every = pytest.mark.parametrize("change", CHANGES, ids=lambda change: "-".join(map(str, change.values())))


def test_every_key_of_every_norm_is_tried():
    for name, entry in entries("norm").items():
        tried = {key for keys in KEYED if keys["norm"] == name for key in keys}
        assert {f"norm_{key}" for key in entry.cls.uses} - tried <= {"norm_eps", "norm_affine"}


@every
def test_the_gradient_is_autograds_and_the_central_difference(change):
    check_gradient(engine_of(SHAPE, **change, **{"regularizer.input_dropout": 0.2}), tried=15)


@every
def test_rows_alone_are_rows_together(change, way):
    runs = [settings(SHAPE, seed=i, **change | way, **{"regularizer.input_dropout": 0.1 * i}) for i in range(4)]
    check_alone_is_together(runs, [data(SHAPE[0], SHAPE[2])] * 4, leave={1: 1})


@every
def test_padding_stays_zero(change):
    check_padding([change, change | {"regularizer.input_dropout": 0.3}], SHAPE)


@every
def test_a_checkpoint_keeps_what_norms_average(change, way, tmp_path):
    runs = [settings(SHAPE, seed=i, **change | way, averaging="ema") for i in range(2)]
    first, second = (Engine(runs, [data(SHAPE[0], SHAPE[2])] * 2) for _ in range(2))
    for _ in range(2):
        first.train_epoch([1.0] * 2)
    checkpoint.write(tmp_path / "checkpoint", first.state(), [])
    second.load_state(as_tensors(checkpoint.read(tmp_path / "checkpoint")[0]), first.epochs)
    before, after = (engine.evaluate(("val",))["val/loss"] for engine in (first, second))
    assert np.array_equal(before, after)
    for engine in (first, second):
        engine.train_epoch([1.0] * 2)
    for name, array in first.state().items():
        assert np.array_equal(array, second.state()[name]), name


@every
def test_the_exported_network_says_the_same_and_comes_back(change, way):
    run, table = settings(SHAPE, **change | way, **{"trainer.dtype": "float64"}), data(*SHAPE[::2], dtype="float64")
    engine = Engine([run], [table])
    for _ in range(2):
        engine.train_epoch([1.0])
    arch = architecture(run, SHAPE[0], SHAPE[2])
    state = state_dict(arch, engine.layout, engine.theta[0], engine.buffers[0])
    network = build(arch).double()
    kinds = {name: each.dtype for name, each in network.state_dict().items()}
    assert kinds == {name: each.dtype for name, each in as_tensors(state).items()}
    network.load_state_dict(as_tensors(state))
    x = table.x[table.val]
    np.testing.assert_allclose(
        network.eval()(torch.from_numpy(x)).detach(), np.asarray(engine.rows.outputs(x)), rtol=1e-9, atol=1e-12
    )
    theta = initial_theta(engine.layout, [7], run.model.init, "float64")
    buffers = initial_buffers(engine.layout, 1, "float64")
    load_state_dict(arch, engine.layout, state, theta[0], buffers[0])
    assert np.array_equal(theta[0], np.asarray(engine.theta[0]))
    for slot in engine.layout.buffers.values():
        assert np.array_equal(slot.true(buffers), np.asarray(slot.true(engine.buffers)))


def test_parameters_are_those_of_torch():
    run = settings(SHAPE, **CHANGES[2])
    network = build(architecture(run, SHAPE[0], SHAPE[2]))
    assert run.model.parameters(SHAPE[0], SHAPE[2]) == sum(each.numel() for each in network.parameters())
