"""What a finished run or sweep vouches for and no longer holds: set aside, trained again, said; tables written anew."""

from __future__ import annotations

import json
import shutil

import pytest
import run_folders
import sweep_folders
from interrupting import resume

from runner.cli import main
from runner.execution import run_list
from runner.execution.configurations import read
from runner.execution.work import Run
from runner.records.checksums import verify
from runner.reports.runs import read_sources


def change(path, digit="0.", to="1."):
    """Another digit, as a slip of an editor or a flipped bit makes it."""
    text = path.read_text()
    assert digit in text
    path.write_text(text.replace(digit, to, 1))


@pytest.fixture
def finished(resumable, capsys):
    """A run that has ended."""
    assert resume(resumable, capsys)[0] == 0
    return resumable


@pytest.mark.parametrize("name", ["metrics.csv", "model.safetensors", "summary.json", ".hydra/overrides.yaml"])
def test_what_does_not_hold_is_set_aside_and_the_run_trained_again(finished, whole, capsys, name):
    path = finished / name
    path.write_bytes(damaged := path.read_bytes()[:-3] + b"1" + path.read_bytes()[-2:])
    code, text = resume(finished, capsys)
    assert code == 0 and f"{path}: " in text and "moved to damaged-1" in text
    assert (finished / "damaged-1" / path.name).read_bytes() == damaged
    shutil.rmtree(finished / "damaged-1")
    assert run_folders.differences({"": run_folders.contents(finished)}, {"": whole}) == []
    assert resume(finished, capsys) == (0, "")


def test_a_run_without_checksums_is_believed_if_all_of_it_is_there_and_its_network_holds(finished, whole, capsys):
    path = finished / "summary.json"
    old = {key: value for key, value in json.loads(path.read_text()).items() if key not in ("files", "sha256")}
    path.write_text(json.dumps(old))
    assert resume(finished, capsys) == (0, "") and json.loads(path.read_text()) == old
    (finished / "model.safetensors").unlink()
    code, text = resume(finished, capsys)
    assert code == 0 and "model.safetensors" in text and "trained again" in text
    assert verify(finished)["files"]["model.safetensors"]


def test_a_finished_run_whose_configuration_changed_is_refused(finished, capsys):
    change(finished / ".hydra" / "config.yaml", "seed: ", "seed: 1")
    code, text = resume(finished, capsys)
    assert code == 2 and "config.yaml: damaged or edited since it was written" in text
    assert (finished / "summary.json").exists() and not (finished / "damaged-1").exists()


def test_an_unfinished_configuration_is_checked_by_its_checksum_or_by_the_checkpoint(resumable, whole, capsys):
    config = resumable / ".hydra" / "config.yaml"
    change(config, "checkpoint_seconds: 0", "checkpoint_seconds: 7")  # no number depends on it
    checkpoint = resumable / "checkpoint.safetensors"
    kept = checkpoint.read_bytes()
    checkpoint.unlink()
    code, text = resume(resumable, capsys)
    assert code == 2 and "checksum" in text
    checkpoint.write_bytes(kept)
    assert resume(resumable, capsys)[0] == 0
    assert verify(resumable) and read_sources(resumable)[0].rows[0].finished


def test_a_run_of_a_sweep(ended, whole_sweep, capsys):
    run = next(iter(sweep_folders.runs(ended).values()))
    change(run / "metrics.csv")
    code, text = resume(ended, capsys)
    assert code == 0 and "metrics.csv: does not match" in text and "trained again" in text
    assert "trained again" in (ended / "sweep.log").read_text()
    assert sweep_folders.contents(ended) == sweep_folders.contents(whole_sweep)
    assert resume(ended, capsys) == (0, "")


def test_a_table_that_is_not_what_the_runs_say_is_corrected_then_written_anew(ended, whole_sweep, capsys):
    path = ended / "results.csv"
    right = path.read_text()
    rows = [row.metrics for source in read_sources(whole_sweep) for row in source.rows]
    for wrong in (right.replace(",0.", ",0.9", 3), right.replace("val/loss", "val/lass"), right[:200], "", right[80:]):
        path.write_text(wrong)
        (source,) = read_sources(ended)
        assert [row.metrics for row in source.rows] == rows
        assert any(str(path) in note for note in source.notes) or wrong == right[:200]
    code, text = resume(ended, capsys)
    assert code == 0 and "results.csv" in text and "written anew" in text and path.read_text() == right
    assert resume(ended, capsys) == (0, "")


def test_a_list_of_runs_of_another_sweep_is_not_taken_for_this_ones(ended, capsys):
    """Its runs have the same names, and its checksum fits."""
    runs, data = run_list.load(ended)
    others = [
        Run(
            run.folder,
            read({**run.given, "regularizer.dropout": 0.5}),
            tuple(w.replace("0.2", "0.5") for w in run.overrides),
        )
        for run in runs
    ]
    before = sweep_folders.contents(ended)
    run_list.write(ended, others, data)
    code, text = resume(ended, capsys)
    assert code == 1 and "sweep.yaml: of another sweep" in text
    assert sweep_folders.contents(ended) == before
    (source,) = read_sources(ended)
    assert [row.setting("regularizer.dropout") for row in source.rows] == ["0.2"] * 4
    assert any("sweep.yaml: of another sweep" in note for note in source.notes)


def test_report_best_and_predict_leave_out_or_refuse_and_are_forced(ended, tmp_path, capsys):
    runs = list(sweep_folders.runs(ended).values())
    path = runs[0] / "summary.json"
    best = min(json.loads((run / "summary.json").read_text())["val"]["loss"] for run in runs)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"val": {"loss": best / 2}}))
    for words in (["report", str(ended)], ["best", str(ended)]):
        assert main(words) == 0
        out = capsys.readouterr().out
        assert f"left out: {path}: does not match its checksum" in out and "--force" in out
        assert f"{best / 2:.3f}"[:5] not in out
        assert main([*words, "--force"]) == 0
        assert "used all the same" in capsys.readouterr().out
    assert main(["predict", str(runs[0]), str(path), "--out", str(tmp_path / "out.csv")]) != 0
    assert not (tmp_path / "out.csv").exists()


def test_tables_of_folds_are_compared_with_the_folds(csv, tmp_path, capsys):
    words = ["dataset=csv", f"dataset.path={csv}", "dataset.target=y", "model.hidden=[3]", "trainer.epochs=1"]
    folder = tmp_path / "folds"
    assert main([*words, "dataset.folds=2", "trainer.progress=false", f"hydra.run.dir={folder}"]) == 0
    before = {name: (folder / name).read_text() for name in ("folds.json", "results.csv")}
    rows = [row.metrics for row in read_sources(folder)[0].rows]
    for name in before:
        change(folder / name)
        (source,) = read_sources(folder)
        assert any(name in note for note in source.notes) and [row.metrics for row in source.rows] == rows
        code, text = resume(folder, capsys)
        assert code == 0 and name in text and "written anew" in text
        assert {name: (folder / name).read_text() for name in before} == before
