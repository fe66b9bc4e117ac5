"""Rows in training and in test are counted and said, where they are no matter of course."""

import numpy as np
import pandas as pd
import pytest

from runner.data.sources.csv import CSV

RANDOM = np.random.default_rng(0)
ONCE = pd.DataFrame({"x": RANDOM.normal(size=80), "c": ["u", "v"] * 40, "y": RANDOM.integers(0, 2, 80)})


@pytest.fixture
def repeats(run_data, csv_file):
    """repeats(frame, **keys): the notes about repeated rows."""

    def make(frame, test=None, **keys):
        keys |= {"test_path": csv_file(test.to_csv(index=False), "test.csv")} if test is not None else {}
        data = run_data(CSV(path=csv_file(frame.to_csv(index=False)), target="y", **keys))
        return [note for note in data.notes if "are training rows too" in note]

    return make


def test_a_test_file_that_is_the_training_file(repeats):
    (note,) = repeats(ONCE, test=ONCE, val_fraction=0.0)
    assert note.startswith("80 of 80 test rows are training rows too") and note.endswith("dataset.group=COLUMN")


def test_every_row_three_times(repeats):
    (note,) = repeats(pd.concat([ONCE] * 3))
    count = int(note.split()[0])
    assert 30 <= count <= 36
    assert f"{count} of 36 test rows" in note


def test_a_group_of_the_copies_keeps_them_on_one_side(repeats):
    assert repeats(pd.concat([ONCE.assign(who=range(80))] * 3), group="who") == []


def test_rows_are_alike_only_if_the_answer_is(repeats):
    assert repeats(ONCE, test=ONCE.assign(y=1 - ONCE["y"])) == []
    assert repeats(ONCE, test=ONCE.assign(c="u", x=ONCE["x"] + 1)) == []


def test_without_a_test_the_validation_counts(repeats):
    (note,) = repeats(pd.concat([ONCE] * 3), test_fraction=0.0)
    assert "validation rows are training rows too" in note


def test_tables_of_few_categories_repeat_by_themselves(repeats):
    few = pd.DataFrame({name: RANDOM.integers(0, 3, 400).astype(str) for name in "abc"}).replace("0", "w")
    assert repeats(few.assign(y=RANDOM.integers(0, 2, 400))) == []


def test_no_copies_no_note(repeats):
    assert repeats(ONCE) == []
