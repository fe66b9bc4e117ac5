"""What goes wrong around a run: full disks, damaged files, changed settings. One message, no traceback, resumable."""

from __future__ import annotations

import errno
import json
import os
import shutil

import crash_scenarios
import pytest
import run_folders
import torch
from interrupting import at_epoch, interrupted, words

from runner.cli import main
from runner.errors import RunError
from runner.execution.lock import lock
from runner.training import checkpoint


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    return crash_scenarios.table(tmp_path_factory.mktemp("table") / "table.csv")


@pytest.fixture(scope="module")
def whole(csv, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert main(words(csv, folder)) == 0
    return run_folders.contents(folder)


@pytest.fixture(scope="module")
def stopped(csv, tmp_path_factory):
    """The folder of a run stopped after three epochs."""
    return interrupted(csv, tmp_path_factory.mktemp("stopped") / "run")


@pytest.fixture
def resumable(stopped, tmp_path):
    """A copy of it that a test may spoil."""
    return shutil.copytree(stopped, tmp_path / "run")


def resume(folder, capsys) -> tuple[int, str]:
    """(exit code, what `runner resume` says); never a traceback."""
    capsys.readouterr()
    code = main(["resume", str(folder)])
    text = capsys.readouterr().err
    assert "Traceback" not in text
    return code, text


def complaints(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("runner: ")]


def assert_resumes(folder, whole, capsys):
    code, text = resume(folder, capsys)
    assert code == 0, text
    assert run_folders.differences({"": run_folders.contents(folder)}, {"": whole}) == []


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


@pytest.mark.parametrize("call", [2, 6, 7, 20])
def test_a_full_disk_is_one_message_and_the_run_resumes(csv, whole, tmp_path, monkeypatch, capsys, call):
    folder = tmp_path / "run"
    disk = FullDisk(monkeypatch, call)
    code = main(words(csv, folder))
    disk.free()
    said = complaints(text := capsys.readouterr().err)
    assert code == 1
    assert len(said) == 1, text
    assert str(folder) in said[0]
    assert "No space left on device; free some space, then `runner resume`" in said[0]
    assert "Traceback" not in text
    assert not (folder / "summary.json").exists()
    assert_resumes(folder, whole, capsys)


def test_a_disk_that_becomes_read_only(csv, whole, tmp_path, monkeypatch, capsys):
    real = os.fsync

    def read_only(fd):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    at_epoch(monkeypatch, 2, lambda: monkeypatch.setattr(os, "fsync", read_only))
    assert main(words(csv, tmp_path / "run")) == 1
    said = complaints(capsys.readouterr().err)
    assert len(said) == 1
    assert "Read-only file system; choose a folder on a writable disk with hydra.run.dir=FOLDER" in said[0]
    monkeypatch.setattr(os, "fsync", real)
    assert_resumes(tmp_path / "run", whole, capsys)


def test_a_file_where_the_folder_should_be(csv, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert main(words(csv, tmp_path / "file" / "run")) == 2
    assert "hydra.run.dir" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"


def test_a_defect_fails_the_run_alone_and_it_can_be_tried_again(csv, whole, tmp_path, monkeypatch, capsys):
    folder = tmp_path / "run"

    def defect():
        raise ZeroDivisionError("a defect\nin two lines")

    with monkeypatch.context() as patch:
        at_epoch(patch, 3, defect)
        assert main(words(csv, folder)) == 1
    text = capsys.readouterr().err
    assert len([line for line in text.splitlines() if "failed" in line]) == 1
    assert f"{folder} failed: ZeroDivisionError: a defect" in text
    assert "Traceback" not in text
    log = (folder / "train.log").read_text()
    assert "Traceback" in log
    assert "in two lines" in log
    assert not (folder / "summary.json").exists()
    assert_resumes(folder, whole, capsys)
    assert (folder / "train.log").read_text().startswith(log)


def test_a_flipped_bit_anywhere_is_found_or_harmless(resumable, tmp_path):
    path = resumable / "checkpoint.safetensors"
    data = path.read_bytes()
    tensors, rows = checkpoint.read(path)
    damaged = tmp_path / "damaged.safetensors"
    found, places = 0, range(0, len(data), 61)
    for at in places:
        damaged.write_bytes(data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :])
        try:
            others, same = checkpoint.read(damaged)
        except RunError as error:
            assert str(damaged) in str(error)
            found += 1
            continue
        assert same == rows
        assert all(torch.equal(others[name], tensor) for name, tensor in tensors.items())
    assert found > 0.98 * len(places)


@pytest.mark.parametrize("damage", ["flipped", "truncated", "half", "empty", "text"])
def test_a_damaged_checkpoint_is_said_and_can_be_deleted(resumable, whole, capsys, damage):
    path = resumable / "checkpoint.safetensors"
    data = path.read_bytes()
    middle = len(data) * 3 // 4
    broken = {
        "flipped": data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :],
        "truncated": data[:-1],
        "half": data[: len(data) // 2],
        "empty": b"",
        "text": b"this is no checkpoint at all",
    }[damage]
    path.write_bytes(broken)
    metrics = (resumable / "metrics.csv").read_bytes()
    code, text = resume(resumable, capsys)
    assert code == 1
    assert f"{path}: the checkpoint is damaged" in text
    assert "Delete it" in text
    assert (resumable / "metrics.csv").read_bytes() == metrics
    path.unlink()
    assert_resumes(resumable, whole, capsys)


def test_a_checkpoint_of_a_newer_version(resumable, capsys, monkeypatch):
    path = resumable / "checkpoint.safetensors"
    tensors, rows = checkpoint.read(path)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "FORMAT", 2)
        checkpoint.write(path, tensors, rows)
    code, text = resume(resumable, capsys)
    assert code == 1
    assert f"{path}: written by a newer version of runner (format 2)" in text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\x80\x81", "damaged"),
        (b"a: [1", "damaged"),
        (b"a: ${b", "damaged"),
        (b"just words", "damaged"),
        ("half", "incomplete"),
        ("typo", "optimiser"),
    ],
)
def test_a_damaged_configuration_is_said(resumable, capsys, content, said):
    path = resumable / ".hydra" / "config.yaml"
    whole_file = path.read_bytes()
    special = {"half": whole_file[: len(whole_file) // 2], "typo": whole_file.replace(b"optimizer:", b"optimiser:")}
    path.write_bytes(special.get(content, content))
    code, text = resume(resumable, capsys)
    assert code == 2
    assert str(path) in text
    assert said in text
    assert (resumable / "checkpoint.safetensors").exists()


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


def test_a_folder_in_use_is_left_alone(resumable, whole, capsys):
    before = (resumable / "metrics.csv").read_bytes()
    with lock(resumable):
        code, text = resume(resumable, capsys)
    assert code == 2
    assert f"{resumable} is in use" in text
    assert (resumable / "metrics.csv").read_bytes() == before
    assert_resumes(resumable, whole, capsys)


def test_resuming_a_finished_run_changes_nothing(resumable, capsys):
    assert main(["resume", str(resumable)]) == 0
    before = {p: (p.stat().st_mtime_ns, p.is_file() and p.read_bytes()) for p in resumable.rglob("*")}
    capsys.readouterr()
    assert main(["resume", str(resumable)]) == 0
    assert "has ended already" in capsys.readouterr().out
    assert {p: (p.stat().st_mtime_ns, p.is_file() and p.read_bytes()) for p in resumable.rglob("*")} == before


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
