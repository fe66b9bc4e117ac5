"""The functions of sweeps count up what Python's own range and sorted do, whatever stands inside of what."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.config.overrides import count, parse, parse_word, points
from runner.config.repair import repaired
from runner.errors import ConfigError
from runner.plan.recipes import sweep_words
from runner.plan.sweeper import SweeperOptions

whole = st.integers(-30, 30)
decimals = st.integers(-300, 300).map(lambda n: Decimal(n) / 100)


def values(text: str, key: str = "optimizer.lr") -> list:
    return [each.value() for each in points(parse_word(f"{key}={text}"))]


def decimal_range(start: Decimal, stop: Decimal, step: Decimal) -> list[float]:
    """start, start + step, ... before `stop`, in decimal arithmetic."""
    found, i = [], 0
    while (start + i * step < stop) if step > 0 else (start + i * step > stop):
        found.append(float(start + i * step))
        i += 1
    return found


@given(whole, whole, whole.filter(bool), st.booleans())
def test_whole_ranges_are_pythons(start, stop, step, reverse):
    listed = list(range(start, stop, step))
    text = f"range({start},{stop},{step})"
    assert values(text) == listed
    assert count(parse_word(f"seed={text}")) == len(listed)
    assert values(f"sort({text},reverse={str(reverse).lower()})") == sorted(listed, reverse=reverse)
    assert values(f"sort({text})") == sorted(listed)
    assert sorted(values(f"shuffle(sort({text}))")) == sorted(listed)
    assert values(f"float({text})") == [float(each) for each in listed]
    assert all(type(each) is int for each in values(text))


@given(decimals, decimals, decimals.filter(bool), st.booleans())
def test_ranges_of_decimals_take_them_as_they_are_typed(start, stop, step, reverse):
    listed = decimal_range(start, stop, step)
    text = f"range({start:.2f},{stop:.2f},{step:.2f})"
    assert values(text) == listed
    assert count(parse_word(f"optimizer.lr={text}")) == len(listed)
    assert values(f"sort({text},reverse={reverse})") == sorted(listed, reverse=reverse)
    assert values(f"sort(sort({text},reverse=true))") == sorted(listed)


@given(st.lists(whole, min_size=2, max_size=6), st.booleans())
def test_choices_are_sorted_as_python_sorts_them(listed, reverse):
    text = ",".join(map(str, listed))
    assert values(f"sort({text},reverse={reverse})") == sorted(listed, reverse=reverse)
    assert values(f"sort(choice({text}),reverse={reverse})") == sorted(listed, reverse=reverse)
    assert values(f"sort(shuffle({text}))") == sorted(listed)
    assert sorted(values(f"int(shuffle({text}))")) == sorted(listed)
    assert values(f"choice(sort({text}))") == sorted(listed)
    assert parse_word(f"model.hidden=sort([{text}])").value() == sorted(listed)


def test_ends_that_are_not_hit():
    assert values("sort(range(0.5,0,-0.2))") == [0.1, 0.3, 0.5]
    assert values("sort(range(0,1,0.3),reverse=true)") == [0.9, 0.6, 0.3, 0.0]
    assert values("range(0.1,0.4,0.1)") == [0.1, 0.2, 0.3]
    assert values("range(1,1.3,0.1)") == [1.0, 1.1, 1.2]
    assert values("range(1e-4,3e-4,1e-4)") == [1e-4, 2e-4]
    assert values("int(range(0.5,4.5))") == [0, 1, 2, 3]  # Hydra's rule: the ends are converted
    assert values("range(0,1000,0.1)")[9999] == 999.9


def test_sweeps_among_other_values():
    assert values("range(3),7,choice(9,8)") == [0, 1, 2, 7, 9, 8]
    assert values("choice(range(0,0.3,0.1),1)") == [0.0, 0.1, 0.2, 1]
    assert values("sort(range(3),1.5)") == [0, 1, 1.5, 2]
    assert values("sort(b,a,'c')", "model.norm") == ["a", "b", "c"]
    assert values("tag(x,sort(2,1))") == [1, 2]
    assert values("sort(sweep=choice(2,1),reverse=true)") == [2, 1]
    assert values("sort([2,1],[1,3])", "model.hidden") == [[1, 3], [2, 1]]
    assert values("choice('null',null)", "name") == ["null", None]


def test_what_is_shuffled_is_so_in_the_same_way_at_each_reading():
    first = parse_word("model.hidden=shuffle([1,2,3,4,5,6,7,8])")
    again = parse_word(first.input_line)
    assert first.value() == again.value() != list(range(1, 9))
    assert sorted(first.value()) == list(range(1, 9))
    shuffled = values("tag(x,shuffle(range(9)))")
    assert sorted(shuffled) == list(range(9)) != shuffled


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("seed=shuffle(1,2),3", "must stand alone"),
        ("seed=interval(0,1),3", "must stand alone"),
        ("seed=choice(range(10000000),3)", "10000000 values is too long"),
        ("seed=sort(interval(0,1))", "only a choice, a range or a list can be sorted"),
        ("seed=shuffle(glob(a))", "only a choice, a range or a list can be shuffled"),
        ("seed=sort(1,a)", "not supported between"),
        ("seed=sort()", "a value is missing"),
        ("seed=choice()", "a choice needs a value"),
        ("seed=range(a)", "a range needs numbers"),
        ("seed=tag(1,2)", "a tag is text before"),
        ("seed=str(range(3))", "int or float only"),
        ("model.hidden=[choice(1,2)]", "a sweep cannot stand in a list"),
        ("optimizer={lr:range(3)}", "a sweep cannot stand in a list or in braces"),
    ],
)
def test_what_is_no_sweep_is_refused_with_the_reason(word, says):
    _, (problem,) = parse([word])
    assert problem.startswith(f"{word}: cannot be read (")
    assert says in problem
    assert "quote" not in problem and repaired([word], multirun=True) is None  # text in quotes would be no sweep either


@pytest.mark.parametrize(
    "word", ["seed=range(0,inf)", "seed=range(nan)", "seed=range(1,2,0)", "seed=int(range(0,1,0.1))"]
)
def test_ranges_without_an_end_are_refused(word):
    for use in (points, count):
        with pytest.raises(ConfigError, match=r"a range needs"):
            use(parse_word(word))


def test_sorted_ranges_walk_together():
    sweeper = {"_target_": "hydra_plugins.runner_sweeper.GridSweeper", "zip": [["a.x", "b.x"]]}
    jobs = sweep_words(["a.x=sort(range(0.5,0,-0.2))", "b.x=sort(3,1,2,reverse=true)"], sweeper)
    assert jobs == [["a.x=0.1", "b.x=3"], ["a.x=0.3", "b.x=2"], ["a.x=0.5", "b.x=1"]]


def test_draws_come_from_the_values_of_a_range():
    sweeper = {"_target_": "hydra_plugins.runner_sweeper.RandomSweeper", "n_trials": 60, "seed": 0}
    drawn = {float(word.partition("=")[2]) for (word,) in sweep_words(["a.x=sort(range(0.5,0,-0.2))"], sweeper)}
    assert drawn == {0.1, 0.3, 0.5}
    pairs = sweep_words(["a.x=1,2,3", "a.x={y:1},{y:2},{y:3}"], sweeper)
    assert len(set(map(tuple, pairs))) == 9  # two overrides of one key are drawn apart


def test_sweeps_of_the_configuration_are_in_the_grammar_too():
    rules = SweeperOptions("grid", {"optimizer.lr": "sort(range(0.5,0,-0.2))", "model.hidden": [1, 2], "name": None})
    assert [each.input_line for each in rules.overrides()][1:] == ["model.hidden=[1,2]", "name=null"]
    assert [each.value() for each in points(rules.overrides()[0])] == [0.1, 0.3, 0.5]
