"""S9: bias, variance and noise."""

import numpy as np
import pytest

from runner.diagnose.common_inputs import common
from runner.diagnose.decomposition import of_entropy, of_squares
from runner.diagnose.kinds.bias_variance import grouped
from runner.diagnose.subject import Case
from runner.errors import ConfigError
from runner.execution.configurations import read

LEAST_SQUARES = [
    "dataset=sine",
    "dataset.n=50",
    "dataset.val_fraction=0",
    "dataset.test_fraction=0",
    "early_stopping=none",
    "model.hidden=[]",
    "optimizer=newton",
    "optimizer.damping=0",
    "trainer.batch_size=50",
    "trainer.epochs=1",
    "trainer.dtype=float64",
]


def fits(degree, seeds):
    """Bias^2 and variance of NumPy's polynomials on the same draws."""
    grid, found = (np.arange(400) + 0.5) / 400, []
    for seed in range(seeds):
        x = np.random.RandomState([seed, 0]).random_sample(50)
        noise = np.random.RandomState([seed, 1]).standard_normal(50)
        found.append(np.polyval(np.polyfit(x, np.sin(2 * np.pi * x) + 0.2 * noise, degree), grid))
    gaps = np.mean(found, 0) - np.sin(2 * np.pi * grid)
    return np.mean(gaps**2), np.var(found, 0).mean()


def test_settings_are_told_apart_by_keys_that_the_first_run_has_not():
    rules = [{"optimizer": "adamw"}, *({"optimizer": "sgd", "optimizer.momentum": m} for m in (0.1, 0.2))]
    runs = [read({**rule, "dataset": "sine", "dataset.data_seed": seed}) for rule in rules for seed in (0, 1)]
    found = grouped([Case("", run) for run in runs])
    assert list(found.values()) == [[0, 1], [2, 3], [4, 5]]
    assert "optimizer.momentum=0.1" in list(found)[1] and "optimizer.momentum" not in next(iter(found))


def test_bias_and_variance_add_up_to_the_squared_error():
    found = np.array([[1.0, 2], [3, 2]])
    assert of_squares(found, np.ones(2)) == (1.0, 0.5) and np.mean((found - 1) ** 2) == 1.5


def test_of_two_lines_bias_and_variance_are_those_by_hand(ask, tmp_path):
    """Lines through (0, 1), (1, 2) and through (0, 3), (1, 2); true are 1 and 1."""
    rows = ["0,1,a,train", "1,2,a,train", "0,3,b,train", "1,2,b,train", "0,1,c,test", "1,1,d,test"]
    (tmp_path / "two.csv").write_text("\n".join(["x,y,g,s", *rows]))
    words = ["dataset=csv", "dataset.path=two.csv", "dataset.target=y", "dataset.task=regression", "dataset.group=g"]
    words += ["dataset.split_column=s", "dataset.folds=2", "dataset.scaling=none", "dataset.target_scaling=none"]
    found = ask("bias_variance", *words, *LEAST_SQUARES[5:], "early_stopping.restore_best=false")
    each = found.numbers["settings"]["all runs"]
    assert (each["bias"], each["variance"], each["total"]) == pytest.approx((1, 0.5, 1.5), rel=1e-9)


def test_bias_and_variance_of_classes_add_up_to_the_cross_entropy():
    random = np.random.default_rng(0)
    p = random.dirichlet(np.ones(4), size=(5, 30))
    y = random.integers(0, 4, 30)
    bias, variance = of_entropy(p, y)
    assert bias + variance == pytest.approx(-np.log(p[:, np.arange(30), y]).mean(), rel=1e-12)
    q = np.exp(np.log(p).mean(0))
    assert bias == pytest.approx(-np.log(q / q.sum(1, keepdims=True))[np.arange(30), y].mean(), rel=1e-12)
    assert of_entropy(p[:1], y)[1] == pytest.approx(0, abs=1e-15)


def test_least_squares_on_a_sine_trade_bias_for_variance(ask):
    """Degree 1: .196 and .011; degree 3: .0044 and .004, by the draws of dataset=sine."""
    found = ask("bias_variance", "-m", *LEAST_SQUARES, "dataset.data_seed=range(8)", "dataset.polynomial=1,3")
    for degree in (1, 3):
        each = found.numbers["settings"][f"dataset.polynomial={degree}"]
        assert each["runs"] == 8 and each["noise"] == pytest.approx(0.04, rel=1e-12)
        assert (each["bias"], each["variance"]) == pytest.approx(fits(degree, 8), rel=1e-6)
        assert each["total"] == pytest.approx(each["bias"] + each["variance"] + 0.04, rel=1e-12)
    assert "dataset.polynomial=3 has the least error" in found.said
    assert [f"{value:.4f}" for value in (*fits(1, 100), *fits(3, 100))] == ["0.1963", "0.0108", "0.0044", "0.0044"]


def test_a_run_is_no_draw_to_compare(refused):
    reason = refused("bias_variance", "dataset=sine")
    assert "there is one run, but variance is over draws of the data" in reason and "dataset.data_seed" in reason


def test_classes_are_compared_on_the_rows_that_no_run_was_trained_on(ask):
    words = ["dataset=iris", "dataset.folds=3", "model.hidden=[4]", "trainer.epochs=1"]
    found = ask("bias_variance", *words)
    each = found.numbers["settings"]["all runs"]
    assert each["runs"] == 3 and each["noise"] is None and each["variance"] > 0
    assert "bias (with noise)" in found.said and "rows of the test that all runs share" in found.said


def test_runs_without_a_common_row_of_the_test_are_refused():
    splits = [["dataset=iris", f"dataset.split_seed={seed}", "dataset.test_fraction=0.03"] for seed in range(4)]
    with pytest.raises(ConfigError, match=r"no row is in the test of every run.*dataset.test_fraction"):
        common([Case(str(i), read(words)) for i, words in enumerate(splits)])
