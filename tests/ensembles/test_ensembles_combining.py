"""Ways to combine, against numbers worked out apart and plain formulas on probabilities."""

import numpy as np
import pytest
from scipy.stats import gmean

from runner.ensembles.combining import CLASSES, NUMBERS, combination, log_softmax
from runner.ensembles.options import NAMES
from runner.errors import ConfigError

P1, P2 = (0.7, 0.2, 0.1), (0.1, 0.6, 0.3)


def drawn(members=7, rows=50, classes=4, seed=0) -> np.ndarray:
    """Log-probabilities [K, n, C], some of them very sure."""
    return log_softmax(5 * np.random.default_rng(seed).normal(size=(members, rows, classes)))


def together(name, *members) -> np.ndarray:
    """Of one row, probabilities in and out."""
    return np.exp(CLASSES[name].of(np.log(np.array(members)[:, None])))[0]


def test_every_way_is_named():
    assert tuple(CLASSES) == NAMES


def test_the_mean_of_two_members():
    np.testing.assert_allclose(together("mean", P1, P2), (0.4, 0.4, 0.2), rtol=1e-14)


def test_the_geometric_mean_of_two_members_is_normalized():
    np.testing.assert_allclose(together("geometric", P1, P2), (0.337386, 0.441742, 0.220871), atol=5e-7)
    np.testing.assert_allclose(together("geometric", P1, P2).sum(), 1, rtol=1e-14)


def test_votes_are_shares_of_the_likeliest_classes():
    np.testing.assert_allclose(together("vote", P1, P2, P1, (0.4, 0.4, 0.2)), (0.75, 0.25, 0), rtol=1e-14)


def test_many_members_are_what_plain_formulas_say():
    logs = drawn()
    p = np.exp(logs)
    geometric = gmean(p, axis=0)
    votes = np.stack([(p.argmax(-1) == c).mean(0) for c in range(p.shape[-1])], -1)
    expected = {"mean": p.mean(0), "geometric": geometric / geometric.sum(-1, keepdims=True), "vote": votes}
    for name, way in CLASSES.items():
        np.testing.assert_allclose(np.exp(way.of(logs)), expected[name], rtol=1e-12, err_msg=name)


def test_numbers_have_a_mean():
    numbers = np.random.default_rng(1).normal(size=(5, 20, 1))
    np.testing.assert_allclose(NUMBERS["mean"].of(numbers), numbers.mean(0), rtol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_a_growing_ensemble_is_at_each_size_that_of_the_members_so_far(name):
    logs = drawn()
    for size, found in enumerate(CLASSES[name].running(logs), 1):
        np.testing.assert_allclose(found, CLASSES[name].of(logs[:size]), rtol=1e-12)
    assert size == len(logs)


@pytest.mark.parametrize("name", NAMES)
def test_who_says_nothing_about_a_row_is_left_out_there(name):
    logs = drawn()
    logs[2, :10] = logs[5, 5:30] = np.nan
    found = CLASSES[name].of(logs)
    for row in range(logs.shape[1]):
        known = [k for k in range(len(logs)) if not np.isnan(logs[k, row, 0])]
        np.testing.assert_allclose(found[row], CLASSES[name].of(logs[known][:, row : row + 1])[0], rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_log_loss_of_a_mean_is_at_most_the_mean_log_loss_of_its_members(seed):
    logs, y = drawn(seed=seed), np.random.default_rng(seed + 99).integers(0, 4, 50)
    alone = -logs[:, np.arange(50), y].mean()
    assert -CLASSES["mean"].of(logs)[np.arange(50), y].mean() < alone
    assert -CLASSES["geometric"].of(logs)[np.arange(50), y].mean() < alone


def test_probabilities_too_small_for_a_float_are_still_numbers():
    logs = np.array([[[0.0, -800.0, -900.0]], [[0.0, -900.0, -800.0]]])
    np.testing.assert_allclose(CLASSES["mean"].of(logs)[0], (0, -800 - np.log(2), -800 - np.log(2)))
    np.testing.assert_allclose(CLASSES["geometric"].of(logs)[0], (0, -850, -850))


def test_numbers_have_no_votes_and_the_message_says_what_they_have():
    with pytest.raises(ConfigError, match=r"--combine vote: .* predict a number. Use --combine mean"):
        combination("vote", "regression")
    with pytest.raises(ConfigError, match=r"--combine median: .* allowed: mean, geometric, vote"):
        combination("median", "classification")
