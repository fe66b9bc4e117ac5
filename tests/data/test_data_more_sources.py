"""The bundled tables equal scikit-learn's; generated data are what their formulas say."""

import subprocess
import sys

import numpy as np
import pytest
import sklearn.datasets

from runner.data.bundled import read_bundled
from runner.data.sources.breast_cancer import BreastCancer
from runner.data.sources.diabetes import Diabetes
from runner.data.sources.iris import Iris
from runner.data.sources.wine import Wine
from runner.errors import DataError


@pytest.mark.parametrize(("source", "name"), [(BreastCancer, "breast_cancer"), (Wine, "wine"), (Iris, "iris")])
def test_bundled_classes_are_those_of_scikit_learn(source, name):
    table, reference = source().read(), getattr(sklearn.datasets, f"load_{name}")()
    np.testing.assert_array_equal(table.numeric_ND, reference.data)
    np.testing.assert_array_equal(table.target, reference.target)
    assert table.numeric_names == list(reference.feature_names)
    assert table.labels == [str(label) for label in reference.target_names]
    assert (table.task, len(table.sha256), table.split) == ("classification", 64, None)


def test_diabetes_is_that_of_scikit_learn_in_its_units():
    table, reference = Diabetes().read(), sklearn.datasets.load_diabetes(scaled=False)
    np.testing.assert_array_equal(table.numeric_ND, reference.data)
    np.testing.assert_array_equal(table.target, reference.target)
    assert table.numeric_names == list(reference.feature_names)
    assert (table.task, table.labels) == ("regression", None)


def test_bundled_data_import_nothing_heavy():
    code = (
        "import sys; from runner.data.sources.wine import Wine; from runner.data.sources.diabetes import Diabetes\n"
        "Wine().read(); Diabetes().read()\n"
        "print([m for m in ('torch', 'sklearn', 'pandas', 'pyarrow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_scikit_learn_the_message_names_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"iris\.csv inside scikit-learn, .* Install scikit-learn"):
        Iris().read()
    with pytest.raises(DataError, match=r"digits\.csv\.gz"):
        read_bundled("digits.csv.gz")
