"""Runs of a sweep that are the same run: one trains, each has its folder and its row, and every reader works."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
import sweep_folders
from safetensors.numpy import load_file
from sweep_folders import SMALL, sweep

import runner
from runner.cli import main
from runner.execution.executors import here
from runner.reports.runs import read_sources
from runner.reports.sections import make_sections

WORDS = [*SMALL, "trainer.epochs=3", "optimizer=adam,adamw,sgd", "seeds=2"]
SERIAL = "hydra.launcher.executor=serial"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return sweep(tmp_path_factory.mktemp("whole") / "s", *WORDS, SERIAL)


@pytest.fixture
def trained(monkeypatch):
    """The numbers of runs that were trained in this process."""
    found = []
    carry_out = here.carry_out
    monkeypatch.setattr(here, "carry_out", lambda *a, **k: found.extend(a[1].members) or carry_out(*a, **k))
    return found


def same_as(folder):
    with (folder / "results.csv").open(newline="") as file:
        return {row["run"]: row["same_as"] for row in csv.DictReader(file)}


def test_the_table_names_the_run_that_was_trained(whole):
    found = list(same_as(whole).items())
    first = [name for name, _ in found]
    assert [other for _, other in found] == ["", "", first[0], first[1], "", ""]
    assert [name.partition("_")[2] for name in first[2:4]] == ["optimizer=adamw_seed=0", "optimizer=adamw_seed=1"]


def test_a_copy_is_what_it_would_be_alone(whole, tmp_path):
    runs = list(sweep_folders.runs(whole).values())
    for number, run in ((0, runs[0]), (2, runs[2])):
        mine = sweep_folders.run_content(run)
        other = sweep_folders.alone(run, tmp_path / str(number))
        for content in (mine, other):
            for key in ("files", "sha256"):  # checksums, which cover the summary and the configuration, too
                content["summary"].pop(key, None)
        assert mine == other


def test_a_copy_has_its_own_hyper_parameters_and_all_curves(whole):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    found = []
    for run in list(sweep_folders.runs(whole).values())[0:3:2]:
        events = EventAccumulator(str(run)).Reload()
        data = HParamsPluginData.FromString(events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content)
        name = data.session_start_info.hparams["optimizer"].string_value
        tags = events.Tags()
        points = {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in tags["scalars"]}
        assert "_hparams_/session_end_info" in events.summary_metadata
        assert len(points["loss/val"]) == 4 and "verdict" in "".join(tags["tensors"])
        found.append((name, points))
    assert [name for name, _ in found] == ["adam", "adamw"]
    assert found[0][1] == found[1][1]


def test_it_predicts_and_is_read_like_any_run(whole):
    runs = list(sweep_folders.runs(whole).values())
    x = np.random.default_rng(0).uniform(0, 16, (5, 64))
    assert np.array_equal(runner.load(runs[2]).predict_proba(x), runner.load(runs[0]).predict_proba(x))
    assert runner.load(runs[2]).settings.optimizer.decoupled
    table = runner.results(whole)
    assert list(table["same_as"].fillna("")) == list(same_as(whole).values())
    assert runner.curves(whole).groupby("run").size().tolist() == [4] * 6


def test_one_row_bears_both_names_and_counts_each_seed_once(whole, capsys):
    (section,) = make_sections(read_sources(whole))
    named = {setting.keys["optimizer"]: len(setting.rows) for setting in section.settings}
    assert named == {"adam = adamw": 2, "sgd": 2}
    assert main(["best", str(whole)]) == 0
    assert re.search(r"optimizer +adam = adamw +\(default adamw\)", capsys.readouterr().out)


def test_workers_make_the_same_sweep(whole, tmp_path):
    pooled = sweep(tmp_path / "s", *WORDS, "hydra.launcher.workers=2")
    assert sweep_folders.contents(pooled) == sweep_folders.contents(whole)


def test_what_was_lost_is_copied_again_and_nothing_is_trained(whole, tmp_path, trained):
    import shutil

    folder = tmp_path / "s"
    shutil.copytree(whole, folder)
    expected = sweep_folders.contents(folder)
    copies = [folder / name for name, other in same_as(folder).items() if other]
    (copies[0] / "summary.json").unlink()
    (copies[0] / "metrics.csv").write_text("epoch,step\n0,")
    (copies[0] / "model.safetensors").unlink()
    shutil.rmtree(copies[1])
    assert main(["resume", str(folder)]) == 0
    assert trained == []
    assert sweep_folders.contents(folder) == expected


def test_copies_without_a_row_are_told_by_their_settings(whole, tmp_path):
    import shutil

    folder = tmp_path / "s"
    shutil.copytree(whole, folder)
    expected = runner.results(folder)
    lines = (folder / "results.csv").read_text().splitlines(keepends=True)
    (folder / "results.csv").write_text("".join(lines[:4]))  # killed before the others were added
    assert runner.results(folder).equals(expected)


def test_a_table_begins_with_copies_that_were_lacking(whole, tmp_path, monkeypatch):
    import shutil

    folder = tmp_path / "s"
    shutil.copytree(whole, folder)
    expected = (folder / "results.csv").read_text()
    for name, other in same_as(folder).items():
        if other:
            (folder / name / "summary.json").unlink()
    begun = []
    monkeypatch.setattr(here.Here, "run", lambda *_: begun.append((folder / "results.csv").read_text()))
    assert main(["resume", str(folder)]) == 0
    assert begun == [expected]


def test_a_sweep_grows_by_copies_and_keeps_what_it_has(tmp_path, trained):
    folder = sweep(tmp_path / "s", *SMALL, "trainer.epochs=3", "optimizer=adamw", "seeds=2", SERIAL)
    assert "same_as" not in (folder / "results.csv").read_text()
    sweep(folder, *SMALL, "trainer.epochs=3", "optimizer=adam,adamw", "seeds=3", SERIAL, "--extend")
    assert sorted(trained) == [0, 1, 4]
    assert [other[:3] for other in same_as(folder).values()] == ["", "", "000", "001", "", "004"]
    (section,) = make_sections(read_sources(folder))
    assert [(s.keys["optimizer"], len(s.rows)) for s in section.settings] == [("adamw = adam", 3)]


def test_a_job_that_is_asked_for_twice_has_one_folder(tmp_path):
    folder = sweep(tmp_path / "s", *SMALL, "trainer.epochs=1", "seed=0,0", "trainer.progress=true,false", SERIAL)
    assert len(sweep_folders.results(folder)) == 1


def test_a_copy_fails_and_recovers_with_the_run_it_repeats(tmp_path, monkeypatch, capsys):
    def broken(*_args, **_kwargs):
        raise ArithmeticError("no luck")

    words = [*SMALL, "trainer.epochs=2", "optimizer=adam,adamw", SERIAL]
    with monkeypatch.context() as patched:
        patched.setattr("runner.execution.carry_out.Engine", broken)
        folder = sweep(tmp_path / "s", *words, code=1)
    with (folder / "results.csv").open(newline="") as file:
        errors = [row["error"] for row in csv.DictReader(file)]
    assert errors[0].startswith("ArithmeticError") and errors[1].startswith("the same run as 000_optimizer=adam: ")
    assert main(["resume", str(folder)]) == 0
    assert [row["status"] for row in sweep_folders.results(folder)] == ["completed"] * 2


def test_what_a_copy_never_came_to_is_its_own(tmp_path):
    """scheduler=constant has nothing that could come late, and the step that is the same run as it has."""
    words = [*SMALL, "trainer.epochs=3", "scheduler=constant,step,plateau", SERIAL]
    folder = sweep(tmp_path / "s", *words)
    rows = sweep_folders.results(folder)
    assert [row["without_effect"] for row in rows] == ["", "scheduler", "scheduler"]
    notes = [json.loads((folder / row["run"] / "summary.json").read_text()).get("notes") for row in rows]
    assert notes[0] is None
    assert notes[1] == [
        "scheduler.step_size = 30: the first drop of the rate comes in epoch 31, but training ended after epoch 3: the "
        "result is that of a run without it"
    ]
    assert "scheduler.patience = 5" in notes[2][0]
    weights = [load_file(folder / row["run"] / "model.safetensors") for row in rows]
    assert all(np.array_equal(weights[0][name], other[name]) for other in weights[1:] for name in other)


def test_figures_are_copied(tmp_path):
    words = [*SMALL, "trainer.epochs=1", "trainer.figures=true", "optimizer=adam,adamw", SERIAL]
    folder = sweep(tmp_path / "s", *words)
    drawn = [sorted((path.name, path.read_bytes()) for path in folder.glob(f"{n}*/figures/*")) for n in ("000", "001")]
    assert len(drawn[0]) > 2 and drawn[0] == drawn[1]
