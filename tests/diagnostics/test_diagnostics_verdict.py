"""The verdict on Ng's own examples, at its thresholds, and where there is little to go by."""

import functools
import math
import subprocess
import sys

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.settings import default_tree
from runner.config.validate import validate
from runner.diagnostics.facts import BIAS, VARIANCE, Facts
from runner.diagnostics.verdict import verdict


@functools.cache
def settings(**changes):
    tree = default_tree()
    for key, value in changes.items():
        group, _, name = key.partition("__")
        tree[group][name] = value
    return validate(tree)


def judged(kept, *, task="classification", rows=10_000, counts=(5000, 5000), last=None, epochs=(40, 40, 50), **more):
    """`epochs`: kept, best, last."""
    change = {key: more.pop(key) for key in list(more) if "__" in key}
    split = {"train": sum(counts), "val": rows, "test": rows}
    by_split = {s: [n * c / sum(counts) for c in counts] for s, n in split.items()} if task == "classification" else {}
    facts = {"settings": settings(**change), "task": task, "status": "stopped_early", "rows": split, "counts": by_split}
    facts |= dict(zip(("kept_epoch", "best_epoch", "last_epoch"), epochs, strict=True))
    return verdict(Facts(**(facts | {"kept": kept, "last": last or kept} | more)))


def classes(train, val, rows=10_000, majority=0.5, **more):
    kept = {"train/accuracy": train, "val/accuracy": val}
    return judged(kept, rows=rows, counts=(10_000 * majority, 10_000 * (1 - majority)), **more)


def numbers(train, val, rows=1000, **more):
    return judged({"train/r2": train, "val/r2": val}, task="regression", rows=rows, **more)


@pytest.mark.parametrize(
    "train, val, name",
    [
        (0.99, 0.89, "high variance (overfitting)"),
        (0.85, 0.84, "high bias (underfitting)"),
        (0.85, 0.70, "high bias (underfitting) and high variance (overfitting)"),
        (0.995, 0.99, "fine"),
    ],
)
def test_the_four_cats_of_the_lecture(train, val, name):
    """Machine Learning Yearning, chapter 21: a cat classifier, two balanced classes."""
    assert classes(train, val).startswith(f"{name}: train accuracy {train:.2f}")


def test_ten_classes_fitted_by_heart():
    kept = {"train/accuracy": 1.0, "val/accuracy": 0.93}
    assert judged(kept, rows=270, counts=[100] * 10) == (
        "high variance (overfitting): train accuracy 1.00, validation 0.93 (always the most frequent class: 0.10). "
        "Try more data, stronger regularization or a smaller network."
    )


@pytest.mark.parametrize(
    "rows, says",
    [
        (1, "too few rows measured to tell: "),
        (15, "too few rows measured to tell: "),  # all right: 0.80 to 1 (Wilson)
        (20, "fine: "),  # 0.84 to 1; the gap of 0.1 is less than two standard errors, 0.12
        (60, "high variance (overfitting): "),  # two standard errors: 0.045
        (200, "high variance (overfitting): "),
    ],
)
def test_train_metrics_of_a_sample_of_the_training_rows_tell_what_its_size_allows(rows, says):
    kept = {"train/accuracy": 1.0, "val/accuracy": 0.9}
    words = judged(kept, counts=(100, 100), trainer__train_eval_rows=rows)
    assert words.startswith(f"{says}train accuracy 1.00, validation 0.90")
    few = f"train/* is measured on {rows} of the 200 training rows: raise trainer.train_eval_rows (now {rows})."
    assert words.endswith(few) == says.startswith("too few")


def test_a_regression_is_not_judged_by_nine_of_its_rows():
    kept = {"train/r2": 0.99, "val/r2": 0.5}
    words = [judged(kept, task="regression", trainer__train_eval_rows=rows) for rows in (9, 500)]
    assert [each.split(":")[0] for each in words] == ["too few rows measured to tell", "high variance (overfitting)"]


def test_the_same_gap_on_few_examples_is_no_sign():
    """0.05 of 85 examples are four mistakes; two standard errors are 0.047 at 85, 0.069 at 40."""
    assert classes(1.0, 0.95, rows=85).startswith("high variance")
    assert classes(1.0, 0.95, rows=40).startswith("fine")


def test_errors_are_shares_of_what_the_most_frequent_class_gives():
    """90% right is much with balanced classes and nothing if 90% are of one class."""
    assert classes(0.91, 0.91).startswith("fine")
    assert classes(0.90, 0.90, majority=0.9).startswith("learned nothing: train accuracy 0.90")


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
        (0.70, 0.10, 1000, "high bias (underfitting) and high variance"),
        (0.99, -3.0, 1000, "nothing that holds for other rows"),
        (-0.2, -0.1, 1000, "learned nothing"),
        (0.99, 0.98, 5, "too few validation rows to tell"),
    ],
)
def test_regression_by_its_r2(train, val, rows, name):
    words = numbers(train, val, rows)
    assert words.startswith(f"{name}") and f"validation {val:.2f} (always the mean: 0.00)" in words


def test_without_validation_only_the_fit_is_judged():
    words = classes(0.999, None, rows=0)
    assert words.startswith("fine: train accuracy 0.9990 (") and "it is unknown" in words


@pytest.mark.parametrize("train", [{}, {"train/accuracy": None}, {"train/accuracy": math.nan}, {"train/r2": 1.0}])
def test_without_a_metric_there_is_no_verdict(train):
    assert judged(train | {"val/accuracy": 0.5}, rows=10) is None


def test_one_class_only_is_fine_if_it_is_always_guessed():
    assert classes(1.0, 1.0, rows=1000, majority=1.0).startswith("fine")


@pytest.mark.parametrize("noise, classes_, clean", [(0.3, 10, 0.0), (0.3, 10, 0.2), (0.2, 2, 0.1), (0.4, 3, 0.5)])
def test_wrong_labels_are_taken_off_the_training_error(noise, classes_, clean):
    """A network wrong on a share `clean` of the right labels, whichever became others, simulated label by label."""
    import numpy as np

    draw, n = np.random.default_rng(0), 400_000
    truth = draw.integers(classes_, size=n)
    wrong = lambda labels, share: np.where(  # noqa: E731
        draw.random(n) < share, (labels + draw.integers(1, classes_, size=n)) % classes_, labels
    )
    accuracy = float((wrong(truth, clean) == wrong(truth, noise)).mean())
    facts = Facts(
        settings(dataset__label_noise=noise), "classification", "completed", {"train/accuracy": accuracy}, {}, 1, 1, 1,
        rows={"train": n}, counts={"train": [n // classes_] * classes_},
    )  # fmt: skip
    assert facts.errors.train == pytest.approx(clean, abs=0.006)


def test_labels_so_wrong_that_nothing_is_left_are_no_reason_to_fail():
    assert classes(0.5, 0.5, dataset__label_noise=0.5).startswith("learned nothing")


def test_noise_learned_by_heart_is_variance():
    words = classes(0.99, 0.75, dataset__label_noise=0.2)
    assert words.startswith("high variance") and "(dataset.label_noise leaves 0.80 to right answers)" in words


RARE = {"counts": (9500, 500), "guess": -(0.95 * math.log(0.95) + 0.05 * math.log(0.05))}


def test_where_one_class_has_nearly_all_rows_the_loss_is_compared_with_its_entropy():
    """H(0.05) = 0.1985: a loss of 0.17 is 14% below it."""
    kept = {"train/accuracy": 0.95, "val/accuracy": 0.95, "train/loss": 0.17, "val/loss": 0.171}
    words = judged(kept, **RARE)
    assert words.startswith("rare classes: train loss 0.170, validation 0.171 (guessing by the classes' shares: 0.199)")
    assert "takes 14% off" in words
    overfitted = judged(kept | {"train/loss": 0.08, "val/loss": 0.19}, **RARE)
    assert overfitted.startswith("rare classes and high variance (overfitting)")
    assert judged(kept | {"train/loss": 0.198, "val/loss": 0.199}, **RARE).startswith("learned nothing")


def test_where_accuracy_tells_something_it_is_judged_by():
    kept = {"train/accuracy": 0.999, "val/accuracy": 0.998, "train/loss": 0.01, "val/loss": 0.01}
    assert judged(kept, **RARE).startswith("fine: train accuracy 0.9990")


def test_weighted_classes_are_judged_by_balanced_accuracy():
    kept = {"train/accuracy": 0.7, "val/accuracy": 0.7, "train/balanced_accuracy": 0.95, "val/balanced_accuracy": 0.94}
    words = judged(kept, counts=(9500, 500), dataset__class_weights="balanced")
    assert words.startswith("fine: train balanced accuracy 0.95, validation 0.94 (always one class: 0.50)")
    words = judged(kept | {"val/balanced_accuracy": 0.6}, counts=(9500, 500), dataset__class_weights="balanced")
    assert "early_stopping.monitor=val/weighted_loss" in words


def test_probabilities_worse_than_a_guess_are_said_where_the_choices_are_good():
    kept = {"train/accuracy": 0.99, "val/accuracy": 0.985, "train/loss": 0.05, "val/loss": 0.5, "test/loss": 8.1}
    words = judged(kept, guess=math.log(2))
    assert words.startswith("overconfident: ") and "test loss 8.1, where guessing costs 0.693" in words
    assert judged(kept | {"test/loss": 0.6}, guess=math.log(2)).startswith("fine")


@pytest.mark.parametrize("best, improving", [(100, True), (91, True), (90, False)])
def test_a_best_epoch_among_the_last_asks_for_more(best, improving):
    words = numbers(0.99, 0.98, epochs=(best, best, 100))
    assert ("trainer.epochs=300 may reach more" in words) == improving
    assert "may reach more" not in numbers(0.99, 0.98, epochs=(best, best, 99))  # stopped early
    assert "may reach more" not in numbers(0.99, 0.98, epochs=(100, 100, 100), watched=False)


def test_validation_that_still_improves_asks_for_more_before_a_smaller_network():
    words = numbers(0.99, 0.88, epochs=(97, 97, 100))
    assert "first try trainer.epochs=300" in words and "smaller network" not in words


@pytest.mark.parametrize(
    "train_loss, train, val_loss, val, said",
    [
        (0.1, 0.99, 6.8, 0.94, "although validation accuracy went from 0.10 to 0.94. Long steps made"),
        (0.1, 0.99, 6.8, 0.11, "although training accuracy went from 0.10 to 0.99: what it learned does not"),
        (50.0, 0.1, 60.0, 0.1, "and training loss went from 2.3 to 50. The steps are too long"),
        (2.3, 0.1, 2.301, 0.1, "and training changed next to nothing. Try another"),
        (0.5, 0.9, 0.4, 0.9, "val/loss went from 2.3 to 0.4, never better by more than"),
    ],
)  # fmt: skip
def test_why_the_untrained_network_was_kept(train_loss, train, val_loss, val, said):
    kept = {"train/loss": 2.3, "train/accuracy": 0.1, "val/loss": 2.3, "val/accuracy": 0.1}
    last = {"train/loss": train_loss, "train/accuracy": train, "val/loss": val_loss, "val/accuracy": val}
    words = judged(kept, last=last, epochs=(0, 0, 10))
    assert words.startswith("untrained network kept: ") and said in words


@pytest.mark.parametrize(
    "kept, said", [(0, "is the untrained one"), (7, "is that of epoch 7, before"), (9, "is of no use")]
)
def test_a_diverged_run_is_told_what_it_kept_and_what_to_do(kept, said):
    words = judged({}, status="diverged", epochs=(kept, kept, 9), optimizer__lr=3.0)
    assert words.startswith(f"diverged: the network that is kept {said}")
    assert words.endswith("try a lower optimizer.lr (now 3), or cut long steps with optimizer.clip_norm=1.")
    assert "clip_norm" not in judged({}, status="diverged", optimizer__clip_norm=1.0)


@pytest.mark.parametrize("split, name", [("val", "validation"), ("test", "test")])
@pytest.mark.parametrize("loss", [math.inf, math.nan])
def test_a_loss_that_is_not_finite_is_never_fine(split, name, loss):
    kept = {
        "train/r2": 0.99,
        "val/r2": 0.98,
        "train/loss": 0.1,
        "val/loss": 0.1,
        "test/loss": 0.1,
        f"{split}/loss": loss,
    }
    words = judged(kept, task="regression")
    assert words.startswith(f"not finite: the {name} loss is nan. Either a {name} row holds numbers far outside")


SHARE = st.one_of(st.floats(0, 1), st.sampled_from([None, math.nan, 0.0, 0.5, 1.0]))
R2 = st.one_of(st.floats(-1e300, 1), st.sampled_from([None, math.nan, -math.inf, 0.0, 0.5, 1.0]))
LOSS = st.one_of(st.floats(0, 1e300), st.sampled_from([None, math.nan, math.inf]))
EPOCH = st.integers(0, 30)


@hypothesis.settings(max_examples=3 * hypothesis.settings().max_examples // 2)
@given(st.data())
def test_whatever_is_known_there_are_sentences_without_an_error(data):
    names = {"accuracy": SHARE, "r2": R2, "balanced_accuracy": SHARE, "loss": LOSS}
    every = {f"{split}/{name}": values for split in ("train", "val", "test") for name, values in names.items()}
    kept_epoch, best, last = sorted(data.draw(st.tuples(EPOCH, EPOCH, EPOCH)))
    words = judged(
        data.draw(st.fixed_dictionaries(every)),
        last=data.draw(st.fixed_dictionaries(every)),
        task=data.draw(st.sampled_from(["classification", "regression"])),
        rows=data.draw(st.sampled_from([0, 1, 2, 9, 1000])),
        counts=data.draw(st.sampled_from([(1, 0), (5, 5), (990, 10), (3, 3, 3), (0, 7, 1)])),
        status=data.draw(st.sampled_from(["completed", "stopped_early", "diverged"])),
        guess=data.draw(st.sampled_from([None, 0.0, 0.5, 2.3])),
        epochs=(kept_epoch, best, last),
        dataset__label_noise=data.draw(st.sampled_from([0.0, 0.3, 0.9])),
        dataset__class_weights=data.draw(st.sampled_from([None, "balanced"])),
        trainer__train_eval_rows=data.draw(st.sampled_from([1, 3, 2000])),
    )
    assert words is None or (words.endswith(".") and not words.endswith(".."))
    assert words is None or not words.startswith("fine") or ("nan" not in words and "inf" not in words)


def test_it_needs_no_torch():
    code = "import sys, runner.diagnostics.verdict; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
