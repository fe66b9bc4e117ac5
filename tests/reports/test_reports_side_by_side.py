"""What the networks of a sweep look like on its page: boundaries and fits by setting, weights under a penalty."""

import re

import numpy as np
import pytest

import runner
from runner.figures.draw import panels
from runner.reports import over, side_by_side
from runner.reports.html import page, page_title
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections

QUICK = {"trainer.epochs": 2, "early_stopping.patience": None, "trainer.progress": False, "trainer.figures": False}


def sections(tmp_path, *changes):
    outcomes = runner.train([QUICK | change for change in changes], outputs=tmp_path)
    return make_sections(read_sources(outcomes[0].folder.parent))


@pytest.fixture(scope="module")
def moons(tmp_path_factory):
    changes = [
        {"dataset": "two_moons", "dataset.n": 80, "model.hidden": [4], "regularizer.l2": l2} for l2 in (0.1, 0.0, 10.0)
    ]
    return sections(tmp_path_factory.mktemp("moons"), *changes)


def test_each_setting_has_a_panel_in_the_order_of_its_key_with_its_own_network(moons, monkeypatch):
    seen = {}
    monkeypatch.setattr(panels, "side_by_side", lambda found, **more: seen.update(panels=found, **more) or b"png")
    text = page(moons, page_title(moons))
    assert "Decision boundaries side by side" in text and "data:image/png;base64," in text
    assert [panel.title for panel in seen["panels"]] == ["l2=0", "l2=0.1", "l2=10"]
    assert seen["columns"] == 3 and list(seen["names"]) == ["x1", "x2"]
    for panel in seen["panels"]:
        assert panel.x.shape == (12, 2) and panel.x.min() < -0.5  # in the units of the table
        said = panel.predict(panel.x)
        row = next(s for s in moons[0].settings if f"l2={s.shown('regularizer.l2')}" == panel.title).finished[0]
        network = runner.load(row.folder)
        np.testing.assert_allclose(said, network.predict_proba(panel.x), rtol=1e-5)


def test_weights_under_a_penalty_are_one_over_the_other(moons):
    (drawn,) = over.choose(moons, None)
    text = side_by_side.side_by_side(moons[0], drawn)
    lines = re.findall(r'data-name="l2=([\d.]+)" data-v="([^"]+)"', text)
    assert [name for name, _ in lines] == ["0", "0.1", "10"] and "Weights under l2" in text
    shares = [[float(pair.split(",")[1]) for pair in numbers.split()] for _, numbers in lines]
    assert all(0.5 < sum(each) <= 1.0001 for each in shares)
    middle = side_by_side.BINS // 2
    assert sum(shares[2][middle - 3 : middle + 4]) > sum(shares[0][middle - 3 : middle + 4])  # closer to 0


def test_weights_are_drawn_under_what_shrinks_them_and_under_nothing_else():
    keys = [
        "regularizer.l2",
        "regularizer.group_lasso",
        "optimizer.weight_decay",
        "regularizer.dropout",
        "optimizer.lr",
    ]
    assert [side_by_side._shrinks(key) for key in keys] == [True, True, True, False, False]


def test_a_regression_of_one_number_shows_its_fits_with_the_truth(tmp_path, monkeypatch):
    seen = {}
    monkeypatch.setattr(panels, "side_by_side", lambda found, **more: seen.update(panels=found, **more) or b"png")
    found = sections(tmp_path, *({"dataset": "sine", "dataset.n": 60, "model.hidden": [h]} for h in (2, 4)))
    assert "Fits side by side" in page(found, "title")
    assert [panel.x.shape[1] for panel in seen["panels"]] == [1, 1] and list(seen["names"]) == ["x", "y"]
    assert seen["panels"][0].truth is not None


def test_more_inputs_than_two_and_one_setting_alone_have_no_panels(tmp_path):
    found = sections(tmp_path, {"dataset": "iris", "model.hidden": [2]}, {"dataset": "iris", "model.hidden": [3]})
    assert side_by_side.side_by_side(found[0], None) == ""


def test_panels_are_drawn_of_boundaries_levels_and_fits():
    x = np.random.default_rng(0).normal(size=(40, 2))
    y = (x[:, 0] > 0).astype(int)
    sure = lambda points: np.eye(2)[(points[:, 0] > 0).astype(int)]  # noqa: E731
    unsure = lambda points: np.full((len(points), 2), 0.5)  # noqa: E731
    pictures = [
        panels.side_by_side([panels.Panel("a", predict, x, y)] * 3, columns=2, names=("u", "v"))
        for predict in (sure, unsure, lambda points: points[:, 1])
    ]
    line = panels.Panel("fit", lambda points: points[:, 0], x[:, :1], x[:, 1], np.sin)
    pictures.append(panels.side_by_side([line, line], columns=2, names=("x", "y")))
    assert len(set(pictures)) == 4 and all(each.startswith(b"\x89PNG") for each in pictures)
