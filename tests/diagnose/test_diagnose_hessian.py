"""S12: curvature."""

import numpy as np
import pytest

from runner.diagnose.kinds.hessian import lanczos, lanczos_said
from runner.diagnose.landscape import Landscape
from runner.diagnose.subject import Case
from runner.execution.configurations import read

WHOLE = ["dataset.val_fraction=0", "dataset.test_fraction=0", "early_stopping=none"]
A1 = ["dataset=quadratic", "model.hidden=[]", "model.bias=false", "--at", "initial"]


def test_the_spectrum_of_softmax_regression_at_zero(ask):
    words = ["dataset=iris", "model.hidden=[]", "model.init=zeros", *WHOLE, "--at", "initial"]
    found = ask("hessian", *words).numbers
    expected = [0.972833] * 2 + [0.333333] * 2 + [0.304677] * 2 + [0.048919] * 2 + [0.006905] * 2 + [0.0] * 5
    assert np.array(found["eigenvalues"][::-1]) == pytest.approx(expected, abs=5e-7)
    assert (found["index"], found["zeros"]) == (0, 5) and round(found["trace"], 6) == 3.333333


def test_a_step_gains_until_curvature_takes_it_back(ask):
    found = ask("hessian", *A1)
    n = found.numbers
    assert [round(n[key], 6) for key in ("gg", "gHg")] == [1.701, 3.2964]
    assert [round(n[key], 6) for key in ("best_rate", "rises_above", "stable_rate")] == [0.516017, 1.032035, 0.585786]
    assert f"{n['condition']:.4f}" == "5.8284" and "above 1.032035 the loss rises" in found.said


@pytest.mark.parametrize(("strength", "condition"), [(0.1, "5.1244"), (2, "2.0938")])
def test_an_l2_penalty_adds_to_each_eigenvalue(ask, strength, condition):
    assert f"{ask('hessian', *A1, f'regularizer.l2={strength}').numbers['condition']:.4f}" == condition


def saddle(folder):
    """1/2 (1 - w1 w2)^2 as the mean square of two linear layers of one unit."""
    x = np.array([[0.5**0.5], [-(0.5**0.5)]])
    np.savez(folder / "saddle.npz", x=x, y=x[:, 0])
    keys = ["dataset=npz", f"dataset.path={folder / 'saddle.npz'}", "dataset.task=regression", "dataset.scaling=none"]
    keys += ["dataset.target_scaling=none", "model.hidden=[1]", "model.activation=identity", "model.bias=false"]
    return [*keys, *WHOLE, "model.init=constant"]


def test_two_linear_layers_have_a_saddle_at_zero_and_a_valley(ask, tmp_path):
    words = saddle(tmp_path)
    at_zero = ask("hessian", *words, "model.init_value=0", "--at", "initial")
    assert np.allclose(at_zero.numbers["eigenvalues"], [-1, 1], rtol=1e-12) and at_zero.numbers["index"] == 1
    assert "Some directions still bend down" in at_zero.said
    land = Landscape(Case("run", read([*words, "model.init_value=1"])))
    for w, expected in (((1, 1), (0, 2)), ((2, 0.5), (0, 4.25))):
        assert np.linalg.eigvalsh(land.hessian(np.array(w, float))) == pytest.approx(expected, abs=1e-12)


def test_many_parameters_have_the_ends_of_their_spectrum_by_lanczos(ask):
    words = ["dataset=iris", "model.hidden=[9]", "model.activation=tanh", "--at", "initial", "--rows", "100", *WHOLE]
    whole, some = (ask("hessian", *words, *more) for more in ([], ["--exact", "20"]))
    assert "of 150 training rows the first 100" in some.said
    assert "so Lanczos's method finds its largest and smallest eigenvalues" in some.said
    assert (whole.numbers["method"], some.numbers["method"]) == ("exact", "lanczos")
    for key in ("largest", "smallest", "gHg"):
        assert some.numbers[key] == pytest.approx(whole.numbers[key], rel=1e-9)
    assert abs(some.numbers["trace"] - whole.numbers["trace"]) < 5 * some.numbers["trace_error"]
    assert some.numbers["condition"] is None


def test_lanczos_finds_all_eigenvalues_of_a_small_matrix():
    random = np.random.default_rng(0)
    a = random.normal(size=(12, 12))
    assert lanczos(lambda v: (a + a.T) @ v, 12, 50) == pytest.approx(np.linalg.eigvalsh(a + a.T), rel=1e-9)


def test_a_hundred_thousand_parameters_are_said_to_be_too_many():
    said = lanczos_said(100_000, 2000)
    assert "100,000 parameters: a Hessian of 100,000 x 100,000 is too large (--exact 2000)" in said
    assert "Lanczos's method finds its largest and smallest eigenvalues from 60 products" in said
