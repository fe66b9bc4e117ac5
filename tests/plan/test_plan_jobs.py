"""From words to jobs: every combination, keys walked through together, draws; and how many there may be."""

import math
from itertools import pairwise

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper

from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.errors import ConfigError
from runner.plan.jobs import one_at_a_time
from runner.plan.recipes import sweep_words

GRID = {"_target_": "hydra_plugins.runner_sweeper.GridSweeper", "max_jobs": 10_000}
RANDOM = {"_target_": "hydra_plugins.runner_sweeper.RandomSweeper", "max_jobs": 10_000, "n_trials": 20, "seed": 0}


@pytest.fixture(scope="module", autouse=True)
def ready():
    with hydra_ready(config_dir()):
        yield


def grid(*words, **options):
    return sweep_words(list(words), GRID | options)


def draw(*words, **options):
    return sweep_words(list(words), RANDOM | options)


def numbers(jobs, position=0):
    return [float(job[position].partition("=")[2]) for job in jobs]


def problem(make, *words, **options):
    with pytest.raises(ConfigError) as error:
        make(*words, **options)
    (only,) = error.value.problems
    return only


@pytest.mark.parametrize(
    "words",
    [
        ["seed=1,2", "optimizer.lr=0.1,0.2,0.3", "name=x"],
        ["optimizer=glob(s*)", "++seed=range(3)"],
        ["seed=1,2", "optimizer.lr=0.1,0.2", "seed=5,6,7"],
        ["model.hidden=[1],[2,3]", "optimizer.lr=0.1"],
        ["name='a,b',c", "seed=sort(3,1,2)"],
    ],
)
def test_a_grid_is_what_hydras_own_sweeper_makes(words):
    (theirs,) = BasicSweeper.split_arguments([parse_word(word) for word in words], None)
    assert grid(*words) == theirs


def test_no_word_is_one_job_and_a_deletion_stays_one():
    assert grid() == [[]]
    assert grid("~name", "a=1,2") == [["~name", "a=1"], ["~name", "a=2"]]


def test_zipped_keys_walk_together_and_the_others_multiply():
    words = ["optimizer=sgd,adam,adamw", "seed=0,1", "optimizer.lr=0.1,0.2,0.3"]
    jobs = grid(*words, zip=[["optimizer", "optimizer.lr"]])
    assert jobs == [
        [f"optimizer={o}", f"seed={s}", f"optimizer.lr={lr}"]
        for o, lr in [("sgd", 0.1), ("adam", 0.2), ("adamw", 0.3)]
        for s in (0, 1)
    ]
    two = grid("a=1,2", "b=3,4", "c=5,6", "d=7,8", zip=[["a", "c"], ["b", "d"]])
    assert [tuple(numbers([job], i)[0] for i in range(4)) for job in two] == [
        (1, 3, 5, 7), (1, 4, 5, 8), (2, 3, 6, 7), (2, 4, 6, 8),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("zipped", "says"),
    [
        ([["a", "b"]], "a has 3 values, b has 2 values"),
        ([["a", "x"]], "x is not swept over"),
        ([["a", "c"]], "c is not swept over"),
        ([["a", "a"]], "a stands there twice"),
        ([["a", "d"], ["d", "a"]], "stands there twice"),
        (3, "must be lists of keys"),
        (["a", "b"], "must be lists of keys"),
        ([["a"]], "must be lists of keys"),
        ([[1, 2]], "must be lists of keys"),
    ],
)
def test_a_zip_that_does_not_fit(zipped, says):
    with pytest.raises(ConfigError) as error:
        grid("a=1,2,3", "b=1,2", "c=1", "d=1,2,3", zip=zipped)
    assert all(each.startswith("hydra.sweeper.zip = ") for each in error.value.problems)
    assert any(says in each for each in error.value.problems)


def test_params_are_swept_over_unless_the_command_line_says_otherwise():
    params = {"optimizer.lr": "0.1,0.2", "seeds": 2}
    assert len(grid(params=params)) == 4
    assert grid("optimizer.lr=5", params=params) == [["optimizer.lr=5", "seed=0"], ["optimizer.lr=5", "seed=1"]]
    assert grid("seed=7", params=params) == [["optimizer.lr=0.1", "seed=7"], ["optimizer.lr=0.2", "seed=7"]]
    assert problem(grid, params={"seeds": "x"}).startswith("hydra.sweeper.params: seeds = x")


def test_a_sweep_without_a_job_or_with_too_many():
    assert "seed=range(3,3): stands for no value" in problem(grid, "seed=range(3,3)", "a=1,2")
    assert "experiment=glob(zzz*)" in problem(grid, "experiment=glob(zzz*)")
    many = problem(grid, "seed=range(200)", "a=range(100)", "b=1")
    assert "20000 jobs (200 x 100)" in many
    assert "hydra.sweeper.max_jobs=20000" in many
    assert len(grid("seed=range(200)", "a=range(100)", max_jobs=20_000)) == 20_000
    assert len(grid("seed=range(200)", "a=range(100)", max_jobs=None)) == 20_000
    assert "1000000000000 jobs" in problem(grid, "seed=range(1000000000000)")
    assert "max_jobs = 0" in problem(grid, "seed=1,2", max_jobs=0)


def test_an_interval_belongs_to_a_random_sweep():
    assert "hydra/sweeper=random" in problem(grid, "optimizer.lr=interval(0,1)")


def test_draws_are_repeatable_and_follow_their_seed():
    words = [
        "optimizer.lr=tag(log,interval(1e-4,1e-1))",
        "regularizer.dropout=interval(0,0.5)",
        "model.hidden=[8],[16]",
    ]
    assert draw(*words) == draw(*words)
    assert draw(*words, seed=1) != draw(*words)
    assert draw(*words, n_trials=30)[:20] == draw(*words)
    assert [job[1:] for job in draw(*words)] == draw(*words[1:])
    assert len(draw(*words)) == 20


def test_draws_fill_their_intervals():
    linear = numbers(draw("a=interval(2,4)", n_trials=4000))
    assert all(2 <= each < 4 for each in linear)
    assert abs(sum(linear) / 4000 - 3) < 4 * (4 / 12) ** 0.5 / 4000**0.5
    logs = [math.log10(each) for each in numbers(draw("a=tag(log,interval(1e-4,1e-1))", n_trials=4000))]
    assert all(-4 <= each < -1 for each in logs)
    assert abs(sum(logs) / 4000 + 2.5) < 4 * (9 / 12) ** 0.5 / 4000**0.5
    whole = draw("a=int(interval(1,4))", n_trials=400)
    assert {word for (word,) in whole} == {"a=1", "a=2", "a=3", "a=4"}
    logs = draw("a=tag(log,int(interval(1,1000)))", n_trials=400)
    assert all(1 <= each <= 1000 and each == int(each) for each in numbers(logs))
    assert sum(each <= 31 for each in numbers(logs)) == pytest.approx(200, abs=50)
    among = [word for (word,) in draw("a=choice(x,y,z)", n_trials=300)]
    assert all(60 < among.count(f"a={each}") < 140 for each in "xyz")
    assert {word for (word,) in draw("a=range(5)", n_trials=100)} == {f"a={i}" for i in range(5)}


@pytest.mark.parametrize(
    ("interval", "low", "high"),
    [
        ("interval(0,0.5)", 0, 0.5),
        ("interval(-3,2)", -3, 2),
        ("interval(0.9,0.999)", 0.9, 0.999),
        ("interval(0.0,1234.5)", 0, 1234.5),
        ("tag(log,interval(1e-4,1e-1))", 1e-4, 1e-1),
        ("tag(log,interval(1e-30,1e30))", 1e-30, 1e30),
    ],
)
def test_what_is_drawn_has_three_digits_and_stays_inside(interval, low, high):
    found = numbers(draw(f"a={interval}", n_trials=500))
    assert all(low <= each < high and each == float(f"{each:.2e}") for each in found)
    assert len(set(found)) > 90


@pytest.mark.parametrize(("low", "high"), [(0.99, 0.999), (100, 101.5), (0.12345, 0.12346), (1e6, 1e6 + 1e-3)])
def test_in_a_narrow_interval_what_is_drawn_has_as_many_digits_as_reach_into_it(low, high):
    found = numbers(draw(f"a=interval({low},{high})", n_trials=300))
    assert all(low <= each < high for each in found)
    assert len(set(found)) >= 9
    assert max(len(repr(each).partition(".")[2]) for each in found) <= len(repr(high).partition(".")[2]) + 2


def test_an_interval_with_no_short_number_gives_its_beginning():
    third = math.nextafter(1 / 3, 0)
    assert numbers(draw(f"a=interval({third!r},{1 / 3!r})", n_trials=3)) == [third] * 3


def test_every_draw_is_trained_with_every_seed():
    jobs = draw("optimizer.lr=interval(0,1)", "seed=0,1,2", n_trials=5)
    assert len(jobs) == 15
    assert [job[1] for job in jobs] == ["seed=0", "seed=1", "seed=2"] * 5
    assert len({job[0] for job in jobs}) == 5
    assert all(a[0] == b[0] for a, b in pairwise(jobs) if b[1] != "seed=0")


def test_what_chance_decides_is_not_drawn_but_met_by_every_draw():
    words = ["optimizer.lr=interval(0,1)", "dataset=two_moons,circles"]
    lucky = ["dataset.split_seed=0,1", "dataset.data_seed=range(3)", "dataset.fold=0,1", "seed=5,6"]
    jobs = draw(*words, *lucky, n_trials=4)
    assert len(jobs) == 4 * 2 * 3 * 2 * 2
    combinations = [tuple(job[2:]) for job in jobs]
    assert len(set(combinations[:24])) == 24  # every combination of a split, a draw, a fold and a seed, ...
    assert combinations == combinations[:24] * 4  # ... the same for each of the four draws
    assert [job[:2] for job in jobs[::24]] == draw(*words, n_trials=4)  # which are what they are without them
    assert all(len({tuple(job[:2]) for job in jobs[24 * i : 24 * (i + 1)]}) == 1 for i in range(4))


@pytest.mark.parametrize("key", ["seed", "dataset.split_seed", "dataset.data_seed", "dataset.fold"])
def test_an_interval_of_what_chance_decides_is_refused(key):
    assert f"list them, as in {key}=0,1,2" in problem(draw, f"{key}=int(interval(0,9))", "optimizer.lr=interval(0,1)")


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("a=interval(1,1)", "from a smaller to a larger"),
        ("a=interval(2,1)", "from a smaller to a larger"),
        ("a=interval(0,inf)", "from a smaller to a larger"),
        ("a=tag(log,interval(0,1))", "above 0"),
        ("a=tag(logg,interval(1,2))", "the only one is log"),
        ("a=range(3,3)", "stands for no value"),
    ],
)
def test_what_cannot_be_drawn_from(word, says):
    assert says in problem(draw, word)


def test_draws_are_counted_as_jobs():
    assert "60 jobs (20 trials x 3)" in problem(draw, "a=interval(0,1)", "seed=range(3)", max_jobs=50)
    for key, value in [("n_trials", 0), ("n_trials", "x"), ("seed", -1), ("seed", None), ("n_trials", True)]:
        assert f"hydra.sweeper.{key}" in problem(draw, "a=interval(0,1)", **{key: value})


def test_one_key_at_a_time_every_value_comes_up():
    words = ["a=1,2,3", "b=4,5", "c=6", "d=interval(0,1)", "e=range(1,2,0)"]
    jobs = [[each.input_line for each in job] for job in one_at_a_time([parse_word(word) for word in words])]
    assert jobs == [["a=1", "b=4", "c=6"], ["a=2", "b=4", "c=6"], ["a=3", "b=4", "c=6"], ["a=1", "b=5", "c=6"]]
