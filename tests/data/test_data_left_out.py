"""Columns from which nothing can be learned that holds for other rows are left out, said, and brought back by a key."""

import numpy as np
import pytest

from runner.data.roles.left_out import why_not_numbers, why_not_words
from runner.data.roles.targets import Target
from runner.data.sources.csv import CSV
from runner.errors import ConfigError, DataError

N = 40
NUMBERS = Target(np.linspace(0, 1, N), "regression", None, rows=np.arange(N))
CLASSES = Target(np.arange(N) % 2, "classification", ["a", "b"], rows=np.arange(N))
SHUFFLED = np.random.default_rng(0).permutation(N).astype(float)


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("x", np.arange(N), "counts the rows"),
        ("patient", 1000 + np.arange(N), "counts the rows"),
        ("x", -np.arange(N), "counts the rows"),
        ("Unnamed: 0", SHUFFLED, "numbers the rows"),
        ("", np.repeat(np.arange(8), 5), "numbers the rows"),
        ("rownames", SHUFFLED, "numbers the rows"),
        ("patient_id", SHUFFLED, "has another number in every row"),
        ("PassengerId", SHUFFLED, "has another number in every row"),
        ("ID", SHUFFLED, "has another number in every row"),
        ("rowid", SHUFFLED, "numbers the rows"),
        ("x", np.linspace(0, 1, N), "is the target"),
    ],
)
def test_numbers_that_name_a_row_or_its_answer(name, values, why):
    assert why_not_numbers(name, values.astype(float), NUMBERS) == why


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("year", 1950 + np.arange(N)),  # a time, not a count of rows
        ("t", np.arange(N)),
        ("age", np.arange(N)),
        ("SeasonStart", 1950 + np.arange(N)),
        ("AYear", 1950 + np.arange(N)),
        ("x", SHUFFLED),
        ("paid", SHUFFLED),
        ("humid", SHUFFLED),
        ("patient_id", np.arange(N) // 2),
        ("patient_id", SHUFFLED / 2),
        ("x", np.arange(N) * 2),
        ("x", np.where(np.arange(N) == 3, np.nan, np.arange(N))),
        ("x", 2 * np.linspace(0, 1, N)),
        ("row", np.arange(N) % 2),
    ],
)
def test_numbers_that_stay(name, values):
    assert why_not_numbers(name, values.astype(float), NUMBERS) == ""


def test_a_value_for_each_class_tells_the_target():
    assert why_not_numbers("x", 7.0 + np.arange(N) % 2, CLASSES) == "tells the target alone"
    assert why_not_numbers("x", np.arange(N) % 3.0, CLASSES) == ""
    assert why_not_numbers("x", np.arange(N) % 4.0, CLASSES) == ""  # tells it too, but says more
    assert why_not_words("x", np.array(["u", "v"] * 20, object), CLASSES, 50) == "tells the target alone"
    assert why_not_words("x", np.array(["u", "v"] * 19 + ["v", "u"], object), CLASSES, 50) == ""
    assert why_not_words("x", np.array(["u", "v"] * 19 + ["u", None], object), CLASSES, 50) == ""


def test_only_rows_with_an_answer_tell_a_copy_from_others():
    target = Target(np.arange(20) % 2, "classification", ["a", "b"], rows=np.arange(20))
    words = np.array(["u", "v"] * 10 + ["w"] * 20, object)
    assert why_not_words("x", words, target, 50) == "tells the target alone"


def texts(*words):
    return np.array(words, object)


@pytest.mark.parametrize(
    ("name", "words", "why"),
    [
        ("x", texts(*(f"person {i}" for i in range(N))), "40 different texts in 40 rows"),
        ("x", texts(*(f"person {i}" for i in range(38)), None, None), "38 different texts in 38 rows"),
        ("x", texts(*(f"person {min(i, 35)}" for i in range(N))), "36 different texts in 40 rows"),
        ("x", texts(*(f"{i // 2} " + "lorem ipsum " * 4 for i in range(N))), "free text, 20 different ones"),
    ],
)
def test_texts_that_name_a_row_or_tell_a_story(name, words, why):
    assert why_not_words(name, words, NUMBERS, most=10) == why


@pytest.mark.parametrize("words", [texts(*(f"person {i // 2}" for i in range(N))), texts(*"abcd" * 10)])
def test_texts_that_stay(words):
    assert why_not_words("x", words, NUMBERS, most=10) == ""


def test_few_texts_that_all_differ_are_left_out_under_the_name_of_an_index_only():
    three = Target(np.arange(3.0), "regression", None, rows=np.arange(3))
    assert why_not_words("rownames", texts("u", "v", "w"), three, 50) == "names the rows"
    assert why_not_words("model", texts("u", "v", "w"), three, 50) == ""


def table(rows=60):
    """An index without a name, a name, an identifier, a copy of the answer, an empty column, noise, a constant."""
    noise = np.random.default_rng(1).normal(size=rows)
    lines = [f"{i},p{i},{'uv'[i % 2]},,{noise[i]:.4f},1536.1,{'ab'[i % 2]}\n" for i in range(rows)]
    return ",name,copy,nothing,noise,same,y\n" + "".join(lines)


def test_what_is_left_out_is_said_and_comes_back(run_data, csv_file):
    path = csv_file(table())
    data = run_data(CSV(path=path, target="y"))
    assert data.encoding.columns == ["noise", "same"]
    assert data.notes == [
        "target 'y': classification (it holds text)",
        "columns: 2 numeric, 0 categorical",
        "left out, empty in every row: nothing",
        "left out: 'Unnamed: 0' (counts the rows); 'name' (60 different texts in 60 rows); 'copy' (tells the target "
        "alone). To have it back: dataset.keep=['Unnamed: 0',name,copy]",
        "the same number in every row, an input of zeros: same; dataset.drop=[same]",
    ]
    back = run_data(CSV(path=path, target="y", keep=["Unnamed: 0", "name", "copy"]))
    assert back.encoding.columns == ["Unnamed: 0", "name", "copy", "noise", "same"]
    assert len(back.encoding.categories["name"]) == 42  # one of each training row
    as_words = run_data(CSV(path=path, target="y", categorical=["Unnamed: 0", "copy"]))
    assert as_words.encoding.columns == ["Unnamed: 0", "copy", "noise", "same"]


def test_a_constant_column_is_exactly_zero(run_data, csv_file):
    data = run_data(CSV(path=csv_file(table()), target="y"), dtype="float64")
    assert (data.x[:, 1] == 0).all()
    assert data.encoding.offset[1] == 1536.1


def test_noise_beside_an_index_of_sorted_rows_says_nothing(run_data, csv_file):
    content = ",x,y\n" + "".join(f"{i},{i * 7919 % 600},{'a' if i < 300 else 'b'}\n" for i in range(600))
    assert run_data(CSV(path=csv_file(content), target="y")).encoding.columns == ["x"]


def test_the_only_input_is_kept_and_said(run_data, csv_file):
    data = run_data(CSV(path=csv_file("x,y\n" + "".join(f"{i},{i / 3}\n" for i in range(30))), target="y"))
    assert data.encoding.columns == ["x"]
    assert "column 'x' counts the rows: kept, as there is no other" in data.notes


def test_a_table_without_an_input_of_use_is_refused_and_says_why(run_data, csv_file):
    content = "day,nothing,y\n" + "".join(f"2020-01-01,,{i / 3}\n" for i in range(30))
    with pytest.raises(DataError, match=r"table\.csv has no input column of use besides the target 'y': 'nothing' is"):
        run_data(CSV(path=csv_file(content), target="y"))


def test_a_column_with_values_only_where_the_answer_is_missing_is_empty(run_data, csv_file):
    content = "x,z,w,y\n" + "".join(
        f"{i % 7},{'' if i > 5 else i},{'' if i > 5 else 'u'},{'' if i < 6 else i / 3}\n" for i in range(40)
    )
    data = run_data(CSV(path=csv_file(content), target="y"))
    assert "left out, empty in every row: z, w" in data.notes
    assert "left out: 6 of 40 rows, which have no 'y'" in data.notes
    assert data.x.shape == (34, 1)


def test_new_rows_need_no_column_that_was_left_out(run_data, csv_file):
    import pandas as pd

    path = csv_file(table())
    data = run_data(CSV(path=path, target="y"))
    whole = pd.read_csv(path)
    np.testing.assert_array_equal(data.encoding.transform(whole), data.x)
    np.testing.assert_array_equal(data.encoding.transform(whole[["same", "noise"]]), data.x)


def test_the_test_file_need_not_have_them_either(run_data, csv_file):
    data = run_data(
        CSV(path=csv_file(table()), target="y", test_path=csv_file("noise,same,y\n1,2,a\n3,4,b\n", "t.csv"))
    )
    assert len(data.test) == 2


@pytest.mark.parametrize("keys", [{"keep": "nois"}, {"time_column": "nois", "split": "time"}])
def test_a_column_that_is_not_there_is_named(run_data, csv_file, keys):
    with pytest.raises(DataError, match=r"no column 'nois' \(dataset\.(keep|time_column)\)\. Did you mean 'noise'"):
        run_data(CSV(path=csv_file(table()), target="y", **keys))


def test_a_column_is_not_kept_and_dropped(run_data, csv_file):
    with pytest.raises(ConfigError, match=r"dataset\.keep = name: dataset\.drop leaves it out; name it in one"):
        run_data(CSV(path=csv_file(table()), target="y", keep=["name"], drop=["name", "copy"]))
