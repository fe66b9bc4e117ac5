"""Which folder a run gets, when it may start there again, and which one `last` is."""

import errno
import os
from pathlib import Path

import pytest
from command_line import PATIENCE
from hydra.core import utils
from omegaconf import OmegaConf

from runner.cli import main
from runner.commands.folder_lock import hold
from runner.errors import ConfigError, DataError
from runner.execution import start as doors
from runner.execution.lock import lock
from runner.records.folders import find_run, newest

NO_FILE = DataError("table.csv: no such file; set dataset.path")


@pytest.fixture
def start(tmp_path, monkeypatch):
    """start(answers, *words) -> (exit code, folders); an answer is a status or an exception, one a run.

    A sweep goes through Hydra's basic launcher, one run after the other.
    """
    monkeypatch.chdir(tmp_path)

    def run(answers, *words):
        left, folders = list(answers), []

        def fake(settings, folder, screen, *, pictured):
            answer = left.pop(0)
            folders.append(folder)
            if isinstance(answer, BaseException):
                raise answer
            (folder / "metrics.csv").write_text("epoch\n")
            return [doors.Outcome(folder, answer, "because", {})]

        monkeypatch.setattr(doors, "start", fake)
        return main([*words, *(["hydra/launcher=basic"] if "-m" in words else [])]), folders

    return run


@pytest.mark.parametrize("error", [NO_FILE, ConfigError("dataset.train_size = 9: more than there are")])
def test_a_refused_run_leaves_nothing_and_its_correction_may_have_the_folder(error, start, capsys):
    code, (folder,) = start([error], "hydra.run.dir=mine", "seed=1")
    assert (code, folder.exists()) == (2, False)
    assert capsys.readouterr().err == f"runner: {error}\n"
    code, (folder,) = start(["completed"], "hydra.run.dir=mine", "seed=2")
    assert code == 0
    assert OmegaConf.load(folder / ".hydra" / "overrides.yaml") == ["seed=2"]


def test_a_folder_that_was_there_stays_with_what_is_in_it(start):
    Path("mine").mkdir()
    assert start([NO_FILE], "hydra.run.dir=mine")[0] == 2
    assert list(Path("mine").iterdir()) == []
    Path("mine/notes.txt").write_text("kept")
    assert start([NO_FILE], "hydra.run.dir=mine")[0] == 2
    assert [path.name for path in Path("mine").iterdir()] == ["notes.txt"]


def test_a_refused_run_is_not_the_last(start):
    _, (good,) = start(["completed"])
    _, (bad,) = start([NO_FILE])
    assert not bad.exists()
    assert find_run("last").resolve() == good.resolve()


def test_a_start_that_was_killed_before_training_may_be_repeated(start):
    Path("mine/.hydra").mkdir(parents=True)
    Path("mine/.hydra/config.yaml").write_text("seed: 0\n")
    Path("mine/train.log").write_text("begun\n")
    assert start(["completed"], "hydra.run.dir=mine")[0] == 0


@pytest.mark.parametrize("name", ["metrics.csv", "summary.json", "checkpoint.safetensors", "unfinished.json"])
def test_what_was_trained_is_neither_overwritten_nor_cleaned_away(name, start, capsys):
    Path("mine").mkdir()
    (Path("mine") / name).write_text("kept")
    assert start([], "hydra.run.dir=mine") == (2, [])
    assert "runner resume mine" in capsys.readouterr().err
    assert (Path("mine") / name).read_text() == "kept"


def test_a_configuration_error_after_training_began_keeps_the_run_and_its_traceback(start, monkeypatch):
    def fake(settings, folder, screen, *, pictured):
        (folder / "metrics.csv").write_text("epoch\n")
        raise NO_FILE

    start([])
    monkeypatch.setattr(doors, "start", fake)
    assert main(["hydra.run.dir=mine"]) == 2
    assert "Traceback" in Path("mine/train.log").read_text()
    assert Path("mine/.hydra/config.yaml").is_file()


def test_two_processes_do_not_start_in_one_folder(start, capsys):
    with hold(Path("mine"), "hydra.run.dir"):
        assert start([], "hydra.run.dir=mine") == (2, [])
    assert "in use" in capsys.readouterr().err
    Path("mine/.hydra").mkdir(parents=True, exist_ok=True)
    with lock(Path("mine")):  # as `runner resume mine` does
        assert start([], "hydra.run.dir=mine") == (2, [])
    assert "in use" in capsys.readouterr().err


def test_a_sweep_all_of_whose_jobs_are_refused_leaves_nothing(start):
    code, folders = start([NO_FILE, NO_FILE], "-m", "seed=0,1", "hydra.sweep.dir=mine")
    assert (code, len(folders), Path("mine").exists()) == (2, 2, False)
    assert start(["completed"] * 2, "-m", "seed=0,1", "hydra.sweep.dir=mine")[0] == 0
    assert sorted(path.name for path in Path("mine").iterdir()) == ["0", "1", "multirun.yaml"]
    assert start([], "-m", "seed=0,1", "hydra.sweep.dir=mine") == (2, [])


@pytest.mark.parametrize(
    ("answers", "code"),
    [(["completed", NO_FILE], 2), (["failed", NO_FILE], 2), ([NO_FILE, "failed"], 2), (["failed", "completed"], 1)],
)
def test_the_exit_code_of_a_sweep_is_the_worst_of_its_jobs(answers, code, start):
    assert start(answers, "-m", "seed=0,1", "hydra.sweep.dir=mine")[0] == code
    assert [Path(f"mine/{job}").exists() for job in (0, 1)] == [answer is not NO_FILE for answer in answers]


def test_last_is_a_run_of_a_sweep_not_the_sweep(start, capsys):
    start(["completed"])
    _, (first, second) = start(["completed", "failed"], "-m", "seed=0,1")
    os.utime(first / ".hydra", (2e9, 2e9))
    assert find_run("last").resolve() == first.resolve()
    assert newest(Path("outputs")).resolve() == second.parent.resolve()
    assert main(["resume", str(first.parent)]) == 2
    said = capsys.readouterr().err
    assert f"{first.parent}: a sweep" in said and f"; name one of its runs, such as {first}" in said
    Path("table.csv").write_text("x\n1\n")
    assert main(["predict", str(first.parent), "table.csv"]) == 1, "of a sweep the best run predicts: here none can"
    assert f"{first.parent}: no run i" in capsys.readouterr().err


def test_resuming_a_run_of_a_sweep_says_that_the_others_are_not(start, monkeypatch, capsys):
    _, (folder, _) = start(["failed", "failed"], "-m", "seed=0,1", "optimizer.lr=0.1")
    answer = doors.Outcome(folder, "completed", "", {})
    monkeypatch.setattr(doors, "resume", lambda folder, screen, *, pictured, **more: [answer])
    capsys.readouterr()
    assert main(["resume", str(folder)]) == 0
    shown = capsys.readouterr()
    assert "its other runs are not resumed" in shown.err
    assert "  runner -m optimizer.lr=0.1 hydra/launcher=basic seed=0,1,2,3,4" in shown.out


def test_the_name_is_part_of_the_default_folder(start):
    _, (folder,) = start(["completed"], "name='wide & deep: 2/3'")
    assert folder.name.endswith("-1_wide_deep_2_3")
    _, (folder,) = start(["completed"], "name=" + "x" * 200)
    assert folder.name.endswith("-1_" + "x" * 80)
    _, (folder,) = start(["completed"], "name=a", "hydra.run.dir=mine")
    assert folder.name == "mine"
    _, folders = start(["completed"] * 2, "-m", "seed=0,1", "name=pair")
    assert {folder.parent.name[-7:] for folder in folders} == {"-1_pair"}
    _, folders = start(["completed"] * 2, "-m", "name=a,b")
    assert "_" not in folders[0].parent.name


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ('"it\'s"', "it's"),
        ("'it\\'s'", "it's"),
        ("'back\\slash'", "back\\slash"),
        ("'end\\\\'", "end\\"),
        ("'both \\\\\\' \"'", "both \\' \""),
        ("'a,b=[c] {d}: #e'", "a,b=[c] {d}: #e"),
    ],
)
@pytest.mark.parametrize("flags", [(), ("-m",)])
def test_any_folder_name_survives_hydras_grammar(word, name, flags, start):
    key = "hydra.sweep.dir" if flags else "hydra.run.dir"
    code, (folder,) = start(["completed"], *flags, f"{key}={word}")
    assert code == 0
    assert (folder.parent if flags else folder).name == name
    assert [path.name for path in Path().iterdir()] == [name]


def test_a_folder_name_that_hydra_would_interpolate_is_refused(start, capsys):
    assert start([], "hydra.run.dir='\\${seed}'") == (2, [])
    assert "hydra.run.dir = ${seed}" in capsys.readouterr().err
    assert not list(Path().iterdir())


def test_an_empty_folder_name_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["hydra.run.dir=", "trainer.epochs=1"]) == 2
    assert "hydra.run.dir is empty" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_reader_that_has_gone_does_not_stop_training(tmp_path, forks):
    """As in `runner 2>&1 | head -n 1`."""
    os.mkfifo(pipe := tmp_path / "pipe")
    process = forks.fork(
        ["-m", "runner", "trainer.epochs=2", "hydra.run.dir=run"], tmp_path, [Path(os.devnull), pipe, pipe]
    )
    with pipe.open() as reader:
        reader.readline()
    process.wait(PATIENCE)
    assert (tmp_path / "run" / "summary.json").is_file()


def test_a_disk_that_is_full_before_the_run_begins(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(utils, "_save_config", full)
    assert main([f"hydra.run.dir={tmp_path}/run", "trainer.epochs=1"]) == 1
    shown = capsys.readouterr().err
    assert "No space left on device" in shown
    assert "Traceback" not in shown
