"""`runner resume` of a single run: what it refuses, what it leaves alone, what goes on."""

from __future__ import annotations

import json

import pytest
import run_folders
from interrupting import assert_resumes, resume

from runner.cli import main


def test_settings_changed_since_the_start_are_refused(resumable, whole, capsys):
    path = resumable / ".hydra" / "config.yaml"
    before = path.read_text()
    path.write_text(before.replace("lr: 0.03", "lr: 0.04"))
    code, text = resume(resumable, capsys)
    assert code == 1
    assert f"{path}: changed since the run began (optimizer.lr = 0.04, was 0.03)" in text
    path.write_text(before.replace("progress: true", "progress: false"))  # nothing that the numbers depend on
    assert resume(resumable, capsys)[0] == 0
    found = run_folders.contents(resumable) | {"config": whole["config"]}
    assert [line for line in run_folders.differences({"": found}, {"": whole}) if "events" not in line] == []


def test_data_changed_since_the_start_is_refused(csv, resumable, whole, capsys):
    before = csv.read_text()
    try:
        csv.write_text(before.replace("yes", "maybe", 1).replace("maybe", "no", 1))
        code, text = resume(resumable, capsys)
    finally:
        csv.write_text(before)
    assert code == 1
    assert "the data of dataset csv has changed since the run began" in text
    assert_resumes(resumable, whole, capsys)


def test_a_moved_run_resumes_also_from_within(resumable, whole, tmp_path, monkeypatch, capsys):
    moved = resumable.rename(tmp_path / "moved here")
    monkeypatch.chdir(moved)
    assert main(["resume", "."]) == 0
    assert run_folders.differences({"": run_folders.contents(moved)}, {"": whole}) == []


def test_seconds_and_the_log_go_on(resumable, capsys):
    def seconds():
        return float((resumable / "metrics.csv").read_text().splitlines()[-1].split(",")[2])

    before, log = seconds(), (resumable / "train.log").read_text()
    assert before > 0
    assert resume(resumable, capsys)[0] == 0
    assert json.loads((resumable / "summary.json").read_text())["seconds"] > before
    after = (resumable / "train.log").read_text()
    assert after.startswith(log)
    assert [
        word for word in ("interrupted after epoch 3", "resumed after epoch 3", "stopped_early") if word not in after
    ] == []


@pytest.mark.parametrize("kind", [[], ["ensemble=deep", "ensemble.size=2"]])
def test_presets_keep_their_names_where_the_run_was_killed_before_it_wrote_them(tmp_path, monkeypatch, capsys, kind):
    def killed(*_args, **_keys):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    words = [*kind, "trainer=debug", "early_stopping=none", "model.hidden=[3]", "trainer.progress=false"]
    assert main([*words, "hydra.run.dir=whole"]) == 0
    with monkeypatch.context() as patch:
        patch.setattr("runner.execution.start.start", killed)
        assert main([*words, "hydra.run.dir=killed"]) == 130
    hydras = (tmp_path / "killed/.hydra/hydra.yaml").read_text()
    (tmp_path / "killed/.hydra/hydra.yaml").write_text("")
    code, text = resume(tmp_path / "killed", capsys)
    assert code == 2 and "hydra.yaml: empty or incomplete; the run was killed before it began. Start it again." in text
    (tmp_path / "killed/.hydra/hydra.yaml").write_text(hydras)
    assert resume(tmp_path / "killed", capsys)[0] == 0
    place = "members/000/" if kind else ""
    for name in (".hydra/config.yaml", f"{place}.hydra/config.yaml", f"{place}model.safetensors"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert "chosen:\n  early_stopping: none\n  trainer: debug" in (tmp_path / "killed/.hydra/config.yaml").read_text()
