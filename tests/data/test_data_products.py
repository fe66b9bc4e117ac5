"""Powers and products of numbers, pairs of categories: as scikit-learn makes and scales them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler

import runner
from runner.data.encoding import Encoding
from runner.data.sources.csv import CSV
from runner.data.sources.diabetes import Diabetes
from runner.data.sources.sine import Sine
from runner.errors import ConfigError, DataError
from runner.execution.configurations import read

WHOLE = {"val_fraction": 0.0, "test_fraction": 0.0}
ROWS = ["a,b,c,d,y", "1,2,r,u,1.5", "2,,g,u,2.5", "3,5,b,v,2.0", "4,1,r,v,0.5", ",7,g,,3.5", "6,8,b,u,1.0"]


@pytest.fixture
def source(csv_file):
    """source(**keys) -> the small table with holes."""
    path = csv_file("\n".join(ROWS) + "\n")
    return lambda **keys: CSV(path=path, target="y", **WHOLE, **keys)


def test_powers_are_those_of_scikit_learn_scaled_after(run_data):
    made = run_data(Diabetes(polynomial=3, **WHOLE), dtype="float64")
    raw = run_data(Diabetes(scaling="none", **WHOLE), dtype="float64").x
    expected = StandardScaler().fit_transform(
        np.concatenate([raw, *(raw[:, [i]] ** [2, 3] for i in range(10))], axis=1)
    )
    assert made.encoding.numeric[:12:11] == ["age", "age^3"]
    np.testing.assert_allclose(made.x, expected, atol=1e-9)


def test_all_products_are_those_of_scikit_learn(run_data):
    made = run_data(Diabetes(crosses=True, **WHOLE), dtype="float64")
    raw = run_data(Diabetes(scaling="none", **WHOLE), dtype="float64").x
    maker = PolynomialFeatures(2, interaction_only=True, include_bias=False)
    expected = StandardScaler().fit_transform(maker.fit_transform(raw))
    assert made.x.shape == (442, 10 + 45)
    np.testing.assert_allclose(made.x, expected, atol=1e-9)


def test_named_pairs_fill_holes_first_and_cross_categories(source, run_data):
    made = run_data(source(crosses=[["a", "b"], ["c", "d"]]), dtype="float64")
    a, b = np.array([1, 2, 3, 4, 3, 6.0]), np.array([2, 5, 5, 1, 7, 8.0])  # medians 3 and 5
    np.testing.assert_allclose(
        made.x[:, :3], StandardScaler().fit_transform(np.stack([a, b, a * b], axis=1)), atol=1e-12
    )
    both = np.array([["r & u"], ["g & u"], ["b & v"], ["r & v"], [None], ["b & u"]], object)
    names = [name.partition("=")[2] for name in made.encoding.feature_names if name.startswith("c & d=")]
    known = OneHotEncoder(
        categories=[[n for n in names if n != "missing"]], handle_unknown="ignore", sparse_output=False
    )
    found = made.x[:, [i for i, n in enumerate(made.encoding.feature_names) if n.startswith("c & d=")]]
    hole = names.index("missing")
    np.testing.assert_array_equal(np.delete(found, hole, axis=1), known.fit_transform(both))
    assert found[:, hole].tolist() == [0, 0, 0, 0, 1, 0]


def test_a_table_to_predict_is_given_the_same_features(source, run_data):
    made = run_data(source(polynomial=3, crosses=[["b", "a"], ["c", "d"]], scaling="minmax"))
    again = Encoding.from_dict(made.encoding.to_dict())
    table = pd.read_csv(source().path, dtype={"c": str, "d": str})
    np.testing.assert_array_equal(again.transform(table[["d", "b", "a", "c"]]), made.x)


def test_a_linear_model_of_powers_is_the_least_squares_polynomial(tmp_path):
    """Degree 3 of the sine, on all its rows: the loss is that of numpy.polyfit."""
    keys = ["dataset=sine", "dataset.val_fraction=0", "dataset.test_fraction=0", "dataset.polynomial=3"]
    train = [
        "model.hidden=[]",
        "optimizer=sgd",
        "optimizer.lr=0.3",
        "optimizer.momentum=0.95",
        "trainer.batch_size=200",
    ]
    end = ["early_stopping=none", "trainer.epochs=4000", "trainer.dtype=float64", "trainer.figures=false"]
    (outcome,) = runner.train([[*keys, *train, *end]], tmp_path)
    table = Sine().read()
    x, y = table.numeric_ND[:, 0], table.target
    rmse = np.sqrt(np.mean((np.polyval(np.polyfit(x, y, 3), x) - y) ** 2))
    assert outcome.summary["train"]["rmse"] == pytest.approx(rmse, rel=1e-6)
    new = pd.DataFrame({"x": [0.1, 0.6, 1.2]})
    np.testing.assert_allclose(
        runner.load(outcome.folder).predict(new), np.polyval(np.polyfit(x, y, 3), new["x"]), atol=1e-3
    )


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"crosses": [["a", "c"]]}, "'a' is a number, 'c' a category; give two numbers or two categories"),
        ({"crosses": [["a", "e"]]}, "the table has no input 'e'"),
        ({"crosses": [["a", "a"]]}, "powers of numbers are dataset.polynomial=2"),
    ],
)
def test_pairs_that_there_are_not_are_refused(source, run_data, keys, said):
    with pytest.raises(ConfigError) as caught:
        run_data(source(**keys))
    assert said in str(caught.value)


def test_too_many_products_are_refused_with_their_number(csv_file, run_data):
    names = [f"x{i}" for i in range(120)]
    rows = [",".join(map(str, row)) for row in np.random.default_rng(0).normal(size=(9, 121)).round(3)]
    path = csv_file("\n".join([",".join([*names, "y"]), *rows]) + "\n")
    with pytest.raises(ConfigError) as caught:
        run_data(CSV(path=path, target="y", crosses=True, polynomial=2))
    said = "dataset.polynomial = 2 and dataset.crosses = true: 120 numbers make 7,260 further features, at most 5,000"
    assert said in str(caught.value)


def test_powers_that_are_too_large_are_named(csv_file, run_data):
    path = csv_file("\n".join(["a,y", *(f"{i}e40,{i}.5" for i in range(1, 20))]) + "\n")
    with pytest.raises(
        DataError, match=r"column 'a\^8', made by dataset\.polynomial or dataset\.crosses, is too large"
    ):
        run_data(CSV(path=path, target="y", polynomial=8))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dataset.polynomial=2"], "is for tables, but dataset=digits is images; set dataset.polynomial=1"),
        (["dataset.crosses=true"], "is for tables, but dataset=digits is images; set dataset.crosses=false"),
        (["dataset=iris", "dataset.polynomial=2", "augmentation.noise=0.1"], "or dataset.polynomial=1"),
        (["dataset=iris", "dataset.crosses=[a,b]"], "neither true nor a list of pairs"),
        (["dataset=iris", "dataset.polynomial=0"], "a whole number >= 1 and <= 20"),
    ],
)
def test_what_cannot_have_products_is_refused_with_a_way_out(words, said):
    with pytest.raises(ConfigError) as caught:
        read(words)
    assert said in str(caught.value)


def test_pairs_are_names_even_if_they_look_like_numbers():
    run = read(["dataset=iris", "dataset.crosses=[[1,2],[x_3,4]]"])
    assert run.dataset.crosses == [["1", "2"], ["x_3", "4"]]
    assert read(["dataset=iris", "dataset.crosses=true"]).dataset.crosses is True
