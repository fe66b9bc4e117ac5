"""Jobs of one command line share the parts in which they agree, which changes nothing in what each of them is."""

import itertools

import pytest

from runner.config.conflicts import Known, conflicts
from runner.config.registry import entries
from runner.config.settings import CHOICE_GROUPS, FLAT_GROUPS, SINGLE_GROUPS, Settings, default_tree, distinct
from runner.config.validate import Shared, check, validate
from runner.config.warnings import warnings
from runner.plan.duplicates import canonical

GROUPS = (*CHOICE_GROUPS, *SINGLE_GROUPS, *FLAT_GROUPS)
SEEDS, RATES = range(3), (1e-3, 1e-2)


def tree(group: str = "", key: str = "", value: object = None, **root) -> dict:
    found = default_tree() | root
    return found | ({group: found[group] | {key: value}} if group else {})


def jobs() -> list[dict]:
    return [tree("optimizer", "lr", lr, seed=seed) for lr, seed in itertools.product(RATES, SEEDS)]


def test_jobs_share_what_they_agree_in_and_are_what_each_is_alone():
    shared = Shared()
    found = [check(job, shared)[0] for job in jobs()]
    assert found == [validate(job) for job in jobs()]
    for group in GROUPS:
        assert len({id(getattr(each, group)) for each in found}) == (len(RATES) if group == "optimizer" else 1)
    assert [each.optimizer.lr for each in distinct(found).values()] == list(RATES)


def test_values_that_are_equal_and_not_the_same_are_not_shared():
    one, other = ({"regularizer": {"l2": value}, "name": None, "seed": 0} for value in (0.0, -0.0))
    shared = Shared()
    assert [str(check(each, shared)[0].regularizer["l2"].strength) for each in (one, other)] == ["0.0", "-0.0"]


def test_a_part_that_is_wrong_is_said_of_every_job():
    shared = Shared()
    for _ in range(2):
        settings, problems = check(tree("optimizer", "lr", -1.0), shared)
        assert len(problems) == 1 and "optimizer.lr = -1" in problems[0]
        assert settings.optimizer.lr == entries("optimizer")["adamw"].defaults["lr"]
    assert check(tree(), shared)[1] == []


def test_a_conflict_is_said_of_every_job():
    shared, wrong = Shared(), [tree("trainer", "engine", "native", seed=seed) for seed in SEEDS]
    wrong = [job | {"trainer": job["trainer"] | {"device": "no such"}} for job in wrong]
    assert [check(job, shared)[1] for job in wrong] == [[each.text for each in conflicts(check(wrong[0])[0])]] * 3
    assert check(wrong[0])[1]


class Anonymous(Settings):
    """Settings whose seed and name must not be asked for."""

    seed = property(lambda self: pytest.fail("asked for the seed"))  # type: ignore[assignment]
    name = property(lambda self: pytest.fail("asked for the name"))  # type: ignore[assignment]


@pytest.mark.parametrize("known", [Known(), Known("classification", 100, 20, 0, (), 10)])
def test_checks_ask_for_neither_seed_nor_name(known):
    everything = default_tree()
    for group in FLAT_GROUPS:
        for name, entry in entries(group).items():
            first = next(option for option in entry.options.values() if option.neutral is not None)
            if not isinstance(everything[group][name], dict):
                everything[group][name] = first.preset
    for settings in (validate(default_tree()), check(everything)[0]):
        anonymous = object.__new__(Anonymous)
        vars(anonymous).update(vars(settings))
        assert [each.text for each in conflicts(anonymous, known)] == [each.text for each in conflicts(settings, known)]
        assert warnings(anonymous, known) == warnings(settings, known)
    assert conflicts(check(everything)[0], known)


def test_but_for_the_seed_runs_of_the_same_parts_are_the_same_run():
    shared = Shared()
    found = [canonical(check(tree(seed=seed, name=name), shared)[0]) for seed, name in ((0, "a"), (7, None))]
    assert found[1] == found[0] | {"seed": 7}
