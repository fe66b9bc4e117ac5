"""Random numbers by position: uniform, independent over steps, layers, seeds, positions; the same however asked for."""

import numpy as np
import pytest
import torch
from scipy import stats

from runner.population.draws import bits, generator, key, positions, raw, with_replacement, words


def drawn(keys, batch=64, width=50, padded=64):
    return bits(words(np.asarray(keys, dtype=np.uint64)), positions(batch, width, padded))[..., :width]


def uniform(keys, **shape):
    return (drawn(keys, **shape).double() + 2**31) / 2**32


@pytest.fixture(scope="module")
def masks():
    """Draws [seeds 5, steps 40, layers 3, 64, 50]."""
    seeds, steps, layers = np.arange(5)[:, None, None], np.arange(40)[:, None], np.arange(3)
    return uniform(key(seeds, "dropout", steps, layers)).numpy()


def test_uniform_by_mean_variance_and_chi_square(masks):
    flat = masks.ravel()
    n = len(flat)
    assert abs(flat.mean() - 0.5) < 4 * (1 / 12 / n) ** 0.5
    assert abs(flat.var() - 1 / 12) < 4 * (1 / 180 / n) ** 0.5
    counts = np.histogram(flat, bins=256, range=(0, 1))[0]
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("bit", range(32))
def test_every_bit_is_fair(bit):
    values = drawn(key(np.arange(20), "noise", 3, 1)).numpy().view(np.uint32).ravel()
    share = ((values >> np.uint32(bit)) & 1).mean()
    assert abs(share - 0.5) < 4 * 0.5 / len(values) ** 0.5


@pytest.mark.parametrize("axis", [0, 1, 2, 3, 4], ids=["seeds", "steps", "layers", "examples", "units"])
@pytest.mark.parametrize("lag", [1, 2, 16])
def test_neighbours_are_uncorrelated(masks, axis, lag):
    size = masks.shape[axis]
    if lag >= size:
        lag = 1
    a, b = np.take(masks, range(size - lag), axis).ravel(), np.take(masks, range(lag, size), axis).ravel()
    assert abs(np.corrcoef(a, b)[0, 1]) < 4.5 / len(a) ** 0.5


def test_runs_above_and_below_the_median(masks):
    """The number of runs in a sequence of n fair coins is n/2 + 1/2 with variance (n - 1)/4 (Wald & Wolfowitz 1940)."""
    above = masks.ravel() > 0.5
    n = len(above)
    runs = 1 + (above[1:] != above[:-1]).sum()
    assert abs(runs - (n + 1) / 2) < 4 * ((n - 1) / 4) ** 0.5


def test_masks_are_not_windows_of_one_sequence():
    """Two masks of one run never hold the same stretch at different places, as they would with a 32-bit key."""
    found = (
        drawn(key(0, "dropout", np.arange(400), 0), batch=32).reshape(400, -1).numpy().view(np.uint32).astype(np.uint64)
    )
    pairs = (found[:, :-1] << np.uint64(32)) | found[:, 1:]
    assert len(np.unique(pairs)) == pairs.size


def test_keys_of_all_occasions_differ():
    seeds, steps = np.arange(50)[:, None, None, None], np.arange(200)[:, None, None]
    layers = np.arange(4)[:, None]
    found = np.concatenate(
        [key(seeds, purpose, steps, layers).ravel() for purpose in ("dropout", "input_dropout", "noise")]
    )
    assert len(np.unique(found)) == len(found)


def test_a_draw_does_not_know_its_company():
    """Alone, stacked, padded otherwise or in a shorter batch: the same bits at the same true position."""
    keys = key(np.arange(6), "dropout", 7, 2)
    together = drawn(keys)
    for row in range(6):
        assert torch.equal(drawn(keys[row : row + 1])[0], together[row])
    assert torch.equal(drawn(keys, padded=96), together)
    assert torch.equal(drawn(keys, batch=10), together[:, :10])


def test_generators_differ_by_every_counter():
    draws = [torch.rand(4, generator=generator(*args)) for args in [(0, "a", 0), (1, "a", 0), (0, "b", 0), (0, "a", 1)]]
    assert len({tuple(d.tolist()) for d in draws}) == 4
    assert torch.equal(draws[0], torch.rand(4, generator=generator(0, "a", 0)))
    assert generator(2**63 - 1, "a").initial_seed() != generator(0, "a").initial_seed()


def test_draws_with_replacement_are_words_of_64_bits_cut_into_equal_parts():
    n = 1257
    word = [int(each) for each in raw(0, 2 * n, 7, "order", 3)]
    whole = [(high << 32 | low) * n >> 64 for high, low in zip(word[::2], word[1::2], strict=True)]
    assert with_replacement(n, 7, "order", 3).tolist() == whole


def test_one_pass_with_replacement_sees_63_percent_of_the_rows():
    """1 - (1 - 1/n)^n of n rows is .632267 at n = 1,257; the sd of a pass is about .0087."""
    shares = [len(set(with_replacement(1257, seed, "order", 0).tolist())) / 1257 for seed in range(400)]
    assert abs(np.mean(shares) - 0.632267) < 4 * 0.0087 / 400**0.5
    assert stats.chisquare(np.bincount(with_replacement(20, 0, "order", 0), minlength=20)).pvalue > 1e-4
