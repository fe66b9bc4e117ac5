"""Every augmentation against scipy, torch or a few lines of numpy that are given the same random numbers.

REFERENCES holds one for each entry; a test fails until it does. The random numbers themselves are judged in
tests/population/test_chance.py.
"""

import math

import numpy as np
import pytest
import torch
from augmentation_references import REFERENCES, SIGNAL_REFERENCES, TABLE_REFERENCES, WORD_REFERENCES

from runner.config.registry import entries
from runner.data.augmentation.base import Deformation, Features, Geometry, Mixing, Pixels, Shape, Signals, Words
from runner.data.hashing import Corpus, compact
from runner.data.images import sample
from runner.population.chance import Chance

STEPS = np.array([[0, 5], [1, 6]])  # K = 2, M = 2
SEEDS = np.array([3, 4], dtype=np.uint64)
BATCH = 9
ENTRIES = entries("augmentation")
PICTURES = [n for n, e in ENTRIES.items() if "image" in e.cls.inputs]
SWITCHES = [  # values of keys that are not columns
    ("cutout", {"shape": "circle"}),
    ("cutout", {"shape": "circle", "fill": "mean"}),
    ("cutout", {"fill": "noise"}),
    ("cutout", {"fill": 0.5}),
    ("elastic", {"sigma": 0.7}),
]
HEARD = [n for n, e in ENTRIES.items() if "signal" in e.cls.inputs]
SPOKEN = [n for n, e in ENTRIES.items() if issubclass(e.cls, Words)]
TABULAR = [n for n, e in ENTRIES.items() if issubclass(e.cls, Features)]


def chance(name):
    return Chance(name, SEEDS, STEPS, BATCH)


def strengths(name):
    """Columns of two strengths [2, 1] by key: the preset, and another one, as a rule twice as strong."""
    return {k: two(o, ENTRIES[name].defaults[k]) for k, o in ENTRIES[name].options.items() if o.kind == "column"}


def two(option, default):
    value = default if option.preset is None else option.preset
    most = min(m for m in (option.le, option.lt and option.lt * 0.99, np.inf) if m is not None)
    other = 0.7 * value if value == most or option.neutral == most else min(2 * value, most)
    return torch.tensor([[value], [other]], dtype=torch.float64)


def keys_of(name, m, switches):
    """The value of every key for row m, in order."""
    values = ENTRIES[name].defaults | {k: column[m].item() for k, column in strengths(name).items()} | switches
    return list(values.values())


def examples(*shape):
    random = np.random.default_rng(0)
    return torch.from_numpy(random.uniform(size=(2, 2, BATCH, *shape)))


def targets():
    return torch.eye(4, dtype=torch.float64)[torch.from_numpy(np.random.default_rng(1).integers(0, 4, (2, 2, BATCH)))]


def changed(name, p, q, switches):
    """(images, targets) after the technique alone, as the product composes it."""
    cls, h = ENTRIES[name].cls, strengths(name)
    piece = cls(**switches)
    if issubclass(cls, Deformation):
        maps = torch.eye(2, 3, dtype=torch.float64).expand(len(p.flatten(0, 2)), 2, 3)
        return sample(p.flatten(0, 2), maps, piece.field(chance(name), p, **h).flatten(0, 2)).view_as(p), q
    if issubclass(cls, Geometry):
        maps = piece.matrix(chance(name), *p.shape[-2:], **h)
        return sample(p.flatten(0, 2), maps.flatten(0, 2)).view_as(p), q
    if issubclass(cls, Pixels):
        found = piece.pixels(chance(name), p, **h)
        return found.clamp(0, 1) if cls.clipped else found, q
    x, q = piece.mixed(chance(name), p.flatten(3), q, Shape(tuple(p.shape[3:]), p[0, 0, 0].numel()), **h)
    return x.view_as(p), q


def test_every_technique_has_a_reference():
    assert set(REFERENCES) == set(PICTURES)
    assert set(TABLE_REFERENCES) == set(TABULAR)
    assert set(SIGNAL_REFERENCES) == set(HEARD)
    assert set(WORD_REFERENCES) == set(SPOKEN)
    assert all(
        issubclass(e.cls, (Deformation, Geometry, Pixels, Features, Signals, Words, Mixing)) for e in ENTRIES.values()
    )


@pytest.mark.parametrize("size", [(3, 8, 8), (3, 7, 12)], ids=str)
@pytest.mark.parametrize(("name", "switches"), [*[(n, {}) for n in PICTURES], *SWITCHES], ids=str)
def test_images_are_those_of_the_reference(name, switches, size):
    p, q = examples(*size), targets()
    found, found_q = changed(name, p, q, switches)
    assert not torch.equal(found, p)
    for k in range(2):
        for m in range(2):
            draws = Chance(name, SEEDS[m : m + 1], STEPS[k : k + 1, m : m + 1], BATCH)
            keys = keys_of(name, m, switches)
            expected, expected_q = REFERENCES[name](draws, p[k, m].numpy(), q[k, m].numpy(), *keys)
            np.testing.assert_allclose(found[k, m], expected, rtol=1e-10, atol=1e-12)
            np.testing.assert_allclose(found_q[k, m], expected_q, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", TABULAR)
def test_tables_are_those_of_the_reference(name):
    """Columns 0 to 3 are numbers, 4 to 6 and 7 to 8 the categories of two columns."""
    numeric = torch.tensor([[True] * 4 + [False] * 5] * 2)
    block = torch.tensor([[0, 1, 2, 3, 4, 4, 4, 7, 7]] * 2)
    x = examples(9)
    found = ENTRIES[name].cls().features(chance(name), x, Shape(None, 9, numeric, block), **strengths(name))
    assert not torch.equal(found, x)
    for k in range(2):
        for m in range(2):
            draws = Chance(name, SEEDS[m : m + 1], STEPS[k : k + 1, m : m + 1], BATCH)
            expected = TABLE_REFERENCES[name](draws, x[k, m].numpy(), *keys_of(name, m, {}))
            np.testing.assert_allclose(found[k, m], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", HEARD)
def test_signals_are_those_of_the_reference(name):
    s = examples(23) - 0.4
    found = ENTRIES[name].cls().signals(chance(name), s, **strengths(name))
    assert not torch.equal(found, s)
    for k in range(2):
        for m in range(2):
            draws = Chance(name, SEEDS[m : m + 1], STEPS[k : k + 1, m : m + 1], BATCH)
            expected = SIGNAL_REFERENCES[name](draws, s[k, m].numpy(), *keys_of(name, m, {}))
            np.testing.assert_allclose(found[k, m], expected, rtol=1e-10, atol=1e-12)


def test_noise_of_20_decibels_is_a_tenth_of_the_signal():
    s = torch.sin(torch.arange(10000, dtype=torch.float64) / 7).view(1, 1, 1, -1)
    one = Chance("snr", np.array([1], np.uint64), np.zeros((1, 1), np.int64), 1)
    noise = ENTRIES["snr"].cls().signals(one, s, snr=torch.tensor([[20.0]], dtype=torch.float64)) - s
    assert (noise.square().mean() / s.square().mean()).sqrt().item() == pytest.approx(0.1, rel=0.03)


SENTENCES = ["the film was great and the music lovely", "so dull", "", "what an awful story and what an ending indeed"]
SYNONYMS = {"great": ["superb", "wonderful", "lovely"], "awful": ["terrible"], "what": ["which", "that"]}


def with_other_words(name, p, chance_of, tmp_path):
    """SENTENCES changed by the technique, as lists of words."""
    file = tmp_path / "synonyms.csv"
    file.write_text("word,synonym\n" + "\n".join(",".join([word, *many]) for word, many in SYNONYMS.items()))
    switches = {"file": str(file)} if name == "word_synonyms" else {}
    corpus = Corpus(SENTENCES, 64, 2)
    ids = corpus.of(np.arange(len(SENTENCES)))
    words = compact(ENTRIES[name].cls(**switches).words(chance_of(ids.shape), ids, corpus.vocabulary, p=p))
    return [[corpus.vocabulary.words[i] for i in line if i >= 0] for line in words]


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("name", SPOKEN)
def test_texts_are_those_of_the_reference(name, p, tmp_path):
    def draw(i, shape):
        return np.random.default_rng(i).uniform(size=shape)

    found = with_other_words(name, p, lambda shape: lambda i: draw(i, shape), tmp_path)
    u, v = (draw(i, (len(SENTENCES), max(len(text.split()) for text in SENTENCES))) for i in range(2))
    texts = [text.split() for text in SENTENCES]
    assert found == [WORD_REFERENCES[name](u[i], v[i], text, p, SYNONYMS) for i, text in enumerate(texts)]
    assert (found == texts) == (p == 0)


def test_deletion_leaves_and_insertion_adds_the_share_that_was_said():
    """E count = (1 - p) count, and (1 + p) count: of 20,000 words, to 4 standard errors."""
    corpus = Corpus(["word " * 200] * 100, 8, 1)
    ids = corpus.of(np.arange(100))
    drawn = [np.random.default_rng(i).uniform(size=ids.shape) for i in range(2)]
    for name, expected in (("word_deletion", 0.7 * 20000), ("word_insertion", 1.3 * 20000)):
        found = ENTRIES[name].cls().words(drawn.__getitem__, ids, corpus.vocabulary, p=0.3)
        assert (found >= 0).sum() == pytest.approx(expected, abs=4 * np.sqrt(20000 * 0.3 * 0.7))


def test_swaps_change_pairs_of_words_and_no_bag_of_single_words():
    ids = Corpus(SENTENCES, 64, 2).of(np.arange(len(SENTENCES)))
    drawn = [np.random.default_rng(i).uniform(size=ids.shape) for i in range(2)]
    for ngrams in (1, 2):
        vocabulary = Corpus(SENTENCES, 64, ngrams).vocabulary
        swapped = ENTRIES["word_swap"].cls().words(drawn.__getitem__, ids, vocabulary, p=0.9)
        assert np.array_equal(vocabulary.hashed(ids), vocabulary.hashed(swapped)) == (ngrams == 1)


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


def test_a_third_of_the_colour_circle_makes_green_of_red_and_blue_of_green():
    p = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.2, 0.2, 0.2]], dtype=torch.float64).view(1, 1, 3, 3, 1, 1)
    a_third = Fixed([1.0, 1.0, 1.0])
    found = ENTRIES["hue"].cls().pixels(a_third, p, turn=torch.tensor([[1 / 3]], dtype=torch.float64))
    assert found.flatten(3)[0, 0].tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.2, 0.2, 0.2]]


def test_pixels_move_elastically_by_what_the_formula_says():
    """sd = alpha / (2 sigma sqrt(3 pi)): .3257 px for alpha 8, sigma 4, in the middle and in a corner."""
    many = Chance("elastic", np.arange(40, dtype=np.uint64), np.zeros((1, 40), np.int64), 50)
    alpha = torch.full((40, 1), 8.0, dtype=torch.float64)
    images = torch.zeros(1, 40, 50, 1, 3, 28, dtype=torch.float64)
    field = ENTRIES["elastic"].cls(sigma=4.0).field(many, images, alpha)[0]
    assert round(8 / (2 * 4 * math.sqrt(3 * math.pi)), 4) == 0.3257
    for place in (field[..., 0, 0], field[..., 1, 14]):
        assert place.std().item() == pytest.approx(0.3257, rel=0.05)  # of 4,000 numbers: 5 standard errors
    neighbours = torch.corrcoef(torch.stack([field[..., 1, 10].flatten(), field[..., 1, 14].flatten()]))[0, 1]
    assert neighbours.item() == pytest.approx(math.exp(-16 / (4 * 16)), abs=0.05)


def test_four_images_share_the_area_as_they_share_the_target():
    p = examples(1, 6, 6)
    marked = p * 0 + torch.arange(BATCH, dtype=torch.float64).view(-1, 1, 1, 1)  # image i holds the number i
    q = torch.eye(BATCH, dtype=torch.float64).expand(2, 2, BATCH, BATCH)
    found, found_q = changed("mosaic", marked, q, {})
    shares = (found.flatten(3)[..., None] == torch.arange(BATCH)).double().mean(3)
    torch.testing.assert_close(found_q, shares, rtol=0, atol=1e-12)


def test_a_signal_played_twice_as_fast_has_every_second_value_about_its_middle():
    s = torch.arange(1.0, 10.0, dtype=torch.float64).view(1, 1, 1, 9)
    found = ENTRIES["speed"].cls().signals(Fixed([1.0]), s, change=torch.tensor([[1.0]], dtype=torch.float64))
    assert found.flatten().tolist() == [0, 0, 1, 3, 5, 7, 9, 0, 0]
    later = ENTRIES["shift"].cls().signals(Fixed([1.0]), s, share=torch.tensor([[2 / 9]], dtype=torch.float64))
    assert later.flatten().tolist() == pytest.approx([0, 0, 1, 2, 3, 4, 5, 6, 7])
