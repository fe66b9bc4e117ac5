"""What is computed is that of the true shapes: where the layout pads wider, nothing changes but rounding.

A piece, metric or technique that takes a mean, a norm or a count over padding is found out here, whatever it is.
"""

import itertools

import numpy as np
import pytest
import torch

from runner.checks.populations import anywhere, data, settings, variations
from runner.config.registry import entries
from runner.data import tables
from runner.figures.layer_rms import layer_rms
from runner.optimizers.rules.base import segment_key
from runner.population import chance, layout
from runner.population.export import architecture, state_dict
from runner.population.pieces.norms import LayerNorm
from runner.training.engine import Engine
from runner.training.steps.stacked_rows import StackedRows

SHAPE = (13, [7, 7], 3, 29)
NORMS = ["none", *entries("norm")]
GROUPS = ("optimizer", "scheduler", "averaging", "regularizer")
METRICS = [n for n, e in entries("metric").items() if "classification" in e.cls.tasks and not e.cls.needs]


def numbers(runs, table) -> list[dict[str, np.ndarray]]:
    """What two epochs leave of each row: its network as it is exported, what is measured, and RMS by layer."""
    runs = sorted(runs, key=lambda run: str(segment_key(run)))
    engine = Engine(runs, [table] * len(runs), way=StackedRows)
    trained = [engine.train_epoch([1.0] * len(runs)) for _ in range(2)]
    measured = engine.evaluate(("train", "val")) | engine.weight_statistics() | {"lr": trained[1]["lr"]}
    measured |= {f"{key} {i}": each[key] for i, each in enumerate(trained) for key in ("objective", "grad_norm")}
    arch = architecture(runs[0], SHAPE[0], table.outputs)
    found = []
    for row in range(len(runs)):
        state = state_dict(arch, engine.layout, *(tensor[row] for tensor in engine.kept.values()))
        found.append(state | {name: values[row] for name, values in measured.items()} | layer_rms(engine, row))
    return found


def assert_padding_is_nobodys_business(monkeypatch, runs, table):
    narrow = numbers(runs, table)
    with monkeypatch.context() as wider:
        for module in (layout, tables, chance):
            wider.setattr(module, "ALIGN", 48)
        for module in (layout, chance):
            wider.setattr(module, "WIDE", 80)
        wide = numbers(runs, table)
    for run, a, b in zip(runs, narrow, wide, strict=True):
        for name in a:
            np.testing.assert_allclose(a[name], b[name], rtol=1e-7, atol=1e-10, err_msg=f"{name} of {run}")


def runs_of(changes, **common):
    common = {"trainer.dtype": "float64", "trainer.metrics": METRICS} | common
    return [settings(SHAPE, seed=i, **common, **change) for i, change in enumerate(changes)]


@pytest.mark.parametrize("group", GROUPS)
def test_no_choice_sees_padding(group, monkeypatch):
    changes = [variations(group, name)[0] for name in anywhere(group)]
    runs = runs_of(changes, **{"model.norm": "layer", "model.activation": "sigmoid"})
    assert_padding_is_nobodys_business(monkeypatch, runs, data(13, 3, dtype="float64"))


@pytest.mark.parametrize(("norm", "position"), [*itertools.product(NORMS, ("before", "after"))])
@pytest.mark.parametrize("activation", list(entries("activation")))
def test_no_piece_sees_padding(activation, norm, position, monkeypatch):
    pieces = {"model.activation": activation, "model.norm": norm, "model.norm_position": position}
    runs = runs_of([{}, {"regularizer.dropout": 0.2}], **pieces)
    assert_padding_is_nobodys_business(monkeypatch, runs, data(13, 3, dtype="float64"))


@pytest.mark.parametrize("parametrization", ["none", *entries("parametrization")])
@pytest.mark.parametrize("changes", [{"model.bias": False}, {"model.prune": 0.4}], ids=str)
def test_no_weights_see_padding(parametrization, changes, monkeypatch):
    noises = [{}, {"regularizer.weight_noise": 0.05}, {"regularizer.dropconnect": [0.5, 0.0, 0.2]}]
    runs = runs_of(noises, **changes, **{"model.parametrization": parametrization})
    assert_padding_is_nobodys_business(monkeypatch, runs, data(13, 3, dtype="float64"))


@pytest.mark.parametrize("loss", [name for name in entries("loss") if name != "auto"])
def test_no_loss_sees_padding(loss, monkeypatch):
    task = entries("loss")[loss].cls.task
    runs = [settings(SHAPE, seed=i, loss=loss, **{"trainer.dtype": "float64"}) for i in range(2)]
    assert_padding_is_nobodys_business(monkeypatch, runs, data(13, 3, task, dtype="float64"))


def test_a_norm_that_counts_padding_is_found_out(monkeypatch):
    layer_norm = LayerNorm.forward

    def careless(self, x, *parameters, mask, **context):
        return layer_norm(self, x, *parameters, mask=torch.ones_like(mask), **context)

    monkeypatch.setattr(LayerNorm, "forward", careless)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        test_no_piece_sees_padding("relu", "layer", "before", monkeypatch)
