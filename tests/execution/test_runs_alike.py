"""What is worked out once for runs that differ in seed and name alone is what each would work out itself."""

from pathlib import Path

import pytest

from runner.config.settings import default_tree
from runner.config.validate import Shared, check, validate
from runner.execution.stored import config_text
from runner.execution.trials import Said, describe
from runner.execution.work import Run
from runner.plan.checks import cautions
from runner.plan.read_data import data_of
from runner.records.flat import markdown

OWN = ((0, None), (3, "a b"), (2**63, None), (1, "null"))


def alike(chosen: dict[str, str]) -> list[Run]:
    shared, runs = Shared(), []
    for seed, name in OWN:
        tree = default_tree() | {"seed": seed, "name": name}
        tree["early_stopping"] = tree["early_stopping"] | {"patience": None}
        settings = check(tree, shared)[0]
        settings.chosen = dict(chosen)
        runs.append(Run(Path("nowhere"), settings))
    return runs


@pytest.mark.parametrize("chosen", [{}, {"early_stopping": "none"}])
def test_what_is_known_of_one_run_is_known_of_those_like_it(chosen):
    first, *others = alike(chosen)
    for run, alone in zip(others, alike(chosen)[1:], strict=True):
        known = run.known_by(first)
        for name in ("values", "told", "given"):
            assert list(getattr(known, name).items()) == list(getattr(alone, name).items()), name


def test_what_is_known_of_a_run_is_known_of_it_in_its_folder():
    run = alike({})[1]
    placed = run.at(Path("somewhere"))
    assert placed == Run(Path("somewhere"), run.settings) and run.folder == Path("nowhere")
    assert (placed.values, placed.told) == (run.values, run.told)


@pytest.mark.parametrize("chosen", [{}, {"early_stopping": "none"}])
def test_the_configuration_of_each_run_is_its_own(chosen):
    known: dict = {}
    runs = alike(chosen) + alike({"optimizer": "nesterov"})
    texts = [config_text(run.settings, known) for run in runs]
    assert texts == [config_text(run.settings) for run in runs] and len(set(texts)) == len(texts)


def test_the_records_of_each_run_begin_with_its_own_settings():
    said, runs = Said(), alike({})
    runs.append(Run(Path("nowhere"), validate(default_tree() | {"model": {"name": "mlp", "hidden": [7]}})))
    for run, data in zip(runs, data_of([run.settings for run in runs]), strict=True):
        warned = [f"warning: {text}" for text in cautions([run.settings], [data])]
        assert said.of(run.settings, data) == (
            markdown(run.settings.tree()),
            describe(run.settings, data) + warned,
        )
