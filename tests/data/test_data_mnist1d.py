"""MNIST-1D is what its package makes, and leaves no trace in the generators."""

import random
import re
import sys

import numpy as np
import pytest
from mnist1d.data import get_dataset_args, make_dataset

from runner.data.sources.mnist1d import MNIST1D
from runner.errors import DataError


def test_defaults_are_those_of_the_package():
    args = get_dataset_args()
    assert (MNIST1D().n, MNIST1D().data_seed, args.train_split) == (args.num_samples, args.seed, 0.8)


def test_the_signals_are_those_of_the_package(run_data):
    args = get_dataset_args()
    args.num_samples, args.seed = 200, 7
    made, source = make_dataset(args), MNIST1D(n=200, data_seed=7, val_fraction=0.25)
    table, data = source.read(), run_data(source)
    np.testing.assert_array_equal(table.numeric_ND, np.concatenate([made["x"], made["x_test"]]))
    np.testing.assert_array_equal(table.target, np.concatenate([made["y"], made["y_test"]]))
    np.testing.assert_array_equal(data.test, np.arange(160, 200))
    assert (len(data.train), len(data.val), data.outputs, data.x.shape[1]) == (120, 40, 10, 40)


def test_reading_twice_gives_the_same_and_disturbs_no_generator():
    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.random()
    random.seed(1)
    np.random.seed(1)
    hashes = [MNIST1D(n=50, data_seed=seed).read().sha256 for seed in (0, 0, 1)]
    assert hashes[0] == hashes[1] != hashes[2]
    assert (random.random(), np.random.random()) == expected


@pytest.mark.parametrize("missing", ["mnist1d", "requests"])
def test_without_the_package_or_what_it_needs_the_message_names_the_extra(monkeypatch, missing):
    for name in [n for n in sys.modules if n.split(".")[0] == "mnist1d"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(DataError, match=rf"package mnist1d \(.*{missing}.*\)\. It is the extra mnist1d: .*\[mnist1d\]"):
        MNIST1D(n=50).read()


def test_signals_that_cannot_be_shared_out_are_refused():
    ((keys, text),) = MNIST1D(n=55).contradictions()
    assert keys == ("dataset.n",)
    assert re.match(r"dataset\.n = 55: .* multiple of 10; for example dataset\.n=50", text)
    assert list(MNIST1D(n=50).contradictions()) == []
