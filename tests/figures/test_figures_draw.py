"""Figures: pictures whose pixels say what the network said, equal bytes for equal input."""

import io

import numpy as np
import pytest
from matplotlib import colormaps, image

from runner.figures.calibration import calibration
from runner.figures.draw import (
    canvas,
    confusion_matrix,
    decision_boundary,
    learning_curves,
    learning_rate,
    regression_fit,
    reliability_diagram,
    rms_by_layer,
    unit_images,
    weight_histograms,
)
from runner.records.events import png_size

X = np.stack(np.meshgrid(np.linspace(-1, 1, 12), np.linspace(-1, 1, 12)), axis=-1).reshape(-1, 2)
Y = (X[:, 0] > 0).astype(int)
BLUE, RED = 2, 0  # channels of the two class colours


def pixels(png):
    return image.imread(io.BytesIO(png))[::2, ::2, :3]


def side_colours(png):
    """Median colour of the plot's left and right part."""
    middle = pixels(png)[60:380]
    return np.median(middle[:, 80:240], axis=(0, 1)), np.median(middle[:, 330:490], axis=(0, 1))


def sure(points):
    right = (points[:, 0] > 0).astype(float)
    return np.stack([1 - right, right], axis=1)


@pytest.mark.parametrize("predict", [sure, lambda p: (p[:, 0] > 0).astype(int)], ids=["probabilities", "codes"])
def test_each_side_of_the_boundary_has_the_colour_of_its_class(predict):
    left, right = side_colours(decision_boundary(predict, X, Y))
    assert left[BLUE] > left[RED] and right[RED] > right[BLUE]


def test_an_unsure_network_is_paler_than_a_sure_one():
    unsure = decision_boundary(lambda p: np.full((len(p), 2), 0.5), X, Y)
    left, right = side_colours(unsure)
    assert np.allclose(left, right, atol=0.02)


def test_a_regression_is_drawn_as_levels():
    left, right = side_colours(decision_boundary(lambda p: p[:, 0].astype(np.float64), X, X[:, 0]))
    assert right.sum() > left.sum() + 0.3  # viridis: larger is lighter


def test_a_diverged_network_still_gives_a_picture():
    assert png_size(decision_boundary(lambda p: np.full((len(p), 3), np.nan), X, Y)) == (1040, 880)
    assert png_size(decision_boundary(lambda p: np.full(len(p), np.nan), X, X[:, 0])) == (1040, 880)


def test_many_examples_and_many_classes():
    x = np.random.default_rng(0).normal(size=(5000, 2))
    picture = decision_boundary(lambda p: np.eye(12)[(np.abs(p[:, 0]) * 3).astype(int) % 12], x, np.arange(5000) % 12)
    assert png_size(picture) == (1040, 880)


def darkest_share(png):
    """Share of pixels in the colour of "all of this class"."""
    return np.mean(np.abs(pixels(png) - colormaps["Blues"](1.0)[:3]).max(axis=-1) < 0.02)


def test_confusion_matrix_darkens_the_diagonal():
    assert 0.2 < darkest_share(confusion_matrix(np.diag([50, 50]), ["a", "b"])) < 0.4  # half of the plot
    assert darkest_share(confusion_matrix(np.full((2, 2), 25), ["a", "b"])) == 0


@pytest.mark.parametrize("classes", [1, 3, 20, 57])
def test_confusion_matrix_of_any_size_with_a_class_that_never_occurs(classes):
    cm = np.eye(classes, dtype=int)
    cm[0, 0] = 0
    assert png_size(confusion_matrix(cm, [f"a rather long class name {i}" for i in range(classes)])) == (1040, 880)


def test_equal_input_gives_equal_bytes():
    assert decision_boundary(sure, X, Y, labels=["a", "b"]) == decision_boundary(sure, X, Y, labels=["a", "b"])


def share(png, colour, tolerance=0.02):
    """Share of pixels in one colour."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.mean(np.abs(pixels(png) - rgb).max(axis=-1) < tolerance)


def first_row(png, colour, column):
    """Row of pixels (from the top) at which a colour is first met in a column of pixels."""
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return int(np.argmax(np.abs(pixels(png)[:, column] - rgb).max(axis=-1) < 0.05))


def test_reliability_shows_the_gap_of_a_network_that_is_too_sure():
    random = np.random.default_rng(0)
    p = random.dirichlet([1.0, 1.0], 4000)
    y = (random.random(len(p)) > p[:, 0]).astype(int)
    sharp = p**4 / (p**4).sum(1, keepdims=True)
    honest, sure = (reliability_diagram(calibration(q, y), title="r") for q in (p, sharp))
    assert share(honest, canvas.BLUE) > 0.15 > share(sure, canvas.BLUE)
    assert png_size(honest) == png_size(sure) == (1040, 880)


def test_reliability_hides_no_bar_under_a_gap_and_is_pale_where_it_rests_on_few_examples():
    """Right more often than sure: the part above is drawn in a colour of its own, not over the bar."""
    p = np.array([[0.7, 0.3]] * 40)
    modest = reliability_diagram(calibration(p, np.zeros(40, int)), title="r")
    assert share(modest, canvas.RED) == 0 and share(modest, "#8A6F90") == 0  # red over blue
    assert share(modest, canvas.BLUE) > 0.02
    few = reliability_diagram(calibration(p[:9], np.zeros(9, int)), title="r")
    assert share(few, canvas.BLUE) < 0.01 and share(few, "#B4C9DD") > 0.02


def test_reliability_of_a_single_example_and_of_perfect_answers():
    one = reliability_diagram(calibration(np.array([[1.0, 0.0]]), np.array([0])))
    assert png_size(one) == (1040, 880)


def test_a_fit_is_drawn_where_the_network_says():
    """The same examples; the curve of a larger prediction is higher up."""
    x = np.linspace(0, 1, 50)
    examples = {"train": (x, np.sin(x)), "val": (x[:0], x[:0]), "test": (x[:1], np.array([2.0]))}
    low, high = (
        regression_fit(lambda x, level=level: np.full(len(x), level), examples, truth=np.sin, names=("a_$_b", "y"))
        for level in (0.1, 1.6)
    )
    assert first_row(high, canvas.RED, 250) < first_row(low, canvas.RED, 250) - 100


def test_learning_curves_mark_the_epoch_that_is_kept():
    epochs = np.arange(20)
    losses = {"train": 0.8**epochs, "val": 0.5 + (epochs - 5) ** 2 / 100}
    early, late = (learning_curves(epochs, {"loss": losses}, best) for best in (2, 17))
    columns = [np.argmin(pixels(png)[100:380, 90:480].mean(axis=(0, 2))) for png in (early, late)]
    assert columns[1] - columns[0] == pytest.approx(15 / 19 * 410, abs=30)


def test_learning_rate_shades_the_warm_up_only():
    steps = np.arange(100)
    rates = 0.1 * np.minimum((steps + 1) / 50, 1)
    shaded, plain = (learning_rate(steps, rates, 10, warmup=warmup) for warmup in (50, 0))
    assert share(shaded, "#d6e7da", 0.03) == pytest.approx(0.36, abs=0.1)
    assert share(plain, "#d6e7da", 0.03) == 0


@pytest.mark.parametrize("rates", [np.zeros(4), np.full(1, 1e-3), np.geomspace(1, 1e-9, 50)])
def test_learning_rates_of_any_kind(rates):
    assert png_size(learning_rate(np.arange(len(rates)), rates, 1)) == (1040, 880)


@pytest.mark.parametrize("layers", [1, 2, 40])
def test_layers_of_any_number(layers):
    """No hidden layer, one, many; a gradient of zero and activations that are all the same."""
    values = {"activation": [0.5] * (layers - 1), "gradient": [0.0] * layers}
    assert png_size(rms_by_layer({"initial": values, "kept": values})) == (1040, 880)


def test_signals_that_fade_fall():
    """A fading signal's curve ends lower than it begins."""
    fading = {"activation": list(0.1 ** np.arange(9.0)), "gradient": list(0.1 ** np.arange(10.0))}
    picture = rms_by_layer({"initial": fading, "kept": fading})
    assert first_row(picture, canvas.RED, 470) > first_row(picture, canvas.RED, 100) + 100


@pytest.mark.parametrize("layers", [1, 3, 30])
def test_weights_of_any_number_of_layers(layers):
    random = np.random.default_rng(0)
    weights = {f"layer {i}": random.normal(size=(i + 1, 7)) for i in range(layers)} | {"dead": np.full(5, np.nan)}
    picture = weight_histograms(weights, title="w")
    assert png_size(picture) == (1040, 880) and share(picture, canvas.BLUE) > 0.02


def test_new_figures_give_equal_bytes_for_equal_input():
    weights = {"layer 1": np.arange(50.0)}
    assert weight_histograms(weights) == weight_histograms(weights)
    assert learning_rate(np.arange(9), np.ones(9), 3) == learning_rate(np.arange(9), np.ones(9), 3)


def test_no_label_of_a_logarithmic_axis_is_typeset_as_a_formula(monkeypatch):
    monkeypatch.setattr("matplotlib.mathtext.MathTextParser.parse", lambda *_, **__: pytest.fail("a formula"))
    reliability_diagram(calibration(np.eye(2)[[0, 1, 1]], np.array([0, 1, 0])))
    rms = {"activation": [1.0], "gradient": [1e-9, 1e3]}
    rms_by_layer({"initial": rms, "kept": rms})
    learning_curves(np.arange(3), {"loss": {"train": np.array([100.0, 1.0, 1e-6])}}, 2)


def test_the_units_with_the_longest_weights_are_drawn_from_black_to_white():
    weights = np.zeros((30, 4))
    weights[6:] = [1.0, -1.0, 0.0, 0.0]  # those before are 0 and have no place
    picture = pixels(unit_images(weights, (1, 2, 2)))
    assert {0, 1} <= set(np.unique(picture))
    weights[:6] = 0.1
    assert (picture == pixels(unit_images(weights, (1, 2, 2)))).all()
