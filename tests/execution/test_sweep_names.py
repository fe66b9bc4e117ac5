"""One setting has one name: in its folder, its mean, the report, its page, TensorBoard and the table."""

import csv
import re

import pytest
from sweep_folders import sweep
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from runner.cli import main

OPTIMIZERS = ["sgd", "momentum", "nesterov", "adagrad", "adam", "rmsprop"]
DEEP = ",".join(["4"] * 5)
WORDS = [f"optimizer={','.join(OPTIMIZERS)}", f"model.hidden=[4,4],[{DEEP}]", "early_stopping=none", "seed=0,1"]
PLAIN = ["dataset.train_size=40", "trainer.epochs=1", "trainer.progress=false", "hydra.launcher.executor=serial"]
SETTINGS = [f"optimizer={optimizer}_hidden={hidden}" for optimizer in OPTIMIZERS for hidden in ("4-4", "5x4")]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return sweep(tmp_path_factory.mktemp("names") / "s", *WORDS, *PLAIN)


def test_folders_and_means_have_the_same_names_in_the_order_typed(trained):
    runs = [f"{setting}_seed={seed}" for setting in SETTINGS for seed in (0, 1)]
    assert [path.name for path in sorted(trained.glob("0*"))] == [f"{i:03d}_{name}" for i, name in enumerate(runs)]
    assert sorted(path.name.partition("_")[2] for path in (trained / "mean").iterdir()) == sorted(SETTINGS)


def test_the_table_has_the_chosen_name_and_exact_values_and_nothing_that_a_preset_sets(trained):
    rows = list(csv.DictReader((trained / "results.csv").open(newline="")))
    keys = ["optimizer", "model.hidden", "early_stopping", "dataset.train_size", "trainer.epochs", "trainer.progress"]
    assert list(rows[0])[:9] == ["run", "status", *keys, "seed"]
    assert [row["optimizer"] for row in rows[::4]] == OPTIMIZERS and rows[0]["early_stopping"] == "none"
    assert {row["model.hidden"] for row in rows} == {"[4,4]", f"[{DEEP}]"}
    # 64 inputs, 10 classes
    assert {row["parameters"] for row in rows} == {str(65 * 4 + 5 * 4 + 5 * 10), str(65 * 4 + 4 * 5 * 4 + 5 * 10)}


def test_the_report_and_its_page_have_as_many_settings_as_were_typed(trained, tmp_path, capsys):
    assert main(["report", str(trained), "--top", "0", "--html", str(tmp_path / "p.html")]) == 0
    said = capsys.readouterr().out
    assert said.startswith("12 settings, 24 runs") and "all: early_stopping=none  " in said
    first, *lines = [line.split() for line in said.splitlines() if "val/loss" in line or line[:4].strip("~ ").isdigit()]
    assert first[:4] == ["optimizer", "hidden", "parameters", "val/loss"]
    assert sorted(f"optimizer={line[1]}_hidden={line[2]}" for line in lines[: len(SETTINGS)]) == sorted(SETTINGS)
    page = (tmp_path / "p.html").read_text()
    typed = r'<dd class="command">.*?</dd>|<h3>Next.*'  # commands have lists as they are typed
    shown = re.sub(typed, "", page, flags=re.DOTALL)
    assert "optimizer=nesterov hidden=5x4" in shown and "[4,4]" not in shown


def test_tensorboard_lists_the_same_names(trained):
    run = next(trained.glob("*optimizer=nesterov_hidden=5x4_seed=1"))
    for event in EventFileLoader(str(run / "events.out.tfevents.0.runner")).Load():
        for value in event.summary.value:
            if value.tag == "_hparams_/session_start_info":
                content = HParamsPluginData.FromString(value.metadata.plugin_data.content)
                found = content.session_start_info.hparams
    assert found["optimizer"].string_value == "nesterov" and found["early_stopping"].string_value == "none"
    assert found["model.hidden"].string_value == "5x4" and found["optimizer.momentum"].number_value == 0.9


def test_what_is_printed_to_repeat_the_best_is_as_typed(trained, capsys):
    assert main(["best", str(trained)]) == 0
    said = capsys.readouterr().out
    (command,) = [line for line in said.splitlines() if line.startswith("  runner optimizer=")]
    assert "model.hidden=[4,4" in command and "early_stopping=none" in command


def test_a_sweep_that_grows_keeps_its_names(trained):
    more = ["optimizer=nesterov,sgd", "optimizer.lr=0.01,0.1", "model.hidden=[4,4]", "early_stopping=none", "seed=0"]
    sweep(trained, *more, *PLAIN, "--extend")
    new = [path.name.partition("_")[2] for path in sorted(trained.glob("0*"))][24:]
    assert new == ["optimizer=nesterov_lr=0.1", "optimizer=sgd_lr=0.1"]  # with 0.01, their default, they are there
    rows = list(csv.DictReader((trained / "results.csv").open(newline="")))
    assert [row["optimizer.lr"] for row in rows[:1] + rows[-1:]] == ["0.01", "0.1"]


def test_a_choice_that_is_no_setting_names_its_jobs(tmp_path):
    (tmp_path / "experiment").mkdir()
    for name, width in (("narrow", 3), ("wide", 9)):
        text = f"# @package _global_\nmodel:\n  hidden: [{width}]\n"
        (tmp_path / "experiment" / f"{name}.yaml").write_text(text)
    folder = sweep(tmp_path / "s", f"--config-dir={tmp_path}", "experiment=narrow,wide", "seed=3", *PLAIN)
    assert [path.name for path in sorted(folder.glob("0*"))] == ["000_experiment=narrow", "001_experiment=wide"]
