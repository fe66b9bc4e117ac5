"""A row that raises, runs out of memory or takes its worker along fails alone; a stop loses nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import sweep_folders
from sweep_folders import SMALL, contents, results, runs, sweep

from runner.cli import main
from runner.records.run_files import RunFiles
from runner.training.trial import Trial

WORDS = ["seed=0,1,2,3,4,5", "trainer.epochs=3", *SMALL, "regularizer.dropout=0.2", "hydra.launcher.workers=2"]
CULPRIT = 3


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The sweep when nothing goes wrong."""
    return contents(sweep(tmp_path_factory.mktemp("undisturbed") / "sweep", *WORDS))


def at(monkeypatch, action, *, seed: int = CULPRIT, epoch: int = 2) -> None:
    """Call `action` in the worker when the run with this seed records this epoch (workers inherit the patch)."""
    record = Trial.record

    def patched(self, number, row):
        if self.settings.seed == seed and number == epoch:
            action()
        return record(self, number, row)

    monkeypatch.setattr(Trial, "record", patched)


def once(path: Path, action):
    """`action` the first time only, in whichever process."""

    def call():
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return
        action()

    return call


def workers(parent: int) -> list[int]:
    """Living processes whose parent this is."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, ppid = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        if int(ppid) == parent and state != "Z":
            found.append(int(stat.parent.name))
    return found


def fail():
    raise ValueError("a defect\nin this row")


def no_memory():
    raise MemoryError


def die():
    os._exit(3)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("action", "reason", "log"),
    [
        (no_memory, "MemoryError: no message", "raise MemoryError"),
        (die, "the worker process died (exit code 3)", "the worker process died (exit code 3)"),
    ],
)
def test_the_culprit_fails_alone_and_is_tried_again(undisturbed, tmp_path, monkeypatch, capsys, action, reason, log):
    children = set(workers(os.getpid()))
    with monkeypatch.context() as patch:
        at(patch, action)
        folder = sweep(tmp_path / "sweep", *WORDS, code=1)
    rows = results(folder)
    assert [row["status"] for row in rows].count("failed") == 1
    assert (rows[CULPRIT]["status"], rows[CULPRIT]["error"]) == ("failed", reason)
    culprit = folder / rows[CULPRIT]["run"]
    for name, run in runs(folder).items():
        if run != culprit:
            assert sweep_folders.run_content(run) == undisturbed[name]
    assert log in (culprit / "train.log").read_text()
    output = capsys.readouterr()
    assert culprit.name in output.err + output.out
    assert reason in output.err + output.out
    assert "Traceback" not in output.err
    assert set(workers(os.getpid())) <= children
    assert main(["resume", str(folder)]) == 0
    assert contents(folder) == undisturbed


@pytest.mark.parametrize("action", [kill, lambda: os.kill(os.getpid(), signal.SIGTERM)], ids=["killed", "stopped"])
def test_a_worker_that_somebody_ends_is_replaced(undisturbed, tmp_path, monkeypatch, action):
    at(monkeypatch, once(tmp_path / "done", action))
    assert contents(sweep(tmp_path / "sweep", *WORDS)) == undisturbed
    assert (tmp_path / "done").exists()


def test_keep_going_false_stops_at_the_first_failure(undisturbed, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        at(patch, fail, seed=0, epoch=0)
        limits = ["hydra.launcher.keep_going=false", "hydra.launcher.max_members=1", "hydra.launcher.workers=1"]
        folder = sweep(tmp_path / "sweep", *WORDS[:-1], *limits, code=1)
    assert "Traceback" not in capsys.readouterr().err
    rows = results(folder)
    assert [row["status"] for row in rows].count("failed") == 1
    assert len(rows) < 6
    assert main(["resume", str(folder)]) == 0
    assert contents(folder) == undisturbed


def test_diverged_runs_are_results(tmp_path):
    words = ["optimizer=sgd", "optimizer.lr=0.1,1e30", "trainer.epochs=3", *SMALL]
    rows = results(sweep(tmp_path / "sweep", *words))
    assert [row["status"] for row in rows] == ["completed", "diverged"]
    assert rows[1]["error"] == ""


def test_workers_hold_nothing_of_the_parent_and_few_threads(tmp_path, monkeypatch):
    """No lock that would outlive the parent, no pipe of another worker, few threads and files."""

    def look():
        files = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _there(fd)]
        threads = len(os.listdir("/proc/self/task"))
        lines = [str(threads), *files]
        (tmp_path / f"worker-{os.getpid()}").write_text("\n".join(lines))

    before = len(os.listdir("/proc/self/fd"))
    at(monkeypatch, look, seed=0, epoch=2)
    at(monkeypatch, look, seed=5, epoch=2)
    folder = sweep(tmp_path / "sweep", *WORDS)
    assert len(os.listdir("/proc/self/fd")) <= before + 2
    seen = [path.read_text().split("\n") for path in tmp_path.glob("worker-*")]
    assert len(seen) == 2
    for threads, *files in seen:
        assert int(threads) <= 10
        assert len(files) <= 100
        assert not [name for name in files if name.startswith(str(folder))]


def _there(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}")


def test_what_a_run_writes_when_it_fails_to_write(undisturbed, tmp_path, monkeypatch):
    """A run whose folder somebody deletes meanwhile fails alone, and is made anew."""
    flush = RunFiles.flush

    def patched(self, sync=False):
        if self.folder.name.startswith("004") and not (tmp_path / "again").exists():
            for path in [*self.folder.rglob("*")]:
                if path.is_file():
                    path.unlink()
            for path in (self.folder / ".hydra", self.folder):
                if path.is_dir():
                    path.rmdir()
        return flush(self, sync)

    monkeypatch.setattr(RunFiles, "flush", patched)
    folder = sweep(tmp_path / "sweep", *WORDS, code=1)
    rows = results(folder)
    assert [row["run"][:3] for row in rows if row["status"] == "failed"] == ["004"]
    (tmp_path / "again").touch()
    assert main(["resume", str(folder)]) == 0
    assert contents(folder) == undisturbed
