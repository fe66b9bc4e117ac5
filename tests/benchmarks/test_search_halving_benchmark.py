"""The benchmark of successive halving on curves that are made up; that they are those of sweeps it checks itself."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from search_halving import EPOCHS, RESULTS, SETTINGS, by_curves, compared, missed, told


def curves(ends, slow=()):
    """Losses that fall evenly from 1 to their ends; those of `slow` settings only in the last epochs."""
    return [
        [1 - (1 - end) * (max(epoch - 28, 0) / 4 if i in slow else epoch / EPOCHS) for epoch in range(EPOCHS + 1)]
        for i, end in enumerate(ends)
    ]


ENDS = [i / SETTINGS for i in range(SETTINGS)]


def test_a_quarter_of_the_epochs_is_made():
    made = by_curves(curves(ENDS))
    assert made == [32] * 2 + [16] * 6 + [4] * 24
    assert sum(made) == SETTINGS * EPOCHS / 4


def test_the_winner_is_the_best_of_those_that_trained_to_the_end():
    found = compared(curves(ENDS, slow=(0, 1, 2)))
    assert (found["rank"], found["loss"]) == (4, ENDS[3])
    assert found["rank of random search"] == 1


def test_a_setting_that_diverged_has_no_rank_worth_having():
    lost = curves(ENDS)
    lost[0][3:] = [None] * (EPOCHS - 2)
    assert by_curves(lost)[:3] == [3, 32, 32]  # the epoch in which it diverged
    assert compared(lost)["loss"] == ENDS[1] == compared(lost)["loss of the best"]


def test_the_stored_figures_miss_no_target_and_are_those_of_the_page():
    figures = json.loads(RESULTS.read_text())["halving"]["figures"]
    assert figures["sweeps"] == 100 and missed(figures) == []
    page = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text()
    assert f"| {figures['mean loss']:.4f} |" in page and f"| {figures['mean loss of random search']:.4f} |" in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, None),
        ({"rank": 9}, "median rank"),
        ({"differences": ["setting 3"]}, "otherwise than their curves say"),
        ({"loss": 2.0}, "not lower than random search's"),
    ],
)
def test_a_target_that_is_missed_is_said(change, said):
    one = compared(curves(ENDS)) | {"loss of random search": 1.0}
    sweep = one | {"data": "digits", "epochs": 0.25, "last": one, "checked": True, "differences": []} | change
    found = missed(told([sweep]))
    assert (not found) if said is None else any(said in each for each in found)
