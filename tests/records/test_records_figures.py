"""Figures: pictures whose pixels say what the network said, equal bytes for equal input."""

import io

import numpy as np
import pytest
from matplotlib import colormaps, image

from runner.records.events import png_size
from runner.records.figures import confusion_matrix, decision_boundary

X = np.stack(np.meshgrid(np.linspace(-1, 1, 12), np.linspace(-1, 1, 12)), axis=-1).reshape(-1, 2)
Y = (X[:, 0] > 0).astype(int)
BLUE, RED = 2, 0  # channels of the two class colours


def pixels(png):
    return image.imread(io.BytesIO(png))[..., :3]


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
    assert png_size(decision_boundary(lambda p: np.full((len(p), 3), np.nan), X, Y)) == (520, 440)
    assert png_size(decision_boundary(lambda p: np.full(len(p), np.nan), X, X[:, 0])) == (520, 440)


def test_many_examples_and_many_classes():
    x = np.random.default_rng(0).normal(size=(5000, 2))
    picture = decision_boundary(lambda p: np.eye(12)[(np.abs(p[:, 0]) * 3).astype(int) % 12], x, np.arange(5000) % 12)
    assert png_size(picture) == (520, 440)


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
    assert png_size(confusion_matrix(cm, [f"a rather long class name {i}" for i in range(classes)])) == (520, 440)


def test_equal_input_gives_equal_bytes():
    assert decision_boundary(sure, X, Y, labels=["a", "b"]) == decision_boundary(sure, X, Y, labels=["a", "b"])
