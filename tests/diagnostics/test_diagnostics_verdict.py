"""The verdict on Ng's own examples, at its thresholds, and where there is little to go by."""

import subprocess
import sys

import pytest

from runner.diagnostics.verdict import BIAS, VARIANCE, verdict


def classes(train, val, rows=10_000, majority=0.5):
    return verdict({"accuracy": train}, {"accuracy": val}, rows=rows, majority=majority)


@pytest.mark.parametrize(
    "train, val, name",
    [
        (0.99, 0.89, "high variance (overfitting)"),
        (0.85, 0.84, "high bias (underfitting)"),
        (0.85, 0.70, "high bias and high variance"),
        (0.995, 0.99, "fine"),
    ],
)
def test_the_four_cats_of_the_lecture(train, val, name):
    """Machine Learning Yearning, chapter 21: a cat classifier, two balanced classes."""
    assert classes(train, val).startswith(f"{name}: train accuracy {train:.2f}")


def test_ten_classes_fitted_by_heart():
    assert classes(1.0, 0.93, rows=270, majority=0.1) == (
        "high variance (overfitting): train accuracy 1.00, validation 0.93 (always the most frequent class: 0.10). "
        "Try more data, stronger regularization or a smaller network."
    )


def test_the_same_gap_on_few_examples_is_no_sign():
    """0.05 of 85 examples are four mistakes; two standard errors are 0.047 at 85, 0.069 at 40."""
    assert classes(1.0, 0.95, rows=85).startswith("high variance")
    assert classes(1.0, 0.95, rows=40).startswith("fine")


def test_errors_are_shares_of_what_the_most_frequent_class_gives():
    """90% right is much with balanced classes and nothing if 90% are of one class."""
    assert classes(0.91, 0.91).startswith("fine")
    rare = classes(0.90, 0.90, majority=0.9)
    assert rare.startswith("high bias") and "learned nothing" in rare


@pytest.mark.parametrize("side", [-1, 1])
def test_thresholds(side):
    step = side * 1e-6
    assert classes(1 - 0.5 * BIAS - step, 0.95 - step).startswith("high bias" if side > 0 else "fine")
    assert classes(1.0, 1 - 0.5 * VARIANCE - step, rows=10**6).startswith("high variance" if side > 0 else "fine")


@pytest.mark.parametrize(
    "train, val, rows, name",
    [
        (0.99, 0.98, 1000, "fine"),
        (0.99, 0.60, 1000, "high variance"),
        (0.55, 0.52, 1000, "high bias (underfitting)"),
        (0.55, 0.50, 40, "high bias (underfitting)"),
        (0.70, 0.10, 1000, "high bias and high variance"),
        (0.99, -3.0, 1000, "high variance"),
    ],
)
def test_regression_by_its_r2(train, val, rows, name):
    words = verdict({"r2": train, "rmse": 1.0}, {"r2": val}, rows=rows)
    assert words.startswith(f"{name}") and f"validation {val:.2f} (always the mean: 0.00)" in words


def test_without_validation_only_the_fit_is_judged():
    words = verdict({"accuracy": 0.999}, {}, rows=0, majority=0.5)
    assert words.startswith("fine: train accuracy 0.9990 (") and "nobody knows" in words


@pytest.mark.parametrize("train", [{}, {"accuracy": None}, {"accuracy": float("nan")}, {"r2": 1.0}])
def test_without_a_metric_there_is_no_verdict(train):
    assert verdict(train, {"accuracy": 0.5}, rows=10, majority=0.5) is None


def test_one_class_only_is_fine_if_it_is_always_guessed():
    assert verdict({"accuracy": 1.0}, {"accuracy": 1.0}, rows=10, majority=1.0).startswith("fine")


def test_it_needs_no_torch():
    code = "import sys, runner.diagnostics.verdict; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
