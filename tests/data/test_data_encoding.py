"""Encodings equal scikit-learn's, see training rows only, survive JSON exactly and do the same when predicting."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, QuantileTransformer, StandardScaler

from runner.data.encoding import Encoding
from runner.data.fitting import fit
from runner.data.piecewise import fit_edges, through_bins
from runner.data.quantiles import fit_quantiles, to_normal
from runner.data.reading.columns import Column
from runner.data.sources.base import RawTable, Source
from runner.errors import DataError

N, TRAIN = 60, np.arange(40)
CITIES = ["Bonn", "Köln", "Ulm", None]


def make_frame(seed=0, holes=0.1):
    """Three numeric and two categorical columns, some of them with holes."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({name: random.normal(10 * i, 1 + i, N) for i, name in enumerate("abc")})
    frame = frame.mask(random.random(frame.shape) < holes)
    frame.insert(1, "city", np.array(CITIES, object)[random.integers(0, 4, N)])
    frame["size"] = np.array(["S", "M", "L"], object)[random.integers(0, 3, N)]
    return frame


def make_table(frame, task="classification"):
    """The table a file source makes of the frame."""
    random = np.random.default_rng(9)
    return RawTable(
        numeric_ND=frame[["a", "b", "c"]].to_numpy(np.float64),
        target=random.integers(0, 2, N) if task == "classification" else random.normal(50, 7, N),
        task=task,
        numeric_names=["a", "b", "c"],
        sha256="",
        categorical={name: Column(name, frame[name]).words() for name in ("city", "size")},
        column_order=list(frame.columns),
        target_name="y",
        labels=["no", "yes"] if task == "classification" else None,
    )


def fitted(frame, scaling="standardize", dtype="float64", train=TRAIN, **keys):
    """(encoding, encoded features)."""
    table = make_table(frame, **keys)
    encoding = fit(table, train, Source(scaling=scaling, target_scaling="standardize"), dtype)
    return encoding, encoding.encode(table.numeric_ND, table.categorical)


QUANTILE = QuantileTransformer(n_quantiles=len(TRAIN), output_distribution="normal", subsample=None)


@pytest.mark.parametrize(
    ("scaling", "scaler"),
    [
        ("standardize", StandardScaler()),
        ("minmax", MinMaxScaler()),
        ("minmax_symmetric", MinMaxScaler((-1, 1))),
        ("quantile", QUANTILE),
    ],
)
def test_equals_scikit_learn(scaling, scaler):
    frame = make_frame()
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    reference = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), scaler), ["a", "b", "c"]),
            (
                "words",
                make_pipeline(SimpleImputer(strategy="constant", fill_value="missing"), one_hot),
                ["city", "size"],
            ),
        ]
    )
    words = frame.assign(city=frame["city"].fillna("missing"))
    reference.fit(words.iloc[TRAIN])
    np.testing.assert_allclose(fitted(frame, scaling)[1], reference.transform(words), rtol=1e-12, atol=1e-12)


@given(arrays(np.float64, (20, 2), elements=st.floats(-1e6, 1e6)), st.sampled_from(["standardize", "minmax"]))
def test_scaling_equals_scikit_learn_on_any_numbers(values, scaling):
    table = RawTable(values, np.zeros(20, np.int64), "classification", ["a", "b"], "", labels=["x"])
    encoding = fit(table, np.arange(12), Source(scaling=scaling, target_scaling="none"), "float64")
    scaler = (StandardScaler() if scaling == "standardize" else MinMaxScaler()).fit(values[:12])
    span = 1 + np.abs(values).max() / np.abs(encoding.scale).min()
    np.testing.assert_allclose(encoding.encode(values, {}), scaler.transform(values), rtol=1e-9, atol=1e-13 * span)


@given(
    arrays(np.float64, 60, elements=st.integers(-9, 9) | st.floats(-1e3, 1e3, width=32)),
    st.sampled_from([40, 7]),
)
def test_quantiles_equal_scikit_learns_with_repeated_values_and_fewer_quantiles(values, most):
    train = values[:40]
    reference = QuantileTransformer(n_quantiles=most, output_distribution="normal", subsample=None)
    reference.fit(train[:, None])
    quantiles = reference.quantiles_[:, 0]
    assume(quantiles[-1] - quantiles[0] > 1e-3)  # scikit-learn takes what is within 1e-7 of an end for the end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("runner.data.quantiles.MOST", most)
        np.testing.assert_allclose(fit_quantiles(train), quantiles, rtol=1e-12, atol=1e-12)
    near = np.minimum(np.abs(values - quantiles[0]), np.abs(values - quantiles[-1]))
    far = values[(near == 0) | (near > 1e-6)]
    np.testing.assert_allclose(to_normal(far, quantiles), reference.transform(far[:, None])[:, 0], rtol=1e-7, atol=1e-7)


def test_quantiles_are_at_most_a_thousand_a_column_and_make_an_exponential_normal():
    values = np.random.default_rng(0).exponential(size=(5000, 1))
    table = RawTable(values, np.zeros(5000, np.int64), "classification", ["a"], "", labels=["x"])
    encoding = fit(table, np.arange(5000), Source(scaling="quantile", target_scaling="none"), "float64")
    x = encoding.encode(values, {})[:, 0]
    assert len(encoding.quantiles[0]) == 1000
    np.testing.assert_allclose([x.mean(), x.std()], [0, 1], atol=0.01)
    assert np.abs(x).max() < 5.2


def test_an_encoding_without_quantiles_is_written_as_before_there_were_any():
    assert "quantiles" not in fitted(make_frame())[0].to_dict()
    assert "quantiles" in fitted(make_frame(), "quantile")[0].to_dict()


BY_HAND = [-1, 0, 0.5, 1, 2, 3, 9], [[0, 0], [0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1], [1, 1]]


def test_a_number_comes_through_its_bins_as_worked_out_by_hand():
    np.testing.assert_array_equal(through_bins(np.array(BY_HAND[0]), np.array([0.0, 1.0, 3.0])), BY_HAND[1])


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        (range(9), [0, 2, 4, 6, 8]),
        ([0, 0, 0, 0, 0, 1, 2, 3, 4], [0, 2, 4]),  # quartiles 0, 0, 0, 2, 4
        ([0, 1] * 5, []),  # one bin would be the number itself
        ([7.0] * 5, []),
    ],
)
def test_bins_hold_equal_shares_of_the_training_values(values, edges):
    np.testing.assert_allclose(fit_edges(np.array(list(values), float), 4), edges)


def test_bins_stand_behind_what_was_there_without_them_and_a_hole_is_the_median_in_them_too():
    frame = make_frame()
    table, plain = make_table(frame), fitted(frame)[1]
    encoding = fit(table, TRAIN, Source(numbers="piecewise", bins=4), "float64")
    x, width = encoding.encode(table.numeric_ND, table.categorical), plain.shape[1]
    np.testing.assert_array_equal(x[:, :width], plain)
    filled = np.where(np.isnan(table.numeric_ND), np.nanmedian(table.numeric_ND[TRAIN], axis=0), table.numeric_ND)
    edges = [np.sort(values)[[0, 9, 19, 29, 39]] for values in filled[TRAIN].T]
    expected = [np.interp(filled[:, f], e[t : t + 2], [0, 1]) for f, e in enumerate(edges) for t in range(4)]
    np.testing.assert_allclose(x[:, width:], np.stack(expected, 1), atol=1e-12)
    assert encoding.feature_names[width] == f"a {edges[0][0]:g}..{edges[0][1]:g}"
    assert encoding.columns_of_features[width:] == ["a"] * 4 + ["b"] * 4 + ["c"] * 4
    assert Encoding.from_dict(json.loads(json.dumps(encoding.to_dict()))) == encoding


def test_none_leaves_numbers_alone_but_for_the_divisor():
    table = make_table(make_frame(holes=0))
    table.divisor = 255.0
    encoding = fit(table, TRAIN, Source(scaling="none", target_scaling="none"), "float64")
    np.testing.assert_array_equal(encoding.encode(table.numeric_ND, table.categorical)[:, :3], table.numeric_ND / 255)


@pytest.mark.parametrize("scaling", ["standardize", "minmax", "minmax_symmetric", "quantile"])
@pytest.mark.parametrize("constant", [0.0, 0.1, -3e9])
def test_a_constant_column_does_not_divide_by_zero(scaling, constant):
    encoding, x = fitted(make_frame().assign(b=constant), scaling)
    assert encoding.scale[1] == 1.0
    np.testing.assert_allclose(x[:, 1], 0, atol=1e-5)


@pytest.mark.parametrize("scaling", ["standardize", "minmax", "minmax_symmetric", "quantile", "none"])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_only_training_rows_are_seen(scaling, task):
    frame = make_frame()
    changed = frame.copy()
    changed.loc[len(TRAIN) :, ["a", "b", "c"]] = 1e6
    changed.loc[len(TRAIN) :, "city"] = "Atlantis"
    assert fitted(frame, scaling, task=task)[0] == fitted(changed, scaling, task=task)[0]


@pytest.mark.parametrize("scaling", ["standardize", "quantile"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_predicting_encodes_rows_as_training_did(dtype, scaling):
    frame = make_frame()
    encoding, x = fitted(frame, scaling, dtype=dtype)
    again = Encoding.from_dict(json.loads(json.dumps(encoding.to_dict())))
    shuffled = frame.iloc[::-1][frame.columns[::-1]]
    np.testing.assert_array_equal(again.transform(shuffled), x[::-1])
    assert again.transform(frame).dtype == dtype


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), st.text(min_size=1))
def test_json_is_exact(floats, word):
    encoding = Encoding(
        "regression",
        "y",
        ["a", "b", "c", "d"],
        ["a", "b", "c"],
        floats,
        floats,
        [1.0] * 3,
        {"d": [word]},
        None,
        *floats[:2],
    )
    assert Encoding.from_dict(json.loads(json.dumps(encoding.to_dict(), allow_nan=False))) == encoding


def test_json_of_a_real_encoding_keeps_every_field():
    encoding = fitted(make_frame())[0]
    encoding.image_shape = (1, 2, 3)
    assert Encoding.from_dict(json.loads(json.dumps(encoding.to_dict()))) == encoding


def test_a_dictionary_that_is_no_encoding_is_refused():
    with pytest.raises(DataError, match=r"no feature encoding.*task"):
        Encoding.from_dict({"columns": []})


def test_feature_names_and_width():
    encoding, x = fitted(make_frame())
    assert encoding.feature_names[3:] == [
        "city=Bonn",
        "city=Köln",
        "city=Ulm",
        "city=missing",
        "size=L",
        "size=M",
        "size=S",
    ]
    assert encoding.width == x.shape[1] == 10


def test_encoding_in_blocks_changes_nothing(monkeypatch):
    encoding, x = fitted(make_frame())
    monkeypatch.setattr("runner.data.encoding.CHUNK", 7)
    monkeypatch.setattr("runner.data.fitting.CHUNK", 7)
    np.testing.assert_array_equal(encoding.transform(make_frame()), x)
    in_blocks = fitted(make_frame())[0]
    np.testing.assert_allclose([in_blocks.offset, in_blocks.scale], [encoding.offset, encoding.scale], rtol=1e-12)


def test_missing_columns_are_named_with_the_likely_fix():
    encoding = fitted(make_frame())[0]
    with pytest.raises(DataError, match=r"lacks the columns 'a', 'city' that .* trained on\.$"):
        encoding.transform(make_frame().drop(columns=["a", "city"]))
    with pytest.raises(DataError, match=r"lacks the column 'city'.*Did you mean 'City'\?"):
        encoding.transform(make_frame().rename(columns={"city": "City"}))


def test_extra_columns_holes_and_new_categories_are_reported():
    encoding, x = fitted(make_frame(holes=0))
    frame = make_frame(holes=0).assign(extra=1, y="yes", size=["XL", "XXL"] + ["M"] * (N - 2))
    frame.loc[3, "a"] = np.nan
    found, notes = encoding.transform_with_notes(encoding.cells(frame))
    assert found.shape == x.shape
    assert found[:2, 7:].tolist() == [[0, 0, 0], [0, 0, 0]]
    assert notes == [
        "ignored columns the network does not know: extra",
        "missing numbers filled with the median of the training data: a 1",
        "column 'size': 2 rows with categories not seen in training (XL, XXL), encoded as zeros",
    ]


def test_nothing_to_report_on_the_training_data_itself():
    encoding = fitted(make_frame(holes=0))[0]
    assert encoding.transform_with_notes(encoding.cells(make_frame(holes=0).iloc[TRAIN]))[1] == []


def test_a_hole_where_training_had_none_is_a_new_category():
    encoding = fitted(make_frame())[0]
    frame = make_frame().assign(size=None)
    found, notes = encoding.transform_with_notes(encoding.cells(frame))
    assert not found[:, 7:].any()
    assert "60 rows with categories not seen in training (missing)" in notes[-1]


def test_text_in_a_numeric_column_is_named():
    frame = make_frame(holes=0)
    frame["b"] = frame["b"].astype(object)
    frame.loc[4, "b"] = "n/k"
    with pytest.raises(DataError, match=r"column 'b' holds numbers, but 'n/k' in data row 5\. Correct it, or leave"):
        fitted(make_frame())[0].transform(frame)


def test_infinity_is_named():
    frame = make_frame(holes=0)
    frame.loc[7, "c"] = -np.inf
    with pytest.raises(DataError, match=r"column 'c' holds an infinite value \(-inf\) in data row 8"):
        fitted(make_frame())[0].transform(frame)


def test_a_column_without_a_value_in_the_training_rows_is_refused():
    frame = make_frame()
    frame.loc[: len(TRAIN), "b"] = np.nan
    with pytest.raises(DataError, match=r"column 'b' has no value in any of the 40 training rows.*dataset\.drop=\[b\]"):
        fitted(frame)


def test_regression_targets_come_back_in_their_units():
    table = make_table(make_frame(), task="regression")
    encoding = fit(table, TRAIN, Source(scaling="standardize", target_scaling="standardize"), "float64")
    scaled = (table.target - encoding.target_offset) / encoding.target_scale
    reference = StandardScaler().fit(table.target[TRAIN, None]).transform(table.target[:, None])[:, 0]
    np.testing.assert_allclose(scaled, reference, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(encoding.decode(scaled[:, None]), table.target, rtol=1e-12)


def test_class_outputs_become_labels():
    encoding = fitted(make_frame())[0]
    assert encoding.decode(np.array([[0.1, 0.9], [3.0, -1.0]])).tolist() == ["yes", "no"]


def test_targets_of_a_table_to_be_scored():
    encoding = fitted(make_frame())[0]
    codes, known = encoding.answers(Column("y", pd.Series(["yes", "no", "maybe", None])))
    assert codes[:2].tolist() == [1, 0]
    assert known.tolist() == [True, True, False, False]


def test_regression_targets_are_scored_in_original_units():
    encoding = fitted(make_frame(), task="regression")[0]
    assert encoding.answers(Column("y", pd.Series([48.5, 51])))[0].tolist() == [48.5, 51.0]
