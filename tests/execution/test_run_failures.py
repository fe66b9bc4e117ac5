"""What stops a run from outside or inside: one message, no traceback on the screen, and it resumes."""

from __future__ import annotations

import errno
import os

import pytest
from interrupting import assert_resumes, at_epoch, words

from runner.cli import main


def complaints(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("runner: ")]


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
