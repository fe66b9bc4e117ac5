"""Augmentation in training: on the rows that use it, in training batches, before label smoothing, and nowhere else."""

import dataclasses

import numpy as np
import pytest
import torch

from runner.config.registry import entries
from runner.config.settings import flat_key
from runner.data.encoding import Encoding
from runner.data.prepare import RunData
from runner.execution.configurations import read
from runner.training.augmenting import Augmenting
from runner.training.engine import Engine
from runner.training.steps.stacked_rows import StackedRows

ENTRIES = entries("augmentation")
GREY, COLOUR = (1, 28, 28), (3, 9, 7)


def presets(*names):
    """Dotted changes that switch techniques on."""
    chosen = {flat_key(ENTRIES[n], k): option.preset for n in names for k, option in ENTRIES[n].options.items()}
    return {key: preset for key, preset in chosen.items() if preset is not None}


SIGNAL = "signal"  # in place of the shape of images


def usable(shape):
    kinds = {"table", "signal"} if shape == SIGNAL else {"image" if shape else "table"}
    return [
        name
        for name, entry in ENTRIES.items()
        if kinds & {*entry.cls.inputs} and (kinds != {"image"} or entry.cls.channels in (None, shape[0]))
    ]


def data_of(shape, i=0):
    """Examples of a kind, scaled in one of three ways, or with categories of two kinds."""
    if shape == SIGNAL:
        return dataclasses.replace(pictures((1, 1, 40), split_seed=i % 3), image_shape=None, pixel_range=(0.0, 1.0))
    return pictures(shape, split_seed=i % 3) if shape else table(((("c", 3), ("d", 2)), (("c", 2), ("d", 4)))[i % 2])


def pictures(shape=GREY, n=70, split_seed=0, dtype="float32"):
    """Random images; another split scales its pixels otherwise."""
    random, width = np.random.default_rng(0), int(np.prod(shape))
    raw = random.uniform(0, 16, size=(n + 20, width)) * (random.uniform(size=width) < 0.8)
    scale = np.random.default_rng(split_seed).uniform(1, 3, size=width)
    names = [f"p{i}" for i in range(width)]
    encoding = Encoding(
        "classification", "y", names, names, [0.0] * width, [4.0] * width, scale.tolist(), image_shape=shape
    )
    rows, labels = np.arange(n + 20), list("abcd")
    x = ((raw - 4) / scale).astype(dtype)
    y = random.integers(0, 4, n + 20)
    parts = rows[:n], rows[n:], rows[:0]
    return RunData(
        "classification", x, y, *parts, encoding, labels, 4, shape, "synthetic", pixel_range=(0.0, 16.0)
    )  # fmt: skip


def table(categories=(("c", 3), ("d", 2)), n=70):
    """Random numbers, and one-hot categories behind them."""
    random = np.random.default_rng(0)
    hot = [np.eye(count)[random.integers(0, count, n + 20)] for _, count in categories]
    x = np.concatenate([random.normal(size=(n + 20, 11 - sum(c for _, c in categories))), *hot], 1).astype("float32")
    numbers = [f"x{i}" for i in range(x.shape[1] - sum(c for _, c in categories))]
    words = {name: [str(i) for i in range(count)] for name, count in categories}
    size = len(numbers)
    encoding = Encoding("classification", "y", numbers, numbers, [0.0] * size, [0.0] * size, [1.0] * size, words)
    rows = np.arange(n + 20)
    y = random.integers(0, 4, n + 20)
    return RunData(
        "classification", x, y, rows[:n], rows[n:], rows[:0], encoding, list("abcd"), 4, None, "synthetic"
    )  # fmt: skip


def run(seed=0, **changes):
    small = {"model.hidden": [9], "trainer.batch_size": 29, "dataset": "npz", "trainer.engine": "stacked"}
    small |= {
        "dataset.signals": any(ENTRIES[key.split(".")[1]].cls.inputs == ("signal",) for key in changes if "augm" in key)
    }
    return read(small | {"seed": seed} | changes)


def coming(engine):
    """The batches of the coming epoch."""
    return engine.rows.stepper.batches.of(engine.plan([1.0] * len(engine.runs)), 0, engine.steps)


def batches(runs, data):
    """(features [K, M, B, D], targets) of the first epoch's full batches."""
    found = list(coming(Engine(runs, data, way=StackedRows)))[:2]
    return torch.stack([batch.x for batch in found]), torch.stack([batch.q for batch in found])


@pytest.mark.parametrize("shape", [GREY, COLOUR, SIGNAL, None], ids=str)
def test_rows_with_everything_one_and_nothing_get_the_batches_they_get_alone(shape):
    """Each row has its own scaling, and for tables its own categories."""
    names = usable(shape)
    uses = [{}, presets(*names), *[presets(n) for n in names], presets(*names[::2]), {}]
    runs = [run(seed=i, **use) for i, use in enumerate(uses)]
    data = [data_of(shape, i) for i in range(len(runs))]
    data = [data[i % 6] for i in range(len(runs))]  # equal tables are one object
    x, q = batches(runs, data)
    for i, one in enumerate(runs):
        alone_x, alone_q = batches([one], [data[i]])
        assert torch.equal(x[:, i].view(torch.int32), alone_x[:, 0].view(torch.int32)), uses[i]
        assert torch.equal(q[:, i], alone_q[:, 0]), uses[i]
    plain, _ = batches([run(seed=len(runs) - 1)], [data[-1]])
    assert torch.equal(x[:, -1], plain[:, 0])
    width = data[0].x.shape[1]
    assert torch.equal(x[..., width:], torch.zeros_like(x[..., width:])), "padding must stay zero"


def test_nobody_uses_it_and_its_code_does_not_run(way, monkeypatch):
    def refuse(*_):
        raise RuntimeError("the code ran")

    monkeypatch.setattr(Augmenting, "apply", refuse)
    Engine([run(**way)], [pictures()]).train_epoch([1.0])
    with pytest.raises(RuntimeError, match="the code ran"):
        Engine([run(**way, **presets("shift"))], [pictures()]).train_epoch([1.0])


@pytest.mark.parametrize("shape", [GREY, COLOUR, SIGNAL, None], ids=str)
def test_evaluation_sees_examples_as_they_are(shape, way):
    data = data_of(shape)
    plain, augmented = (Engine([run(**way, **use)], [data]) for use in ({}, presets(*usable(shape))))
    parts = ("train", "val")
    assert plain.evaluate(parts) == augmented.evaluate(parts)
    augmented.train_epoch([1.0])
    plain.theta[...] = augmented.theta
    assert plain.evaluate(parts) == augmented.evaluate(parts)
    for name in ("x", "q", "y"):
        assert np.array_equal(getattr(plain.tables, name), getattr(augmented.tables, name)), "the tables were changed"


def test_labels_are_smoothed_after_they_are_mixed():
    data, smooth = pictures(COLOUR), 0.2
    _, mixed = batches([run(**presets("mixup"))], [data])
    _, both = batches([run(**presets("mixup"), **{"regularizer.label_smoothing": smooth})], [data])
    prepared = -1 / 29  # what cross entropy makes of targets
    expected = (mixed / prepared) * (1 - smooth) + smooth / 4
    torch.testing.assert_close(both[..., :4] / prepared, expected[..., :4])


def test_mixed_examples_keep_their_weights_in_the_loss():
    """With weights w the loss is b w CE(q) + (1 - b) w' CE(q'), also beside a row without weights."""
    plain = pictures(COLOUR)
    weights = np.random.default_rng(1).uniform(0, 3, size=len(plain.x)) * (np.arange(len(plain.x)) % 5 > 0)
    data = dataclasses.replace(plain, weights=weights)
    one = run(**{"augmentation.mixup": 1.0})
    x, prepared = batches([one], [data])
    factor = batches([one], [dataclasses.replace(data, y=np.zeros_like(data.y))])[1][..., 0]  # -(b w + (1 - b) w') / 29
    for code in range(4):
        of_class = dataclasses.replace(data, weights=weights * (data.y == code), y=np.zeros_like(data.y))
        torch.testing.assert_close(prepared[..., code], batches([one], [of_class])[1][..., 0])
    torch.testing.assert_close(prepared.sum(-1), factor)
    together_x, together = batches([run(seed=1, **{"augmentation.mixup": 1.0}), one], [plain, data])
    assert torch.equal(together_x[:, 1:], x)
    assert torch.equal(together[:, 1:], prepared)
    alone_x, alone = batches([run(seed=1, **{"augmentation.mixup": 1.0})], [plain])
    assert torch.equal(together_x[:, :1], alone_x)
    assert torch.equal(together[:, :1], alone)


def test_pixels_are_undone_and_done_again_exactly_enough():
    """A shift by nothing: images go to pixels and back; a flip is that of the raw image, whatever the scaling."""
    data = pictures(COLOUR)
    still, flipped = run(**{"augmentation.brightness": 1e-12}), run(**{"augmentation.flip_horizontal": 1.0})
    plain, _ = batches([run()], [data])
    for one, change in ((still, lambda image: image), (flipped, lambda image: image.flip(-1))):
        x, _ = batches([one], [data])
        width = data.x.shape[1]
        scale, offset = (torch.tensor(getattr(data.encoding, key)) for key in ("scale", "offset"))
        raw, expected = (v[..., :width] * scale + offset for v in (x, plain))
        expected = change(expected.unflatten(-1, COLOUR)).flatten(-3)
        torch.testing.assert_close(raw, expected, rtol=1e-5, atol=1e-4)


def test_every_epoch_and_step_and_example_is_changed_otherwise():
    data = pictures()
    same = dataclasses.replace(data, x=np.repeat(data.x[:1], len(data.x), 0))  # one image, many times
    engine = Engine([run(**presets("rotation"))], [same], way=StackedRows)
    seen = []
    for _ in range(2):
        seen += [batch.x[0] for batch in coming(engine)]
        engine.epochs += 1
    images = torch.cat(seen)
    assert len(images.unique(dim=0)) == len(images) == 140


def test_a_batch_of_one_example_has_no_other_to_take_from():
    for name in ("swap_noise", "mixup"):
        x, _ = batches([run(**presets(name), **{"trainer.batch_size": 1})], [table()])
        plain, _ = batches([run(**{"trainer.batch_size": 1})], [table()])
        torch.testing.assert_close(x, plain)


def test_swapped_and_hidden_categories_stay_whole():
    """A one-hot block is another example's whole block, or all zeros."""
    for name in ("swap_noise", "feature_dropout"):
        x, _ = batches([run(**{f"augmentation.{name}": 0.5})], [table()])
        for block in (slice(6, 9), slice(9, 11)):
            sums = x[..., block].sum(-1)
            assert set(sums.unique().tolist()) == ({1.0} if name == "swap_noise" else {0.0, 1.0})


def test_regression_mixes_numbers():
    data = dataclasses.replace(
        table(), task="regression", y=np.random.default_rng(0).normal(size=90), labels=None, outputs=1
    )
    one = Engine([run(**{"augmentation.mixup": 1.0})], [data], way=StackedRows)
    plain = Engine([run()], [data], way=StackedRows)
    mixed, before = (next(coming(engine)).q[0, :, 0] for engine in (one, plain))
    assert mixed.mean().item() == pytest.approx(before.mean().item(), abs=1e-6)  # partners are a permutation
    assert mixed.var() < before.var()


def test_noise_is_heard_over_the_whole_signal_however_fast_it_is_played():
    """What a signal lacks at its ends, where it is played faster or moved, is noise as anywhere else."""
    x, _ = batches([run(**{"augmentation.shift": 0.5, "augmentation.snr": 0.0})], [data_of(SIGNAL)])
    assert (x[..., :39].diff(dim=-1) != 0).all()
    silent, _ = batches([run(**{"augmentation.shift": 0.5})], [data_of(SIGNAL)])
    scale, offset = (torch.tensor(getattr(data_of(SIGNAL).encoding, key)) for key in ("scale", "offset"))
    assert ((silent[..., :40] * scale + offset).abs() < 1e-4)[..., -1].any()


def test_signals_change_in_their_own_units():
    """Whatever each column is scaled by: a signal moved by a fifth of its length is the raw signal moved."""
    data = data_of(SIGNAL)
    plain, moved = (batches([run(**use)], [data])[0] for use in ({}, {"augmentation.shift": 0.2}))
    scale, offset = (torch.tensor(getattr(data.encoding, key)) for key in ("scale", "offset"))
    raw, found = (x[0, 0, :, :40] * scale + offset for x in (plain, moved))
    norms = [each.abs().sum(1) for each in (raw, found)]
    assert (norms[1] <= norms[0] + 1e-4).all()  # what is moved out is gone, what comes in is silent
    inside = (found[:, 8:32].diff(dim=1).abs().amax(1) <= raw.diff(dim=1).abs().amax(1) + 1e-4).all()
    assert inside, "between two values lies their mean"
