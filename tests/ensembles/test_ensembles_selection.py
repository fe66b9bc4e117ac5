"""Greedy selection, against a few plain lines that try everything anew at every choice."""

import numpy as np
import pytest

from runner.ensembles import selection
from runner.ensembles.combining import CLASSES, NUMBERS, log_softmax
from runner.ensembles.selection import errors, greedy, log_loss, score_of, squares

RANDOM = np.random.default_rng(3)
Y = RANDOM.integers(0, 3, 60)
LOGS = log_softmax(RANDOM.normal(size=(9, 60, 3)) + 1.5 * np.eye(3)[Y])


def plainly(score, candidates, size) -> list[int]:
    """Caruana et al. 2004, as written."""
    chosen: list[int] = []
    for _ in range(size):
        chosen.append(min(range(candidates), key=lambda k: score([*chosen, k])))
    return chosen


def loss_of_mean(members) -> float:
    return -np.log(np.exp(LOGS[members]).mean(0)[np.arange(60), Y]).mean()


def error_of_votes(members) -> float:
    votes = np.eye(3)[LOGS[members].argmax(-1)].sum(0)
    return (votes.argmax(-1) != Y).mean()


def test_it_chooses_as_the_paper_says_and_some_more_than_once():
    found = list(greedy(CLASSES["mean"], LOGS, Y, log_loss, 15))
    assert found == plainly(loss_of_mean, 9, 15)
    assert len(set(found)) < len(found)


def test_it_starts_from_the_best_and_every_choice_lowers_what_another_would_have_left():
    found = list(greedy(CLASSES["mean"], LOGS, Y, log_loss, 6))
    assert found[0] == min(range(9), key=lambda k: loss_of_mean([k]))
    for count in range(1, 6):
        assert all(loss_of_mean(found[: count + 1]) <= loss_of_mean([*found[:count], k]) for k in range(9))


def test_votes_are_chosen_by_their_errors():
    assert score_of("classification", "vote") is errors
    assert list(greedy(CLASSES["vote"], LOGS, Y, errors, 8)) == plainly(error_of_votes, 9, 8)


def test_numbers_are_chosen_by_their_squares():
    truth = RANDOM.normal(size=40)
    y = truth + RANDOM.normal(size=(6, 40))
    expected = plainly(lambda k: np.square(y[k].mean(0) - truth).mean(), 6, 7)
    assert score_of("regression", "mean") is squares
    assert list(greedy(NUMBERS["mean"], y[..., None], truth, squares, 7)) == expected


def test_of_equal_candidates_the_first_is_taken():
    twins = np.stack([LOGS[4], LOGS[2], LOGS[4], LOGS[2]])
    assert set(greedy(CLASSES["mean"], twins, Y, log_loss, 5)) <= {0, 1}


@pytest.mark.parametrize("block", [1, 200, 10_000])
def test_candidates_are_tried_in_blocks_with_the_same_result(monkeypatch, block):
    whole = list(greedy(CLASSES["geometric"], LOGS, Y, log_loss, 5))
    monkeypatch.setattr(selection, "BLOCK", block)
    assert list(greedy(CLASSES["geometric"], LOGS, Y, log_loss, 5)) == whole
