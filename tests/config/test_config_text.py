"""Keys declared as text take what is written, after Hydra's quotes and escapes, also where it looks like a number."""

import json
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from runner.config.compose import hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse, parse_word, points
from runner.config.settings import LABELS, TEXTS, declared, written_keys
from runner.config.validate import validate
from runner.errors import ConfigError
from runner.execution.configurations import read
from runner.execution.stored import config_text
from runner.plan.command_line import read_command_line
from runner.plan.sweeper import SweeperOptions

LOOKALIKES = [
    "1E5", "1_1_1", "2024_01", "0x10", "1e3", "1e-3", "true", "False", "NaN", "nan", "inf", "-inf", "+5", "-5", "007",
    "1.", ".5", "1.50", "2024-01-01", "12:30", "10", "0", "yes", "no", "None", "1_0.5", "0b1", "1e", "a", "a-b",
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def ready():
    with hydra_ready(config_dir()):
        yield


def hydras(word: str) -> Any:
    """The value that Hydra reads."""
    return OverridesParser.create().parse_overrides([word])[0].value()


@pytest.mark.parametrize("text", LOOKALIKES)
def test_text_is_what_is_written_and_hydra_reads_the_same_from_then_on(text):
    for key in ("name", "++name", "dataset.target", "trainer.device", "experiment", "dataset"):
        override = parse_word(f"{key}={text}")
        assert override.value() == text == hydras(override.input_line)
        assert parse_word(override.input_line).input_line == override.input_line
    for word, value in [
        (f"dataset.drop=[{text},a,'{text}']", [text, "a", text]),
        (f"dataset={{path:{text},drop:[{text}],train_size:10}}", {"path": text, "drop": [text], "train_size": 10}),
    ]:
        assert parse_word(word).value() == value == hydras(parse_word(word).input_line)
    swept = points(parse_word(f"name={text},null,b"))
    assert [each.value() for each in swept] == [text, None, "b"]
    assert [hydras(each.input_line) for each in swept] == [text, None, "b"]
    assert [each.value() for each in points(parse_word(f"name=choice({text},'{text}')"))] == [text, text]


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1).filter(str.strip))
def test_any_text_in_quotes_is_that_text(text):
    word = "name='" + text.replace("'", "\\'") + "'"
    if "\\" not in text and "${" not in text:
        override = parse_word(word)
        assert override.value() == text == hydras(override.input_line)


@pytest.mark.parametrize("text", [text for text in LOOKALIKES if ":" not in text])  # no label with a colon in braces
def test_labels_are_text_and_their_weights_numbers(text):
    override = parse_word(f"dataset.class_weights={{{text}:2,b:0.5}}")
    assert override.value() == hydras(override.input_line)
    assert declared()["dataset.class_weights"].check(override.value()) == ({text: 2, "b": 0.5}, None)
    within = parse_word(f"dataset={{class_weights:{{{text}:2,b:0.5}}}}")
    assert within.value() == {"class_weights": override.value()} == hydras(within.input_line)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([[["a"], 2]], "a label is text"),
        ([["a", 2], ["b", 1], ["a", 3]], "a label stands there twice"),
        ([["1", 2], [1, 3]], "a label stands there twice"),
        ("blanced", "did you mean dataset.class_weights=balanced?"),
    ],
)
def test_labels_that_are_none_are_refused(value, says):
    with pytest.raises(ConfigError, match=r"^dataset\.class_weights = ") as caught:
        validate({"dataset": {"class_weights": value}})
    assert says in str(caught.value)


def test_labels_reach_the_run():
    line = read_command_line(["dataset={class_weights:{1_1:2,true:0.5}}"])
    assert line.settings[0].dataset.class_weights == {"1_1": 2, "true": 0.5}
    composed: Any = OmegaConf.to_container(line.config.dataset)
    assert validate({"dataset": composed}).dataset == line.settings[0].dataset


def test_labels_can_be_set_one_by_one():
    words = ["dataset.class_weights.1_1=3", "dataset.class_weights.yes=2"]
    line = read_command_line(words)
    assert line.settings[0].dataset.class_weights == {"1_1": 3, "yes": 2} == line.config.dataset.class_weights
    assert line.words == [f"++{word}" for word in words]


def test_numbers_stay_numbers_elsewhere_and_null_stays_null():
    assert parse_word("optimizer.lr=1E5").value() == 1e5
    assert parse_word("hydra.job.name=1E5").value() == 1e5
    assert parse_word("seed=1_000").value() == 1000
    assert parse_word("dataset={train_size:1_000,target:null}").value() == {"train_size": 1000, "target": None}
    assert parse_word("name=NULL").value() is None
    assert parse_word("name='null'").value() == "null"
    assert parse_word("name=x_${seed}").value() == "x_${seed}"
    assert parse_word("name=a\\,b").value() == "a,b"
    assert [each.value() for each in points(parse_word("name=range(3)"))] == ["0", "1", "2"]
    assert parse_word("name=int(5)").value() == "5"


def test_text_that_cannot_be_read_under_a_misspelled_key_names_key_and_quotes():
    _, (problem,) = parse(["dataset.separater=;"])
    assert problem.startswith("dataset.separater=;: cannot be read")
    assert problem.endswith("did you mean \"dataset.separator=';'\"?")
    assert parse(["optimizer.lr=;"])[1] == ["optimizer.lr=;: cannot be read"]


def test_every_option_of_text_is_known_as_such():
    assert {"name", "dataset.target", "dataset.drop", "trainer.device"} <= written_keys(TEXTS)
    assert written_keys(LABELS) == {"dataset.class_weights", "dataset.target_weights"}
    assert {option.type for option in declared().values()} <= {
        "number", "integer", "switch", "choice", "choices", "text", "texts", "labels", "integers", "matrix", "pairs",
    }  # fmt: skip


@pytest.mark.parametrize("text", [*LOOKALIKES, "a: b", "- a", "#x", "'q'", " a ", "=", "<<", "é"])
def test_a_stored_configuration_keeps_text_as_text(text, tmp_path):
    given = {"dataset.name": "csv", "dataset.path": text, "dataset.drop": [text], "name": text,
             "dataset.class_weights": {text: 2}}  # fmt: skip
    settings = read({key: value for key, value in given.items() if key != "dataset.class_weights"})
    settings.dataset.class_weights = {text: 2}
    (tmp_path / "config.yaml").write_text(config_text(settings), encoding="utf-8")
    again: Any = OmegaConf.to_container(OmegaConf.load(tmp_path / "config.yaml"))
    assert validate(again) == settings
    assert json.loads(json.dumps(settings.tree())) == again


@pytest.mark.parametrize("content", ["name: 1E5", "dataset: {name: csv, target: 2024_01}", "name: true",
                                     "dataset: {name: csv, drop: [a, 0x10]}"])  # fmt: skip
def test_a_number_under_a_key_of_text_in_yaml_is_to_be_quoted(content):
    with pytest.raises(ConfigError) as error:
        validate(OmegaConf.to_container(OmegaConf.create(content)))
    (problem,) = error.value.problems
    assert "quote it as it is meant" in problem
    with pytest.raises(ConfigError, match=r"hydra\.sweeper\.params: name = 100000\.0: .* quote it"):
        SweeperOptions("grid", {"name": 1e5}).overrides()
    (kept,) = SweeperOptions("grid", {"name": "1E5,2"}).overrides()
    assert [each.value() for each in points(kept)] == ["1E5", "2"]
