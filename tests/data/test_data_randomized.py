"""Random labels and images (Zhang et al. 2017): what is replaced, by what, and that a network fits it all the same."""

import dataclasses

import numpy as np
import pytest

import runner
from runner.data.encoding import Encoding
from runner.data.sources.digits import Digits
from runner.data.sources.iris import Iris
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.plan.read_data import read_data


@pytest.mark.parametrize("labels", ["random", "shuffled"])
def test_only_training_labels_are_replaced_and_the_seed_tells_by_which(labels, run_data):
    clean, made = run_data(Digits()), run_data(Digits(labels=labels))
    for split in ("val", "test"):
        rows = getattr(clean, split)
        np.testing.assert_array_equal(made.y[rows], clean.y[rows])
    np.testing.assert_array_equal(made.train, clean.train)
    right = (made.y[made.train] == clean.y[clean.train]).mean()
    assert abs(right - 0.1) < 4 * (0.09 / len(made.train)) ** 0.5
    np.testing.assert_array_equal(made.y, run_data(Digits(labels=labels)).y)
    assert made.describe()[2].startswith("labels: those of the 1,257 training rows are ")


def test_shuffled_labels_keep_their_number_and_random_ones_are_even(run_data):
    uneven = Iris(class_weights=None)
    clean, shuffled = run_data(uneven), run_data(dataclasses.replace(uneven, labels="shuffled"))
    assert shuffled.class_counts["train"] == clean.class_counts["train"]
    counts = np.array(run_data(Digits(labels="random")).class_counts["train"])
    expected = counts.sum() / 10
    assert ((counts - expected) ** 2 / expected).sum() < 27.9  # chi square of 9, 1 in 1,000


def test_random_labels_of_a_row_do_not_depend_on_the_size_of_the_training_split(run_data):
    few, many = (run_data(Digits(labels="random", train_size=n)) for n in (300, None))
    np.testing.assert_array_equal(few.y[few.train], many.y[few.train])


def test_shuffled_pixels_are_one_permutation_for_all_and_for_what_is_predicted(run_data):
    clean, made = run_data(Digits()), run_data(Digits(inputs="shuffled_pixels"))
    order = made.encoding.order
    assert sorted(order) == list(range(64)) != order
    np.testing.assert_array_equal(made.x, clean.x[:, order])
    again = Encoding.from_dict(made.encoding.to_dict())
    raw = Digits().read().numeric_ND[:5]
    np.testing.assert_array_equal(again.encode(raw, {}), made.x[:5])


def test_random_pixels_are_those_of_each_image_in_an_order_of_its_own(run_data):
    raw = Digits().read().numeric_ND
    made = run_data(Digits(inputs="random_pixels", scaling="none")).x
    np.testing.assert_allclose(np.sort(made, axis=1), np.sort(raw, axis=1), atol=1e-5)
    moved = made != raw
    assert 0.5 < moved.mean() < 0.9
    assert len({tuple(row) for row in moved[:50]}) == 50


def test_noise_has_the_mean_and_deviation_of_the_pixels(run_data):
    raw = Digits().read().numeric_ND
    made = run_data(Digits(inputs="noise", scaling="none")).x
    error = raw.std() / made.size**0.5
    assert abs(made.mean() - raw.mean()) < 4 * error
    assert abs(made.std() - raw.std()) < 4 * error / 2**0.5
    assert abs(np.corrcoef(made[:, 20], raw[:, 20])[0, 1]) < 4 / len(raw) ** 0.5


def test_a_network_fits_random_labels_and_is_at_chance_in_the_test(tmp_path):
    """Zhang et al., table 1 and figure 1: train error 0, test error of guessing."""
    keys = ["dataset.labels=random", "dataset.train_size=300", "model.hidden=[256]", "optimizer=adam"]
    (outcome,) = runner.train([[*keys, "optimizer.lr=0.01", "early_stopping=none", "trainer.epochs=60"]], tmp_path)
    assert outcome.summary["train"]["accuracy"] == 1
    assert abs(outcome.summary["test"]["accuracy"] - 0.1) < 4 * (0.09 / 270) ** 0.5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["loss=mse", "dataset.labels=random"], "which has no labels; set dataset.labels=given"),
        (
            ["dataset=iris", "dataset.inputs=noise"],
            "is for images, but dataset=iris is a table; set dataset.inputs=given",
        ),
        (["dataset.labels=random", "dataset.label_noise=0.1"], "leaves no label to falsify; set dataset.label_noise=0"),
        (["dataset.labels=any"], "allowed: given | random | shuffled"),
    ],
)
def test_what_cannot_be_randomized_is_refused_with_a_way_out(words, said):
    with pytest.raises(ConfigError) as caught:
        read(words)
    assert said in str(caught.value)


def test_numbers_have_no_labels_to_shuffle():
    run = read(["dataset=diabetes", "dataset.labels=shuffled"])
    _, wrong = read_data([run])
    assert "the data is regression, which has no labels; set dataset.labels=given" in wrong[0][0]
