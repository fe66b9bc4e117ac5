"""Rates that train, signals in the layers, calibration and sharpness."""

import dataclasses
import json

import numpy as np
import pytest

from runner.cli import main
from runner.diagnose.kinds import activations, calibration, lr_range, sharpness
from runner.diagnose.landscape import Landscape
from runner.diagnose.subject import Case
from runner.errors import RunError
from runner.execution.configurations import read


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run that has been trained."""
    folder = tmp_path_factory.mktemp("here") / "run"
    words = [
        "dataset=iris",
        "model.hidden=[6]",
        "trainer.epochs=20",
        "trainer.figures=false",
        f"hydra.run.dir={folder}",
    ]
    assert main(words) == 0
    return folder


# ---- lr_range


def test_the_proposed_rate_lies_where_the_loss_falls_and_before_it_explodes(ask):
    words = ["dataset=iris", "model.hidden=[4]", "optimizer=sgd", "--low", "1e-4", "--high", "1e3", "--steps", "100"]
    found = ask("lr_range", *words).numbers
    rates, smooth = np.array(found["rates"]), np.array(found["smoothed"])
    assert rates[1:] / rates[:-1] == pytest.approx(np.full(len(rates) - 1, 1e7 ** (1 / 99)), rel=1e-9)
    assert found["ended_at"] == rates[-1] < 1e3 and smooth[-1] > smooth.min()
    assert rates[smooth.argmin()] == found["lowest_at"] and found["proposed"] == float(f"{found['lowest_at'] / 10:.1g}")
    assert np.interp(found["proposed"], rates, smooth) < smooth[0] and found["configured"] == 0.01


def test_a_loss_is_smoothed_without_bias():
    assert lr_range.smoothed(np.full(5, 3.0)) == pytest.approx(np.full(5, 3.0), rel=1e-12)
    assert lr_range.smoothed(np.array([1.0, 2.0]))[1] == pytest.approx((0.95 + 2) / 1.95, rel=1e-12)


def test_a_range_must_rise(refused):
    assert "--low 1: not below --high 0.1" in refused("lr_range", "--low", "1", "--high", "0.1")
    assert "give a lower --low" in refused("lr_range", "dataset=iris", "optimizer=sgd", "--low", "1e4", "--high", "1e9")


# ---- activations


def test_signals_fade_with_small_weights_and_units_die_at_a_huge_rate(ask):
    words = ["model.hidden=[8,8,8]", "--points", "3", "trainer.epochs=1"]
    small = ask("activations", *words, "model.init=normal", "model.init_sd=0.01").numbers
    assert small["rms"][0][2] < 0.01 * small["rms"][0][0] and small["steps"][0] == 0 and len(small["rms"][0]) == 3
    words += ["optimizer=sgd", "optimizer.lr=50"]
    large = ask("activations", *words)
    assert max(large.numbers["dead"][-1]) > 0.5 or large.numbers["diverged"]


def test_layers_have_the_root_mean_square_and_the_dead_units_of_the_network():
    from runner.data.prepare import prepare
    from runner.training.engine import Engine

    settings = read(["dataset=iris", "model.hidden=[7]", "trainer.dtype=float64"])
    engine = Engine([settings], [data := prepare(settings)])
    weight, bias = (engine.layout.slots[f"0.{name}"].true(engine.theta)[0] for name in ("weight", "bias"))
    bias[2] = -100
    z = data.x[data.train] @ weight.T + bias
    found = activations.layers(engine, "relu")
    assert found["rms"][0] == pytest.approx(np.sqrt(np.mean(np.maximum(z, 0) ** 2)), rel=1e-12)
    assert found["dead"][0] == np.mean((z <= 0).all(0)) >= 1 / 7 and np.isnan(found["saturated"][0])
    assert found["percentiles"][0] == pytest.approx(np.percentile(z, (15, 50, 85)), rel=1e-12)
    assert activations.saturated(np.array([0.995, 0.5, -0.999]), "tanh") == pytest.approx(2 / 3)


def test_a_network_without_hidden_layers_has_no_signals(refused):
    assert "has no hidden layer; set some" in refused("activations", "model.hidden=[]")


# ---- calibration


def test_the_temperature_that_was_put_in_is_taken_out():
    random = np.random.default_rng(0)
    logits = 2 * random.normal(size=(4000, 3))
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    y = np.array([random.choice(3, p=each) for each in p])
    sharp = calibration.at_temperature(p, 1 / 2.5)  # too sure by a factor of 2.5
    assert calibration.best_temperature(sharp, y) == pytest.approx(2.5, rel=0.06)
    assert calibration.at_temperature(sharp, 2.5) == pytest.approx(p, rel=1e-9)
    assert calibration.nll(p, y) < calibration.nll(sharp, y)


def test_a_run_is_asked_where_it_lies(run, capsys, monkeypatch):
    monkeypatch.chdir(run.parent)
    capsys.readouterr()
    assert main(["diagnose", "calibration", "run"]) == 0
    assert "wrote: run/diagnose/calibration (result.json, figure.png)" in capsys.readouterr().out
    found = json.loads((run / "diagnose" / "calibration" / "result.json").read_text())
    summary = json.loads((run / "summary.json").read_text())
    assert found["split"] == "test" and found["accuracy"] == pytest.approx(summary["test"]["accuracy"], abs=1e-6)
    assert found["fitted_on"] == "val" and main(["report", "."]) == 0  # a report is none the wiser


def test_a_run_whose_data_have_changed_is_not_judged_by_others(run):
    case = Case("run", read(["dataset=iris"])).ended(run)
    assert len(case.data.x) == 150
    case = dataclasses.replace(case, sha256="0" * 64)
    with pytest.raises(RunError, match="its data have changed since it was trained"):
        _ = case.data


def test_numbers_have_no_confidence(refused):
    assert "the run predicts numbers" in refused("calibration", "dataset=sine")


# ---- sharpness


def test_the_worst_point_near_a_minimum_is_along_the_largest_eigenvector(ask):
    """On a quadratic rho^2/2 times the largest eigenvalue, from the minimum itself."""
    words = ["dataset=quadratic", "model.hidden=[]", "model.bias=false", "dataset.start=[0.81,0.91,0.13]"]
    found = ask("sharpness", *words, "--at", "initial", "--rho", "0.1", "--directions", "2").numbers
    largest = 2 + 2**0.5
    assert found["largest"] == pytest.approx(largest, rel=1e-9)
    assert found["worst"] == pytest.approx(0.01 / 2 * largest, rel=1e-3) and found["sam"] <= found["worst"]
    rise = np.array(found["rise"])
    assert rise[-1] == pytest.approx(rise[5] * (found["reach"][-1] / found["reach"][5]) ** 2, rel=1e-9)


def test_sams_step_is_along_the_gradient():
    land = Landscape(Case("run", read(["dataset=iris", "model.hidden=[4]"])))
    g = land.gradient(land.start)
    expected = land.value(land.start + 0.05 * g / np.linalg.norm(g)) - land.value(land.start)
    first, worst = sharpness.ascended(land, 0.05)
    assert first == pytest.approx(expected, rel=1e-9) and worst >= first
