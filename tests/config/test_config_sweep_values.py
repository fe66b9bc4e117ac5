"""A run's settings as dotted keys, for every choice of every group."""

import pytest

from runner.config.compact import _opened, compact, values
from runner.config.registry import entries
from runner.config.settings import CHOICE_GROUPS, default_tree
from runner.config.validate import validate
from runner.execution.configurations import read

ROUNDS = max(len(entries(group)) for group in CHOICE_GROUPS)


@pytest.mark.parametrize("i", range(ROUNDS))
def test_the_keys_are_those_of_the_tree_in_its_order(i):
    choices = {group: list(entries(group))[i % len(entries(group))] for group in CHOICE_GROUPS}
    if entries("optimizer")[choices["optimizer"]].cls.apart:
        choices["averaging"] = "none"  # as it keeps an average of its own
    if choices["ensemble"] == "snapshot":
        choices["ensemble"] = "deep"  # as it needs cycles, and no early stopping
    tree = default_tree(choices) | {"seed": i, "name": "x"}
    settings = validate(default_tree(choices))
    settings.seed, settings.name = i, "x"
    assert list(values(settings).items()) == list(_opened(tree).items())


def test_what_is_given_out_is_a_copy():
    settings = read({"model.hidden": [8, 8], "trainer.metrics": ["f1"]})
    values(settings)["model.hidden"].append(3)
    compact(settings)["trainer.metrics"].clear()
    assert (settings.model.hidden, settings.trainer.metrics) == ([8, 8], ["f1"])


def test_what_is_not_at_its_default_makes_the_run_again():
    given = {"optimizer": "sgd", "optimizer.lr": 0.1, "regularizer.elastic_net.alpha": 0.1, "model.hidden": [3],
             "regularizer.dropout": 0.1, "seed": 5, "scheduler": "cosine"}  # fmt: skip
    assert compact(read(given)) == given
    assert read(compact(read(given))) == read(given)
    assert compact(read({})) == {}
