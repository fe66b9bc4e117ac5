"""How a boundary moves: after which epochs it is drawn, that the pictures are of those epochs, and of a plane only."""

import io

import numpy as np
import pytest
from matplotlib import image
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

import runner
from runner.data.prepare import prepare
from runner.figures.by_epoch import GRID, TAG
from runner.figures.draw.boundary import limits, pixels
from runner.figures.draw.epochs import planes_by_epoch

QUICK = {"dataset": "two_moons", "dataset.n": 60, "model.hidden": [4], "trainer.epochs": 12, "trainer.progress": False}


def pictures(outcome):
    """Epoch -> the plane [G, G, 3] in a run's events, the lowest row first."""
    events = EventFileLoader(str(outcome.folder / "events.out.tfevents.0.runner")).Load()
    values = [(event.step, value) for event in events for value in event.summary.value if value.tag == TAG]
    return {step: image.imread(io.BytesIO(value.tensor.string_val[2]))[::-1, :, :3] for step, value in values}


def test_a_single_run_on_a_plane_leaves_a_picture_after_epoch_1_2_5_10(tmp_path):
    [outcome] = runner.train([QUICK | {"optimizer.lr": 0.1}], outputs=tmp_path, console=True)
    found = pictures(outcome)
    assert list(found) == [0, 1, 2, 5, 10] and all(each.shape == (GRID, GRID, 3) for each in found.values())
    assert np.abs(found[0] - found[10]).mean() > 0.01


@pytest.mark.parametrize(
    "changes",
    [{"dataset": "circles", "dataset.task": "autoencoder"}, {"dataset": "sine"}, {"trainer.figures": False}],
    ids=["no classes", "numbers", "unwanted"],
)
def test_other_runs_leave_none(tmp_path, changes):
    [outcome] = runner.train([QUICK | {"trainer.epochs": 2} | changes], outputs=tmp_path, console=True)
    assert not pictures(outcome)


def test_the_last_picture_is_what_the_last_network_says(tmp_path):
    changes = {"trainer.epochs": 10, "early_stopping.patience": None, "dataset.scaling": "none"}
    [outcome] = runner.train([QUICK | changes], outputs=tmp_path, console=True)
    run = runner.load(outcome.folder)
    data = prepare(run.settings)
    left, right, low, high = limits(data.encoding.original(data.x[data.val]))
    across, up = np.meshgrid(np.linspace(left, right, GRID), np.linspace(low, high, GRID))
    expected = pixels(run.predict_proba(np.stack([across.ravel(), up.ravel()], 1)), GRID)
    assert np.abs(pictures(outcome)[10] - expected).mean() < 0.005


def test_a_plane_is_dark_where_the_likeliest_class_changes():
    p = np.repeat(np.array([[0.9, 0.1], [0.2, 0.8]]), 2, axis=0)  # [2 x 2], by rows
    found = pixels(p, 2)
    assert found[0].min() > 0.4 and found[1].max() < 0.3


def test_panels_stand_in_the_order_of_the_epochs_with_their_pictures():
    blue, red = np.zeros((2, 9, 9, 3))
    blue[..., 2], red[..., 0] = 1, 1
    draw = lambda images: planes_by_epoch(images, np.zeros((1, 2)), np.zeros(1, int), (-1, 1, -1, 1), names=("a", "b"))  # noqa: E731
    found = image.imread(io.BytesIO(draw({0: blue, 5: red})))[..., :3]
    columns = [np.argwhere((np.abs(found - colour) < 0.01).all(2))[:, 1].mean() for colour in ((0, 0, 1), (1, 0, 0))]
    assert columns[0] < columns[1] and draw({0: blue, 5: red}) == draw({0: blue, 5: red})
