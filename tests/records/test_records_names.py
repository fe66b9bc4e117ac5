"""One spelling of a value, a key and a setting, in the order typed."""

import math

import pytest

from runner.config.compact import text
from runner.records.names import folder_name, in_order, labels, plain, short_keys, spelled, spelled_value, typed_keys


@pytest.mark.parametrize(
    ("value", "exact", "name"),
    [
        ([64], "[64]", "64"),
        ([64, 64], "[64,64]", "64-64"),
        ([64] * 30, f"[{','.join(['64'] * 30)}]", "30x64"),
        ([128, 64, 64, 64, 10, 10], "[128,64,64,64,10,10]", "128-3x64-10-10"),
        ([], "[]", "none"),
        ([0.2, 0.5], "[0.2,0.5]", "0.2-0.5"),
        ([0, None], "[0,null]", "0-null"),
        ([1e-5, 0.5], "[1e-05,0.5]", "1e-05,0.5"),  # "1e-05-0.5" would read as three numbers
        ([-1, 1], "[-1,1]", "-1,1"),
        (["f1", "roc_auc"], "[f1,roc_auc]", "f1,roc_auc"),
        (["a b"], "[a b]", "a b"),
        (1e-3, "0.001", "0.001"),
        (0.30000000000000004, "0.30000000000000004", "0.30000000000000004"),
        (None, "null", "null"),
        (True, "true", "true"),
        ("relu", "relu", "relu"),
        ({"a": 2, "b": 0.5}, "{a:2,b:0.5}", "{a:2,b:0.5}"),
    ],
)
def test_a_value_is_exact_in_tables_and_short_in_names(value, exact, name):
    assert text(value) == exact
    assert spelled(exact) == spelled_value(value) == name


def test_tensorboards_hparams_have_numbers_as_numbers_and_the_spelling_of_the_rest():
    values = (0.5, 3, True, "x", [64, 64], [], None, math.nan)
    assert [plain(value) for value in values] == [0.5, 3, True, "x", "64-64", "none", "null", "nan"]


def test_keys_are_as_short_as_tells_them_apart():
    keys = ["optimizer", "optimizer.lr", "model.norm", "a.b.norm"]
    assert list(short_keys(keys).values()) == ["optimizer", "lr", "model.norm", "b.norm"]


def test_keys_stand_in_the_order_typed_those_that_a_word_sets_at_its_place():
    typed = typed_keys(["+seed=1", "regularizer=[l2]", "model.init=he", "hydra.sweeper.n_trials=3", "~loss", "seed=2"])
    assert typed == ["seed", "regularizer", "model.init", "loss"]
    keys = ["dataset.n", "loss", "model.hidden", "model.init", "regularizer.l1", "regularizer.l2", "seed"]
    assert in_order(keys, typed) == [
        "seed", "regularizer.l1", "regularizer.l2", "model.init", "loss", "dataset.n", "model.hidden",
    ]  # fmt: skip
    assert in_order(["optimizer", "optimizer.lr"], ["optimizer.lr", "optimizer"]) == ["optimizer.lr", "optimizer"]


def test_a_label_is_what_differs_and_leaves_out_keys_that_a_run_has_not():
    runs = [{"optimizer": "sgd", "m": 0.9, "h": [8, 8], "e": 3}, {"optimizer": "adam", "h": [8], "e": 3}]
    assert labels(runs, ["h", "optimizer", "m", "e"]) == ["h=8-8_optimizer=sgd_m=0.9", "h=8_optimizer=adam"]
    assert labels(runs[:1], ["h", "optimizer"]) == [""]


def test_a_folder_is_named_without_what_a_shell_minds_and_not_too_long():
    assert folder_name("000_path=/a b/ü.csv") == "000_path=_a_b_.csv"
    assert len(folder_name("x=1_" * 100)) <= 80
