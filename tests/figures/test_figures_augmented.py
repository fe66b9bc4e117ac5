"""The picture of what augmentation does: where it is found, and that it shows what the run trains on."""

import io

import numpy as np
import pytest
import torch
from matplotlib import image

import runner
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.figures import augmented
from runner.figures.draw.augmentation import image_pairs
from runner.training.engine import Engine
from runner.training.steps.stacked_rows import StackedRows
from runner.training.trial import Trial

QUICK = {"trainer.epochs": 1, "trainer.progress": False, "model.hidden": [8]}
TURNED = QUICK | {"augmentation.rotation": 30, "augmentation.shift": 0.2}


def pictures_of(outcome):
    """Step and bytes of the picture in a run's TensorBoard events."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    events = EventFileLoader(str(outcome.folder / "events.out.tfevents.0.runner")).Load()
    values = [(event.step, value) for event in events for value in event.summary.value]
    return [(step, value.tensor.string_val[2]) for step, value in values if value.tag == "figures/augmentation"]


def files(outcome):
    return [path.read_bytes() for path in (outcome.folder / "figures").glob("augmentation.png")]


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        (TURNED, 1),
        (QUICK, 0),
        (TURNED | {"trainer.figures": False}, 0),
        (QUICK | {"dataset": "iris", "augmentation.noise": 0.1}, 0),
        (QUICK | {"dataset": "mnist1d", "dataset.n": 100, "augmentation.snr": 10, "augmentation.shift": 0.1}, 1),
    ],
    ids=["augmented", "not augmented", "unwanted", "a table", "signals"],
)
def test_a_single_run_shows_it_in_tensorboard_before_it_trains(tmp_path, changes, count):
    [outcome] = runner.train([changes], outputs=tmp_path, console=True)
    assert len(pictures_of(outcome)) == count
    assert all(step == 0 and picture.startswith(b"\x89PNG") for step, picture in pictures_of(outcome))
    assert not files(outcome)


def test_runs_together_show_it_if_asked_and_each_its_own(tmp_path):
    asked = TURNED | {"trainer.figures": True}
    outcomes = runner.train([asked, asked | {"seed": 1}, TURNED], outputs=tmp_path / "three")
    found = [[picture for _, picture in pictures_of(outcome)] for outcome in outcomes]
    assert [len(pictures) for pictures in found] == [1, 1, 0]
    assert found[0] != found[1]
    assert [files(outcome) for outcome in outcomes] == found
    [alone] = runner.train([asked | {"seed": 1}], outputs=tmp_path / "one")
    assert files(alone) == found[1]


def test_shown_are_the_images_that_the_first_step_trains_on(tmp_path, monkeypatch):
    shown = {}

    def remember(before, after, **words):
        shown.update(words, before=before, after=after)
        return b""

    monkeypatch.setattr("runner.figures.draw.augmentation.image_pairs", remember)
    run = read(TURNED | {"augmentation.mixup": 1.0})
    data = prepare(run)
    engine = Engine([read(QUICK), run], [data] * 2, way=StackedRows)
    augmented.draw_augmentation(Trial(run, data, files=None), engine, 1)
    x = next(engine.rows.stepper.batches.of(engine.plan([1.0] * 2), 0, 1)).x[1, :8].double().numpy()
    scale, offset = np.array(data.encoding.scale), np.array(data.encoding.offset)
    np.testing.assert_allclose(shown["after"].reshape(8, 64), (x * scale + offset) / 16, atol=1e-5)
    first = engine.tables.order([0, 0], [0, 0])[1, :8]
    raw = torch.from_numpy(data.x)[first].double().numpy() * scale + offset
    np.testing.assert_allclose(shown["before"].reshape(8, 64), raw / 16, atol=1e-5)
    assert shown["above"] == [data.labels[code] for code in data.y[first]]
    for above, below in zip(shown["above"], shown["below"], strict=True):
        assert above in below.split()
    assert any(below.count("%") == 2 for below in shown["below"])
    assert "rotation 30, shift 0.2" in shown["title"]


@pytest.mark.parametrize("channels", [1, 3])
def test_black_and_white_and_red_are_where_they_belong(channels):
    before = np.zeros((2, channels, 4, 4))
    before[1, 0] = 1
    png = image_pairs(before, 1 - before, above=["a", "b"], below=["", ""])
    colours = {tuple(pixel) for pixel in np.round(image.imread(io.BytesIO(png))[..., :3], 2).reshape(-1, 3)}
    assert {(0, 0, 0), (1, 1, 1)} <= colours
    assert ((1, 0, 0) in colours and (0, 1, 1) in colours) == (channels == 3)
    assert png == image_pairs(before, 1 - before, above=["a", "b"], below=["", ""]), "equal input, equal bytes"
