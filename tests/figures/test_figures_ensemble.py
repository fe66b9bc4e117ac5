"""What an ensemble reaches against its size: a panel a metric, equal bytes for equal numbers."""

import numpy as np

from runner.figures.draw.ensemble import ensemble_sizes
from runner.records.events import png_size

SIZES = {
    "accuracy": {"val": np.array([0.8, 0.9, 0.85]), "test": np.array([0.7, 0.8, 0.9])},
    "nll": {"val": np.array([0.5, 0.4, 0.3]), "test": np.array([0.6, np.nan, 0.5])},
}
MEANS = {"accuracy": {"val": 0.79, "test": 0.7}, "nll": {"val": 0.52, "test": 0.6}}


def test_each_metric_has_a_panel_and_holes_are_left_out():
    both = ensemble_sizes(SIZES, MEANS, title="3 members, mean")
    assert png_size(both) == (1040, 880) and both == ensemble_sizes(SIZES, MEANS, title="3 members, mean")
    one = ensemble_sizes({"nll": SIZES["nll"]}, MEANS)
    assert png_size(one) == (1040, 880) and one != both


def test_another_curve_is_another_picture():
    other = SIZES | {"nll": {"val": np.array([0.5, 0.4, 0.2]), "test": SIZES["nll"]["test"]}}
    assert ensemble_sizes(other, MEANS) != ensemble_sizes(SIZES, MEANS)


def test_many_members_and_one_size_can_be_drawn():
    many = {"rmse": {"val": np.linspace(2, 1, 1000)}}
    assert png_size(ensemble_sizes(many, {"rmse": {"val": 2.1}})) == (1040, 880)
    assert png_size(ensemble_sizes({"rmse": {"test": np.array([1.0])}}, {"rmse": {"test": 1.0}})) == (1040, 880)
