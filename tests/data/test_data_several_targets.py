"""Several targets and none: what is read as an answer, how it is scaled, and what is refused with a way out."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from runner.data.encoding import Encoding
from runner.data.prepare import prepare
from runner.data.sources.csv import CSV
from runner.data.sources.npz import NPZ
from runner.errors import ConfigError, DataError
from runner.execution.configurations import read

RANDOM = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "u": RANDOM.normal(size=60).round(3),
        "kind": RANDOM.choice(["p", "q"], 60),
        "a": RANDOM.normal(size=60).round(3),
        "b": (100 + 10 * RANDOM.normal(size=60)).round(3),
        "few": RANDOM.integers(0, 3, 60),
    }
)


@pytest.fixture
def path(tmp_path):
    """Of the table, without two of its answers."""
    table = TABLE.copy()
    table.loc[3, "a"] = table.loc[5, "b"] = np.nan
    table.to_csv(tmp_path / "t.csv", index=False)
    return str(tmp_path / "t.csv")


def prepared(path, **keys):
    return prepare(read({"dataset": "csv", "dataset.path": path} | {f"dataset.{key}": v for key, v in keys.items()}))


def test_the_rows_that_have_all_answers_are_read_in_the_order_of_the_key(path):
    table = CSV(path=path, target=["b", "a"]).read()
    rows = [i for i in range(60) if i not in (3, 5)]
    np.testing.assert_array_equal(table.target, TABLE[["b", "a"]].to_numpy()[rows])
    assert (table.targets, table.task, table.column_order) == (["b", "a"], "regression", ["u", "kind", "few"])
    assert table.file_rows.tolist() == rows


def test_each_target_is_scaled_by_its_own_training_rows_and_comes_back(path):
    data = prepared(path, target=["a", "b"])
    np.testing.assert_allclose(data.y[data.train].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(data.y[data.train].std(0), 1)
    kept = TABLE.drop([3, 5])[["a", "b"]].to_numpy()
    np.testing.assert_allclose(data.targets(data.test), kept[data.test])
    again = Encoding.from_dict(json.loads(json.dumps(data.encoding.to_dict())))
    assert again == data.encoding
    np.testing.assert_allclose(again.decode(data.y), kept)


def test_a_list_of_one_target_is_the_target(path):
    one, listed = prepared(path, target="a"), prepared(path, target=["a"])
    assert one.encoding == listed.encoding and one.y.tobytes() == listed.y.tobytes() and one.y.ndim == 1


def test_a_second_file_has_all_targets_too(path, tmp_path):
    TABLE.iloc[:20].to_csv(tmp_path / "more.csv", index=False)
    data = prepared(path, target=["a", "b"], test_path=str(tmp_path / "more.csv"))
    np.testing.assert_allclose(data.targets(data.test), TABLE[["a", "b"]].to_numpy()[:20])


def test_columns_of_y_are_targets(tmp_path):
    x, y = RANDOM.normal(size=(30, 2)), RANDOM.normal(size=(30, 3))
    np.savez(tmp_path / "t.npz", x=x, y=y)
    table = NPZ(path=str(tmp_path / "t.npz")).read()
    assert table.targets == ["y1", "y2", "y3"] and table.target.tobytes() == y.tobytes()


@pytest.mark.parametrize("scaling", ["standardize", "minmax", "quantile", "none"])
def test_an_autoencoder_answers_with_its_features_in_their_own_units(path, scaling):
    """The file needs no target, and every row counts."""
    data = prepared(path, task="autoencoder", scaling=scaling, drop=["few"])
    assert data.y is data.x and data.outputs == data.x.shape[1] == 5 and len(data.x) == 60
    names = list(data.encoding.targets)
    assert names == ["u", "a", "b", "kind=p", "kind=q"] == data.encoding.feature_names
    back = data.encoding.decode(data.y)
    inside = data.train  # others may lie beyond all quantiles
    np.testing.assert_allclose(back[inside, 0], TABLE["u"].to_numpy()[inside], atol=1e-5)
    np.testing.assert_allclose(back[:, 3], TABLE["kind"] == "p", atol=1e-6)


def test_shuffled_pixels_keep_their_own_scales():
    keys = {"dataset": "digits", "dataset.task": "autoencoder", "dataset.inputs": "shuffled_pixels"}
    data = prepare(read(keys))
    order = data.encoding.order
    plain = prepare(read(keys | {"dataset.inputs": "given"}))
    np.testing.assert_allclose(data.encoding.decode(data.y), plain.encoding.decode(plain.y)[:, order], atol=1e-4)


def test_arrays_of_an_autoencoder_need_no_y(tmp_path):
    np.savez(tmp_path / "t.npz", x_train=RANDOM.normal(size=(30, 2)), x_test=RANDOM.normal(size=(10, 2)))
    data = prepare(read({"dataset": "npz", "dataset.path": str(tmp_path / "t.npz"), "dataset.task": "autoencoder"}))
    assert data.y is data.x and len(data.test) == 10


@pytest.mark.parametrize(
    ("keys", "error", "said"),
    [
        ({"target": ["a", "bb"]}, DataError, r"no column 'bb' \(dataset.target\). Did you mean 'b'\?"),
        ({"target": ["a", "b"], "keep": ["b"]}, ConfigError, "dataset.keep = b: is dataset.target, which is no input"),
        ({"target": ["a", "b"], "sample_weight": "b"}, ConfigError, "dataset.sample_weight = b: is dataset.target"),
        ({"target": ["a", "a"]}, ConfigError, "dataset.target = .*names the same twice"),
        ({"target": []}, ConfigError, "dataset.target = .*names nothing"),
        ({"target": "a", "task": "autoencoder"}, ConfigError, r"set dataset.target=null, and dataset.drop=\[a\]"),
        ({"target": ["a", "b"], "target_weights": {"c": 2}}, ConfigError, "no target 'c'. Targets: a, b"),
        ({"target": ["a", "b"], "target_weights": {"a": -1}}, ConfigError, "weight of 'a' is -1; it must be"),
        ({"target": ["a", "b"], "target_weights": {"a": 0, "b": 0}}, ConfigError, "no target counts"),
        ({"target": "a", "target_weights": {"a": 2}}, ConfigError, "there is one target; set dataset.target_weights"),
        (
            {"task": "autoencoder", "label_noise": 0.1},
            ConfigError,
            "dataset.label_noise = 0.1: .* set dataset.label_no",
        ),
        ({"task": "autoencoder", "class_weights": "balanced"}, ConfigError, "set dataset.class_weights=null"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_way_out(path, keys, error, said):
    with pytest.raises(error, match=said):
        prepared(path, **keys)


def test_a_loss_for_classes_is_refused_for_an_autoencoder():
    with pytest.raises(ConfigError, match=r"loss = cross_entropy: .*dataset.task=autoencoder.*use loss=auto"):
        read({"dataset": "iris", "dataset.task": "autoencoder", "loss": "cross_entropy"})


def test_one_hot_rows_are_no_targets_unless_said(tmp_path):
    np.savez(tmp_path / "t.npz", x=RANDOM.normal(size=(30, 2)), y=np.eye(3, dtype=int)[np.arange(30) % 3])
    with pytest.raises(
        DataError,
        match=r"y has the shape \[30, 3\], with a single 1 in each row.*argmax.*classification.*task=regression",
    ):
        NPZ(path=str(tmp_path / "t.npz")).read()
    assert NPZ(path=str(tmp_path / "t.npz"), task="regression").read().targets == ["y1", "y2", "y3"]


def test_metrics_of_targets_are_called_by_names_without_what_separates_columns(path):
    encoding = prepared(path, target=["a", "b"]).encoding
    scales = dict(zip(["size, in cm", "size in cm", "km/h"], [*encoding.targets.values()] * 2, strict=False))
    renamed = dataclasses.replace(encoding, targets=scales)
    assert renamed.told_apart == ["size in cm 1", "size in cm 2", "km/h"]
