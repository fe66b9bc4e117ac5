"""What `runner resume` does with a sweep's folder in which something is wrong: repaired where nothing is lost, else
refused with the reason.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sweep_folders import STOPPED_WORDS, contents, results, runs, sweep

from runner.cli import main
from runner.execution.lock import lock
from runner.records.summary import sealed, to_json


def resume(folder: Path, capsys) -> tuple[int, str]:
    """(exit code, what is said about problems); never a traceback."""
    capsys.readouterr()
    code = main(["resume", str(folder)])
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return code, error


def assert_repaired(folder: Path, whole_sweep: Path, capsys, *says: str) -> None:
    """Resuming ends in the undisturbed sweep and says what had to be trained again, on the screen and in sweep.log."""
    code, error = resume(folder, capsys)
    assert code == 0, error
    for word in says:
        assert word in error
        assert word in (folder / "sweep.log").read_text()
    assert contents(folder) == contents(whole_sweep)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: text.replace('"trainer.epochs": 4', '"trainer.epochs": 5'), "does not match its checksum"),
        (lambda text: "\n".join(text.split("\n")[:-3]), "cut short"),
        (lambda text: text[: len(text) // 2], "cut short"),
        (lambda text: "", "cut short"),
        (lambda text: text.replace("format: 1", "format: 99"), "another version of runner"),
    ],
)
def test_a_sweep_file_that_was_edited_cut_short_or_is_newer(ended, whole_sweep, capsys, spoil, says):
    path = ended / "sweep.yaml"
    path.write_text(spoil(path.read_text()))
    code, error = resume(ended, capsys)
    assert code == 1
    assert "sweep.yaml" in error
    assert says in error
    assert contents(ended) == contents(whole_sweep)


def test_a_folder_that_is_no_sweep(tmp_path, capsys):
    code, error = resume(tmp_path, capsys)
    assert code == 2
    assert str(tmp_path) in error


def test_one_run_of_a_sweep(ended, capsys):
    code, error = resume(next(iter(runs(ended).values())), capsys)
    assert code == 2
    assert f"runner resume {ended}" in error


def test_a_sweep_in_use(half, whole_sweep, capsys):
    holder = "import sys, time; from runner.execution.lock import lock; from pathlib import Path\n"
    holder += "with lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", holder, str(half)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        code, error = resume(half, capsys)
        assert code == 2
        assert "in use" in error
        assert main(["-m", "seed=9", *STOPPED_WORDS[1:], f"hydra.sweep.dir={half}", "--extend"]) == 2
        assert "in use" in capsys.readouterr().err
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert_repaired(half, whole_sweep, capsys)
    with lock(half):  # nobody holds it afterwards
        assert results(half)


def test_a_run_whose_folder_was_deleted(ended, whole_sweep, capsys):
    shutil.rmtree(next(iter(runs(ended).values())))
    assert_repaired(ended, whole_sweep, capsys)
    assert (ended / next(iter(runs(ended))) / ".hydra" / "hydra.yaml").read_text()


def test_a_run_whose_folder_was_deleted_though_a_checkpoint_holds_it(half, whole_sweep, capsys):
    shutil.rmtree(half / next(iter(runs(whole_sweep))))
    assert_repaired(half, whole_sweep, capsys, "starts from the beginning")


@pytest.mark.parametrize("text", ["", "{", '{"format": 1}'])
def test_a_damaged_summary(ended, whole_sweep, capsys, text):
    (next(iter(runs(ended).values())) / "summary.json").write_text(text)
    assert_repaired(ended, whole_sweep, capsys, "summary.json", "trained again")


def test_a_summary_of_a_newer_version(ended, capsys):
    path = next(iter(runs(ended).values())) / "summary.json"
    path.write_bytes(to_json(sealed(json.loads(path.read_text()) | {"format": 99})))
    code, error = resume(ended, capsys)
    assert code == 1
    assert "format 99" in error
    assert path.exists()


@pytest.mark.parametrize("name", ["model.safetensors", "metrics.csv", "train.log"])
def test_a_run_that_ended_just_before_the_power_failed(ended, whole_sweep, capsys, name):
    """Without a row in results.csv nobody has promised that its files are on the disk."""
    run = list(runs(ended).values())[2]
    lines = (ended / "results.csv").read_text().splitlines(keepends=True)
    (ended / "results.csv").write_text("".join(line for line in lines if not line.startswith("002")))
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[:-9] + b"\0" * 9 if name.startswith("model") else b"")
    assert_repaired(ended, whole_sweep, capsys, name, "trained again")


def test_hydra_files_that_are_empty_or_gone(ended, whole_sweep, capsys):
    folders = [run / ".hydra" for run in runs(ended).values()]
    before = {path: path.read_bytes() for folder in folders for path in folder.iterdir()}
    anew = folders[2] / "hydra.yaml"  # in a copy of the sweep it names another place
    before[anew] = before[anew].replace(f'"{whole_sweep}'.encode(), f'"{ended}'.encode())
    (folders[1] / "config.yaml").write_bytes(b"")
    (folders[2] / "hydra.yaml").unlink()
    assert_repaired(ended, whole_sweep, capsys)
    assert {path: path.read_bytes() for path in before} == before


def test_a_run_that_ended_just_before_the_kill_is_believed(ended, whole_sweep, capsys):
    (ended / "results.csv").unlink()
    models = [run / "model.safetensors" for run in runs(whole_sweep).values()]
    before = [(ended / path.relative_to(whole_sweep)).stat().st_mtime_ns for path in models]
    assert_repaired(ended, whole_sweep, capsys)
    assert [(ended / path.relative_to(whole_sweep)).stat().st_mtime_ns for path in models] == before


def test_data_that_changed(tmp_path, capsys):
    table = tmp_path / "table.csv"
    lines = [f"{i % 7},{i % 3},{i * i % 5 > 2}" for i in range(60)]
    table.write_text("\n".join(["a,b,y", *lines]) + "\n")
    words = ["dataset=csv", f"dataset.path={table}", "dataset.target=y", "seed=0,1", "trainer.epochs=1"]
    folder = sweep(tmp_path / "sweep", *words, "model.hidden=[3]", "trainer.progress=false")
    table.write_text("\n".join(["a,b,y", *lines[1:], lines[0], "1,1,True"]) + "\n")
    code, error = resume(folder, capsys)
    assert code == 2
    assert "has changed since the sweep was begun" in error
    assert main(["-m", *words, "seed=2", "model.hidden=[3]", f"hydra.sweep.dir={folder}", "--extend"]) == 2
    assert len(results(folder)) == 2
