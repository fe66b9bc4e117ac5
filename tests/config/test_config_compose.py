"""Hydra's view of the configuration, and the check of a whole command line."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from runner.config.compose import compose, hydra_ready
from runner.config.location import config_dir
from runner.config.registry import entries
from runner.config.settings import CHOICE_GROUPS, default_tree
from runner.config.validate import validate
from runner.errors import ConfigError
from runner.plan.command_line import check_command_line

PRESETS = sorted(path for path in config_dir().rglob("*.yaml") if path.name != "config.yaml")


@pytest.fixture(scope="module", autouse=True)
def ready():
    with hydra_ready(config_dir()):
        yield


def tree(*words: str) -> dict:
    container = OmegaConf.to_container(compose(list(words)))
    container.pop("hydra")
    return container


def found(*words: str, **options) -> list[str]:
    with pytest.raises(ConfigError) as error:
        check_command_line(list(words), **options)
    return error.value.problems


def test_hydra_and_the_registry_agree_on_the_default():
    assert tree() == default_tree()


def test_a_choice_swaps_the_whole_node():
    rounds = max(len(entries(group)) for group in CHOICE_GROUPS)
    for i in range(rounds):  # every choice of every group comes up
        choices = {group: list(entries(group))[i % len(entries(group))] for group in CHOICE_GROUPS}
        assert tree(*(f"{group}={name}" for group, name in choices.items())) == default_tree(choices)


def test_every_preset_file_is_found():
    assert len(PRESETS) >= 3
    assert len(PRESETS) == sum(1 for p in Path(config_dir()).rglob("*.yaml")) - 1


@pytest.mark.parametrize("path", PRESETS, ids=lambda p: f"{p.parent.name}={p.stem}")
def test_every_preset_composes_and_validates(path):
    composed = tree(f"{path.parent.relative_to(config_dir())}={path.stem}")
    assert composed != default_tree()
    assert validate(composed).tree().keys() == default_tree().keys()


def test_every_key_of_a_preset_has_a_comment():
    for path in PRESETS:
        for line in path.read_text().splitlines():
            if ":" in line and not line.lstrip().startswith(("#", "-")) and not line.rstrip().endswith(":"):
                assert "#" in line, f"{path.name}: {line}"


@pytest.mark.parametrize("name", sorted(entries("regularizer")))
def test_the_preset_of_a_regularizer_switches_it_on_and_nothing_else(name):
    before, after = default_tree()["regularizer"], tree(f"regularizer=[{name}]")["regularizer"]
    assert [key for key in before if before[key] != after[key]] == [name]


def test_regularizer_presets_compose_and_none_is_none():
    on = tree("regularizer=[dropout,l2]")["regularizer"]
    assert (on["dropout"], on["l2"]) == (0.5, 1e-3)
    assert tree("regularizer=none") == default_tree()
    assert tree("early_stopping=none")["early_stopping"]["patience"] is None


def test_the_command_line_wins_over_an_experiment():
    composed = tree("experiment=fashion_mnist", "model.hidden=[7]", "seed=3")
    assert (composed["model"]["hidden"], composed["seed"], composed["dataset"]["name"]) == ([7], 3, "fashion_mnist")


def test_everything_wrong_on_a_command_line_is_reported_at_once():
    problems = found(
        "optimizer=smd", "model.hiden=3", "++typo=3", "+model.extra=3", "optimizer.lr=-1", "name=a(b", "lisst",
        "experiment=nope", "regularizer=[dropout,l3]", "seed=-1",
        commands=("list", "resume"),
    )  # fmt: skip
    starts = [p.split(":")[0] for p in problems]
    assert set(starts) == {
        "optimizer = smd", "model.hiden = 3", "typo = 3", "model.extra = 3", "optimizer.lr = -1", "name=a(b", "lisst",
        "experiment = nope", "regularizer = l3", "seed = -1",
    }  # fmt: skip
    assert len(starts) == 10
    assert "did you mean runner list?" in next(p for p in problems if p.startswith("lisst"))


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("name=a(b", "cannot be read"),
        ("model.hidden=[1,2", "brackets do not match"),
        ("name='x", "quotes do not match"),
        ("optimizer.name=sgd", "write optimizer=sgd"),
        ("+optimizer=sgd", "without +"),
        ("optimizer=null", "optimizer=adamw is the default"),
        ("optimizer=5", "unknown choice"),
        ("~nothing", "no such key"),
        ("name=${nowhere}", "nowhere"),
        ("optimizer.lr=1,2", "add -m"),
        ("hydra.runn.dir=x", "hydra.runn"),
    ],
)
def test_one_wrong_word_one_line(word, says):
    (problem,) = found(word)
    assert says in problem
    assert "\n" not in problem


def test_a_good_line_gives_hydras_configuration():
    config = check_command_line(["optimizer=sgd", "optimizer.momentum=0.9", "model.hidden=32"])
    assert config.optimizer.momentum == 0.9
    assert config.hydra.job.name == "runner"
