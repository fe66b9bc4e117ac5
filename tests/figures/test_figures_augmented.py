"""The picture of what augmentation does: where it is found, and that it shows what the run trains on."""

import io

import numpy as np
import pytest
import torch
from matplotlib import image

import runner
from runner.data.hashing import features_of
from runner.data.prepare import prepare
from runner.execution.configurations import read
from runner.figures import augmented
from runner.figures.draw import texts
from runner.figures.draw.augmentation import image_pairs
from runner.figures.draw.texts import text_pairs
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


@pytest.fixture
def reviews(tmp_path):
    """A table of texts of 3 to 8 words."""
    draw = np.random.default_rng(0)
    words = ["good", "bad", "long", "short", "film", "plot", "star", "end"]
    rows = [f"{' '.join(draw.choice(words, 3 + i % 6))},{'yes' if i % 2 else 'no'}" for i in range(60)]
    (tmp_path / "reviews.csv").write_text("review,label\n" + "\n".join(rows) + "\n")
    keys = {"dataset.path": str(tmp_path / "reviews.csv"), "dataset.target": "label", "dataset.text": "review"}
    return QUICK | {"dataset": "csv", **keys, "dataset.text_features": 64}


def test_shown_are_the_words_that_the_first_step_trains_on(reviews, monkeypatch):
    shown = []
    monkeypatch.setattr("runner.figures.draw.texts.text_pairs", lambda *texts, **_: shown.extend(texts) or b"")
    run = read(reviews | {"augmentation.word_deletion": 0.3, "augmentation.word_insertion": 0.3})
    data = prepare(run)
    engine = Engine([run], [data], way=StackedRows)
    augmented.draw_augmentation(Trial(run, data, files=None), engine, 0)
    before, after, captions = shown
    first = engine.tables.order([0], [0])[0, : augmented.TEXTS]
    assert [" ".join(words) for words in before] == [data.texts["review"][row] for row in first] and before != after
    assert captions == [data.labels[data.y[row]] for row in first]
    x = next(engine.rows.stepper.batches.of(engine.plan([1.0]), 0, 1)).x[0, : augmented.TEXTS].double().numpy()
    told = data.encoding
    np.testing.assert_allclose(
        x, features_of([" ".join(words) for words in after], told.text_features, told.ngrams), atol=1e-6
    )


def test_texts_are_shown_where_their_words_are_changed_and_only_there(reviews, tmp_path):
    ways = [{"augmentation.word_swap": 0.2}, {}]
    outcomes = [runner.train([reviews | way], outputs=tmp_path / "runs", console=True)[0] for way in ways]
    assert [len(pictures_of(outcome)) for outcome in outcomes] == [1, 0]


def test_words_that_went_and_came_stand_in_their_places_and_long_texts_end():
    block = texts._block(["a", "long", "red", "film"], ["a", "red", "red", "movie"])
    assert [(name, same.split(), other.split()) for name, same, other, _ in block] == [
        ("original", ["a", "red"], ["long", "film"]),
        ("augmented", ["a", "red"], ["red", "movie"]),
    ]
    assert all(len(same) <= texts.LETTERS + 4 and same.find("red") >= 0 for _, same, _, _ in block)
    lines = texts._lines(["word"] * 200, set(range(200)))
    assert len(lines) == texts.LINES and lines[-1][0].endswith("...")
    assert text_pairs([["a"]], [["b"]], ["c"]).startswith(b"\x89PNG")
