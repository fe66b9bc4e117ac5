"""Words of a command line: sweeps spelled out as plain words, seeds=n, and words that cannot be read, corrected."""

import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser

from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import count, parse_word, points, spelled_out
from runner.config.repair import repaired
from runner.errors import ConfigError


@pytest.fixture(scope="module", autouse=True)
def ready():
    with hydra_ready(config_dir()):
        yield


SWEEPS = [
    "seed=1,2,3", "optimizer.lr=1e-4,0.1,1.5e300,.5", "optimizer.lr=range(0.25,1.0,0.25)", "seed=range(3)",
    "seed=range(5,0,-2)",
    "model.norm=choice(a,b c)", "name=a,null",
    "model.hidden=[],[64],[64,32]", "+a.b={x:1},{x:2}",
    "trainer.drop_last=true,false", "optimizer=sgd,adam", "name=a-b,c.d,a:b,p/q,0x1", "seed=sort(3,1,2)",
    "name='${x}',\\,z", "++optimizer.lr=int(1.5,2.5)", "model.norm=str(1,true,a)", "optimizer=glob(ada*)",
]  # fmt: skip


@pytest.mark.parametrize("word", SWEEPS)
def test_each_value_is_the_word_that_hydras_sweeper_would_make_of_it(word):
    override = parse_word(word)
    (theirs,) = OverridesParser.create(GlobalHydra.instance().config_loader()).parse_overrides([word])
    words = [f"{theirs.get_key_element()}={value}" for value in theirs.sweep_string_iterator()]
    found = points(override)
    assert [each.input_line for each in found] == words
    assert count(override) == len(words)
    for each, again in zip(found, OverridesParser.create().parse_overrides(words), strict=True):
        assert each.value() == again.value()
        assert type(each.value()) is type(again.value())
        assert (each.type, each.key_or_group, each.value_type) == (again.type, again.key_or_group, again.value_type)


def test_a_group_is_globbed_over_all_its_choices():
    found = {each.input_line for each in points(parse_word("optimizer=glob(*,exclude=a*)"))}
    assert {"optimizer=sgd", "optimizer=rmsprop"} <= found
    assert not any(word.startswith("optimizer=a") for word in found)


def test_a_long_range_is_counted_without_being_gone_through():
    assert count(parse_word("seed=range(1000000000000)")) == 10**12
    assert count(parse_word("seed=range(5,5)")) == 0
    assert count(parse_word("optimizer.lr=range(0.1,0.45,0.1)")) == 4


def test_the_same_words_are_shuffled_the_same_way():
    word = "seed=shuffle(range(30))"
    found = [each.value() for each in points(parse_word(word))]
    assert found == [each.value() for each in points(parse_word(word))]
    assert sorted(found) == list(range(30)) != found
    listed = [each.value() for each in points(parse_word("name=shuffle(a,b,c,d,e,f,g)"))]
    assert sorted(listed) == list("abcdefg") != listed


def test_a_step_of_zero_is_an_error():
    with pytest.raises(ConfigError, match=r"seed=range\(1,2,0\): "):
        points(parse_word("seed=range(1,2,0)"))
    with pytest.raises(ConfigError, match=r"optimizer.lr=range\(0.1,0.2,0.0\): "):
        points(parse_word("optimizer.lr=range(0.1,0.2,0.0)"))


def test_seeds_are_spelled_out_in_their_place():
    assert spelled_out(["optimizer=sgd", "seeds=5", "a=1"]) == (["optimizer=sgd", "seed=range(5)", "a=1"], [])
    assert spelled_out(["+seeds=1"]) == (["seed=range(1)"], [])
    assert spelled_out(["name=seeds=5"]) == (["name=seeds=5"], [])


@pytest.mark.parametrize("value", ["0", "x", "-1", "1.5", "", "1,2", "range(3)", "\u0663"])
def test_seeds_that_are_no_number(value):
    words, (problem,) = spelled_out([f"seeds={value}", "a=1"])
    assert words == ["a=1"]
    assert problem.startswith(f"seeds = {value}: ")
    assert "for example seeds=5" in problem


def test_seeds_and_seed_are_not_said_together():
    assert spelled_out(["seeds=5", "seed=1"])[1] == ["seeds=5 and seed=1: both say which seeds; leave one out"]
    assert "said once" in spelled_out(["seeds=5", "seeds=5"])[1][0]


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["name=a(b"], "runner \"name='a(b'\""),
        (["name=run (1)"], "runner \"name='run (1)'\""),
        (["model.hidden=[1,2"], 'runner "model.hidden=[1,2]"'),
        (["name='x"], "runner \"name='x'\""),
        (['name="x'], 'runner "name=\\"x\\""'),
        (["optimizer.lr=1e-3,", "1e-2"], "runner optimizer.lr=1e-3,1e-2"),
        (["optimizer.lr=interval(1e-4,", "1e-1)", "seed=1"], 'runner "optimizer.lr=interval(1e-4,1e-1)" seed=1'),
        (['optimizer.lr="0.1'], "runner optimizer.lr=0.1"),
        (["optimizer.lr='0.1"], "runner optimizer.lr=0.1"),
        (["seed=1,2,"], "runner seed=1,2"),
        (["dataset.drop=[a (m/s), b=c]"], "runner \"dataset.drop=['a (m/s)','b=c']\""),
        (["name=$(x)"], "runner \"name='\\$(x)'\""),
    ],
)
def test_the_command_line_corrected(words, meant):
    assert repaired(words) == meant
    assert repaired(words, multirun=True) == meant.replace("runner", "runner -m", 1)


def test_what_cannot_be_guessed_is_not():
    assert repaired(["name=a(b", "lisst"]) is None
    assert repaired(["seed=1"]) is None
    assert repaired(["'optimizer.lr="]) is repaired(["'optimizer.lr='"]) is None
