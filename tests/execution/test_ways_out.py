"""What is said about damage says what mends it: every command named there is tried, and nothing that fails is named."""

from __future__ import annotations

import json
import re

import pytest
import run_folders
import sweep_folders
import yaml
from interrupting import resume

import runner
from runner.cli import main
from runner.errors import RunError
from runner.execution.options import Options
from runner.records.checksums import verify


@pytest.fixture
def finished(resumable, capsys):
    """A run that has ended."""
    assert resume(resumable, capsys)[0] == 0
    return resumable


def said(capsys, *words) -> str:
    """Everything a command says."""
    capsys.readouterr()
    main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out + err


def named(text: str) -> list[str]:
    """The folders that `runner resume` is to be called with."""
    return re.findall(r"runner resume ([^`\s]+)", text)


def edited(path):
    path.write_text(path.read_text().replace("seed: ", "seed: 1", 1))


def no_yaml(path):
    path.write_text(path.read_text().replace("seed: ", "seed: *", 1))


@pytest.mark.parametrize("damage", [edited, no_yaml])
@pytest.mark.parametrize("words", [["report"], ["best"]])
def test_a_single_run_whose_configuration_is_lost_is_to_be_restored(finished, capsys, damage, words):
    path = finished / ".hydra" / "config.yaml"
    damage(path)
    text = said(capsys, *words, finished)
    assert f"{path}: " in text and "restore it" in text and "start the run again" in text
    assert named(text) == [] and "runner resume" not in text and "--force" not in text and "starts some" not in text
    forced = said(capsys, *words, finished, "--force")
    assert ("used all the same" in forced) == (damage is edited) and "starts some" not in forced
    assert ("restore it" in forced) == (damage is no_yaml)


def test_the_model_of_such_a_run_is_to_be_restored_too(finished, capsys):
    edited(finished / ".hydra" / "config.yaml")
    with pytest.raises(RunError, match=r"config.yaml: .*; restore it, or start the run again; --force"):
        runner.load(finished)
    (finished / "model.safetensors").write_bytes(b"x")
    with pytest.raises(RunError, match=r"model.safetensors cannot be read: .*\. Restore it, or start the run again\."):
        runner.load(finished)


def test_a_configuration_that_the_sweep_knows_is_written_anew(ended, whole_sweep, capsys):
    path = next(iter(sweep_folders.runs(ended).values())) / ".hydra" / "config.yaml"
    right = path.read_text()
    edited(path)
    assert set(named(said(capsys, "report", ended))) == {str(ended)}
    assert resume(ended, capsys)[0] == 0 and path.read_text() == right


@pytest.mark.parametrize("damage", ["cut", "folder", "gone"])
def test_a_model_that_cannot_be_read_comes_back_with_the_command_named(finished, csv, capsys, damage):
    path = finished / "model.safetensors"
    data = path.read_bytes()
    path.unlink()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "folder":
        path.mkdir()
    text = said(capsys, "predict", finished, csv)
    assert ("is a folder" in text) == (damage == "folder") and "os error" not in text
    (place,) = named(text)
    assert main(["resume", place]) == 0 and path.read_bytes() == data


def test_the_model_of_a_run_of_a_sweep_comes_back_by_resuming_the_sweep(ended, capsys):
    run = next(iter(sweep_folders.runs(ended).values()))
    (run / "model.safetensors").write_bytes(b"x")
    assert named(said(capsys, "predict", run, run / "metrics.csv")) == [str(ended)]


def test_of_runs_trained_together_from_python_the_damaged_one_is_named(tmp_path, capsys):
    configs = [{"dataset.train_size": 120, "model.hidden": [6], "trainer.epochs": 1, "seed": seed} for seed in (0, 1)]
    first, second = (outcome.folder for outcome in runner.train(configs, outputs=tmp_path))
    (second / "metrics.csv").write_text("epoch\n")
    text = said(capsys, "report", first.parent)
    assert set(named(text)) == {str(first.parent)}
    assert main(["resume", str(first.parent)]) == 0
    assert verify(second) and "damaged" not in said(capsys, "report", first.parent)


@pytest.mark.parametrize("name", ["metrics.csv", "train.log", "events.out.tfevents.0.runner", "model.safetensors"])
@pytest.mark.parametrize("begun", [True, False])
def test_a_folder_where_an_unfinished_run_writes_is_moved_aside(resumable, whole, capsys, name, begun):
    if not begun or name == "events.out.tfevents.0.runner":
        (resumable / "checkpoint.safetensors").unlink()
    (resumable / name).unlink(missing_ok=True)
    (resumable / name / "mine").mkdir(parents=True)
    code, text = resume(resumable, capsys)
    assert f"{resumable / name}: a folder where a file belongs; moved to damaged-1" in text
    assert (resumable / "damaged-1" / name / "mine").is_dir()
    assert ("metrics.csv not as checkpoint.safetensors knows it" in text) == (begun and name == "metrics.csv")
    assert code == 0
    (resumable / "damaged-1" / name / "mine").rmdir()
    (resumable / "damaged-1" / name).rmdir()
    (resumable / "damaged-1").rmdir()
    assert run_folders.differences({"": run_folders.contents(resumable)}, {"": whole}) == []


@pytest.mark.parametrize("name", ["results.csv", "sweep.log"])
@pytest.mark.parametrize("which", ["ended", "half"])
def test_a_folder_where_a_sweep_writes_is_moved_aside(request, whole_sweep, capsys, name, which):
    folder = request.getfixturevalue(which)
    (folder / name).unlink()
    (folder / name).mkdir()
    if (name, which) == ("results.csv", "ended"):
        assert set(named(said(capsys, "report", folder))) == {str(folder)}
    code, text = resume(folder, capsys)
    assert code == 0 and (folder / "damaged-1" / name).is_dir() and (folder / name).is_file()
    assert f"{folder / name}: a folder where a file belongs; moved to damaged-1" in text
    assert sweep_folders.contents(folder) == sweep_folders.contents(whole_sweep)


def test_a_folder_where_an_unfinished_run_of_a_sweep_writes_is_moved_aside(half, whole_sweep, capsys):
    run = half / next(iter(sweep_folders.runs(whole_sweep)))
    (run / "metrics.csv").unlink()
    (run / "metrics.csv").mkdir()
    assert resume(half, capsys)[0] == 0 and (run / "damaged-1" / "metrics.csv").is_dir()
    assert sweep_folders.contents(half) == sweep_folders.contents(whole_sweep)


def test_a_folder_where_cross_validation_writes_is_moved_aside(csv, tmp_path, capsys):
    words = ["dataset=csv", f"dataset.path={csv}", "dataset.target=y", "model.hidden=[3]", "trainer.epochs=1"]
    folder = tmp_path / "folds"
    assert main([*words, "dataset.folds=2", "trainer.progress=false", f"hydra.run.dir={folder}"]) == 0
    right = (folder / "results.csv").read_text()
    (folder / "results.csv").unlink()
    (folder / "results.csv").mkdir()
    assert named(said(capsys, "report", folder)) == [str(folder)]
    assert resume(folder, capsys)[0] == 0 and (folder / "results.csv").read_text() == right
    edited(folder / ".hydra" / "config.yaml")
    text = said(capsys, "report", folder)
    assert "restore it, or start the run again" in text and named(text) == []


def test_a_sweep_resumes_as_it_was_launched(ended, monkeypatch, capsys):
    """Launched with workers=1; what resuming says wins over that, and a file that cannot be read says nothing."""
    assert Options.stored(ended, {}) == Options(workers=1)
    assert Options.stored(ended, {"workers": 3, "max_members": 2}) == Options(workers=3, max_members=2)
    path = ended / "multirun.yaml"
    tree = yaml.safe_load(path.read_text())
    tree["hydra"]["launcher"] |= {"executor": "serial", "keep_going": False, "max_members": 5, "workers": None}
    path.write_text(json.dumps(tree))
    assert Options.stored(ended, {}) == Options("serial", None, 5, False)
    seen = []
    monkeypatch.setattr(
        "runner.execution.start.resume", lambda root, screen, options, notes, engine: seen.append(options) or []
    )
    monkeypatch.setattr("runner.screen.sweep.conclude_sweep", lambda outcomes, root: None)
    for words in ([], ["--workers", "2"], ["--max-members", "1"]):
        assert main(["resume", str(ended), *words]) == 0
    assert seen == [
        Options("serial", None, 5, False),
        Options("serial", 2, 5, False),
        Options("serial", None, 1, False),
    ]
    for text in ("hydra: [", "hydra: 3", "", "hydra: {launcher: {workers: many}}", "\0"):
        path.write_text(text)
        assert Options.stored(ended, {"max_members": 4}) == Options(max_members=4)
    path.unlink()
    assert Options.stored(ended, {}) == Options()
