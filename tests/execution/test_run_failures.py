"""What stops a run from outside or inside: one message, no traceback on the screen, and it resumes."""

from __future__ import annotations

import errno
import os

from interrupting import assert_resumes, words
from stopping import at_epoch

from runner.cli import main


def complaints(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("runner: ")]


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


def test_a_limit_on_the_size_of_files_is_named(csv, whole, tmp_path, monkeypatch, capsys):
    def too_large(fd, data):
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))

    with monkeypatch.context() as patch:
        at_epoch(patch, 2, lambda: patch.setattr(os, "write", too_large))
        assert main(words(csv, tmp_path / "run")) == 1
    assert "File too large; raise the limit on the size of files (ulimit -f), then" in capsys.readouterr().err
    assert_resumes(tmp_path / "run", whole, capsys)


def test_a_file_where_the_folder_should_be(csv, tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    assert main(words(csv, tmp_path / "file" / "run")) == 2
    assert "hydra.run.dir" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"
