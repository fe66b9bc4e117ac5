"""Every augmentation against scipy, torch or a few lines of numpy that are given the same random numbers.

REFERENCES holds one for each entry; a test fails until it does. The random numbers themselves are judged in
tests/population/test_chance.py.
"""

import numpy as np
import pytest
import torch
from augmentation_references import REFERENCES, TABLE_REFERENCES

from runner.config.registry import entries
from runner.data.augmentation.base import Features, Geometry, Mixing, Pixels, Shape
from runner.data.images import sample
from runner.population.chance import Chance

STEPS = np.array([[0, 5], [1, 6]])  # K = 2, M = 2
SEEDS = np.array([3, 4], dtype=np.uint64)
BATCH = 9
ENTRIES = entries("augmentation")
PICTURES = [n for n, e in ENTRIES.items() if "image" in e.cls.inputs]
TABULAR = [n for n, e in ENTRIES.items() if issubclass(e.cls, Features)]


def chance(name):
    return Chance(name, SEEDS, STEPS, BATCH)


def strengths(name):
    """A column of two strengths [2, 1]: the preset, and one twice as strong."""
    (option,) = ENTRIES[name].options.values()
    most = min(m for m in (option.le, option.lt and option.lt * 0.99, np.inf) if m is not None)
    return torch.tensor([[option.preset], [min(2 * option.preset, most)]], dtype=torch.float64)


def examples(*shape):
    random = np.random.default_rng(0)
    return torch.from_numpy(random.uniform(size=(2, 2, BATCH, *shape)))


def targets():
    return torch.eye(4, dtype=torch.float64)[torch.from_numpy(np.random.default_rng(1).integers(0, 4, (2, 2, BATCH)))]


def changed(name, p, q):
    """(images, targets) after the technique alone, as the product composes it."""
    cls, h = ENTRIES[name].cls, strengths(name)
    key = next(iter(ENTRIES[name].options))
    if issubclass(cls, Geometry):
        maps = cls().matrix(chance(name), *p.shape[-2:], **{key: h})
        return sample(p.flatten(0, 2), maps.flatten(0, 2)).view_as(p), q
    if issubclass(cls, Pixels):
        found = cls().pixels(chance(name), p, **{key: h})
        return found.clamp(0, 1) if cls.clipped else found, q
    x, q = cls().mixed(chance(name), p.flatten(3), q, Shape(tuple(p.shape[3:]), p[0, 0, 0].numel()), **{key: h})
    return x.view_as(p), q


def test_every_technique_has_a_reference():
    assert set(REFERENCES) == set(PICTURES)
    assert set(TABLE_REFERENCES) == set(TABULAR)
    assert all(issubclass(e.cls, (Geometry, Pixels, Features, Mixing)) for e in ENTRIES.values())


@pytest.mark.parametrize("size", [(3, 8, 8), (3, 7, 12)], ids=str)
@pytest.mark.parametrize("name", PICTURES)
def test_images_are_those_of_the_reference(name, size):
    p, q = examples(*size), targets()
    found, found_q = changed(name, p, q)
    assert not torch.equal(found, p)
    for k in range(2):
        for m in range(2):
            draws = Chance(name, SEEDS[m : m + 1], STEPS[k : k + 1, m : m + 1], BATCH)
            expected, expected_q = REFERENCES[name](draws, p[k, m].numpy(), q[k, m].numpy(), strengths(name)[m].item())
            np.testing.assert_allclose(found[k, m], expected, rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(found_q[k, m], expected_q, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", TABULAR)
def test_tables_are_those_of_the_reference(name):
    """Columns 0 to 3 are numbers, 4 to 6 and 7 to 8 the categories of two columns."""
    numeric = torch.tensor([[True] * 4 + [False] * 5] * 2)
    block = torch.tensor([[0, 1, 2, 3, 4, 4, 4, 7, 7]] * 2)
    x = examples(9)
    key = next(iter(ENTRIES[name].options))
    found = ENTRIES[name].cls().features(chance(name), x, Shape(None, 9, numeric, block), **{key: strengths(name)})
    assert not torch.equal(found, x)
    for k in range(2):
        for m in range(2):
            draws = Chance(name, SEEDS[m : m + 1], STEPS[k : k + 1, m : m + 1], BATCH)
            expected = TABLE_REFERENCES[name](draws, x[k, m].numpy(), strengths(name)[m].item())
            np.testing.assert_allclose(found[k, m], expected, rtol=1e-12, atol=1e-14)


class Fixed:
    """Chosen numbers in place of random ones."""

    def __init__(self, *examples):
        self._examples = [torch.tensor(e, dtype=torch.float64).view(1, 1, -1) for e in examples]

    def examples(self, draw=0):
        return self._examples[draw]

    padded_examples = examples

    def cut(self, values):
        return values


HAND = torch.arange(1.0, 21.0, dtype=torch.float64).view(1, 1, 4, 5)
SQUARE = torch.arange(1.0, 26.0, dtype=torch.float64).view(1, 1, 5, 5)


def moved(name, image, u, strength):
    piece = ENTRIES[name].cls()
    h = {next(iter(ENTRIES[name].options)): torch.tensor([[strength]], dtype=torch.float64)}
    maps = piece.matrix(Fixed(*u), *image.shape[-2:], **h)
    return sample(image, maps.flatten(0, 2))


@pytest.mark.parametrize(
    ("name", "image", "u", "strength", "expected"),
    [
        ("flip_horizontal", HAND, [[0.4]], 0.5, HAND.flip(-1)),
        ("flip_horizontal", HAND, [[0.6]], 0.5, HAND),
        ("flip_vertical", HAND, [[0.4]], 0.5, HAND.flip(-2)),
        ("rotation", SQUARE, [[1.0]], 90.0, SQUARE.rot90(1, (2, 3))),  # counter-clockwise
        ("rotation", SQUARE, [[0.0]], 90.0, SQUARE.rot90(-1, (2, 3))),
        ("rotation", HAND, [[1.0]], 180.0, HAND.flip(-1).flip(-2)),
        ("rotation", HAND, [[0.5]], 90.0, HAND),
        ("shift", HAND, [[1.0], [0.5]], 0.4, torch.nn.functional.pad(HAND, (2, -2))),  # 2 of 5 to the right
        ("shift", HAND, [[0.5], [0.0]], 0.25, torch.nn.functional.pad(HAND, (0, 0, -1, 1))),  # 1 of 4 up
    ],
)
def test_images_made_by_hand(name, image, u, strength, expected):
    torch.testing.assert_close(moved(name, image, u, strength), expected, rtol=0, atol=1e-12)
    single = moved(name, image.float(), u, strength)
    torch.testing.assert_close(single, expected.float(), rtol=0, atol=2e-5)


def test_a_cut_out_square_is_black_and_as_large_as_said():
    piece, p = ENTRIES["cutout"].cls(), torch.ones(1, 1, 2, 3, 8, 8)
    found = piece.pixels(Fixed([0.5, 0.0], [0.5, 0.99]), p, share=torch.tensor([[0.5]]))
    assert (found[0, 0, 0] == 0).sum() == 3 * 16  # 4 x 4 in the middle
    assert (found[0, 0, 0, :, 2:6, 2:6] == 0).all()
    assert (found[0, 0, 1] == 0).sum() == 3 * 2 * 3  # in a corner: rows 0 to 1, columns 5 to 7
    assert (found[0, 0, 1, :, :2, 5:] == 0).all()
