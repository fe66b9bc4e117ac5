"""One list of what chance decides, from the registry: what a random search and a report both go by."""

from runner.config.registry import entries
from runner.config.settings import luck
from runner.reports.settings_table import ignored


def test_seed_fold_split_and_draw_of_the_data_are_luck():
    assert luck() == {
        "seed": "seed",
        "dataset.split_seed": "split",
        "dataset.fold": "fold",
        "dataset.test_fold": "fold of the test",
        "dataset.data_seed": "draw of the data",
    }


def test_every_key_that_seeds_something_is_luck():
    keys = {f"{group}.{key}" for group in ("dataset", "trainer") for e in entries(group).values() for key in e.options}
    assert {key for key in keys if key.endswith("seed")} == {"dataset.split_seed", "dataset.data_seed"}
    assert set(luck()) <= {*keys, "seed"}


def test_runs_that_differ_in_luck_alone_are_one_setting():
    assert set(luck()) <= ignored()
