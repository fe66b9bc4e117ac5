"""A group that is chosen by the name of a preset keeps that name, wherever the settings go."""

import pytest

from runner.config.changes import Changes
from runner.config.compact import compact, recorded, shown, told, told_again, wrong
from runner.config.compose import Composer, hydra_ready
from runner.config.location import config_dir
from runner.config.overrides import parse
from runner.config.presets import preset
from runner.config.words import words
from runner.execution.configurations import read
from runner.execution.run_list import contents, load, write
from runner.execution.stored import read_config, read_tree, write_config
from runner.execution.work import Run

NESTEROV = ["optimizer=nesterov", "early_stopping=none", "optimizer.lr=0.3"]


def test_presets_are_what_their_files_say():
    found = preset("optimizer", "nesterov")
    assert found and (found.base, found.values) == ("sgd", {"momentum": 0.9, "nesterov": True})
    assert preset("optimizer", "sgd") is None and preset("optimizer", "nowhere") is None
    assert preset("experiment", "overfit") is None


def test_what_a_preset_sets_is_its_default():
    settings = read(NESTEROV)
    assert settings.chosen == {"optimizer": "nesterov", "early_stopping": "none"}
    assert told(settings) == {"optimizer": "nesterov", "optimizer.lr": 0.3, "early_stopping": "none"}
    assert shown(settings)["optimizer"] == "nesterov" and shown(settings)["optimizer.momentum"] == 0.9
    assert compact(settings) == {
        "optimizer": "sgd", "optimizer.lr": 0.3, "optimizer.momentum": 0.9, "optimizer.nesterov": True,
        "early_stopping.patience": None, "early_stopping.restore_best": False,
    }  # fmt: skip


def test_what_is_set_against_a_preset_is_told_even_where_it_is_the_default_without_it():
    settings = read(["optimizer=nesterov", "optimizer.momentum=0"])
    assert told(settings) == {"optimizer": "nesterov", "optimizer.momentum": 0}
    assert told_again(compact(settings), settings.chosen) == told(settings)
    assert told(read(["early_stopping=none", "early_stopping.patience=10"])) == {
        "early_stopping": "none", "early_stopping.patience": 10,
    }  # fmt: skip


def test_values_typed_are_no_preset():
    settings = read(["optimizer=sgd", "optimizer.momentum=0.9", "optimizer.nesterov=true"])
    assert settings.chosen == {} and told(settings) == compact(settings)
    assert settings == read(["optimizer=nesterov"])  # the same run


@pytest.mark.parametrize("words", [NESTEROV, [], ["optimizer=momentum", "optimizer.momentum=0", "trainer=debug"]])
def test_the_name_is_kept_in_the_folder_of_a_run_and_in_that_of_a_sweep(tmp_path, words):
    settings = read(words)
    write_config(settings, tmp_path)
    assert read_config(tmp_path) == settings and read_config(tmp_path).chosen == settings.chosen
    assert recorded(*read_tree(tmp_path)[:2]) == (shown(settings), told(settings))
    write(tmp_path, [Run(tmp_path / "a", settings)], {})
    again = load(tmp_path)[0][0]
    assert again.settings == settings and again.told == told(settings)
    (line,) = contents(tmp_path)["runs"]
    assert told_again(line["settings"], line.get("chosen", {})) == told(settings)
    assert read(settings).chosen == settings.chosen


def test_an_experiment_chooses_presets_too_and_a_job_of_a_sweep_what_it_says(tmp_path):
    (tmp_path / "optimizer").mkdir()
    (tmp_path / "optimizer" / "mine.yaml").write_text("defaults: [sgd, _self_]\nlr: 0.3\n")
    with hydra_ready(config_dir(), str(tmp_path)):
        composer = Composer()
        for words, expected in [
            (["experiment=init_depth"], {"optimizer": "momentum", "early_stopping": "none"}),
            (["experiment=init_depth", "optimizer=adam"], {"optimizer": "adam", "early_stopping": "none"}),
            (["optimizer=momentum", "seed=${trainer.epochs}"], {"optimizer": "momentum", "seed": 100}),
            (["optimizer=mine"], {"optimizer": "mine", "optimizer.lr": 0.3}),  # what it sets is not known later
        ]:
            settings, problems = composer.settings(parse(words)[0])
            assert settings and not problems
            assert {key: told(settings)[key] for key in expected} == expected
            assert recorded(settings.tree(), settings.chosen)[1] == told(settings)


def test_of_what_is_recorded_values_are_judged_and_names_are_not():
    tree = read(NESTEROV).tree()
    assert wrong(tree) == []
    assert wrong(tree | {"optimizer": {"name": "gone", "lr": "x", "own": [1]}, "loss": {"name": "gone"}}) == []
    tree["trainer"] |= {"epochs": "ten", "metrics": ["gone"], "dtype": "float8"}
    tree["regularizer"] |= {"dropout": 2.0, "elastic_net": {"alpha": -1, "l1_ratio": 0.5}, "gone": 1}
    assert wrong(tree | {"seed": 0.5, "model": 3}) == [
        "model = 3: must hold keys",
        "seed = 0.5: not a whole number",
        "regularizer.dropout = 2: out of range",
        "regularizer.elastic_net.alpha = -1: out of range",
        "trainer.epochs = ten: not a whole number",
    ]


def test_commands_have_the_name_if_everybody_has_the_preset():
    settings = read(NESTEROV)
    assert words(settings) == ["optimizer=nesterov", "optimizer.lr=0.3", "early_stopping=none"]
    assert read(words(settings)) == settings
    settings.chosen["optimizer"] = "mine"  # from a folder that only --config-dir knows
    assert words(settings)[:4] == [
        "optimizer=sgd", "optimizer.lr=0.3", "optimizer.momentum=0.9", "optimizer.nesterov=true",
    ]  # fmt: skip
    assert read(words(settings)) == settings


def test_what_is_repeated_with_changes_keeps_the_names_that_are_not_changed():
    with hydra_ready(config_dir()):
        found, problems = Changes(["optimizer=momentum", "optimizer.lr=0.2", "seed=4"]).over(read(NESTEROV))
        assert problems == []
        assert told(found) == {"optimizer": "momentum", "optimizer.lr": 0.2, "early_stopping": "none", "seed": 4}
        same, _ = Changes(["seed=4"]).over(read(NESTEROV))
        assert told(same) == told(read(NESTEROV)) | {"seed": 4}
        plain, _ = Changes(["optimizer=sgd"]).over(read(NESTEROV))
        assert plain.chosen == {"early_stopping": "none"} and "optimizer.momentum" not in told(plain)
