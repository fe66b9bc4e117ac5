"""OpenML through scikit-learn's own reader, from a copy in its folder that the test writes; no network is asked."""

import time
from urllib.error import URLError

import numpy as np
import pytest
from openml_copies import write_copy

from runner.data.sources.fashion_mnist import FashionMNIST
from runner.data.sources.mnist import MNIST
from runner.data.sources.openml import OpenML
from runner.errors import ConfigError, DataError

COLUMNS = {
    "age": "numeric",
    "job": "{'skilled','not skilled'}",
    "branch": "{1,2,3}",
    "amount": "numeric",
    "class": "{good,bad}",
}
ROWS = [
    (
        "?" if i == 3 else str(20 + i),
        ["'skilled'", "'not skilled'", "?"][i % 3],
        str(1 + i % 3),
        str(100.5 * (i % 7)),
        ["good", "bad"][i % 2],
    )
    for i in range(30)
]


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """The folder in which scikit-learn looks for copies; every request fails."""

    def no_network(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", no_network)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    return tmp_path


@pytest.fixture
def openml(offline):
    """openml(targets=["class"], rows=..., **description) writes the copy of the data set credit (77, version 2)."""

    def write(targets=("class",), rows=ROWS, **description):
        write_copy(offline, "credit", 77, 2, COLUMNS, rows, targets, **description)

    return write


def test_mixed_columns_with_holes(openml, run_data):
    openml()
    table = OpenML(id=77).read()
    assert (table.task, table.labels, table.target_name) == ("classification", ["bad", "good"], "class")
    np.testing.assert_array_equal(np.array(table.labels)[table.target], [row[4] for row in ROWS])
    assert (table.numeric_names, list(table.categorical)) == (["age", "amount"], ["job", "branch"])
    np.testing.assert_array_equal(table.numeric_ND[:, 0], [np.nan if row[0] == "?" else float(row[0]) for row in ROWS])
    assert list(table.categorical["branch"]) == [row[2] for row in ROWS]
    assert list(table.categorical["job"]) == [None if row[1] == "?" else row[1].strip("'") for row in ROWS]
    assert table.notes[:2] == [
        "OpenML's credit (version 2, id 77)",
        "target 'class': classification (OpenML calls it nominal; else set dataset.task=regression)",
    ]
    data = run_data(OpenML(id=77))
    assert data.x.shape == (30, 2 + 3 + 3)
    assert np.isfinite(data.x).all()


def test_a_name_finds_the_same_table_as_the_number(openml):
    openml()
    tables = [OpenML(id=77), OpenML(openml_name="credit", version=2), OpenML(openml_name="Credit")]
    assert len({source.read().sha256 for source in tables}) == 1


def test_the_hash_follows_the_cells(openml):
    openml()
    first = OpenML(id=77).read().sha256
    openml(rows=[("99", *ROWS[0][1:]), *ROWS[1:]])
    assert OpenML(id=77).read().sha256 != first


def test_a_target_of_ones_own(openml):
    openml()
    table = OpenML(id=77, target="amount", drop=["branch"]).read()
    assert (table.task, table.numeric_names, list(table.categorical)) == ("regression", ["age"], ["job", "class"])
    np.testing.assert_array_equal(table.target, [float(row[3]) for row in ROWS])
    assert table.notes[1].endswith("regression (OpenML calls it numeric; else set dataset.task=classification)")
    numbers = OpenML(id=77, target="branch").read()
    assert (numbers.task, numbers.labels) == ("classification", ["1", "2", "3"])
    assert OpenML(id=77, target="branch", task="regression").read().target.tolist() == [int(row[2]) for row in ROWS]


def test_remarks_of_openml_are_shown(openml):
    openml(status="deactivated", warning="unreliable labels")
    notes = OpenML(id=77).read().notes
    assert any("Version 2 of dataset credit is inactive" in note for note in notes)
    assert any("unreliable labels" in note for note in notes)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({}, r"dataset\.id or dataset\.openml_name is not set\. Name .*: dataset\.id=31"),
        (
            {"id": 77, "openml_name": "credit"},
            r"dataset\.id = 77: dataset\.openml_name = credit names a data set too; set one",
        ),
        ({"id": 77, "version": 2}, r"dataset\.version = 2: .* set dataset\.version=null"),
    ],
)
def test_which_data_set_must_be_said_once(keys, message):
    with pytest.raises(ConfigError, match=message):
        OpenML(**keys).read()


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (
            (),
            r"OpenML's credit \(version 2, id 77\) names no target\. Set it to one of: age, job, branch, amount, class",
        ),
        (("branch", "class"), r"names 2 targets \(branch, class\)"),
    ],
)
def test_without_one_target_it_must_be_chosen(openml, targets, message):
    openml(targets=targets)
    with pytest.raises(ConfigError, match=message):
        OpenML(id=77).read()
    assert OpenML(id=77, target="class").read().target_name == "class"


@pytest.mark.parametrize("key", ["target", "drop", "categorical", "group", "sample_weight", "split_column"])
def test_a_column_that_is_not_there_is_named_with_the_nearest(openml, key):
    openml()
    with pytest.raises(DataError, match=rf"credit .* no column 'branche' \(dataset\.{key}\)\. Did you mean 'branch'\?"):
        OpenML(id=77, **{key: "branche"}).read()


def test_dropping_all_inputs_is_refused(openml):
    openml()
    with pytest.raises(DataError, match=r"has no input column besides the target 'class'"):
        OpenML(id=77, drop=["age", "job", "branch", "amount"]).read()


@pytest.mark.parametrize(("keys", "named"), [({"id": 78}, "data set 78"), ({"openml_name": "debit"}, "debit")])
def test_without_network_and_copy_the_message_says_what_to_do(openml, keys, named):
    openml()
    with pytest.raises(DataError, match=rf"{named}.* no copy of it .*no route to host.*SCIKIT_LEARN_DATA.*dataset=csv"):
        OpenML(**keys).read()


def test_what_scikit_learn_refuses_is_passed_on(openml, monkeypatch):
    openml(rows=[(*ROWS[0][:4], "?"), *ROWS[1:]])
    with pytest.raises(DataError, match=r"OpenML, data set 77: Target column 'class' has 1 missing"):
        OpenML(id=77).read()


def test_a_damaged_copy_is_named(openml):
    openml(rows=[(*ROWS[0][:4], "neither"), *ROWS[1:]])
    with pytest.raises(DataError, match="data set 77"):
        OpenML(id=77).read()


def test_holes_in_a_target_of_ones_own_are_counted(openml):
    openml()
    table = OpenML(id=77, target="job").read()
    assert len(table.target) == len(table.numeric_ND) == 20
    assert "left out: 10 of 30 rows, which have no 'job'" in table.notes


def test_a_sparse_table_is_refused(openml, monkeypatch):
    import sklearn.datasets

    details = {"name": "words", "version": "1", "id": "5"}
    bunch = sklearn.utils.Bunch(frame=None, details=details, target_names=["class"])
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda **how: bunch)
    with pytest.raises(DataError, match=r"words \(version 1, id 5\) is stored as a sparse table"):
        OpenML(id=5).read()


@pytest.mark.parametrize(("source", "name"), [(MNIST, "mnist_784"), (FashionMNIST, "fashion-mnist")])
def test_images_come_through_scikit_learn_too(offline, monkeypatch, source, name):
    images = np.random.default_rng(0).integers(0, 256, (30, 784), dtype=np.uint8)
    columns = {f"pixel{i + 1}": "numeric" for i in range(784)} | {"class": "{0,1,2,3,4,5,6,7,8,9}"}
    rows = [(*map(str, image), str(i % 10)) for i, image in enumerate(images)]
    write_copy(offline, name, 554, 1, columns, rows, ["class"])
    monkeypatch.setattr("runner.data.sources.idx_images.TEST_IMAGES", 10)
    table = source(dir=None).read()
    np.testing.assert_array_equal(table.numeric_ND, images)
    np.testing.assert_array_equal(table.target, np.arange(30) % 10)
    assert (table.numeric_ND.dtype, list(table.split)) == (np.uint8, ["train"] * 20 + ["test"] * 10)


def test_keys_of_files_are_not_keys_of_openml():
    from runner.config.registry import entries

    options = entries("dataset")["openml"].options
    assert {"id", "openml_name", "version", "target", "task", "drop", "categorical"} <= set(options)
    assert not {"path", "test_path"} & set(options)
