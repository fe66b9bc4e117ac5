"""Percentiles of what enters hidden layers: against torch.nn, recorded by the runs that ask, not changing training."""

import numpy as np
import pandas as pd
import pytest
import torch

import runner
from runner.config.conflicts import conflicts
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.population.arrays import as_tensors, copied
from runner.population.export import architecture, state_dict
from runner.population.modules import build
from runner.training.engine import Engine
from runner.training.percentiles import EXAMPLES, names, percentiles

MOONS = {"dataset": "two_moons", "dataset.n": 400, "trainer.progress": False, "trainer.epochs": 3}
ASKED = {"trainer.percentiles": True}


@pytest.mark.parametrize("hidden", [[7, 20, 5], [9]])
@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
@pytest.mark.parametrize("position", ["before", "after"])
def test_they_are_those_of_what_enters_the_activation_of_the_last_unit(hidden, norm, position, way):
    model = {"model.hidden": hidden, "model.norm": norm, "model.activation": "tanh", "model.norm_position": position}
    learned = {"model.parametrization": "weight_standardization" if position == "after" else "none"}
    settings = read(MOONS | ASKED | model | learned | way | {"trainer.dtype": "float64"})
    engine = Engine([settings], [prepare(settings)])
    engine.train_epoch([1.0])
    before = {name: copied(array) for name, array in engine.state().items()}
    found = percentiles(engine)
    assert all(np.array_equal(array, before[name]) for name, array in engine.state().items())
    arch = architecture(settings, engine.layout.widths[0], engine.layout.widths[-1])
    module = build(arch).double().train()
    module.load_state_dict(as_tensors(state_dict(arch, engine.layout, engine.shown["theta"][0], engine.buffers[0])))
    data = engine.tables.data[0]
    x = torch.from_numpy(data.x[engine.tables.index["train_eval"][0, :EXAMPLES]])
    activations = [i for i, each in enumerate(module) if isinstance(each, torch.nn.Tanh)]
    entering = [module[:i](x).detach().numpy()[:, -1] for i in activations]
    expected = [np.percentile(each, p) for each in entering for p in (15, 50, 85)]
    assert list(found) == names(len(hidden))
    np.testing.assert_allclose([float(column[0]) for column in found.values()], expected, rtol=1e-9, atol=1e-12)


def test_runs_that_ask_record_them_beside_runs_that_do_not_and_train_alike(tmp_path, way):
    asking, other = runner.train([MOONS | way | ASKED, MOONS | way], outputs=tmp_path, console=False)
    with_them, without = (pd.read_csv(each.folder / "metrics.csv") for each in (asking, other))
    assert list(with_them.columns) == [*without.columns, *names(1)]
    assert with_them[names(1)].notna().all(axis=None) and len(with_them) == 4
    same = [column for column in without if column != "seconds"]
    pd.testing.assert_frame_equal(with_them[same], without[same])


def test_without_hidden_layers_there_is_nothing_to_record():
    settings = read(MOONS | {"model.hidden": []})
    settings.trainer.percentiles = True
    (conflict,) = conflicts(settings)
    assert conflict.text.startswith("trainer.percentiles = true: ")
    assert "model.hidden=[128]" in conflict.text


def test_with_batch_norm_what_enters_moves_less_than_half_as_far(tmp_path):
    """Ioffe & Szegedy 2015, figure 1: sigmoid units, with and without the norm before them; three seeds each."""
    sigmoid = {"dataset": "digits", "dataset.train_size": 400, "model.activation": "sigmoid", "model.hidden": [32, 32]}
    shared = MOONS | {"trainer.epochs": 15, "optimizer.lr": 0.01, "early_stopping.patience": None} | ASKED | sigmoid
    del shared["dataset.n"]
    moved = {}
    for norm in ("none", "batch"):
        configs = [shared | {"model.norm": norm, "seed": seed} for seed in range(3)]
        outcomes = runner.train(configs, outputs=tmp_path / norm, console=False)
        curves = [pd.read_csv(each.folder / "metrics.csv")[names(2)] for each in outcomes]
        moved[norm] = sum((curve.max() - curve.min()).sum() for curve in curves)
    assert 0 < moved["batch"] < moved["none"] / 2
