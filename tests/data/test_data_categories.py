"""A column of many texts: the most frequent ones and the rest; numbers with something around them are said."""

import json

import numpy as np
import pandas as pd
import pytest

from runner.data.encoding import Encoding
from runner.data.roles.odd_columns import odd_words
from runner.data.sources.csv import CSV

CITIES = ["Bonn"] * 30 + ["Ulm"] * 20 + ["Hof", "Aue"] * 10 + [f"Weiler {i // 2}" for i in range(30)]
FRAME = pd.DataFrame({"city": CITIES, "x": np.arange(100) % 9, "y": ["a", "b"] * 50})


@pytest.fixture
def data(run_data, csv_file):
    """data(**keys): the cities, all of them trained on."""

    def make(**keys):
        keys = {"val_fraction": 0.0, "test_fraction": 0.0} | keys
        return run_data(CSV(path=csv_file(FRAME.to_csv(index=False)), target="y", **keys))

    return make


def test_the_most_frequent_are_inputs_and_the_rest_is_one_more(data):
    found = data(max_categories=3)
    assert found.encoding.feature_names == ["x", "city=Aue", "city=Bonn", "city=Ulm", "city=(rest)"]
    assert found.encoding.rest == ["city"]
    np.testing.assert_array_equal(found.x[[0, 30, 50, 51, 70], 1:], np.eye(4)[[1, 2, 3, 0, 3]])
    assert (
        "column 'city': the 3 most frequent of its texts are inputs, the 16 others (40 rows) together one: "
        "dataset.max_categories" in found.notes
    )


def test_no_rest_where_all_have_room(data):
    found = data(max_categories=19)
    assert (len(found.encoding.categories["city"]), found.encoding.rest, found.x.shape[1]) == (19, [], 20)
    assert not any("max_categories" in note for note in found.notes)


def test_the_training_rows_say_which_are_frequent(data, run_data, csv_file):
    marks = ["test"] * 30 + ["train"] * 70
    path = csv_file(FRAME.assign(part=marks).to_csv(index=False))
    found = run_data(CSV(path=path, target="y", split_column="part", max_categories=1, val_fraction=0.0))
    assert found.encoding.categories == {"city": ["Ulm"]}
    assert (found.x[:30, 1:] == [0, 1]).all()


def test_new_rows_are_read_alike_and_new_words_are_of_the_rest(data):
    found = data(max_categories=3)
    encoding = Encoding.from_dict(json.loads(json.dumps(found.encoding.to_dict())))
    assert encoding == found.encoding
    np.testing.assert_array_equal(encoding.transform(FRAME), found.x)
    new = FRAME.head(3).assign(city=["Paris", None, "Ulm"])
    x, notes = encoding.transform_with_notes(encoding.cells(new))
    np.testing.assert_array_equal(x[:, 1:], np.eye(4)[[3, 3, 2]])
    assert notes == []


def test_holes_are_a_category_as_frequent_as_they_are(run_data, csv_file):
    frame = FRAME.assign(city=[None if c == "Ulm" else c for c in CITIES])
    path = csv_file(frame.to_csv(index=False))
    found = run_data(CSV(path=path, target="y", max_categories=2, val_fraction=0.0, test_fraction=0.0))
    assert found.encoding.feature_names[1:] == ["city=Bonn", "city=missing", "city=(rest)"]
    np.testing.assert_array_equal(found.x[[0, 30, 99], 1:], np.eye(3))


def test_a_thousand_texts_are_no_reason_to_refuse(run_data, csv_file):
    names = [f"name {i // 2}" for i in range(2400)]
    content = "name,y\n" + "".join(f"{name},{'ab'[i % 3 % 2]}\n" for i, name in enumerate(names))
    assert run_data(CSV(path=csv_file(content), target="y")).x.shape == (2400, 51)


def noted(*texts, **keys):
    return list(odd_words({"w": np.array(texts, object)}, keys.get("categorical", ()), 50))


def test_numbers_with_a_unit_or_a_sign_are_said():
    assert noted(*(f"{i} sqft" for i in range(20))) == [
        "column 'w' is taken as 20 categories, but holds numbers with 'sqft' (20 rows): write the numbers alone to "
        "have them as numbers, or dataset.categorical=[w]"
    ]
    (note,) = noted(*(str(i) for i in range(20)), "<5", "<5", ">60", None)
    assert "holds numbers with '<' (2 rows) or '>' (1 rows)" in note


@pytest.mark.parametrize(
    "texts",
    [
        [f"Q{i}" for i in range(20)] * 3,  # a code, no unit
        ["1 kg", "2 kg", "3 kg"] * 20,  # few enough to be categories
        ["word", "other"] * 30,
        [f"{i} {'abcdefgh'[i % 8]}" for i in range(20)] * 3,
    ],
)
def test_words_and_codes_are_not_taken_for_numbers(texts):
    assert noted(*texts) == []


def test_numbers_that_are_categories_by_request_are_no_news():
    assert noted(*(f"{i} sqft" for i in range(20)), categorical=["w"]) == []


def test_texts_that_hardly_repeat_are_said():
    (note,) = noted(*(f"name {'abcdefghijklmnopqrstuvwxyz'[i * 2 // 3]}" for i in range(30)))
    assert (
        note.startswith("column 'w' holds 20 different texts in 30 rows, each a separate input") and "drop=[w]" in note
    )
