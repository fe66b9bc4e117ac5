"""A search over keys that only some choices have: where they are there they are searched, elsewhere they are absent."""

import math

import pytest

from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse_word
from runner.errors import ConfigError
from runner.plan.dimensions import Interval, Listed, dimension
from runner.plan.random_search import settings
from runner.plan.recipes import sweep_words
from runner.plan.space import Space, repeating, runs
from runner.plan.sweeper import SweeperOptions

RANDOM = {"_target_": "hydra_plugins.runner_sweeper.RandomSweeper", "max_jobs": 10_000, "n_trials": 6, "seed": 0}


@pytest.fixture(scope="module", autouse=True)
def composer():
    with hydra_ready(config_dir()):
        yield Composer()


def space(composer, *words: str) -> Space:
    return Space.of([parse_word(word) for word in words], composer)


def drawn(composer, *words: str, **options) -> list[dict[str, str]]:
    """The settings drawn, each as the values of its keys."""
    jobs = settings(space(composer, *words), SweeperOptions.of(RANDOM | options))
    return [dict((each.input_line or "").split("=", 1) for each in job) for job in jobs]


def problem(make, *arguments) -> str:
    with pytest.raises(ConfigError) as error:
        make(*arguments)
    (only,) = error.value.problems
    return only


def test_spaces_in_which_all_keys_are_there_are_drawn_from_as_they_were_before_keys_could_be_absent(composer):
    words = ["optimizer.lr=tag(log,interval(1e-4,1e-1))", "regularizer.dropout=interval(0,0.5)"]
    words += ["model.hidden=[8],[16],[8,8]", "seed=0,1"]
    recorded = [("0.00229", "0.0741", "[8,8]"), ("0.000374", "0.0475", "[16]"), ("0.000816", "0.376", "[8,8]"),
                ("0.0302", "0.2", "[8]"), ("0.000731", "0.271", "[8]"), ("0.0492", "0.00715", "[8,8]")]  # fmt: skip
    assert sweep_words(words, RANDOM, composer) == [
        [f"optimizer.lr={lr}", f"regularizer.dropout={p}", f"model.hidden={hidden}", f"seed={seed}"]
        for lr, p, hidden in recorded
        for seed in (0, 1)
    ]
    words = ["optimizer=sgd,adamw,adam", "optimizer.lr=interval(.001,.1)", "trainer.batch_size=int(interval(8,64))"]
    recorded = [("adamw", "0.0459", "27"), ("sgd", "0.0199", "32"), ("sgd", "0.0311", "9"),
                ("adamw", "0.0828", "23"), ("sgd", "0.0295", "31"), ("sgd", "0.0898", "55")]  # fmt: skip
    assert [tuple(each.values()) for each in drawn(composer, *words)] == recorded
    epochs = drawn(composer, *words, "trainer.epochs=range(2,30,4)")
    assert [each["trainer.epochs"] for each in epochs] == ["10", "18", "22", "14", "2", "10"]


def test_a_key_is_searched_where_it_is_there_with_the_draws_that_it_would_have_everywhere(composer):
    momentum = "optimizer.momentum=interval(.5,.99)"
    found = drawn(composer, "optimizer=sgd,adamw", momentum, n_trials=30)
    everywhere = drawn(composer, "optimizer=sgd,signsgd", momentum, n_trials=30)
    for one, other in zip(found, everywhere, strict=True):
        assert one == (other if one["optimizer"] == "sgd" else {"optimizer": "adamw"})
    assert 5 < sum("optimizer.momentum" in each for each in found) < 25


def test_a_key_may_come_before_what_it_belongs_to_and_have_a_constant_value(composer):
    found = drawn(composer, "optimizer.beta1=.8", "optimizer.momentum=.5,.9", "optimizer=sgd,adamw", n_trials=20)
    assert all(("optimizer.beta1" in each) == (each["optimizer"] == "adamw") for each in found)
    assert all(("optimizer.momentum" in each) == (each["optimizer"] == "sgd") for each in found)


@pytest.mark.parametrize(
    ("choices", "key", "having"),
    [
        ("scheduler=cosine,step", "scheduler.gamma=interval(.1,.9)", "step"),
        ("ensemble=none,deep", "ensemble.size=2,3", "deep"),
        ("dataset=two_moons,digits", "dataset.noise=interval(.1,.2)", "two_moons"),
        ("optimizer=adam,nesterov", "optimizer.nesterov=true,false", "nesterov"),  # a preset of sgd
        ("model.init=he,normal", "model.init_sd=tag(log,interval(.01,.1))", "normal"),
        ("model.norm=none,layer", "model.norm_input=true,false", "layer"),
    ],
)
def test_keys_of_every_group_and_of_named_pieces_are_there_with_their_choices(choices, key, having, composer):
    by, key_name = choices.partition("=")[0], key.partition("=")[0]
    found = drawn(composer, choices, key, n_trials=12)
    assert all((key_name in each) == (each[by] == having) for each in found)
    assert {each[by] for each in found} == set(choices.partition("=")[2].split(","))


def test_chance_is_met_where_it_is_there(composer):
    words = ["dataset=two_moons,digits", "dataset.data_seed=0,1,2", "optimizer.lr=interval(0,1)"]
    jobs = sweep_words(words, RANDOM, composer)
    counts = [sum(f"optimizer.lr={lr}" in job for job in jobs) for lr in dict.fromkeys(j[-1][13:] for j in jobs)]
    moons = [job for job in jobs if "dataset=two_moons" in job]
    assert set(counts) == {1, 3} and all(any("data_seed" in word for word in job) for job in moons)


def test_what_another_key_depends_on_comes_first(composer):
    words = ["optimizer.momentum=interval(.5,.9)", "model.init_sd=.1,.2", "model.init=he,normal", "seed=0,1"]
    found = space(composer, *words, "optimizer=sgd,adamw", "optimizer.lr=.1")
    assert [each.name for each in found.dimensions] == [
        "optimizer", "model.init", "optimizer.momentum", "model.init_sd",
    ]  # fmt: skip
    rule, init, momentum, sd = found.dimensions
    values = {"optimizer": rule.word("sgd"), "model.init": init.word("he")}
    assert found.there(momentum, values) and not found.there(sd, values)
    job = found.job(values | {"optimizer.momentum": momentum.word(0.612345)})
    assert [each.input_line for each in job] == [
        "optimizer.momentum=0.612", "model.init=he", "seed=0,1", "optimizer=sgd", "optimizer.lr=.1",
    ]  # fmt: skip
    assert [run[2].input_line for run in runs(job)] == ["seed=0", "seed=1"]


def test_a_key_that_is_there_with_none_of_the_choices_stays_to_be_refused(composer):
    assert all(
        "optimizer.momentum" in each for each in drawn(composer, "optimizer=adam,adamw", "optimizer.momentum=.9")
    )
    assert all("optimizer.mom" in each for each in drawn(composer, "optimizer=sgd,adamw", "optimizer.mom=.5,.9"))
    assert all("loss.delta" in each for each in drawn(composer, "optimizer=sgd,adamw", "loss.delta=.5"))


def test_settings_are_counted_where_their_keys_are_there(composer):
    assert space(composer, "optimizer=sgd,adamw,adam", "optimizer.momentum=.5,.9", "seed=0,1").size == 4
    assert space(composer, "model.hidden=[1],[2]", "trainer.epochs=int(interval(1,9))").size == 18
    assert space(composer, "optimizer=sgd,adamw", "optimizer.momentum=interval(.5,.9)").size == math.inf
    assert space(composer, "optimizer=sgd,adamw,sgd").size == 2
    few = space(composer, "optimizer=sgd,adamw", "optimizer.momentum=.5,.9")
    assert repeating(few, 3) == [] and "only 3 different settings" in repeating(few, 4)[0]


def test_values_are_named_by_labels_and_numbers_by_their_ends():
    choice = dimension(parse_word("a=[8,8],null,true,x,0.5"))
    assert isinstance(choice, Listed) and choice.steps is None and choice.size == 5
    assert [choice.word(label).value() for label in choice.labels] == [[8, 8], None, True, "x", 0.5]
    steps = dimension(parse_word("a=range(0.5,2,0.5)"))
    assert isinstance(steps, Listed) and steps.steps == (0.5, 1.5, 0.5)
    assert [steps.nearest(each).input_line for each in (0.2, 1.1, 9)] == ["a=0.5", "a=1.0", "a=1.5"]
    falling = dimension(parse_word("a=range(9,0,-3)"))
    assert isinstance(falling, Listed) and falling.steps == (3, 9, 3)
    whole = dimension(parse_word("a=tag(log,int(interval(1,100)))"))
    assert isinstance(whole, Interval) and (whole.low, whole.high, whole.log, whole.whole) == (1, 100, True, True)
    assert [whole.word(each).input_line for each in (-3, 7, 400)] == ["a=1", "a=7", "a=100"]
    real = dimension(parse_word("a=interval(0,0.5)"), before=1)
    assert (real.name, real.key, real.size) == ("a 1", "a", math.inf)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("trainer.epochs=interval(1,9)", "trainer.epochs=int(interval(1,9))"),
        ("regularizer.dropout=interval(0,1.5)", "allowed: a number >= 0 and < 1"),
        ("optimizer=interval(0,1)", "has choices, not numbers"),
        ("model.activation=interval(0,1)", "allowed: elu |"),
        ("optimizer.lr=tag(log,choice(1,2))", "tag log means nothing here; it is for an interval"),
        ("trainer.epochs=range(10000000)", "10000000 values are too many to list"),
        ("optimizer.lr=0.1", "nothing is searched: no key has several values; give one, for example"),
        ("optimizer.lr=choice(0.1)", "nothing is searched"),
        ("seed=0,1", "(seed is chance, of which every setting meets all values)"),
    ],
)
def test_what_cannot_be_searched(word, says, composer):
    assert says in problem(space, composer, word)


def test_ends_that_are_not_allowed_themselves_are_for_numbers_of_which_no_draw_is_an_end(composer):
    assert space(composer, "optimizer.lr=interval(0,1)", "regularizer.dropout=interval(0,1)").size == math.inf
    assert "out of range" in problem(space, composer, "trainer.batch_size=int(interval(0,9))")
