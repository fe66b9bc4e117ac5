"""OpenML through scikit-learn's own reader, from a copy in its folder that the test writes; no network is asked."""

import gzip
import hashlib
import json
import time
from urllib.error import URLError

import numpy as np
import pytest

from runner.data.sources.openml import OpenML
from runner.errors import ConfigError, DataError

ARFF = """@relation credit
@attribute age numeric
@attribute job {'skilled','not skilled'}
@attribute branch {1,2,3}
@attribute amount numeric
@attribute class {good,bad}
@data
"""
ROWS = [
    (
        None if i == 3 else 20 + i,
        ["'skilled'", "'not skilled'", "?"][i % 3],
        1 + i % 3,
        100.5 * (i % 7),
        ["good", "bad"][i % 2],
    )
    for i in range(30)
]
NOMINAL = ("job", "branch", "class")


@pytest.fixture
def openml(tmp_path, monkeypatch):
    """openml(target=["class"], **description) writes the data set credit (77, version 2) where a copy would be."""
    api = tmp_path / "openml" / "openml.org" / "api" / "v1" / "json" / "data"

    def no_network(*args, **kwargs):
        raise URLError("no route to host")

    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path))
    monkeypatch.setattr("sklearn.datasets._openml.urlopen", no_network)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    def write(target=("class",), rows=ROWS, **description):
        arff = (ARFF + "\n".join(",".join("?" if v is None else str(v) for v in row) for row in rows)).encode()
        names = [line.split()[1] for line in ARFF.splitlines() if line.startswith("@attribute")]
        found = {"did": 77, "name": "credit", "version": 2, "status": "active"}
        about = {
            "id": "77",
            "name": "credit",
            "version": "2",
            "description": "",
            "format": "ARFF",
            "status": "active",
            "url": "https://www.openml.org/data/v1/download/1/credit.arff",
            "md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest(),
        } | description
        columns = [
            {
                "index": str(i),
                "name": name,
                "data_type": "nominal" if name in NOMINAL else "numeric",
                "is_target": str(name in target).lower(),
                "is_ignore": "false",
                "is_row_identifier": "false",
                "number_of_missing_values": str(sum(row[i] in (None, "?") for row in rows)),
            }
            for i, name in enumerate(names)
        ]
        for place, tree in {
            "list/data_name/credit/limit/2/data_version/2": {"data": {"dataset": [found]}},
            "list/data_name/credit/limit/2/status/active/": {"data": {"dataset": [found]}},
            "77": {"data_set_description": about},
            "features/77": {"data_features": {"feature": columns}},
            "qualities/77": {"data_qualities": {"quality": [{"name": "NumberOfInstances", "value": len(rows)}]}},
        }.items():
            _write(api / f"{place}.gz", json.dumps(tree).encode())
        _write(tmp_path / "openml" / "openml.org" / "data" / "v1" / "download" / "1" / "credit.arff.gz", arff)

    return write


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content))


def test_mixed_columns_with_holes(openml, run_data):
    openml()
    table = OpenML(id=77).read()
    assert (table.task, table.labels, table.target_name) == ("classification", ["bad", "good"], "class")
    np.testing.assert_array_equal(np.array(table.labels)[table.target], [row[4] for row in ROWS])
    assert (table.numeric_names, list(table.categorical)) == (["age", "amount"], ["job", "branch"])
    np.testing.assert_array_equal(table.numeric_ND[:, 0], [np.nan if row[0] is None else row[0] for row in ROWS])
    assert list(table.categorical["branch"]) == [str(row[2]) for row in ROWS]
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
    openml(rows=[(99, *ROWS[0][1:]), *ROWS[1:]])
    assert OpenML(id=77).read().sha256 != first


def test_a_target_of_ones_own(openml):
    openml()
    table = OpenML(id=77, target="amount", drop=["branch"]).read()
    assert (table.task, table.numeric_names, list(table.categorical)) == ("regression", ["age"], ["job", "class"])
    np.testing.assert_array_equal(table.target, [row[3] for row in ROWS])
    assert table.notes[1].endswith("regression (OpenML calls it numeric; else set dataset.task=classification)")
    numbers = OpenML(id=77, target="branch").read()
    assert (numbers.task, numbers.labels) == ("classification", ["1", "2", "3"])
    assert OpenML(id=77, target="branch", task="regression").read().target.tolist() == [row[2] for row in ROWS]


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
    openml(target=targets)
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
    with pytest.raises(DataError, match=r"the target 'job' is missing in 10 of 30 rows \(first: data row 3"):
        OpenML(id=77, target="job").read()


def test_a_sparse_table_is_refused(openml, monkeypatch):
    import sklearn.datasets

    details = {"name": "words", "version": "1", "id": "5"}
    bunch = sklearn.utils.Bunch(frame=None, details=details, target_names=["class"])
    monkeypatch.setattr(sklearn.datasets, "fetch_openml", lambda **how: bunch)
    with pytest.raises(DataError, match=r"words \(version 1, id 5\) is stored as a sparse table"):
        OpenML(id=5).read()


def test_keys_of_files_are_not_keys_of_openml():
    from runner.config.registry import entries

    options = entries("dataset")["openml"].options
    assert {"id", "openml_name", "version", "target", "task", "drop", "categorical"} <= set(options)
    assert not {"path", "test_path"} & set(options)
