"""How much members differ, pair by pair."""

from itertools import combinations

import numpy as np
import pytest

from runner.ensembles.diversity import disagreement, spread


def one_hot(choices) -> np.ndarray:
    """Answers [K, n, 3] of members that choose these classes [K, n]."""
    return np.eye(3)[np.array(choices)]


def test_disagreement_is_the_share_of_pairs_that_name_different_classes():
    choices = np.random.default_rng(0).integers(0, 3, (6, 40))
    pairs = [choices[a] != choices[b] for a, b in combinations(range(6), 2)]
    assert disagreement(one_hot(choices)) == pytest.approx(np.mean(pairs), rel=1e-12)


def test_members_that_are_alike_never_disagree_and_one_alone_has_nobody_to():
    assert disagreement(one_hot([[0, 1, 2]] * 4)) == 0
    assert np.isnan(disagreement(one_hot([[0, 1, 2]])))


def test_only_members_that_know_a_row_are_compared_about_it():
    answers = one_hot([[0, 0], [1, 1], [0, 2]])
    answers[1, 0] = np.nan
    assert disagreement(answers) == pytest.approx(3 / 4)  # one pair agrees about the first row, three differ


def test_by_the_square_of_the_spread_the_mean_is_better_than_its_members():
    random = np.random.default_rng(1)
    y, truth = random.normal(size=(5, 30, 1)), random.normal(size=30)
    of_members = np.square(y[..., 0] - truth).mean()
    of_mean = np.square(y.mean(0)[:, 0] - truth).mean()
    assert of_mean == pytest.approx(of_members - spread(y) ** 2, rel=1e-12)
