"""Numbers of some epochs computed at once are those of each epoch, wherever training began."""

import numpy as np
import pytest

from runner.training.ahead import STEPS, Ahead

EPOCHS = 23


def numbers(epoch, many, steps):
    """The numbers of the steps."""
    return epoch * steps + np.arange(many * steps)


@pytest.mark.parametrize("steps", [1, 40, STEPS, 3 * STEPS])
@pytest.mark.parametrize("begin", [0, 1, 22])
def test_an_epoch_finds_its_own_steps(steps, begin):
    ahead = Ahead(numbers, EPOCHS)
    for epoch in range(begin, EPOCHS + 2):
        tables, first = ahead.of(epoch, steps)
        assert tables[first : first + steps].tolist() == list(range(epoch * steps, (epoch + 1) * steps))


def test_where_training_began_does_not_change_what_is_computed_at_once():
    asked = {begin: [] for begin in (0, 7)}
    for begin, calls in asked.items():
        ahead = Ahead(lambda epoch, many, steps, calls=calls: calls.append((epoch, many)), EPOCHS)
        for epoch in range(begin, EPOCHS):
            ahead.of(epoch, STEPS // 6)
    assert asked[0] == [(0, 6), (6, 6), (12, 6), (18, 5)]
    assert asked[7] == asked[0][1:]
