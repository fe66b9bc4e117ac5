"""What holds however runs were started: stopped, damaged, out of space, failing alone, they end as if undisturbed."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal

import pytest
import ways

from runner.execution.lock import lock
from runner.records.run_folder import checkpoints
from runner.training import checkpoint


@pytest.fixture(scope="session")
def made(csv, tmp_path_factory):
    """made(kind, way) -> a folder undisturbed or stopped after an epoch, each made once."""
    found = {}

    def make(kind, way):
        if (kind, way) not in found:
            place = tmp_path_factory.mktemp(f"{kind}-{way}")
            with pytest.MonkeyPatch.context() as patch:
                if kind == "stopped":
                    ways.at_epoch(patch, 2, ways.signals(place / "mark", signal.SIGTERM))
                root, code = ways.begin(way, csv, place)
            assert code == (130 if kind == "stopped" else 0)
            found[kind, way] = root
        return found[kind, way]

    return make


@pytest.fixture(params=ways.WAYS)
def way(request):
    return request.param


@pytest.fixture
def whole(made, way):
    """What is left when nothing disturbs."""
    return ways.contents(made("whole", way))


@pytest.fixture
def stopped(made, way, tmp_path):
    """A copy, which a test may spoil, of what was stopped after its second epoch."""
    root = shutil.copytree(made("stopped", way), tmp_path / "stopped")
    assert checkpoints(root)
    return root


def test_it_is_stopped_and_resumed(stopped, whole, capsys):
    assert ways.resume(stopped, capsys) == ""
    logs = [(run / "train.log").read_text() for run in ways.runs(stopped).values()]
    assert any(re.search(r"interrupted after epoch (\d+)\n.*resumed after epoch \1\n", log, re.DOTALL) for log in logs)
    ways.same(stopped, whole)


def test_what_has_ended_is_left_as_it_is(made, way, tmp_path, whole, capsys):
    root = shutil.copytree(made("whole", way), tmp_path / "root")
    before = {path: path.stat().st_mtime_ns for run in ways.runs(root).values() for path in run.rglob("*")}
    assert ways.resume(root, capsys) == ""
    assert {path: path.stat().st_mtime_ns for path in before} == before
    ways.same(root, whole)


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "text"])
def test_a_damaged_checkpoint_is_set_aside(stopped, whole, capsys, damage):
    damaged = {}
    for path in checkpoints(stopped):
        data = path.read_bytes()
        at = len(data) * 3 // 4
        flipped = data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :]
        damaged[path.name] = {"flipped": flipped, "cut": data[:-1], "empty": b"", "text": b"no checkpoint"}[damage]
        path.write_bytes(damaged[path.name])
    text = ways.resume(stopped, capsys)
    for number, (name, data) in enumerate(damaged.items(), 1):
        assert re.search(
            rf"{name}: the checkpoint is damaged.*; moved to damaged-{number}, and what only it holds", text
        )
        assert (stopped / f"damaged-{number}" / name).read_bytes() == data
        shutil.rmtree(stopped / f"damaged-{number}")
    ways.same(stopped, whole)


def test_metrics_that_are_not_what_the_checkpoint_knows_start_from_the_beginning(stopped, whole, capsys):
    run = next(run for run in ways.runs(stopped).values() if (run / "metrics.csv").exists())
    text = (run / "metrics.csv").read_text()
    (run / "metrics.csv").write_text(text.replace("0.", "1.", 1))
    assert "metrics.csv not as" in ways.resume(stopped, capsys)
    ways.same(stopped, whole)


def test_a_checkpoint_of_a_newer_version_is_refused(stopped, capsys, monkeypatch):
    (path, *_) = checkpoints(stopped)
    tensors, rows = checkpoint.read(path)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
        checkpoint.write(path, tensors, rows)
    assert f"{path}: written by a newer version of runner (format {checkpoint.FORMAT + 1})" in ways.resume(
        stopped, capsys, code=1
    )


def test_a_folder_in_use_is_left_alone(stopped, whole, capsys):
    before = {path: path.stat().st_mtime_ns for path in stopped.rglob("*")}
    with lock(stopped):
        assert f"{stopped} is in use" in ways.resume(stopped, capsys, code=2)
    assert {path: path.stat().st_mtime_ns for path in stopped.rglob("*")} == before


class FullDisk:
    """os.write that fails from its n-th call on, after half of the bytes of that call, until `free` is called."""

    def __init__(self, monkeypatch, call: int):
        self.left, self.real = call, os.write
        self.patch = monkeypatch
        monkeypatch.setattr(os, "write", self.write)

    def write(self, fd, data):
        self.left -= 1
        if self.left > 0:
            return self.real(fd, data)
        if self.left == 0 and len(data) > 1:
            return self.real(fd, bytes(data)[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def free(self):
        self.patch.setattr(os, "write", self.real)


FULL = [*(("alone", call) for call in (2, 6, 7, 20)), *((way, call) for way in ways.TOGETHER for call in (12, 20))]


@pytest.mark.parametrize(("way", "call"), FULL)
def test_a_full_disk_is_said_and_what_was_started_resumes(way, csv, whole, tmp_path, monkeypatch, capsys, call):
    disk = FullDisk(monkeypatch, call)
    root, code = ways.begin(way, csv, tmp_path)
    disk.free()
    text = capsys.readouterr().err
    assert code == 1 and "Traceback" not in text
    said = [line for line in text.splitlines() if line.startswith("runner: ") and "warning: " not in line]
    full = [line for line in said if "No space left on device; free some space, then `runner resume`" in line]
    assert full and str(root) in full[0] and (way != "alone" or said == full[:1])
    ways.resume(root, capsys)
    ways.same(root, whole)


def test_ctrl_c_twice_ends_at_once_and_it_resumes(way, csv, whole, tmp_path, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        ways.at_epoch(patch, 2, ways.signals(tmp_path / "mark", signal.SIGINT, times=2))
        root, code = ways.begin(way, csv, tmp_path)
    assert code == 130 and "Traceback" not in capsys.readouterr().err
    assert ways.resume(root, capsys) == ""
    ways.same(root, whole)


CULPRITS = {"alone": "root", "folds": "fold=1", "train": "001", "workers": "001", "sweep": "001"}


def test_a_run_that_raises_fails_alone_and_is_tried_again(way, csv, whole, tmp_path, monkeypatch, capsys):
    def defect():
        raise ZeroDivisionError("a defect\nin two lines")

    with monkeypatch.context() as patch:
        record = ways.Trial.record

        def patched(self, number, row):
            if number == 2 and self.files.folder.name.startswith(CULPRITS[way]):
                defect()
            return record(self, number, row)

        patch.setattr(ways.Trial, "record", patched)
        root, code = ways.begin(way, csv, tmp_path)
    text = capsys.readouterr().err
    assert code == 1 and "ZeroDivisionError: a defect" in text and "Traceback" not in text
    assert "Error executing job" not in text  # which Hydra says of a job that nobody has told of
    ended = {name: (run / "summary.json").exists() for name, run in ways.runs(root).items()}
    assert list(ended.values()).count(False) == 1
    culprit = next(run for name, run in ways.runs(root).items() if not ended[name])
    log = (culprit / "train.log").read_text()
    assert "in two lines" in log and f"runner resume {root}` tries again" in log
    assert ways.resume(root, capsys) == ""
    assert (culprit / "train.log").read_text().startswith(log)
    ways.same(root, whole)
