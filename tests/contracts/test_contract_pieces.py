"""What pieces declare: it is what their torch modules hold, and a name that is taken is an error."""

import dataclasses

import numpy as np
import pytest
import torch

from runner.checks.gradients import check_gradient, engine_of
from runner.checks.populations import SHAPES, data, settings
from runner.config.engines import lacking
from runner.config.registry import entries, register
from runner.errors import ConfigError
from runner.population.arrays import as_tensors, copied
from runner.population.layout import Layout
from runner.population.pieces.base import Activation, Norm, Parametrization
from runner.population.pieces.declared import MATRIX, Buffer, Parameter, Piece
from runner.population.pieces.linear import LINEAR
from runner.training import checkpoint
from runner.training.engine import Engine

PIECES = {"linear": LINEAR} | {n: e.cls() for group in ("activation", "norm") for n, e in entries(group).items()}
WITH_PARAMETERS = [n for n, e in entries("activation").items() if e.cls.parameters]
INPUTS, WIDTH = 5, 3


@pytest.mark.parametrize("name", PIECES)
def test_a_piece_declares_what_its_torch_module_holds(name):
    piece = PIECES[name]
    state = piece.module(INPUTS, WIDTH).state_dict()
    declared = {each.exported: each for each in piece.declared}
    assert set(state) == {*declared, *piece.constants}
    for key, each in declared.items():
        assert tuple(state[key].shape) == each.shape(INPUTS, WIDTH)
        assert each.start is None or torch.equal(state[key], torch.full_like(state[key], each.start))
    assert all(state[key].item() == value for key, value in piece.constants.items())
    assert {key for key, _ in piece.module(INPUTS, WIDTH).named_parameters()} == {p.exported for p in piece.parameters}


@pytest.mark.parametrize(
    "declared",
    [
        {"parameters": (Parameter("slope"), Parameter("slope", ()))},
        {"parameters": (Parameter("slope"),), "buffers": (Buffer("slope"),)},
        {"parameters": (Parameter("gain", torch="slope"), Parameter("slope"))},
        {"parameters": (Parameter("slope"),), "constants": {"slope": 0}},
    ],
    ids=["parameters", "buffer", "exported", "constant"],
)
def test_a_piece_that_declares_a_name_twice_is_refused(declared):
    with pytest.raises(ValueError, match=r"Mine declares 'slope' twice: rename one of them"):
        type("Mine", (Piece,), declared | {"__module__": "test_contract_pieces", "__qualname__": "Mine"})


def test_a_name_that_another_piece_of_the_layer_has_is_refused():
    class Mine(Activation):
        parameters = (Parameter("gain"),)

    norm = entries("norm")["rms"].cls()
    with pytest.raises(ConfigError, match="Mine declares 'gain', which RMSNorm has taken in the same layer"):
        Layout([5, 3, 2], [[LINEAR, norm, Mine()], [LINEAR]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"per": ("row",)}, r"slope: per = \('row',\) is none of"),
        ({"kind": "gain"}, "slope: kind = 'gain' is none of weight, bias, free"),
        ({"kind": "weight"}, "slope: penalties act on matrices"),
    ],
)
def test_what_a_layer_cannot_hold_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Parameter("slope", **wrong)


def test_a_parameter_may_be_per_input_and_a_layer_may_have_two_matrices():
    class Mine(Norm):
        parameters = (Parameter("scale", ("input",), 2.0), Parameter("mixing", MATRIX, kind="weight"))

    layout = Layout([5, 3, 2], [[LINEAR, Mine()], [LINEAR]])
    assert [slot.name for slot in layout.weight_slots] == ["0.weight", "0.mixing", "1.weight"]
    assert layout.slots["0.scale"].shape == (5,) and layout.slots["0.mixing"].shape == (3, 5)
    assert layout.true_weights == 15 + 15 + 6 and layout.parameters == layout.true_weights + 5 + 5


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_an_activation_with_parameters_may_leave_its_gradient_to_autograd(name, monkeypatch):
    monkeypatch.setattr(entries("activation")[name].cls, "gradient", None)
    check_gradient(engine_of(**{"model.activation": name, "model.norm": "layer"}), tried=5)


@pytest.mark.parametrize("name", entries("parametrization"))
def test_a_parametrization_may_leave_its_gradient_to_autograd(name, monkeypatch):
    monkeypatch.setattr(entries("parametrization")[name].cls, "gradient", None)
    check_gradient(engine_of(**{"model.parametrization": name, "model.norm": "layer"}), tried=15)


def test_spectral_norm_is_one_class(more):
    """W = v / sigma(v), sigma its largest singular value (Miyato et al. 2018)."""

    @register("parametrization", "spectral_norm")
    @dataclasses.dataclass
    class SpectralNorm(Parametrization):
        """W = v / sigma(v)"""

        def effective(self, v):
            return v / torch.linalg.matrix_norm(v, 2).view(-1, 1, 1)

    engine = engine_of(**{"model.parametrization": "spectral_norm"})
    check_gradient(engine, tried=15)
    engine.train_epoch([1.0] * 3)
    for slot in engine.layout.weight_slots:
        sizes = np.linalg.norm(slot.true(engine.shown["theta"]).numpy(), 2, (1, 2))
        np.testing.assert_allclose(sizes, 1, rtol=1e-12)
    assert lacking(engine.runs[0], "classification") == ["model.parametrization=spectral_norm"]


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_slopes_learn_and_survive_a_checkpoint(name, way, tmp_path):
    runs = [settings(seed=i, **way | {"model.activation": name}) for i in range(3)]
    first, second = (Engine(runs, [data(SHAPES[0][0], SHAPES[0][2])] * 3) for _ in range(2))
    slope = first.layout.slots["1.slope"].true(first.theta)
    assert (slope == 0.25).all()
    first.train_epoch([1.0] * 3)
    assert (slope != 0.25).all()
    checkpoint.write(tmp_path / "checkpoint", first.state(), [])
    second.load_state(as_tensors(checkpoint.read(tmp_path / "checkpoint")[0]), first.epochs)
    for engine in (first, second):
        engine.train_epoch([1.0] * 3)
    assert np.array_equal(first.theta, second.theta)


@pytest.mark.parametrize("name", WITH_PARAMETERS)
def test_neither_decay_nor_penalty_nor_constraint_touches_a_slope(name, way):
    """Of examples that weigh nothing, so that nothing else moves weights."""
    pulled = {f"regularizer.{penalty}": 0.1 for penalty in ("l1", "l2", "group_lasso", "frobenius", "orthogonality")}
    pulled |= {"regularizer.max_norm": 1e-3, "optimizer.weight_decay": 1.0, "optimizer.decay_biases": True}
    run, table = settings(**pulled | way | {"model.activation": name, "optimizer": "sgd"}), data(13, 2)
    engine = Engine([run], [dataclasses.replace(table, weights=np.zeros(len(table.x)))])
    slots, before = engine.layout.slots, copied(engine.theta)
    engine.train_epoch([1.0])
    for layer in range(2):
        same = {
            kind: np.array_equal(*(slots[f"{layer}.{kind}"].true(theta) for theta in (engine.theta, before)))
            for kind in ("slope", "weight", "bias")
        }
        assert same == {"slope": True, "weight": False, "bias": False}
